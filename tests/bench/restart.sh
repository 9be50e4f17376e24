#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In hv's control domain: hvd's memory with no and with many guests, and how long it takes from a
# kill -9 until the next hvd has taken up ten. Lines "FIGURE name value".
# Usage: restart.sh [GUESTS]; expects the stub guest 'flood' beside it.
guests=${1:-100}
say() { echo "FIGURE $1 $2"; }
memory() { # of both its halves
	for pid in $(pidof hvd); do cat /proc/$pid/status; done | awk '/^VmRSS:/ { kib += $2 } END { print kib }'
}
ms() { awk '{ printf "%d", $1 * 1000 }' /proc/uptime; }
guest() {
	cat >$1.xml <<X
<domain type='xen'><name>$1</name><memory unit='MiB'>16</memory>
<os><type>xenpvh</type><kernel>$PWD/flood</kernel></os></domain>
X
	hvctl create --paused $1.xml >&2
}
restart() {
	old=$(pidof hvd) begin=$(ms)
	kill -9 $old
	hvd </dev/null >>/var/log/hvd/hvd.out 2>&1 &
	until hvctl list >/dev/null 2>&1; do usleep 2000; done
	took=$(($(ms) - begin))
	[ "$(hvctl list | grep -c ' paused ')" = $1 ] || { echo "not all were taken up" >&2; exit 1; }
	say restart_ms_$1 $took
}
say rss_kib_0 "$(memory)"
i=0
while [ $i -lt 10 ]; do i=$((i + 1)); guest n$i; done
restart 10
restart 10
restart 10
while [ $i -lt $guests ]; do i=$((i + 1)); guest n$i; done
say rss_kib_$guests "$(memory)"
restart $guests
say rss_kib_${guests}_taken_up "$(memory)"
