#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hvd's two halves: what the engine has given up, that neither lives without the other, and that the privileged half
# refuses what the engine may not have.
. "${srcdir:?}/tests/daemon/lib.sh"
start_hvd
halves() { engine=$hvd_pid parent=$(pgrep -P "$hvd_pid"); }
halves
status() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

[ "$(cat /proc/$parent/comm)" = hvd:priv ] || fail "the privileged half is called $(cat /proc/$parent/comm)"
[ "$(status $engine NoNewPrivs)" = 1 ] || fail "the engine may get new privileges"
if [ "$(id -u)" = 0 ]; then
	[ "$(status $engine Uid | cut -f1-4 | tr '\t' '\n' | sort -u | grep -c .)" = 1 ] || fail "the engine has several users"
	[ "$(status $engine Uid | cut -f1)" != 0 ] || fail "the engine is root"
	[ -z "$(status $engine Groups | tr -d ' ')" ] || fail "the engine has groups: $(status $engine Groups)"
	for set in CapInh CapPrm CapEff CapAmb; do
		[ "$(status $engine $set)" = 0000000000000000 ] || fail "the engine has $set $(status $engine $set)"
	done
	grep -q "not filtered" "$dir/hvd.log" || [ "$(status $engine Seccomp)" = 2 ] || fail "the engine's system calls are not filtered"
	[ "$(status $parent Uid | cut -f1)" = 0 ] || fail "the privileged half is not root"
	# What it finds there is its own, but for what it must not replace.
	[ "$(stat -c %u "$dir/run/journal")" != 0 ] || fail "the journal is root's"
	[ "$(stat -c '%u %a' "$dir/run")" = '0 1775' ] || fail "the run folder is $(stat -c '%u %a' "$dir/run")"
	[ "$(stat -c %u "$dir/hvd.sock")" = 0 ] || fail "the control socket is not root's"
fi

# What the host is made of is no guest's, whoever asks.
of_host=$(find /usr/lib/ /usr/share/ -type f -perm -a=r -printf '%s %p\n' | awk '$1 && $1 % 512 == 0 && NF == 2 { print $2; exit }')
vm disk 64 '' "<devices><disk type='file' device='disk'><driver name='file'/><source file='$of_host'/><target dev='xvda' bus='xen'/><readonly/></disk></devices>"
expect 1 "what lies in /usr is never a guest's disk" hvctl create "$dir/disk.xml"
vm etc
sed -i "s|<kernel>.*</kernel>|<kernel>/etc/passwd</kernel>|" "$dir/etc.xml"
expect 1 "what lies in /etc is never a guest's" hvctl create "$dir/etc.xml"

# What root writes by hand, for nobody else to read, is read at a reload.
vm byhand
(umask 077; cp "$dir/byhand.xml" "$dir/domains/byhand.xml")
kill -HUP "$hvd_pid"
wait_until hvctl start byhand
expect 0 'ended' hvctl destroy byhand

# Either half takes the other with it; the next hvd has the sockets and the lock.
ended() { ! kill -0 "$1" 2>/dev/null || [ "$(status "$1" State | cut -c1)" = Z ]; }
for victim in engine parent parent engine; do
	halves
	kill -9 "${!victim}"
	wait_until ended "$engine"
	wait_until ended "$parent"
	wait "$hvd_pid" && fail "hvd ended well when its $victim was killed"
	start_hvd
	wait_until hvctl list # the socket's file is there from before
done
grep -q "privileged half has ended" "$dir/hvd.log" || fail "nobody said that the privileged half has ended"

# A request that a builder works on dies with both.
touch "$dir/hold"
kill "$hvd_pid"; wait "$hvd_pid" || fail "hvd ended with $?"
[ ! -e "$dir/hvd.sock" ] && [ ! -e "$dir/xs.sock" ] || fail "sockets are left: $(ls "$dir")"
export PRETEND_HOLD=$dir/hold
start_hvd
halves
vm held
hvctl create "$dir/held.xml" >/dev/null 2>&1 &
create=$!
builder() { pgrep -x hvd-build -P "$parent"; }
wait_until builder
working=$(builder)
kill -9 "$engine"
wait_until ended "$working"
wait $create
wait "$hvd_pid"
rm "$dir/hold"
start_hvd
wait_until hvctl list

# Images where the settings say, and nowhere else: disks and what hvd-image works on.
kill "$hvd_pid"
wait "$hvd_pid"
mkdir -p "$dir/images" "$dir/elsewhere"
start_hvd --image-folders "$dir/none:$dir/images" --image-program "$build/tools/hvd/image/hvd-image"
expect 1 "none of image-folders" hvctl create "$dir/disk.xml"
expect 0 '' hvctl image create "$dir/images/a.img" 1M
expect 1 'not permitted' hvctl image create "$dir/elsewhere/a.img" 1M
[ ! -e "$dir/elsewhere/a.img" ] || fail "a refused image was left"
ln -s "$dir/elsewhere" "$dir/images/link"
truncate -s 1M "$dir/elsewhere/b.img"
expect 1 'not permitted' hvctl image info "$dir/images/link/b.img"

mkdir -p "$dir/asked" "$dir/secrets"
"$build/tests/daemon/asker" "$dir/asked" "$dir/secrets" "$of_host" >"$dir/asker.out" 2>&1 || fail "asker: $(grep -v '^ok' "$dir/asker.out")"
[ "$(grep -c '^ok' "$dir/asker.out")" -gt 30 ] || fail "asker said: $(cat "$dir/asker.out")"
grep -q "not filtered" "$dir/hvd.log" || "$build/tests/daemon/walled" >"$dir/walled.out" 2>&1 ||
	fail "walled: $(grep -v '^ok' "$dir/walled.out")"
finish
[ $failures = 0 ]
