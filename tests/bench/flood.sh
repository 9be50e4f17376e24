#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In hv's control domain, on one processor: what a neighbour has while another guest only computes,
# and while it floods hvd through the xenstore and its console. Lines "FIGURE name value":
# xenstore round trips in TSC ticks, shares of the processor in per mille.
# Usage: flood.sh [ROUNDS]; expects the stub guest 'flood' beside it.
rounds=${1:-3}
log=/var/log/hv/console
say() { echo "FIGURE $1 $2"; }
wait_for() { # SECONDS COMMAND...
	left=$(($1 * 10)); shift
	until "$@" >/dev/null 2>&1; do left=$((left - 1)); [ $left -gt 0 ] || { echo "never: $*" >&2; exit 1; }; usleep 100000; done
}
guest() { # NAME ROLE
	cat >$1.xml <<X
<domain type='xen'><name>$1</name><memory unit='MiB'>16</memory>
<os><type>xenpvh</type><kernel>$PWD/flood</kernel><cmdline>$2</cmdline></os></domain>
X
	hvctl create $1.xml >&2
}
lines() { tr -d '\r' <$log/neighbour.log | grep -c '^neighbour round'; }
has_lines() { [ "$(lines)" -ge $1 ]; }
cpu_ms() { hvctl list | awk -v name=$1 '$1 == name { printf "%d", $NF * 1000 }'; }
# The last rounds' medians and 95th percentiles, the middle one of each.
middle() { tr -d '\r' <$log/neighbour.log | grep '^neighbour round' | tail -n $rounds | awk -v f=$1 '{ print $f }' | sort -n | sed -n "$((rounds / 2 + 1))p"; }
phase() { # NAME ROLE
	guest other $2
	wait_for 200 grep -aq "begins" $log/other.log
	first=$(lines)
	wait_for 300 has_lines $((first + 1)) # bursts are over, caches are warm
	host=$(cpu_ms Domain-0) mine=$(cpu_ms neighbour) its=$(cpu_ms other)
	wait_for 600 has_lines $((first + 1 + rounds))
	host=$(($(cpu_ms Domain-0) - host)) mine=$(($(cpu_ms neighbour) - mine)) its=$(($(cpu_ms other) - its))
	all=$((host + mine + its))
	say $1.xenstore_median_ticks "$(middle 5)"
	say $1.xenstore_p95_ticks "$(middle 7)"
	say $1.share_control $((host * 1000 / all))
	say $1.share_neighbour $((mine * 1000 / all))
	say $1.share_other $((its * 1000 / all))
	hvctl destroy other >&2
	rm -f $log/other.log*
}
guest neighbour neighbour
wait_for 200 has_lines 1
phase quiet spin
phase flooded flood
# And without the limits, for comparison.
if [ -n "${WITHOUT_LIMITS:-}" ]; then
	printf 'xenstore-requests-per-second = 0\nconsole-bytes-per-second = 0\n' >/etc/hvd/hvd.conf
	kill -HUP "$(pidof hvd)"
	phase unlimited flood
fi
hvctl destroy neighbour >&2
grep -q 'xenstore: domain .* asks for more than' /var/log/hvd/hvd.out && say flooded.xenstore_noticed 1
grep -q 'console of domain .* says more than' /var/log/hvd/hvd.out && say flooded.console_noticed 1
