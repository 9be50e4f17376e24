#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The metrics endpoint, events, samples and the log, on an hvd over a pretended hypervisor: what a
# scrape finds, and what clients that mean no good achieve.
. "${srcdir:?}/tests/daemon/lib.sh"
start_hvd --metrics-listen 127.0.0.1:0 --thresholds 'domain.cpu_percent > 10'
port=$(sed -n 's/.*metrics at .*, port \([0-9]*\)$/\1/p' "$dir/hvd.log")
[ -n "$port" ] || fail "no endpoint"

# One request as it stands in the arguments, its lines ended as HTTP wants it; the answer as it comes.
http() {
	exec 9<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf '%s\r\n' "$@" '' >&9
	timeout 20 cat <&9
	exec 9<&-
}
get() { http "GET $1 HTTP/1.1" "Host: x" "Connection: close" "${@:2}"; }
body() { sed '1,/^\r$/d'; }
code() { sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p'; }
is_code() { # WANTED: of the answer on standard input
	local got
	got=$(code)
	[ "$got" = "$1" ] || fail "answered '$got', not $1 ($2)"
}

vm guest
expect 0 '' hvctl create "$dir/guest.xml"
get /metrics | body >"$dir/text"
grep -q '^hv_domain_state{domain="guest",state="running"} 1$' "$dir/text" || fail "no guest: $(head "$dir/text")"
grep -q '^hv_domain_info_cpu_time_seconds_total{domain="guest"} [1-9]' "$dir/text" || fail "no CPU time"
grep -q '^hv_domain_xenstore_nodes{domain="guest"} [1-9]' "$dir/text" || fail "no xenstore nodes"
get /metrics 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5' >"$dir/open"
grep -q '^Content-Type: application/openmetrics-text; version=1.0.0' "$dir/open" || fail "not OpenMetrics"
[ "$(tail -n 1 "$dir/open")" = '# EOF' ] || fail "no end: $(tail -n 1 "$dir/open")"
# Prometheus's own opinion, where it is installed.
if command -v promtool >/dev/null; then
	promtool check metrics <"$dir/text" >"$dir/lint" 2>&1 || fail "promtool: $(cat "$dir/lint")"
	[ ! -s "$dir/lint" ] || fail "promtool: $(cat "$dir/lint")"
	promtool check rules "$srcdir/tools/hvd/metrics/alerts.yml" >"$dir/lint" 2>&1 || fail "rules: $(cat "$dir/lint")"
	promtool test rules "$srcdir/tests/data/alerts-test.yml" >"$dir/lint" 2>&1 || fail "rules: $(cat "$dir/lint")"
fi
# Each rule has figures in that test that raise it.
for rule in $(sed -n 's/.*- alert: //p' "$srcdir/tools/hvd/metrics/alerts.yml"); do
	grep -A 2 "alertname: $rule$" "$srcdir/tests/data/alerts-test.yml" | grep -q exp_labels || fail "no test raises $rule"
done
# Whatever the rules and the dashboard speak of is there, and counts under that name.
grep -ohE '\b(hv|process)_[a-z_]+' "$srcdir/tools/hvd/metrics/alerts.yml" "$srcdir/tools/hvd/metrics/dashboard.json" |
	sed -E 's/_(bucket|sum|count)$//' | sort -u | while read -r name; do
	grep -q "^| \`$name\` " "$srcdir/docs/metrics.md" || echo "$name"
done >"$dir/unknown"
[ ! -s "$dir/unknown" ] || fail "no such metrics: $(tr '\n' ' ' <"$dir/unknown")"

# Other requests.
get / | is_code 200 "the front page"
get /nothing | is_code 404 "another path"
http 'POST /metrics HTTP/1.1' 'Host: x' 'Connection: close' 'Content-Length: 0' | is_code 501 "POST"
http 'HEAD /metrics HTTP/1.1' 'Host: x' 'Connection: close' >"$dir/head"
is_code 200 "HEAD" <"$dir/head"
! grep -q '^hv_' "$dir/head" || fail "HEAD has a body"
get "/metrics?$(head -c 20000 /dev/zero | tr '\0' x)" >"$dir/long"
! grep -q '^hv_' "$dir/long" || fail "a head of 20 KB was accepted"
printf '\0\377nonsense' | timeout 20 bash -c "exec 9<>/dev/tcp/127.0.0.1/$port; cat >&9; printf '\r\n\r\n' >&9; cat <&9" >"$dir/nonsense"
! grep -q '^hv_' "$dir/nonsense" || fail "nonsense was answered"

# Clients that connect and say nothing, or ask and do not read, keep nobody else out.
for i in $(seq 40); do
	exec {held}<>"/dev/tcp/127.0.0.1/$port"
	fds="${fds:-} $held"
	[ $((i % 2)) = 0 ] || printf 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' >&"$held" 2>/dev/null
done
# (The text is not made anew for each request: what was dropped may show a little later.)
gave_up() {
	get /metrics | body >"$dir/text"
	[ "$(sed -n 's/^hv_hvd_http_dropped_total //p' "$dir/text")" -ge 24 ]
}
wait_until gave_up
grep -q '^hv_domain_state{domain="guest",state="running"} 1$' "$dir/text" || fail "kept out by others"
open=$(sed -n 's/^hv_hvd_http_connections //p' "$dir/text")
[ "${open:-99}" -le 16 ] || fail "$open connections at once"
for held in $fds; do exec {held}>&-; done

# Scrapes go on while a guest comes and goes.
for i in 1 2 3; do
	expect 0 '' hvctl destroy guest
	get /metrics | is_code 200 "after the end"
	expect 0 '' hvctl create "$dir/guest.xml"
done

# The same as figures, events and log lines.
# The guest is new: it is there with the next sample.
seen_by_sampler() { hvctl top --history guest | grep -q cpu_ns; }
wait_until seen_by_sampler
expect 0 '"cpu_percent": [1-9]' hvctl top --json
shown_running() { hvctl top | grep -q '^guest .* running'; } # the sample may be of when it was built
wait_until shown_running
expect 0 '"cpu_ns":' hvctl top --history guest
expect 3 'no domain' hvctl top --history nobody
expect 0 'metrics at' hvctl log
expect 0 'guest' hvctl log guest
! hvctl log guest | grep -q 'metrics at' || fail "the log of a domain tells of others"
expect 0 '"kind":"lifecycle","event":"running","domain":"guest"' hvctl events
hvctl events --follow >"$dir/events" &
follower=$!
wait_until grep -q '"event":"running"' "$dir/events"
expect 0 '' hvctl pause guest
wait_until grep -q '"event":"paused"' "$dir/events"
# All the pretended vCPUs run all the time.
wait_until grep -q '"kind":"threshold","event":"reached","domain":"guest"' "$dir/events"
kill $follower
wait $follower
# Numbers without a gap, and each line an object.
[ -z "$(sed 's/.*"number":\([0-9]*\).*/\1/' "$dir/events" | awk 'NR > 1 && $1 != last + 1 { print } { last = $1 }')" ] ||
	fail "events are missing"
printf '{"op":"events","wait_s":61}\n{"op":"events","from":1e9,"wait_s":0}\n{"op":"top","window_ms":0}\n' |
	"$build/tests/daemon/talk" "$dir/hvd.sock" >"$dir/out"
[ "$(grep -c bad_request "$dir/out")" = 2 ] || fail "limits: $(cat "$dir/out")"
# A client that goes while it waits.
printf '{"op":"events","from":99999,"wait_s":60}\n' | timeout 1 "$build/tests/daemon/talk" "$dir/hvd.sock" >/dev/null
expect 0 '' hvctl resume guest
expect 0 '' hvctl destroy guest

# Settings that make no sense.
expect 2 'neither ADDRESS:PORT' "$build/tests/daemon/hvd-pretended" --config /dev/null --metrics-listen localhost:9177
expect 2 'thresholds:' "$build/tests/daemon/hvd-pretended" --config /dev/null --thresholds 'domain.cpu > 3'
finish
