#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In Xen's control domain: the storage jobs in a PV guest (nested HVM guests die on this emulator under
# such load) whose disk is xen-blkback on the kernel's own
# RBD client ("krbd"), and on a raw image file through a loop device ("file"). Prints "FIGURE
# storage.WAY.ROW.iops N" and ".kib N". peer.conf says where the cluster is.
. ./peer.conf # monitor key image seconds
log=/var/log/xen/console
fail() { echo "xen-storage: $*"; xl dmesg | tail -n 5; dmesg | tail -n 20; tail -n 30 $log/guest-*.log /var/log/xen/xl-*.log 2>/dev/null; exit 1; }
modprobe -a crc32c_generic cbc aes_generic virtio_pci virtio_net virtio_blk ext4 loop rbd xen-blkback
ip addr add 10.78.0.2/24 dev eth0 && ip link set eth0 up || fail "no network"
tries=0
until ping -q -c 1 -W 1 "${monitor%:*}" >/dev/null 2>&1 || [ $tries -gt 30 ]; do tries=$((tries + 1)); done
echo "$monitor name=hvd,secret=$key,ms_mode=prefer-crc ${image%/*} ${image#*/}" >/sys/bus/rbd/add_single_major || fail "rbd"
programs= images=
for serial in /sys/block/vd*/serial; do
	disk=${serial%/serial} disk=/dev/${disk##*/}
	if [ "$(cat "$serial")" = hv-storage ]; then programs=$disk; else images=$disk; fi
done
[ -n "$programs" ] || fail "no disk with fio"
mkdir -p /data
mount -t ext4 "$images" /data && losetup /dev/loop0 /data/data.img || fail "no raw image"

# What xl's own script for 'phy:' disks does, without its tools.
mkdir -p /etc/xen/scripts
cat >/etc/xen/scripts/block <<'X'
#!/bin/busybox sh
[ "$1" = add ] || exit 0
device=$(xenstore-read "$XENBUS_PATH/params")
xenstore-write "$XENBUS_PATH/physical-device" "$(stat -L -c '%t:%T' "$device")" \
	"$XENBUS_PATH/physical-device-path" "$device" "$XENBUS_PATH/hotplug-status" connected
X
chmod 755 /etc/xen/scripts/block
for name in read write; do ln -sf xenstore /usr/lib/xen-4.17/bin/xenstore-$name; done

say() { echo "FIGURE storage.$1 $2"; }
measure() { # WAY DEVICE
	cat >/tmp/$1.cfg <<X
name = "$1"
type = "pv"
memory = 384
vcpus = 1
kernel = "/peer/vmlinuz"
ramdisk = "/peer/storage-initrd"
cmdline = "console=hvc0 quiet storage=/dev/xvdz run=sh,/bench/storage-jobs,/dev/xvdb,$seconds halt"
disk = [ "phy:$2,xvdb,w", "phy:$programs,xvdz,r" ]
on_poweroff = "destroy"
on_crash = "destroy"
X
	# This emulator sometimes delivers an interrupt twice that Xen injects, and the guest dies of it.
	attempt=1
	while :; do
		rm -f $log/guest-$1.log
		xl create -q /tmp/$1.cfg || fail "create"
		tries=0
		while xl domid $1 >/dev/null 2>&1 && [ $tries -lt 3000 ]; do usleep 100000; tries=$((tries + 1)); done
		grep -q 'Kernel panic' $log/guest-$1.log && [ $attempt -lt 4 ] || break
		attempt=$((attempt + 1))
	done
	say $1.attempts $attempt
	tr -d '\r' <$log/guest-$1.log | awk -v way=$1 '$1 == "ROW" {
		print "FIGURE storage." way "." $2 ".iops " $3; print "FIGURE storage." way "." $2 ".kib " $4; n++ }
		END { exit n == 0 }' || fail "no figures"
}
measure krbd /dev/rbd0
measure file /dev/loop0
