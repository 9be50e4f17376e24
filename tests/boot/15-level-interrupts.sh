#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices of the control domain that know only level-triggered lines, no messages.
. "$(dirname "$0")/lib.sh"
plan 5

cat >"$work/script" <<'END'
cat >/tmp/bound <<'BOUND'
#!/bin/sh
[ "$1" != bound ] || ip addr add $ip/24 dev $interface
BOUND
chmod 755 /tmp/bound
ip link set eth0 up
udhcpc -q -n -t 10 -T 2 -i eth0 -s /tmp/bound >/dev/null 2>&1 && echo lease
line=$(grep eth0 /proc/interrupts)
irq=$(echo "$line" | sed 's/^ *\([0-9]*\):.*/\1/')
echo "line $line"
count() { awk -v irq="$irq:" -v field=$(($1 + 2)) '$1 == irq { print $field }' /proc/interrupts; }
for cpu in 0 1; do
	echo $((1 << cpu)) >/proc/irq/$irq/smp_affinity
	# The line moves with the next interrupt.
	ping -q -c 2 -i 0.2 -W 5 10.0.2.2 >/dev/null
	before=$(count $cpu)
	ping -q -c 20 -i 0.05 -W 5 10.0.2.2 | sed -n "s/^\([0-9]*\) packets transmitted, \([0-9]*\).*/cpu$cpu answers \2/p"
	echo "cpu$cpu interrupts $(($(count $cpu) - before))"
done
dmesg | grep -iE 'nobody cared|spurious|lost interrupt' | sed 's/^/trouble /'
END
case $machine in
svm) options=(--qemu-args '-netdev user,id=level -device e1000,netdev=level,romfile=,addr=9 -device piix3-usb-uhci,addr=10') ;;
*) options=(--net user) ;;
esac
boot --cpus 2 --timeout 300 "${options[@]}" -- "$work/script"
said() { sed -n "s/^$1 //p" "$out" | head -n 1; }
above() { [ -n "$1" ] && [ "$1" -ge "$2" ]; }
ok "an e1000 gets an address" grep -qx lease "$out"
ok "its interrupt is a line's" grep -qiE '^line .*(fasteoi|level)' "$out"
ok "it counts on the first processor" above "$(said 'cpu0 interrupts')" 10
ok "and on the second" above "$(said 'cpu1 interrupts')" 10
ok "no answer is lost, no line stuck" [ "$(said 'cpu0 answers') $(said 'cpu1 answers')$(said trouble)" = "20 20" ]
done_testing
