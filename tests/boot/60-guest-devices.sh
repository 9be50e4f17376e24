#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's devices under work: bytes over TCP in both directions, files and block devices as disks,
# flush, discard, a disk that must not be written.
. "$(dirname "$0")/lib.sh"
need_guest
plan 15

# What the guest does, as a shell script in its initrd.
cat >"$work/devices" <<'END'
report() { echo "GUEST $*"; }
sum() { md5sum "$@" | cut -d' ' -f1; }
fresh() { sync; echo 3 >/proc/sys/vm/drop_caches; }

wget -q -O /tmp/blob http://10.77.0.1/blob
report received $(sum /tmp/blob)
sent() { cat /sys/class/net/eth0/statistics/tx_bytes /sys/class/net/eth0/statistics/tx_packets; }
set -- $(sent)
nc 10.77.0.1 5002 </tmp/blob
set -- $1 $2 $(sent)
report average $((($3 - $1) / ($4 - $2)))

tries=0
until [ -b /dev/xvda ] && [ -b /dev/xvdb ] && [ -b /dev/xvdc ] || [ $tries -ge 500 ]; do
	tries=$((tries + 1)); usleep 20000
done
report sizes $(for d in a b c; do blockdev --getsize64 /dev/xvd$d; done)
report cache $(cat /sys/block/xvda/queue/write_cache /sys/block/xvdb/queue/write_cache)

# Both writable disks at once, in sequence, 24 MiB each.
for d in a b; do
	for part in 0 1 2; do dd if=/tmp/blob of=/dev/xvd$d bs=1M seek=$((part * 8)) conv=fsync 2>/dev/null || report write-failed $d; done &
done
wait
fresh
report wrote $(for d in a b; do dd if=/dev/xvd$d bs=1M count=24 2>/dev/null | sum; done)

report read-only $(cat /sys/block/xvdc/ro) $(dd if=/tmp/blob of=/dev/xvdc bs=4k count=1 conv=fsync 2>/dev/null && echo written || echo refused)
report unchanged $(sum /dev/xvdc)

# What is discarded reads as zeros, the rest stays.
blkdiscard -o 8388608 -l 8388608 /dev/xvda && report discarded a
blkdiscard -o 8388608 -l 8388608 /dev/xvdb && report discarded b
fresh
report after $(for d in a b; do dd if=/dev/xvd$d bs=1M count=24 2>/dev/null | sum; done)

# A file system tells the disk what it does not use.
mke2fs /dev/xvdb >/dev/null 2>&1
mount -t ext4 /dev/xvdb /mnt && cp /tmp/blob /mnt/ && sync && rm /mnt/blob && sync
report trimmed $(fstrim -v /mnt 2>&1 | sed 's/[^0-9]*\([0-9]*\).*/\1/')
umount /mnt
report end
END

cat >"$work/script" <<'END'
. ./guest-lib.sh
make_bridge
mkdir -p /tmp/www /tmp/initrd
mount -t tmpfs tmpfs /tmp/www
cp devices /tmp/initrd/
(cat $images/initrd; cd /tmp/initrd && find . -mindepth 1 | cpio -o -H newc 2>/dev/null) >$images/initrd.new
mv $images/initrd.new $images/initrd
head -c 8388608 /dev/urandom >/tmp/www/blob
echo "blob $(md5sum </tmp/www/blob | cut -d' ' -f1)"
httpd -p 10.77.0.1:80 -h /tmp/www
sleep 3000 | nc -l -p 5002 >/tmp/back &

truncate -s 32M /tmp/www/file.img
truncate -s 32M /tmp/www/block.img
head -c 1048576 /dev/urandom >/tmp/www/ro.img
losetup /dev/loop0 /tmp/www/block.img
bridge=br0
guest devices 256 2 'quiet ip=10.77.0.2/24 run=sh,/devices' /tmp/www/file.img /dev/loop0 /tmp/www/ro.img
# The second is a block device, the third may only be read.
sed -i "s|type='file' device='disk'><driver name='file' type='raw'/><source file='/dev/loop0'|type='block' device='disk'><source dev='/dev/loop0'|
	s|<target dev='xvdc' bus='xen'/>|&<readonly/>|" devices.xml
hvctl create devices.xml || cat devices.xml
wait_console devices '^GUEST ran' 400
grep -a '^GUEST' "$(console_of devices)" | tr -d '\r' | sed 's/^GUEST/guest:/'
echo "back $(md5sum </tmp/back | cut -d' ' -f1)"
echo "ro $(md5sum </tmp/www/ro.img | cut -d' ' -f1)"
for part in 0 1 2; do cat /tmp/www/blob; done | md5sum | cut -d' ' -f1 | sed 's/^/three /'
(cat /tmp/www/blob; head -c 8388608 /dev/zero; cat /tmp/www/blob) | md5sum | cut -d' ' -f1 | sed 's/^/holed /'
# The back end saw what the guest meant: the file has a hole where the guest discarded.
echo "file $(dd if=/tmp/www/file.img bs=1M count=24 2>/dev/null | md5sum | cut -d' ' -f1) $(du -k /tmp/www/file.img | cut -f1)"
hvctl vcpus devices
hvctl shutdown devices; wait_gone devices 60 && echo gone
grep -i error /var/log/hvd/hvd.out
END
boot --mem 2048 --dom0-mem 1024 --disk "$guest_disk" --with "$here/guest-lib.sh" \
	--with "$work/devices" --timeout 600 -- "$work/script"

said() { sed -n "s/^$1 //p" "$out" | head -n 1; } # the rest of the line that begins so
is() { [ -n "$1" ] && [ "$1" = "$2" ]; }
above() { [ -n "$1" ] && [ "$1" -gt "$2" ]; }
ok "8 MiB arrive in the guest over TCP" is "$(said 'guest: received')" "$(said blob)"
ok "and come back" is "$(said back)" "$(said blob)"
ok "the guest's packets are larger than its wire: cutting them is left to others" above "$(said 'guest: average')" 1514
ok "three disks, each with its size" is "$(said 'guest: sizes')" "33554432 33554432 1048576"
ok "both writable ones take flushes" is "$(said 'guest: cache')" "write back write back"
ok "24 MiB in sequence, on a file and on a block device at once" is "$(said 'guest: wrote')" "$(said three) $(said three)"
ok "without an error" bash -c '! grep -q write-failed "$1"' - "$out"
ok "a disk that may only be read refuses to be written" is "$(said 'guest: read-only')" "1 refused"
ok "and is what it was" is "$(said 'guest: unchanged')" "$(said ro)"
ok "discard, on a file" grep -qx 'guest: discarded a' "$out"
ok "discard, on a block device" grep -qx 'guest: discarded b' "$out"
ok "what was discarded reads as zeros, the rest as before" is "$(said 'guest: after')" "$(said holed) $(said holed)"
ok "the file gave the space back" is "$(said file)" "$(said holed) 16384"
ok "a file system's trim reaches the disk" above "$(said 'guest: trimmed')" 8388608
ok "the guest ends when asked" grep -qx gone "$out"
done_testing
