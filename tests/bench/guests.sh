#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In hv's control domain: figures of guests, as lines "FIGURE name value".
# Usage: guests.sh ROUNDS, the number of guests that are created and destroyed at the end.
log=/var/log/hv/console
mkdir -p $log
guest() { # NAME MIB KERNEL [INITRD]
	cat >"$1.xml" <<X
<domain type='xen'>
  <name>$1</name>
  <memory unit='MiB'>$2</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='xenpvh'>xenpvh</type>
    <kernel>$PWD/$3</kernel>
    ${4:+<initrd>$PWD/$4</initrd>}
    <cmdline>console=hvc0 quiet</cmdline>
  </os>
  <devices><console type='pty'><target type='xen' port='0'/></console></devices>
</domain>
X
}
say() { echo "FIGURE $1 $2"; }
capability() { hvctl capabilities --json | sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p"; }
gone() { # NAME: up to 10 s
	tries=0
	while hvctl info "$1" >/dev/null 2>&1 && [ $tries -lt 500 ]; do
		usleep 20000
		tries=$((tries + 1))
	done
}
field() { awk -v what="$1" '$1 == what { print $2; exit }' "$2"; }

# ---- the stub guest: the ways into hv, and the time to its first instruction ----
# The second one counts: the first finds hvd's files not yet read.
for name in warm stub; do
	guest $name 16 exits
	stopwatch=$(./stopwatch $log/$name.log 60 "exit-bench entered" "exit-bench done" -- hvctl create $name.xml 2>&1 || echo failed 1)
	echo "$stopwatch" >$name.times
	case $stopwatch in *failed*) echo "$stopwatch" >&2; cat $log/$name.log >&2; exit 1 ;; esac
	gone $name
done
tr -d '\r' <$log/stub.log | sed -n 's/^exit-bench \([a-z-]*\) \([0-9]*\) ticks/FIGURE exits.\1 \2/p'
khz=$(capability tsc_khz)
entered=$(tr -d '\r' <$log/stub.log | sed -n 's/^exit-bench entered \([0-9]*\)/\1/p')
say stub.create_ns "$(field returned stub.times)"
say stub.first_instruction_ns $(((entered - $(field tsc stub.times)) * 1000 / (khz / 1000)))
say stub.first_line_ns "$(field found stub.times)"

# ---- Debian's cloud kernel ----
for name in warmlinux linux; do
	guest $name 256 vmlinuz initrd
	./stopwatch $log/$name.log 120 "GUEST init" -- hvctl create $name.xml >$name.times || exit 1
	hvctl destroy $name >/dev/null
	gone $name
done
say linux.create_ns "$(field returned linux.times)"
say linux.init_ns "$(field found linux.times)"

# ---- not a frame must be missing ----
[ "$1" -gt 0 ] || exit 0
free() { echo $(($(capability free_memory_kib) / 4)); }
settled() { # FRAMES: up to 10 s, teardown takes a moment after hvctl has returned
	tries=0
	while [ "$(free)" -lt "$1" ] && [ $tries -lt 100 ]; do usleep 100000; tries=$((tries + 1)); done
	free
}
guest churn 16 exits
before=$(free)
i=0 failed=0
while [ $i -lt "$1" ]; do
	hvctl create churn.xml >/dev/null || failed=$((failed + 1))
	hvctl destroy churn >/dev/null 2>&1 # it may have ended by itself
	gone churn
	i=$((i + 1))
done
say churn.rounds "$i"
say churn.failed "$failed"
say churn.frames_before "$before"
say churn.frames_after "$(settled "$before")"
