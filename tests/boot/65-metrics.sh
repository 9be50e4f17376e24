#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real Prometheus on the outside scrapes hvd on a real host: what it stores moves with a guest's
# disk and CPU, and goes on while that guest ends.
if [ "${HV_MACHINE:-svm}" = vmx ] && [ -z "${HV_OWN_NETWORK:-}" ]; then
	# Bochs forwards no ports: there the host is our neighbour, in a network without anybody else.
	[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP a network namespace wants root"; exit 0; }
	HV_OWN_NETWORK=1 exec unshare --net -- "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
for tool in prometheus promtool curl; do
	command -v $tool >/dev/null || skip_all "missing $tool: apt-get install prometheus curl"
done
need_guest
plan 16

# Ports that nobody listens on.
free_port() {
	local port
	for port in $(shuf -i 20000-29999 -n 50); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}
hvd_port=$(free_port) go_port=$(free_port) own_port=$(free_port)
# The host is at 10.0.2.15; we reach it by a tap, or by ports of ours that QEMU forwards.
case $machine in
svm)
	at_hvd=127.0.0.1:$hvd_port at_go=127.0.0.1/$go_port interval=2s
	network=(--qemu-args "-netdev user,id=scrape,hostfwd=tcp:127.0.0.1:$hvd_port-10.0.2.15:9177,hostfwd=tcp:127.0.0.1:$go_port-10.0.2.15:7000 -device virtio-net-pci,netdev=scrape,romfile=")
	;;
vmx)
	at_hvd=10.0.2.15:9177 at_go=10.0.2.15/7000 interval=10s
	network=(--net tap:tap0)
	PATH=$PATH:/sbin
	{ ip link set lo up && ip tuntap add dev tap0 mode tap && ip addr add 10.0.2.2/24 dev tap0 && ip link set tap0 up; } || exit 99
	;;
esac
cat >"$work/prometheus.yml" <<END
global: {scrape_interval: $interval, evaluation_interval: 5s, scrape_timeout: $interval}
rule_files: ["$source/tools/hvd/metrics/alerts.yml"]
scrape_configs: [{job_name: hv, static_configs: [{targets: ['$at_hvd']}]}]
END
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" --log.level=warn \
	--web.listen-address="127.0.0.1:$own_port" >"$work/prometheus.log" 2>&1 &
prometheus=$! host=
stop_all() {
	kill "$prometheus" ${host:+"$host"} 2>/dev/null
	wait
	rm -rf "$work"
}
trap stop_all EXIT

# What the guest does when it is told to: reads its disk, keeps its CPU busy.
cat >"$work/load" <<'END'
echo GUEST ready
while read -r word; do
	dd if=/dev/xvda of=/dev/null bs=64k count=128 2>/dev/null
	dd if=/dev/zero of=/dev/xvda bs=64k count=16 conv=fsync 2>/dev/null
	i=0
	while [ $i -lt 20000 ]; do i=$((i + 1)); done
	echo GUEST loaded
done
END
# In the control domain; each step when somebody connects to the other port.
cat >"$work/script" <<'END'
. ./guest-lib.sh
step() { nc -l -p 7000 </dev/null >/dev/null; echo "step $1"; }
wait_for 20 test -e /sys/class/net/eth0
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
kill $(pidof hvd)
while pidof hvd >/dev/null; do usleep 100000; done
hvd --metrics-listen 10.0.2.15:9177 2>/tmp/hvd.log &
until hvctl list >/dev/null 2>&1; do usleep 100000; done
mkdir -p /tmp/initrd /tmp/disk
mount -t tmpfs tmpfs /tmp/disk
cp load /tmp/initrd/
(cat $images/initrd; cd /tmp/initrd && find . -mindepth 1 | cpio -o -H newc 2>/dev/null) >$images/initrd.new
mv $images/initrd.new $images/initrd
truncate -s 16M /tmp/disk/image
guest busy 192 1 'quiet run=sh,/load' /tmp/disk/image
hvctl create busy.xml || cat busy.xml
wait_console busy '^GUEST ready' 400
step idle
echo go | hvctl console --idle 2 busy >/dev/null
wait_console busy '^GUEST loaded' 400
step loaded
hvctl top | cat
hvctl destroy busy
step destroyed
hvctl events
hvctl log busy
END
make_host_command --timeout 900 --with "$here/guest-lib.sh" --with "$work/load" --disk "$guest_disk" "${network[@]}" -- "$work/script"
"${host_command[@]}" >"$out" 2>"$work/err" </dev/null &
host=$!

# What Prometheus says about an expression now: one number, or nothing.
value() {
	curl -sf --data-urlencode "query=$1" "http://127.0.0.1:$own_port/api/v1/query" |
		sed -n 's/.*"value":\[[0-9.]*,"\([^"]*\)"\].*/\1/p'
}
# Each expression of the shipped dashboard finds something, as Grafana would ask. This guest has no interface.
dashboard_works() {
	local expr nr=0
	while read -r expr; do
		nr=$((nr + 1))
		case $expr in *hv_domain_interface_stats_*) continue ;; esac
		becomes "($expr) >= 0" || return 1 # NaN is not
	done < <(sed -n 's/.*"expr": "\(.*\)",\{0,1\}$/\1/p' "$source/tools/hvd/metrics/dashboard.json" |
		sed 's/\\"/"/g; s/\$__rate_interval/10m/g; s/\$instance/.*/g; s/\$domain/busy|Domain-0/g')
	[ $nr -ge 20 ] || { echo "# $nr expressions only"; return 1; }
}
# Until an expression is true (its value a number, not empty), or the host is gone. Ten minutes; an hour and
# a half where a guest needs ten to start.
tries_enough=$([ $machine = svm ] && echo 600 || echo 5400)
becomes() {
	local tries=0
	until [ -n "$(value "$1")" ]; do
		tries=$((tries + 1))
		[ $tries -lt $tries_enough ] && kill -0 "$host" 2>/dev/null || { echo "# never: $1"; return 1; }
		sleep 1
	done
}
# Lets the script go on, once it waits.
go() {
	local tries=0
	until grep -q "^step $1" "$out"; do
		(exec 3<>"/dev/tcp/$at_go" && timeout 5 cat <&3 >/dev/null) 2>/dev/null
		tries=$((tries + 1))
		[ $tries -lt $tries_enough ] && kill -0 "$host" 2>/dev/null || return 1
		sleep 0.5
	done
}

ok "Prometheus reaches hvd" becomes 'up{job="hv"} == 1'
ok "the guest appears" becomes 'hv_domain_state{domain="busy",state="running"} == 1'
ok "its disk is connected" becomes 'hv_domain_block_connected{domain="busy",target_device="xvda"} == 1'
ok "hv counts its exits" becomes 'sum(hv_domain_exits_total{domain="busy"}) > 1000'
ok "and its wake-ups" becomes 'hv_domain_wakeup_latency_seconds_count{domain="busy"} > 10'
ok "each vCPU's, too" becomes 'sum(hv_domain_vcpu_exits_by_reason_total{domain="busy",vcpu="0"}) > 1000 and on() hv_domain_vcpu_wakeup_latency_seconds_count{domain="busy",vcpu="0"} > 10'
ok "the host's memory is accounted for" becomes 'sum(hv_host_memory_use_bytes) == on() hv_host_memory_bytes'
ok "it waits for work" go idle
before=$(value 'hv_domain_info_cpu_time_seconds_total{domain="busy"}')
ok "what it reads is counted" becomes 'hv_domain_block_stats_read_bytes_total{domain="busy"} >= 8388608'
ok "and what it writes" becomes 'hv_domain_block_stats_write_bytes_total{domain="busy"} >= 1048576'
ok "and its CPU time" becomes "hv_domain_info_cpu_time_seconds_total{domain=\"busy\"} > ${before:-99999}"
ok "every expression of the dashboard finds something" dashboard_works
for format in text/plain application/openmetrics-text; do
	curl -sf -H "Accept: $format" "http://$at_hvd/metrics" >"$work/scrape" || : >"$work/scrape"
	[ $format = text/plain ] && promtool check metrics <"$work/scrape" >"$work/lint" 2>&1
done
ok "promtool has nothing to say" eval '[ ! -s "$work/lint" ] && [ "$(tail -n 1 "$work/scrape")" = "# EOF" ]'
go loaded
ok "scrapes go on when the guest is gone" eval \
	'becomes "absent(hv_domain_state{domain=\"busy\"}) == 1" && becomes "min_over_time(up{job=\"hv\"}[20s]) == 1"'
go destroyed
wait "$host"
status=$?
host=
ok "hvctl top knew its load" grep -qE '^busy +[0-9]+ running' "$out"
ok "events and log tell its life" eval \
	'grep -q "\"event\":\"connected\",\"domain\":\"busy\"" "$out" && grep -q "\"event\":\"gone\",\"domain\":\"busy\"" "$out" && grep -q "busy.*: running" "$out" && [ $status = 0 ]'
done_testing
