#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What hv-guests.service does when the host goes down: every guest is asked, and none is left, whatever its
# vm.xml says about what shall become of it then. And what the host's next start finds to start, once.
. "${srcdir:?}/tests/daemon/lib.sh"
start_hvd
printf '#!/bin/sh\nexec "%s" --socket "%s" "$@"\n' "$build/tools/hvctl/hvctl" "$dir/hvd.sock" >"$dir/hvctl"
chmod +x "$dir/hvctl"
sed "s|^hvctl=.*|hvctl=$dir/hvctl|" "$srcdir/dom0/systemd/stop-guests.in" >"$dir/stop-guests"
grep -qx "hvctl=$dir/hvctl" "$dir/stop-guests" || fail "the script would speak to another hvd"

vm obeys
vm again 64 '' '<on_poweroff>restart</on_poweroff>'
vm kept 64 '' '<on_poweroff>preserve</on_poweroff>'
vm reboots 64 '' '<on_reboot>restart</on_reboot>'
vm deaf
vm sleeps
for guest in obeys again kept reboots deaf sleeps; do expect 0 created hvctl create "$dir/$guest.xml"; done
expect 0 paused hvctl pause sleeps

sh "$dir/stop-guests" 8 >"$dir/stopped" 2>&1 &
stopping=$!
asked() { hvctl history "$1" | grep -q ' shutdown .*done'; }
for guest in obeys again kept reboots deaf sleeps; do wait_until asked $guest; done
# What they do with it, as the pretended guests are told at their consoles.
for guest in obeys again kept sleeps; do printf 'poweroff\n' | hvctl console --idle 1 $guest >/dev/null 2>&1; done
printf 'reboot\n' | hvctl console --idle 1 reboots >/dev/null 2>&1
wait $stopping || fail "it ended with $?: $(cat "$dir/stopped")"
[ "$(grep 'it is ended' "$dir/stopped")" = 'deaf does not power off, it is ended' ] || fail "it said: $(cat "$dir/stopped")"
for guest in obeys again kept reboots deaf sleeps; do gone $guest || fail "$guest is left, $(state $guest)"; done
has() { hvctl history "$1" | grep -qE "$2" || fail "the history of $1 lacks '$2': $(hvctl history "$1")"; }
for guest in obeys again kept sleeps; do has $guest 'guest +poweroff'; done
has reboots 'guest +reboot'

# The next start of the host: /run is empty.
expect 0 defined hvctl define "$dir/again.xml"
expect 0 defined hvctl define "$dir/kept.xml"
expect 0 'starts with the host' hvctl autostart again
kill "$hvd_pid"; wait "$hvd_pid"
rm -rf "$dir/run" "$dir/hvd.sock"
start_hvd
wait_until is again running
wait_until test -e "$dir/run/autostarted"
is kept shutoff || fail "kept is $(state kept)"
builds() { hvctl log again | grep -c ': building$'; }
[ "$(builds)" = 1 ] || fail "built $(builds) times"
# A killed hvd is no start of the host. (The pretended hypervisor goes with it, and so did the guest.)
for life in 1 2; do
	kill -KILL "$hvd_pid"
	wait "$hvd_pid" 2>/dev/null
	rm -f "$dir/hvd.sock"
	start_hvd
	wait_until is again shutoff
	expect 0 ready hvctl log
	sleep 0.5 # in which it would start
	[ "$(builds)" = 1 ] || fail "built $(builds) times after $life kills"
done
finish
