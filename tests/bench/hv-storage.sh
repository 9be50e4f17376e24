#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In hv's control domain: the storage jobs with librbd right here (the limit, "librbd"), in a guest
# whose disk is an RBD image ("rbd"), and in one on a raw image file ("file"). Prints the same lines
# as xen-storage.sh, and what a request costs: hvd-blk's CPU time, exits, event-channel sends.
. ./peer.conf # monitor key image seconds
. ./ceph-guest.sh
modprobe -qa ext4
mkdir -p /var/lib/hv && mount -t ext4 /dev/vda /var/lib/hv || exit 1
cp storage-initrd vmlinuz /tmp/
say() { echo "FIGURE storage.$1 $2"; }
rows() { # WAY
	awk -v way="$1" '$1 == "ROW" { print "FIGURE storage." way "." $2 ".iops " $3
		print "FIGURE storage." way "." $2 ".kib " $4; n++ } END { exit n == 0 }'
}
sh ./storage-jobs "rbd:$image" "$seconds" | rows librbd || exit 1

guest() { # NAME DISK
	cat >"$1.xml" <<X
<domain type='xen'><name>$1</name><memory unit='MiB'>384</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='xenpvh'>xenpvh</type><kernel>/tmp/vmlinuz</kernel>
<initrd>/tmp/storage-initrd</initrd>
<cmdline>console=hvc0 quiet storage=/dev/xvdz run=sh,/bench/storage-jobs,/dev/xvdb,$seconds;cat,/sys/block/xvdb/stat</cmdline></os>
<devices>$2$(storage_disk xvdz)<console type='pty'><target type='xen' port='0'/></console></devices></domain>
X
}
# All of a process's CPU time in milliseconds, its threads included.
cpu_ms() { awk -v ticks=100 '{ sub(/.*\) /, ""); print ($12 + $13) * 1000 / ticks }' "/proc/$1/stat"; }
blk_ms() { # the sum over the domain's hvd-blk processes
	total=0
	for pid in $(pidof hvd-blk hvd-blk-rbd); do total=$((total + $(cpu_ms "$pid"))); done
	echo $total
}
exits() { hvctl vcpus "$1" --json | grep -o '"exits": *[0-9]*' | awk -F: '{ n += $2 } END { print n }'; }
# What a domain has sent: the guest its requests' notices, the control domain the answers' and all else.
sent() { # NAME
	wget -q -O - http://127.0.0.1:9177/metrics | sed -n "s/^hv_domain_events_sent_total{[^}]*domain=\"$1\"[^}]*} //p"
}
measure() { # WAY DISK
	log=/var/log/hv/console/$1.log
	guest "$1" "$2"
	hvctl create "$1.xml" >/dev/null || exit 1
	tries=0
	until grep -aq '^GUEST cpus' "$log" 2>/dev/null || [ $tries -gt 3000 ]; do usleep 100000; tries=$((tries + 1)); done
	blk=$(blk_ms) exits=$(exits "$1") asks=$(sent "$1") answers=$(sent Domain-0)
	until grep -aq '^GUEST ran' "$log" || [ $tries -gt 6000 ]; do usleep 100000; tries=$((tries + 1)); done
	blk=$(($(blk_ms) - blk)) exits=$(($(exits "$1") - exits))
	asks=$(($(sent "$1") - asks)) answers=$(($(sent Domain-0) - answers))
	tr -d '\r' <"$log" | rows "$1" || { tail -n 20 "$log"; exit 1; }
	# The kernel's own count of the disk's requests (Documentation/block/stat.rst).
	requests=$(tr -d '\r' <"$log" | awk 'NF >= 15 && $1 ~ /^[0-9]+$/ { print $1 + $5; exit }')
	say "$1.requests" "$requests"
	say "$1.cpu_us_per_request" $((blk * 1000 / requests))
	say "$1.exits_per_request_x100" $((exits * 100 / requests))
	say "$1.sends_per_request_x100" $((asks * 100 / requests))
	say "$1.answers_per_request_x100" $((answers * 100 / requests))
	hvctl destroy "$1" >/dev/null
}
measure rbd "$(rbd_disk xvdb "$image")"
measure file "<disk type='file' device='disk'><driver name='file' type='raw'/><source file='/var/lib/hv/data.img'/><target dev='xvdb' bus='xen'/></disk>"
