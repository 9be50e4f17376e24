#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In Xen's control domain: the same guests as in guests.sh, the same lines "FIGURE name value".
log=/var/log/xen/console
guest() { # NAME MIB KERNEL [INITRD]
	ramdisk=
	[ -z "$4" ] || ramdisk="ramdisk = \"/peer/$4\""
	cat >"/tmp/$1.cfg" <<X
name = "$1"
type = "pvh"
memory = $2
vcpus = 1
kernel = "/peer/$3"
$ramdisk
cmdline = "console=hvc0 quiet"
tsc_mode = "native"
on_poweroff = "destroy"
on_crash = "destroy"
X
}
say() { echo "FIGURE $1 $2"; }
gone() {
	tries=0
	while xl domid "$1" >/dev/null 2>&1 && [ $tries -lt 500 ]; do usleep 20000; tries=$((tries + 1)); done
}
field() { awk -v what="$1" '$1 == what { print $2; exit }' "$2"; }

for name in warm stub; do
	guest $name 16 exits
	./stopwatch $log/guest-$name.log 60 "exit-bench entered" "exit-bench done" -- xl create -q /tmp/$name.cfg >$name.times || { xl dmesg | tail; cat $log/* /var/log/xen/*; exit 1; }
	gone $name
done
tr -d '\r' <$log/guest-stub.log | sed -n 's/^exit-bench \([a-z-]*\) \([0-9]*\) ticks/FIGURE exits.\1 \2/p'
say stub.create_ns "$(field returned stub.times)"
say stub.first_line_ns "$(field found stub.times)"

for name in warmlinux linux; do
	guest $name 256 vmlinuz initrd
	./stopwatch $log/guest-$name.log 120 "GUEST init" -- xl create -q /tmp/$name.cfg >$name.times || { cat $log/*; exit 1; }
	xl destroy $name
	gone $name
done
say linux.create_ns "$(field returned linux.times)"
say linux.init_ns "$(field found linux.times)"
