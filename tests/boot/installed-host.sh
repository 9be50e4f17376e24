#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# On the installed Debian as a host of hv: its first boot, until it reboots, and its second.
. ./installed-lib.sh
boots_fully
check hypervisor grep -q control_d /proc/xen/capabilities
check services systemctl is-active hvd.service hvd.socket hv-guests.service proc-xen.mount

id_of() { hvctl info "$1" --json | sed -n 's/.*"domid": \([0-9]*\).*/\1/p'; }
is_running() { hvctl info "$1" | grep -q running; }
answers() { # DOMAIN COMMAND ANSWER: at the guest's console
	printf '%s\n' "$2" | hvctl console --idle 5 "$1" | grep -aq "^$3"
}

if [ "$BOOT" = 2 ]; then
	# Behind the prompt of the guest's shell.
	check powered-off grep -aq 'GUEST poweroff' /var/log/hv/console/demo.log*
	check no-guests sh -c '! hvctl info demo'
	# on_poweroff says restart, which the end of the host is not meant by.
	check auto-ended sh -c "hvctl history auto | grep -q 'guest  *poweroff' && hvctl history auto | grep -q ' destroy .*done'"
	check auto-started until_true 120 is_running auto
	check auto-up until_true 200 answers auto 'echo again-$((6*7))' again-42
	builds() { hvctl log auto | grep -c ": building$"; }
	check auto-once test "$(builds)" = 1
	id=$(id_of auto)
	kill -9 "$(systemctl show -p MainPID --value hvd)"
	until_true 60 hvctl list
	sleep 2 # in which it would
	check auto-again test "$(id_of auto) $(builds)" = "$id 1"
	hvctl destroy auto # while a guest runs, the package stays
	check remove apt-get purge -y hv hvd hvctl
	check images-gone test -z "$(ls /boot/hv* 2>/dev/null)"
	check menu-clean sh -c '! grep -q "on hv" /boot/grub/grub.cfg'
	check stopped sh -c '! systemctl is-active hvd.service hvd.socket hv-guests.service'
	exit 0
fi

# Whoever is in group hvd may, without root; others may not.
useradd --groups hvd alice
useradd mallory
check operator runuser -u alice -- hvctl list
check stranger sh -c '! runuser -u mallory -- hvctl list'

# A guest with a disk. What keeps it busy in there is typed at its console.
mount LABEL=hv-files /var/lib/hv
usleep() { sleep 0.2; }
. ./guest-lib.sh
guest demo 192 1 'disktest=/dev/xvda' $images/data.img
check create hvctl create demo.xml
check guest-up wait_console demo '^GUEST done' 300
check disk grep -aq '^GUEST disk ok' "$(console_of demo)"
check talks until_true 60 answers demo 'echo answer-$((6*7))' answer-42
id=$(id_of demo)

# A reload with a mistake fails, with file, line and reason, and changes nothing.
cp /etc/hvd/hvd.conf hvd.conf.saved
echo 'log-level = loud' >>/etc/hvd/hvd.conf
line=$(wc -l </etc/hvd/hvd.conf)
check bad-reload sh -c '! systemctl reload hvd'
check bad-reload-told sh -c "journalctl -u hvd | grep -q 'hvd.conf:$line: log-level .loud. is none of'"
check bad-reload-runs hvctl info demo
sed -i 's/loud/debug/' /etc/hvd/hvd.conf
check reload systemctl reload hvd
check reload-told until_true 30 sh -c "journalctl -u hvd | grep -q \"log-level is now 'debug'\""
hvctl list >/dev/null # which hvd mentions at that level
check priorities until_true 30 sh -c 'journalctl -u hvd -p debug..debug | grep -q debug:'
cp hvd.conf.saved /etc/hvd/hvd.conf

# The upgrade restarts hvd, and the guest lives on, in the middle of its work.
busy='while dd if=/dev/zero of=/dev/xvda bs=4k count=16 seek=9000 conv=fsync 2>/dev/null; do n=$((n+1)); echo $n >/tmp/n; usleep 200000; done &'
check busy until_true 60 answers demo "$busy echo busy-\$((6*7))" busy-42
before=$(systemctl show -p MainPID --value hvd)
check upgrade apt-get install -y ./new/hv_*.deb ./new/hvd_*.deb ./new/hvctl_*.deb
check upgraded sh -c "dpkg-query -W -f '\${Version}' hvd | grep -q upgrade"
check restarted test "$(systemctl show -p MainPID --value hvd)" != "$before"
check same-guest test "$(id_of demo)" = "$id"
check still-talks until_true 60 answers demo 'echo again-$((6*7))' again-42
writes() { # how often it has written, as the guest says
	printf 'echo n=$(cat /tmp/n)\n' | hvctl console --idle 10 demo | tr -d '\r' | sed -n 's/^n=\([0-9]\{1,\}\)$/\1/p' | tail -n 1
}
wrote=$(writes)
writes_on() { [ "$(writes)" -gt "${wrote:-0}" ]; }
check still-writes until_true 120 writes_on
# One that starts with the host, from files that are there then. Whatever ends it but us, it starts again.
mkdir /var/lib/guests
cp $images/vmlinuz $images/initrd /var/lib/guests/
images=/var/lib/guests guest auto 160 1 quiet
sed -i 's|<on_crash>|<on_poweroff>restart</on_poweroff><on_reboot>restart</on_reboot>&|' auto.xml
check autostart sh -c 'hvctl define auto.xml && hvctl autostart auto && hvctl start auto'
check auto-runs until_true 200 answers auto 'echo answer-$((6*7))' answer-42
check no-failures test -z "$(systemctl --failed --no-legend)"
systemctl reboot
