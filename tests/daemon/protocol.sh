#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The control socket against clients that do it wrong: hvd answers, drops them, and serves others.
. "${srcdir:?}/tests/daemon/lib.sh"
start_hvd
descriptors() { ls /proc/$hvd_pid/fd | wc -l; }
started_with=$(descriptors)
back_to_start() { [ "$(descriptors)" = "$started_with" ]; }
talk() { "$build/tests/daemon/talk" "$dir/hvd.sock" "$@"; }
says() { # PATTERN: about the replies to our standard input
	local out
	out=$(talk)
	printf '%s\n' "$out" | grep -qE -- "$1" || fail "said '$(printf %s "$out" | head -c 300)', not '$1'"
}

# Several requests in one piece, with ids of any type: all answered, in order.
printf '{"id":1,"op":"version"}\n{"id":"two","op":"list"}\n\n{"id":[3],"op":"version"}' >"$dir/in"
out=$(printf '\n' | cat "$dir/in" - | talk)
[ "$(printf '%s\n' "$out" | sed 's/^{"id":\([^,]*\),.*/\1/' | tr '\n' ' ')" = '1 "two" [3] ' ] ||
	fail "ids: $out"
printf '{"op":"version"}\n' | says '^\{"result":\{"name":"hvd","version":"[0-9.]+","protocol":1\}\}$'

# Lines that are no requests. The connection goes on.
printf 'hello\n{"op":"version"}\n' | says '"protocol":1'
printf 'hello\n' | says '"code":"bad_request"'
printf '[]\n' | says '"code":"bad_request"'
printf '{}\n' | says 'no \\"op\\"'
printf '{"op":7}\n' | says '"code":"bad_request"'
printf '{"op":"frobnicate"}\n' | says '"code":"unknown_op"'
printf '{"op":"info"}\n' | says 'no \\"domain\\"'
printf '{"op":"info","domain":[]}\n' | says 'no \\"domain\\"'
printf '{"op":"info","domain":99999999999}\n' | says '"code":"no_such_domain"'
printf '{"op":"info","domain":""}\n' | says '"code":"no_such_domain"'
printf '{"op":"create"}\n' | says 'no \\"xml\\"'
printf '{"op":"create","xml":"\\u0000"}\n' | says '"code":"bad_xml"'
printf '{"op":"wait","domain":"0"}\n' | says '"code":"control_domain"'
printf '{"op":"dmesg","position":-5}\n' | says '"text":"hv: pretended'
printf '{"op":"dmesg","position":9000000000000000000}\n' | says '"text":""'
printf '\xff\xfe\n' | says '"code":"bad_request"'
[ -z "$(printf '{"op":"version"' | talk)" ] || fail "half a line was answered"

# A line that is too long: told once, left out, and the connection goes on, before and after.
long_line() { head -c 3000000 /dev/zero | tr '\0' x; }
out=$( (printf '{"op":"version"}\n'; long_line; printf '\n{"id":2,"op":"version"}\n'; long_line) | talk)
[ "$(printf '%s\n' "$out" | sed 's/.*\(protocol\|too long\).*/\1/' | tr '\n' ,)" = 'protocol,too long,protocol,too long,' ] ||
	fail "long line: $out"

# A client that asks and never reads is not served further; others are.
yes '{"op":"list"}' | head -n 500000 | talk silent &
silent=$!
expect 0 running hvctl list
before=$(sed -n 's/VmRSS: *\([0-9]*\).*/\1/p' /proc/$hvd_pid/status)
sleep 1
after=$(sed -n 's/VmRSS: *\([0-9]*\).*/\1/p' /proc/$hvd_pid/status)
[ $((after - before)) -lt 4096 ] || fail "hvd grew from $before to $after KiB for a client that does not read"
expect 0 running hvctl list
wait $silent
wait_until back_to_start

# No more than 64 clients.
mkfifo "$dir/hold"
talk hold 70 <"$dir/hold" >"$dir/held" &
exec 3>"$dir/hold"
wait_until test -s "$dir/held"
[ "$(cat "$dir/held")" = 6 ] || fail "$(cat "$dir/held") of 70 clients were turned away"
expect 1 'too many clients' hvctl list
exec 3>&-
wait_until hvctl list

# Whoever goes away in the middle leaves a domain behind that is complete, and no trace otherwise.
vm left
printf '{"op":"create","xml":"%s"}\n' "$(sed 's/"/\\"/g' "$dir/left.xml" | tr '\n' ' ')" | talk silent
wait_until is left running
printf '{"op":"console","domain":"left"}\nhello there\n' | timeout 2 "$build/tests/daemon/talk" "$dir/hvd.sock" >"$dir/out"
wait_until grep -q 'you typed hello there' "$dir/console/left.log"
printf '{"op":"wait","domain":"left","timeout_s":1000}\n' | talk silent
expect 0 ended hvctl destroy left
started_with=$((started_with + 1)) # the kernel that is kept for the next build
wait_until back_to_start
expect 4 'path is too long' hvctl --socket "/$(head -c 200 /dev/zero | tr '\0' x)" list
finish
