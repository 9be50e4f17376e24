#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make install and make uninstall: what is there afterwards, and that nothing stays but what somebody
# has changed.
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
to=$work/root
make_in() { ${MAKE:-make} -s "$@" DESTDIR="$to" >"$work/log" 2>&1 || fail "make $*: $(tail -n 20 "$work/log")"; }
where() { sed -n "s/^$1 = //p" Makefile | sed "s|\${prefix}|$prefix|; s|\${datarootdir}|$prefix/share|"; }
prefix=$(sed -n 's/^prefix = //p' Makefile)
conf=$to$(where confdir)/hvd.conf units=$to$(where systemdsystemunitdir)

make_in install
for file in "$to$(where bootdir)/hv" "$conf" "$to$(where grubdefaultdir)/hv.cfg" "$to$(where grubdir)/20_linux_hv" \
	"$to$(where kernelhooksdir)/postinst.d/hv" "$units/hvd.service" "$units/hvd.socket" "$units/hv-guests.service" \
	"$to$prefix/bin/hvctl" "$to$prefix/sbin/hvd" "$to$prefix/share/bash-completion/completions/hvctl" \
	"$to$prefix/share/man/man1/hvctl.1" "$to$prefix/share/man/man5/vm.xml.5"; do
	[ -s "$file" ] || fail "$file is not installed"
done
left=$(grep -rlE '@[a-z]+@' "$to" --include='*.service' --include=hv --include=20_linux_hv --include=hv-kernel \
	--include=stop-guests | grep -v /boot/)
[ -z "$left" ] || fail "names that were not filled in: $left"
# Every program that a unit starts is there, under the name that it has after the installation.
for program in $(sed -n 's/^Exec[A-Za-z]*=[-+@!]*\([^ ]*\).*/\1/p' "$units"/*.service | grep "^$prefix/" | sort -u); do
	[ -x "$to$program" ] || fail "a unit starts $program, which is not installed"
done

# Settings that somebody has changed stay as they are, over another installation and the end.
echo '# mine' >>"$conf"
make_in install
grep -q '^# mine' "$conf" || fail "make install wrote over hvd.conf"
make_in uninstall
rest=$(find "$to" ! -type d)
[ "$rest" = "$conf" ] || fail "make uninstall left $rest"
rm "$conf"
make_in install
make_in uninstall
rest=$(find "$to" ! -type d)
[ -z "$rest" ] || fail "make uninstall left $rest"
exit 0
