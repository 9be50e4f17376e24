#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who looks on while hvd is killed and the next one starts: events and log go on, and nothing of what was
# logged before is lost.
. "${srcdir:?}/tests/daemon/lib.sh"
start_hvd
vm first
vm second
expect 0 created hvctl create "$dir/first.xml"
expect 0 ended hvctl destroy first
hvctl events --follow >"$dir/events" 2>"$dir/events.err" &
events=$!
hvctl log --follow >"$dir/followed" 2>&1 &
log=$!
hvctl log --follow first >"$dir/followed-first" 2>&1 &
log_first=$!
wait_until grep -q '"event":"gone","domain":"first"' "$dir/events"
wait_until grep -q "domain 'first' .*: gone" "$dir/followed"
wait_until grep -q "domain 'first' .*: gone" "$dir/followed-first"

for life in 1 2 3; do
	kill -KILL "$hvd_pid"
	wait "$hvd_pid" 2>/dev/null
	sleep 0.3 # they see it: nobody listens
	kill -0 $events $log $log_first || fail "a follower has ended with hvd"
	rm -f "$dir/hvd.sock" # so that start_hvd waits for the new one
	start_hvd
	reconnected() { [ "$(grep -c '"event":"reconnected"' "$dir/events")" = $life ]; }
	wait_until reconnected
	expect 0 created hvctl create "$dir/second.xml"
	expect 0 ended hvctl destroy second
	seen() { sed -n "/reconnected/,\$p" "$dir/events" | grep -c '"event":"gone","domain":"second"' | grep -qx $life; }
	wait_until seen
	logged() { [ "$(grep -c "domain 'second' .*: gone" "$dir/followed")" = $life ]; }
	wait_until logged
	expect 0 "domain 'first' .*: gone" hvctl log
done
# Each hvd's numbers begin with 1, and each line is an object with a time.
[ "$(grep -c '"number":1,' "$dir/events")" = 4 ] || fail "numbers: $(grep -o '"number":[0-9]*' "$dir/events" | xargs)"
! grep -v '^{.*"time":".*}$' "$dir/events" || fail "lines that are no events"
[ ! -s "$dir/events.err" ] || fail "complaints: $(cat "$dir/events.err")"

# No line is missing or there twice, as the four of them have written them.
enough() { [ "$(wc -l <"$dir/followed")" -ge "$(wc -l <"$dir/log")" ]; }
hvctl log >"$dir/log"
wait_until enough
kill $events $log $log_first
wait $events $log $log_first 2>/dev/null
sed 's/.*Z hvd: //' "$dir/hvd.log" | grep -v '^debug: ' >"$dir/written"
sed 's/.*Z hvd: //' "$dir/followed" | grep -v '^debug: ' | head -n "$(wc -l <"$dir/written")" >"$dir/read"
diff "$dir/read" "$dir/written" >"$dir/diff" || fail "the log differs: $(cat "$dir/diff")"
[ "$(grep -vc first "$dir/followed-first")" = 0 ] || fail "lines of others: $(grep -v first "$dir/followed-first")"

# A file that is none is begun anew; its size is what it was.
kill "$hvd_pid"; wait "$hvd_pid"
size=$(stat -c %s "$dir/run/log")
head -c 3000 /dev/urandom >"$dir/run/log"
start_hvd
expect 0 'ready on' hvctl log
! hvctl log | grep -q "first" || fail "lines from nowhere"
[ "$(stat -c %s "$dir/run/log")" = "$size" ] || fail "the file is $(stat -c %s "$dir/run/log") bytes"

finish
