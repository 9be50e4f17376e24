#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Settings of the metrics that are read again at SIGHUP, by an engine that is behind its walls already:
# where the endpoint is, what it tells, thresholds. What cannot be had leaves everything as it was.
. "${srcdir:?}/tests/daemon/lib.sh"
conf=$dir/hvd.conf
free_port() {
	local port
	for port in $(shuf -i 20000-29999 -n 50); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}
scrape() { # PORT [ADDRESS]
	(exec 9<>"/dev/tcp/${2:-127.0.0.1}/$1" && printf 'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&9 &&
		timeout 20 cat <&9) 2>/dev/null
}
serves() { scrape "$@" | grep -q '^hv_build_info'; }
settings() { # LINES: what the file says from now on
	printf '%s\n' '# line 1' "$@" >"$conf"
	kill -HUP "$hvd_pid"
}
logged() { grep -c -- "$1" "$dir/hvd.log"; }
# One more line that says this than there were.
once_more() { [ "$(logged "$2")" -gt "$1" ]; }

one=$(free_port) two=$(free_port)
while [ "$two" = "$one" ]; do two=$(free_port); done
printf 'metrics-listen = 127.0.0.1:%s\n' "$one" >"$conf"
# (The options of start_hvd win over the file: without the one that sets this off.)
"$build/tests/daemon/hvd-pretended" --config "$conf" --socket "$dir/hvd.sock" --run-dir "$dir/run" \
	--xenstore-socket "$dir/xs.sock" --console-dir "$dir/console" --domains-dir "$dir/domains" \
	--history-dir "$dir/history" 2>>"$dir/hvd.log" &
hvd_pid=$!
wait_until test -S "$dir/hvd.sock"
wait_until serves "$one"
vm guest
expect 0 '' hvctl create "$dir/guest.xml"

# Another port: the old one is closed, who has the new one is served.
settings "metrics-listen = 127.0.0.1:$two"
wait_until serves "$two"
! serves "$one" || fail "the old port still answers"

# The same port at all addresses, which is not free before we let go of it, and back.
settings "metrics-listen = 0.0.0.0:$two"
wait_until serves "$two" 127.0.0.2
settings "metrics-listen = 127.0.0.1:$two"
wait_until eval "! serves $two 127.0.0.2"
wait_until serves "$two"

# What cannot be had: a mistake in the text, an address of somebody else's, a port in use. Nothing of
# such a file is taken, and the log has file, line, reason.
refused() { # REASON LINES...
	local before
	before=$(logged "the settings stay as they were: $conf:$1")
	settings "${@:2}"
	wait_until once_more "$before" "the settings stay as they were: $conf:$1"
	wait_until serves "$two"
	! grep -q "log-level is now 'debug'" "$dir/hvd.log" || fail "a refused file's other settings were taken: $1"
}
refused "2: metrics-listen: 'localhost:9': neither ADDRESS:PORT" 'metrics-listen = localhost:9' 'log-level = debug'
refused '3: metrics-listen: cannot listen at 192.0.2.1:9177: Cannot assign' 'log-level = debug' 'metrics-listen = 192.0.2.1:9177'
refused "2: thresholds: 'domain.cpu > 3':" 'thresholds = domain.cpu > 3' 'log-level = debug'
refused "2: metrics-per-vcpu: 'some': neither yes nor no" 'metrics-per-vcpu = some'
# A port that is in use, by the other hvd of this test.
mkdir "$dir/b"
"$build/tests/daemon/hvd-pretended" --config /dev/null --socket "$dir/b/hvd.sock" --run-dir "$dir/b/run" \
	--xenstore-socket "$dir/b/xs.sock" --console-dir "$dir/b/console" --domains-dir "$dir/b/domains" \
	--history-dir "$dir/b/history" --metrics-listen "127.0.0.1:$one" 2>>"$dir/b.log" &
other=$!
wait_until serves "$one"
refused "3: metrics-listen: cannot listen at 127.0.0.1:$one: Address already in use" 'log-level = debug' "metrics-listen = 127.0.0.1:$one"
refused "2: metrics-listen: cannot listen at 0.0.0.0:$one: Address already in use" "metrics-listen = 0.0.0.0:$one"
kill $other
wait $other

# What is told of single vCPUs.
tells_vcpus() { scrape "$two" | grep -q '^hv_domain_vcpu_exit_latency_seconds_count{domain="guest",vcpu="1"}'; }
tells_no_vcpus() { serves "$two" && ! tells_vcpus; }
wait_until tells_vcpus
settings "metrics-listen = 127.0.0.1:$two" 'metrics-per-vcpu = no'
wait_until tells_no_vcpus
settings "metrics-listen = 127.0.0.1:$two"
wait_until tells_vcpus

# Thresholds: one comes, stays over a reload without a second event, and goes.
events() { hvctl events | grep -c "\"kind\":\"threshold\",\"event\":\"$1\",\"domain\":\"guest\""; }
has_events() { [ "$(events "$1")" = "$2" ]; }
settings "metrics-listen = 127.0.0.1:$two" 'thresholds = domain.cpu_percent > 1'
wait_until has_events reached 1
settings "metrics-listen = 127.0.0.1:$two" 'thresholds = domain.cpu_percent > 2; domain.cpu_percent > 1'
wait_until has_events reached 2
settings "metrics-listen = 127.0.0.1:$two" 'thresholds = domain.cpu_percent > 1'
wait_until has_events left 1
settings "metrics-listen = 127.0.0.1:$two"
wait_until has_events left 2
has_events reached 2 || fail "$(events reached) times reached"

# None, and again one.
settings 'metrics-listen = off'
wait_until eval "! serves $two"
settings "metrics-listen = 127.0.0.1:$one"
wait_until serves "$one"
expect 0 '' hvctl destroy guest
finish
