#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hvd as a service: its settings, read again while it runs; readiness, watchdog and the control
# socket as systemd has them, with a stand-in for systemd.
. "${srcdir:?}/tests/daemon/lib.sh"
hvd=$build/tests/daemon/hvd-pretended
conf=$dir/hvd.conf
cat >"$conf" <<END_OF_CONF
# settings of this test
socket = $dir/hvd.sock
run-dir=$dir/run
xenstore-socket = $dir/xs.sock
console-dir = $dir/console
domains-dir = $dir/domains
history-dir = $dir/history
log-level = info
END_OF_CONF

# ---- What the settings come to, and mistakes: file, line, reason.
expect 0 "^socket = $dir/hvd.sock\$" "$hvd" --check --config "$conf"
expect 0 '^log-level = debug$' "$hvd" --check --config "$conf" --log-level debug
mistake() { # MESSAGE LINE
	{ cat "$conf"; echo "$2"; } >"$dir/bad.conf"
	expect 2 "hvd: $dir/bad.conf:9: $1" "$hvd" --check --config "$dir/bad.conf"
}
mistake "unknown setting 'colour'" 'colour = red'
mistake "log-level 'loud' is none of error, warning, info, debug" 'log-level = loud'
mistake "socket: 'here' is not a path that starts with '/'" 'socket = here'
mistake 'not a line like "key = value"' 'socket'
expect 2 'cannot|No such file' "$hvd" --check --config "$dir/nowhere.conf"
expect 2 "'now' is no option" "$hvd" --check now

# The file that is installed names every setting, and what it says is the default.
for key in $("$hvd" --check --config /dev/null | sed 's/^#\{0,1\}\([a-z-]*\) =.*/\1/'); do
	grep -q "^#$key =" "$srcdir/tools/hvd/hvd.conf" || fail "hvd.conf does not name $key"
	grep -q "^\.B.* *$key" "$srcdir/docs/man/hvd.conf.5" || fail "hvd.conf(5) does not name $key"
done
sed -n 's/^#\([a-z-]* = .*\)/\1/p' "$srcdir/tools/hvd/hvd.conf" >"$dir/all.conf"
[ "$("$hvd" --check --config "$dir/all.conf" 2>&1 | grep -v '^#' | sort)" = \
	"$("$hvd" --check --config /dev/null | grep -v '^#' | sort)" ] ||
	fail "hvd.conf says $("$hvd" --check --config "$dir/all.conf" 2>&1)"
"$hvd" --check --config "$srcdir/tools/hvd/hvd.conf" >/dev/null || fail "hvd.conf is not accepted"

# ---- As a service.
"$build/tests/daemon/manager" 400 "$dir/hvd.sock" "$hvd" --config "$conf" >"$dir/told" 2>"$dir/hvd.log" &
manager=$!
hvd_pid=$manager # what finish() ends and waits for
wait_until grep -qx READY=1 "$dir/told"
expect 0 running hvctl list
vm one
expect 0 created hvctl create "$dir/one.xml"
first=$(sed -n 's/^PID=//p' "$dir/told")

# The watchdog is fed by a loop that turns, and by no other.
fed() { [ "$(grep -c '^WATCHDOG=1' "$dir/told")" -ge "$1" ]; }
wait_until fed 3
kill -STOP "$first"
sleep 1 # what was sent before arrives; then ten more would come from a loop that turns
before=$(grep -c '^WATCHDOG=1' "$dir/told")
sleep 1
[ "$(grep -c '^WATCHDOG=1' "$dir/told")" -le $((before + 1)) ] || fail "the watchdog is fed by a loop that stands still"
kill -CONT "$first"
wait_until fed $((before + 1))

# Settings again: a mistake changes nothing, and is told; then what may change does, at once.
sed -i 's/^log-level.*/log-level = shouting/' "$conf"
kill -HUP $manager
wait_until grep -q "error: the settings stay as they were: $conf:8: log-level 'shouting'" "$dir/hvd.log"
wait_until grep -q '^STATUS=.*mistake' "$dir/told"
expect 0 running hvctl info one
! grep -q 'debug:' "$dir/hvd.log" || fail "debug lines at level info"
sed -i "s/^log-level.*/log-level = debug/; s|^console-dir.*|console-dir = $dir/other|" "$conf"
kill -HUP $manager
wait_until grep -q "log-level is now 'debug', was 'info'" "$dir/hvd.log"
wait_until grep -q "console-dir = $dir/other takes effect when hvd is restarted" "$dir/hvd.log"
wait_until grep -qx 'STATUS=Ready' "$dir/told"
expect 0 ended hvctl destroy one
wait_until grep -q 'debug:' "$dir/hvd.log"
sed -i 's/^log-level.*/log-level = info/' "$conf"

# The socket is the manager's: who calls while hvd is away waits, and is answered by the next one.
kill -KILL "$first"
hvctl list >"$dir/late" 2>&1 &
late=$!
sleep 0.3
kill -0 $late 2>/dev/null || fail "a client did not wait for hvd: $(cat "$dir/late")"
kill -USR1 $manager
wait $late || fail "a client that waited: $(cat "$dir/late")"
grep -q Domain-0 "$dir/late" || fail "a client that waited got: $(cat "$dir/late")"
[ -S "$dir/hvd.sock" ] || fail "hvd removed a socket that is not its own"
finish
[ -S "$dir/hvd.sock" ] || fail "hvd removed a socket that is not its own, when it ended"
[ $failures = 0 ]
