#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real Prometheus on the outside scrapes hvd on a real host: what it stores moves with a guest's
# disk and CPU, and goes on while that guest ends.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
for tool in prometheus promtool curl; do
	command -v $tool >/dev/null || skip_all "missing $tool: apt-get install prometheus curl"
done
plan 12
need_guest

# Free ports, for as long as nobody else takes them.
free_port() {
	local port
	for port in $(shuf -i 20000-29999 -n 50); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}
hvd_port=$(free_port)
own_port=$(free_port)
cat >"$work/prometheus.yml" <<END
global: {scrape_interval: 2s, evaluation_interval: 2s, scrape_timeout: 2s}
rule_files: ["$source/tools/hvd/metrics/alerts.yml"]
scrape_configs:
  - {job_name: hv, static_configs: [{targets: ['127.0.0.1:$hvd_port']}]}
END
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
	--web.listen-address="127.0.0.1:$own_port" >"$work/prometheus.log" 2>&1 &
prometheus=$!
stop_all() {
	kill "$prometheus" ${host:+"$host"} 2>/dev/null
	wait "$prometheus" ${host:+"$host"} 2>/dev/null
	rm -rf "$work"
}
trap stop_all EXIT

cat >"$work/script" <<'END'
set -e
. ./guest-lib.sh
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
kill "$(pidof hvd)"
while pidof hvd >/dev/null; do usleep 100000; done
hvd --metrics-listen 10.0.2.15:9177 2>/tmp/hvd.log &
until hvctl list >/dev/null 2>&1; do usleep 100000; done
bridge=br0
make_bridge
guest busy 192 1 'hv.script=exec' "$images/root.img"
while read -r word; do
	case $word in
	create) hvctl create busy.xml; wait_console busy 'login|shell|# $' 240 || true ;;
	load) printf '%s\n' 'dd if=/dev/xvda of=/dev/null bs=64k count=200; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo do''ne' |
		hvctl console --idle 3 busy >/dev/null || true
		wait_console busy '^done' 240 ;;
	top) hvctl top ;;
	destroy) hvctl destroy busy ;;
	end) exit 0 ;;
	esac
	echo "finished $word"
done
END
sed -n 1,1p /dev/null
