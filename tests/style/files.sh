#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What every file has: its licence at the top, no trailing blanks, a final newline, tabs for
# indentation in C, no lines far beyond 100 columns. Sources of the product say what
# they are for.
set -u
cd "${srcdir:?}" || exit 99
status=0
complain() { echo "$1"; status=1; }
files=$(find configure.ac Makefile.am quickstart .ci m4 hv xen dom0 stubdom tools tests docs \
	-type f ! -name '*.o' ! -name '*.a' ! -name '*.log' ! -name '*.trs' ! -path '*/.deps/*' \
	! -path '*/.dirstamp' ! -path '*/data/*' ! -path '*/corpus/*' ! -path 'tools/lib/config.h*' \
	! -path 'tools/lib/stamp-h*' ! -name offsets.h 2>/dev/null | sort)
for file in $files; do
	# Programs of an in-tree build, and images.
	grep -qI . "$file" || continue
	case $file in
	*.[chS] | *.sh | *.mk | *.m4 | *.am | *.ac | *.lds.S | *.rng)
		head -n 4 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' ||
			complain "$file: no SPDX line" ;;
	esac
	case $file in
	*.[chS])
		grep -nE ' +$|	+$' "$file" >/dev/null && complain "$file: blanks at the end of a line"
		grep -nE '^ {8}' "$file" >/dev/null && complain "$file: indented with spaces"
		[ -z "$(tail -c 1 "$file")" ] || complain "$file: no newline at the end"
		# Tabs count eight. A few columns over are a matter of taste.
		long=$(expand "$file" | LC_ALL=C.UTF-8 grep -nE '.{121}' | head -n 1 | cut -d: -f1)
		[ -z "$long" ] || complain "$file:$long: longer than 120 columns"
		;;
	esac
	case $file in
	hv/*.[cS] | xen/*.[cS] | tools/*.c)
		sed -n 2,8p "$file" | grep -q '^/\*' || complain "$file: does not say what it is for" ;;
	esac
done
exit $status
