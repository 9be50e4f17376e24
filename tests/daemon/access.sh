#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may do what: the two sockets, and the groups of those who knock.
. "${srcdir:?}/tests/daemon/lib.sh"
start_hvd --group 4001 --read-only-group 4002
wait_until test -S "$dir/hvd-ro.sock"
talk() { "$build/tests/daemon/talk" "$@"; }
vm one
expect 0 created hvctl create "$dir/one.xml"

# On the second socket even root may only look, and a refusal ends nothing.
reader() { "$build/tools/hvctl/hvctl" --socket "$dir/hvd-ro.sock" "$@"; }
expect 0 '^one .* running' reader list
expect 0 'Memory +64 MiB' reader info one
expect 0 '^ +1 ' reader vcpus one
expect 0 'Pretended CPU' reader capabilities
expect 0 'hv: second line' reader dmesg
for command in destroy pause resume shutdown reboot console; do
	expect 4 "you may look, but '$command' is for root" reader $command one
done
expect 4 "you may look, but 'create'" reader create "$dir/one.xml"
printf '{"op":"destroy","domain":"one"}\n{"op":"version"}\n' | talk "$dir/hvd-ro.sock" >"$dir/out"
grep -q '"permission_denied"' "$dir/out" && grep -q '"protocol"' "$dir/out" || fail "a refusal: $(cat "$dir/out")"
expect 0 '"state": "running"' hvctl info one --json

# Those who may only look cannot keep out those who may act.
mkfifo "$dir/hold"
talk "$dir/hvd-ro.sock" hold 40 <"$dir/hold" >"$dir/held" &
exec 3>"$dir/hold"
wait_until test -s "$dir/held"
[ "$(cat "$dir/held")" = 8 ] || fail "$(cat "$dir/held") of 40 readers were turned away"
expect 1 'too many clients' reader list
expect 0 running hvctl list
exec 3>&-
wait_until reader list

# The identities need root to be taken on.
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$dir"
	cp "$build/tools/hvctl/hvctl" "$build/tests/daemon/talk" "$dir/" # where nobody can reach them
	as() { # GROUP COMMAND...
		local group=$1
		shift
		setpriv --reuid 65534 --regid 65534 --groups "$group" "$@"
	}
	expect 0 '^one .* running' as 4001 "$dir/hvctl" --socket "$dir/hvd.sock" list
	expect 0 'paused' as 4001 "$dir/hvctl" --socket "$dir/hvd.sock" pause one
	expect 0 '^one .* paused' as 4002 "$dir/hvctl" --socket "$dir/hvd.sock" list
	expect 4 'you may look' as 4002 "$dir/hvctl" --socket "$dir/hvd.sock" resume one
	expect 4 'you must be root or in group hvd' as 4003 "$dir/hvctl" --socket "$dir/hvd.sock" list
	# A socket that somebody has opened up: hvd asks for itself.
	chmod 666 "$dir/hvd.sock" "$dir/hvd-ro.sock"
	for socket in hvd hvd-ro; do
		as 4003 "$dir/talk" "$dir/$socket.sock" </dev/null >"$dir/out"
		grep -q '"permission_denied"' "$dir/out" || fail "a stranger on $socket: $(cat "$dir/out")"
	done
	expect 0 '^one .* paused' as 4002 "$dir/hvctl" --socket "$dir/hvd.sock" list
	expect 4 'you may look' as 4002 "$dir/hvctl" --socket "$dir/hvd.sock" resume one
	grep -q 'uid 65534 was turned away' "$dir/hvd.log" || fail "the log does not name a stranger"
else
	echo "not root: other users' part is left out"
fi
expect 0 ended hvctl destroy one
finish
