#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hv boots Debian's kernel as control domain: firmwares, processors, its devices, its end.
. "$(dirname "$0")/lib.sh"
plan 14

no_troubles() { grep -qx 'end of troubles' "$out" && ! grep -qE 'BUG:|Oops:|Call Trace|RIP:|detected (expedited )?stalls|soft lockup' "$out"; }

boot --cpus 1 --command '
	cat /sys/hypervisor/type /sys/hypervisor/properties/features /proc/xen/capabilities
	nproc; echo memory $(sed -n "s/MemTotal: *\([0-9]*\).*/\1/p" /proc/meminfo)
	dmesg | grep -E "BUG:|Oops:|Call Trace|RIP:|detected (expedited )?stalls|soft lockup"; echo end of troubles'
ok "one processor: up, and the script's status comes back" [ $status = 0 ]
ok "it is on Xen's ABI, as control domain" grep -qx control_d "$out"
ok "its kernel found nothing to complain about" no_troubles
ok "it has the memory it was given" awk '/^memory/ { exit !($2 > 600000 && $2 <= 786432) }' "$out"

boot --cpus 4 --dom0-mem 512 --command '
	nproc
	# Work on all processors at once, with timers and calls between them.
	for cpu in 0 1 2 3; do (taskset $((1 << cpu)) md5sum /lib/x86_64-linux-gnu/libc.so.6; usleep 300000) & done; wait
	grep -E "Rescheduling|Function call" /proc/interrupts
	dmesg | grep -E "BUG:|Oops:|Call Trace|RIP:|detected (expedited )?stalls|soft lockup"; echo end of troubles'
ok "four processors: up" [ $status = 0 ]
ok "all four are there" grep -qx 4 "$out"
ok "all four work" [ "$(grep -c ' /lib/x86_64-linux-gnu/libc.so.6' "$out")" = 4 ]
ok "without trouble" no_troubles

if [ $machine = svm ]; then
	boot --firmware uefi --command 'nproc'
	ok "UEFI: up" [ $status = 0 ]
	buses='virtio ahci nvme usb' cards='eth0 eth1' options=(--net user --net user,e1000e)
else
	skip "UEFI: up" "Bochs has no such firmware"
	buses=ata cards=eth0 options=(--net user)
fi

for bus in $buses; do
	truncate -s 8M "$work/$bus"
	printf 'this is %s' $bus | dd of="$work/$bus" conv=notrunc status=none
	options+=(--disk "$work/$bus,$bus")
done
set -- $buses
nr_disks=$#
set -- $cards
nr_cards=$#
boot "${options[@]}" --command '
	tries=0
	# Their first bytes: to read all of a boot disk takes a slow machine minutes.
	until [ "$(for disk in /dev/[sv]d[a-z] /dev/nvme0n1; do head -c 32 $disk; done 2>/dev/null | grep -ao "this is [a-z]*" | sort -u | wc -l)" -ge '$nr_disks' ] || [ $tries -ge 50 ]; do
		tries=$((tries + 1)); usleep 200000
	done
	for disk in /dev/[sv]d[a-z] /dev/nvme0n1; do
		name=$(head -c 32 $disk | grep -ao "^this is [a-z0-9]*" | cut -d" " -f3)
		[ -n "$name" ] || continue
		echo "found $name"
		head -c 3145728 /dev/urandom >/tmp/pattern
		dd if=/tmp/pattern of=$disk bs=64k seek=16 conv=fsync 2>/dev/null
		echo 3 >/proc/sys/vm/drop_caches
		dd if=$disk bs=64k skip=16 count=48 2>/dev/null | cmp -s - /tmp/pattern && echo "wrote $name"
	done
	for card in '"$cards"'; do
		ip link set $card up
		udhcpc -q -n -t 5 -T 1 -i $card -s /bin/true >/dev/null 2>&1 && echo "lease $card"
		ip link set $card down
	done
	poweroff -f'
ok "its own drivers write and read disks of all kinds: $buses" [ "$(grep -c '^wrote ' "$out")" = $nr_disks ]
ok "network cards get an address: $cards" [ "$(grep -c '^lease ' "$out")" = $nr_cards ]
ok "ACPI power-off ends the host" grep -q 'powered off by itself' "$work/err"

boot --command 'reboot -f; sleep 30'
ok "so does a reset" grep -q 'reset or powered off by itself' "$work/err"

boot --timeout 60 --command 'exec 2>&1; echo c >/proc/sysrq-trigger; sleep 20'
ok "a panic of the control domain's kernel does not go unnoticed" [ $status != 0 ]
done_testing
