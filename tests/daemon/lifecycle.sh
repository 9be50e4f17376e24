#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A domain's life through hvctl: create, look, type, pause, stop in every way, and no frame lost.
. "${srcdir:?}/tests/daemon/lib.sh"
export PRETEND_HOLD=$dir/hold
start_hvd
free=$(free_kib)

vm one
expect 0 'Domain one created \(id 1\)' hvctl create "$dir/one.xml"
expect 0 '^one +1 +64 +2 running' hvctl list
expect 0 '^Domain-0 +0 ' hvctl list
expect 0 '"state": "running"' hvctl info one --json
expect 0 'Memory +64 MiB' hvctl info 1
expect 0 '^ +1 ' hvctl vcpus one
expect 0 '^[0-9.]+ MiB/s .1000 pages' hvctl dirtyrate one
expect 0 '"pages": 1000' hvctl dirtyrate one --period 1 --json
expect 1 'not between 1 and 60' hvctl dirtyrate --period 0 one
expect 1 'control domain' hvctl dirtyrate Domain-0
expect 3 "no domain 'none'" hvctl dirtyrate none
# It ends, whether or not somebody still waits for it. ("busy" has a mistake in it: it measures nothing.)
hvctl dirtyrate --period 2 one >/dev/null 2>&1 &
client=$!
busy() { hvctl dirtyrate --period 0 one 2>&1 | grep -q 'being measured already'; }
wait_until busy
kill $client
free_again() { ! busy; }
wait_until free_again
expect 0 '1000 pages' hvctl dirtyrate one
expect 0 'hv: second line' hvctl dmesg
expect 0 'Pretended CPU' hvctl capabilities
expect 0 'IOMMU +there, not used' hvctl capabilities
expect 0 '"iommu"' hvctl capabilities --json

# The console: what it said before we came, and what we type.
expect 0 'guest up' hvctl console --idle 2 one
printf 'hello\n' | hvctl console --idle 2 one >"$dir/out"
grep -q 'you typed hello' "$dir/out" || fail "typing: $(cat "$dir/out")"

expect 0 'paused' hvctl pause one
expect 0 '^one .* paused' hvctl list
expect 1 'is paused, not running' hvctl pause one
expect 0 'resumed' hvctl resume one
expect 0 'asked to power off' hvctl shutdown one
expect 6 'did not react within 0 s' hvctl shutdown --wait --timeout 0 one
# One measurement at a time; the domain's end ends it.
hvctl dirtyrate --period 60 one >"$dir/out" 2>&1 &
client=$!
wait_until busy
expect 0 'ended' hvctl destroy one
wait $client
grep -q "domain 'one' has ended" "$dir/out" || fail "measured to the end: $(cat "$dir/out")"
expect 3 "no domain 'one'" hvctl info one
grep -q 'you typed hello' "$dir/console/one.log" || fail "the console's log did not survive"

# A guest that turns itself off; one that is told to, with somebody waiting.
vm off 64 pretend=poweroff
expect 0 'created' hvctl create "$dir/off.xml"
wait_until gone off
vm two
expect 0 'paused' hvctl create --paused "$dir/two.xml"
expect 0 'resumed' hvctl resume two
(sleep 0.3; printf 'poweroff\n' | hvctl console two >/dev/null) &
expect 0 'Domain two has ended' hvctl shutdown --wait two

# create --console shows the first line and ends with the guest.
expect 0 'guest up' hvctl create --console "$dir/off.xml"
wait_until gone off

# Reboot keeps the name, changes the id, and a console stays attached over it.
vm three
expect 0 'created' hvctl create "$dir/three.xml"
hvctl console three </dev/null >"$dir/three.out" &
wait_until grep -q 'guest up' "$dir/three.out"
printf 'reboot\n' | hvctl console --idle 2 three >/dev/null
rebooted() { [ "$(grep -c 'guest up' "$dir/three.out")" = 2 ]; }
wait_until rebooted
expect 0 'Restarts +1' hvctl info three
expect 0 'ended' hvctl destroy three

# Crashes: destroyed, kept for a look, restarted but not for ever.
vm c1 64 pretend=crash
expect 0 'created' hvctl create "$dir/c1.xml"
wait_until gone c1
vm c2 64 pretend=crash '<on_crash>preserve</on_crash>'
expect 0 'created' hvctl create "$dir/c2.xml"
wait_until is c2 crashed
expect 0 'Last crash +it was told to crash' hvctl info c2
expect 0 'ended' hvctl destroy c2
vm c3 64 pretend=crash '<on_crash>restart</on_crash>'
expect 0 'created' hvctl create "$dir/c3.xml"
wait_until grep -q "crashed 3 times right after" "$dir/hvd.log"
expect 0 'State +crashed' hvctl info c3
expect 0 'ended' hvctl destroy c3

# While a domain is built hvd does everything else; it can be destroyed, and its builder may die.
touch "$dir/hold"
vm slow
hvctl create "$dir/slow.xml" >"$dir/slow.out" 2>&1 &
create=$!
wait_until is slow building
expect 1 'is building, not running' hvctl pause slow
expect 0 Domain-0 hvctl list
expect 0 'ended' hvctl destroy slow
wait $create && fail "a create went well without its domain"
grep -q "was destroyed while it was built" "$dir/slow.out" || fail "destroyed while built: $(cat "$dir/slow.out")"
hvctl create "$dir/slow.xml" >"$dir/slow.out" 2>&1 &
create=$!
wait_until is slow building
builder() { pgrep -x hvd-build -P "$(pgrep -P "$hvd_pid")"; }
wait_until builder
kill -9 $(builder)
wait $create
grep -q 'build process died (signal 9)' "$dir/slow.out" || fail "builder died: $(cat "$dir/slow.out")"
rm "$dir/hold"
expect 3 'no domain' hvctl info slow

# A terminal: keys go to the guest, ^] leaves.
vm tty
expect 0 created hvctl create "$dir/tty.xml"
if command -v script >/dev/null; then
	(sleep 0.5; printf 'at a terminal\n'; sleep 0.5; printf '\035') |
		script -qec "$build/tools/hvctl/hvctl --socket $dir/hvd.sock console tty" /dev/null >"$dir/tty.out"
	grep -q 'you typed at a terminal' "$dir/tty.out" || fail "at a terminal: $(cat "$dir/tty.out")"
	grep -q 'Left the console' "$dir/tty.out" || fail "^]: $(cat "$dir/tty.out")"
fi
expect 0 ended hvctl destroy tty

# Many, and several at once: not a frame is missing.
for i in $(seq 20); do
	vm "m$i" 32
	hvctl create "$dir/m$i.xml" >/dev/null &
	creates="${creates:-} $!"
done
wait $creates
[ "$(hvctl list | grep -c ' running ')" = 21 ] || fail "twenty domains: $(hvctl list)"
for i in $(seq 20); do hvctl destroy "m$i" >/dev/null & destroys="${destroys:-} $!"; done
wait $destroys
[ "$(free_kib)" = "$free" ] || fail "$free KiB were free, now $(free_kib)"
! grep -q 'no way from' "$dir/hvd.log" || fail "hvd took a way that its table does not have"
finish
