#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In hv's control domain, or Xen's, on one processor: what two neighbours have while a third guest only computes, and
# while it floods hvd through its xenstore ring and its console; with hvd's limits and without. One neighbour
# asks the xenstore again and again, the other one computes. Lines "FIGURE phase.name value": round trips in
# TSC ticks, answers a second, shares of the processor in per mille.
# Usage: flood.sh [SECONDS [PHASES]]; expects the stub guest 'flood' beside it.
seconds=${1:-3} phases=${2:-quiet flooded unlimited}
if command -v hvctl >/dev/null; then
	log_of() { echo /var/log/hv/console/$1.log; }
	guest() { # NAME ROLE
		cat >$1.xml <<X
<domain type='xen'><name>$1</name><memory unit='MiB'>32</memory>
<os><type>xenpvh</type><kernel>$PWD/flood</kernel><cmdline>$2</cmdline></os></domain>
X
		hvctl create $1.xml >&2
	}
	end() { hvctl destroy $1 >&2; }
	cpu_us() { hvctl info $1 --json | sed -n 's/.*"cpu_time_ns": \([0-9]*\)[0-9]\{3\},*$/\1/p'; }
else
	log_of() { echo /var/log/xen/console/guest-$1.log; }
	guest() {
		cat >/tmp/$1.cfg <<X
name = "$1"
type = "pvh"
memory = 32
kernel = "$PWD/flood"
cmdline = "$2"
tsc_mode = "native"
X
		xl create -q /tmp/$1.cfg >&2
	}
	end() { xl destroy $1 >&2; }
	cpu_us() { xl list $1 | awk 'NR == 2 { printf "%d", $NF * 1000000 }'; } # to a tenth of a second
fi
say() { echo "FIGURE $1 $2"; }
wait_for() { # SECONDS COMMAND...
	left=$(($1 * 10)); shift
	until "$@" >/dev/null 2>&1; do left=$((left - 1)); [ $left -gt 0 ] || { echo "never: $*" >&2; exit 1; }; usleep 100000; done
}
rounds() { tr -d '\r' <$(log_of asks) | grep '^neighbour round'; }
has_rounds() { [ "$(rounds | grep -c .)" -ge "$1" ]; }
now_us() { awk '{ printf "%d", $1 * 1000000 }' /proc/uptime; }
# Of the rounds since round $1: the middle one by field $2.
middle() { rounds | tail -n +$(($1 + 1)) | awk -v f=$2 '{ print $f }' | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
phase() { # NAME ROLE
	guest other $2
	wait_for 200 grep -aq "begins" $(log_of other)
	sleep 2 # what may come in a burst has come
	first=$(rounds | grep -c .)
	begin=$(now_us) host=$(cpu_us Domain-0) asks=$(cpu_us asks) computes=$(cpu_us computes) other=$(cpu_us other)
	sleep $seconds
	wait_for 300 has_rounds $((first + 1))
	took=$(($(now_us) - begin)) host=$(($(cpu_us Domain-0) - host)) asks=$(($(cpu_us asks) - asks))
	computes=$(($(cpu_us computes) - computes)) other=$(($(cpu_us other) - other))
	say $1.median_ticks "$(middle $first 5)"
	say $1.p95_ticks "$(middle $first 7)"
	say $1.answers_per_s $((($(rounds | grep -c .) - first) * 20 * 1000 / (took / 1000)))
	say $1.share_control $((host * 1000 / took))
	say $1.share_asks $((asks * 1000 / took))
	say $1.share_computes $((computes * 1000 / took))
	say $1.share_other $((other * 1000 / took))
	end other
	rm -f $(log_of other)*
}
guest asks neighbour
guest computes spin
wait_for 200 has_rounds 1
for phase in $phases; do
	case $phase in
	quiet) phase quiet spin ;;
	flooded) phase flooded flood ;;
	unlimited)
		printf 'xenstore-requests-per-second = 0\nconsole-bytes-per-second = 0\n' >/etc/hvd/hvd.conf
		kill -HUP $(pidof hvd) # both halves: one of them does not mind
		phase unlimited flood
		;;
	esac
done
end asks
end computes
grep -h 'asks for more than\|says more than' /var/log/hvd/hvd.out >&2
exit 0
