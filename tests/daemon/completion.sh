#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion in bash: commands, options, domains and files; and a manual entry for each command.
. "${srcdir:?}/tests/daemon/lib.sh"
start_hvd
mkdir "$dir/bin"
printf '#!/bin/sh\nexec "%s" --socket "%s" "$@"\n' "$build/tools/hvctl/hvctl" "$dir/hvd.sock" >"$dir/bin/hvctl"
chmod +x "$dir/bin/hvctl"
unset -f hvctl
PATH=$dir/bin:$PATH
. "$srcdir/tools/hvctl/bash-completion/hvctl"

offers() { # EXPECTED WORD...: what completing the last word offers
	local expected=$1
	shift
	COMP_WORDS=(hvctl "$@") COMP_CWORD=$#
	COMPREPLY=()
	_hvctl
	local got="${COMPREPLY[*]}"
	# shellcheck disable=SC2254
	case $got in $expected) ;; *) fail "'hvctl $*' is completed with '$got', not '$expected'" ;; esac
}

vm alpha
vm beta
for name in alpha beta; do hvctl create "$dir/$name.xml" >/dev/null || fail "create $name"; done
offers '*create*list*info*console*destroy*validate*' ''
offers create cre
offers '' nonsense-
offers 'destroy' des
offers 'alpha beta' destroy ''
offers alpha destroy al
offers '' destroy alpha ''
offers 'alpha beta' --socket "$dir/hvd.sock" info ''
offers '--wait' shutdown --w
offers '*--timeout*' shutdown --
offers 'alpha beta' shutdown --wait ''
offers 'alpha beta' console --idle 5 ''
offers '' console --idle ''
offers "$dir/alpha.xml" create "$dir/al"
offers "$dir/alpha.xml" create --paused "$dir/al"
offers '--paused' create --p
offers '' list ''
hvctl destroy beta >/dev/null
offers alpha destroy ''
[ "$(complete -p hvctl)" = 'complete -F _hvctl hvctl' ] || fail "bash does not know about it"
offers '' --socket "$dir/nowhere/x" info ''

# hvctl(1) has each command, and each of its options, and no command that is not there.
page=$srcdir/docs/man/hvctl.1
plain=$(sed 's/\\-/-/g; s/\\f[BRI]//g; s/"//g' "$page")
commands=$(hvctl --help | sed -n 's/^  \([a-z-]*\) .*/\1/p')
for command in $commands; do
	grep -qE "^\.(B|BR|BI|RB) .*\b$command\b" <<<"$plain" || fail "hvctl(1) does not have '$command'"
	for option in $(_hvctl_usage "$command" | grep -o -- '--[a-z-]*'); do
		grep -qe "$option" <<<"$plain" || fail "hvctl(1) does not have '$command $option'"
	done
done
# What is indented by .RS belongs to a command: its actions.
for command in $(awk '/^\.SH OPTIONS/ { exit } /^\.RS/ { depth++ } /^\.RE/ { depth-- } !depth' <<<"$plain" |
	grep -A1 '^\.TP' | sed -n 's/^\.\(B\|BR\|BI\) \([a-z][a-z-]*\).*/\2/p'); do
	grep -qx "$command" <<<"$commands" || fail "hvctl(1) has '$command', which hvctl does not know"
done

# All pages are without a warning, where there is something that looks for them.
for page in "$srcdir"/docs/man/*.[158]; do
	if command -v mandoc >/dev/null; then
		out=$(mandoc -T lint -W warning "$page" 2>&1)
		[ -z "$out" ] || fail "mandoc: $out"
	fi
	if command -v man >/dev/null && command -v groff >/dev/null; then
		out=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
		[ -z "$out" ] || fail "man: $out"
	fi
done
finish
