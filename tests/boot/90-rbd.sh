#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest whose disks are images in a Ceph cluster, made with hvctl; what it wrote is looked at from
# outside.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ceph-lib.sh"
need_ceph
ceph rbd namespace create rbd/tenant
plan 25
need_guest

cat >"$work/work" <<'END'
report() { echo "GUEST $*"; }
until_true() { tries=0; until eval "$1"; do tries=$((tries + 1)); [ $tries -lt 6000 ] || return 1; usleep 20000; done; }
bytes() { echo $(($(cat /sys/block/$1/size) * 512)); }
head -c 8388608 /dev/urandom >/root/blob
sync
report blob $(md5sum </root/blob | cut -d' ' -f1)
report sizes $(bytes xvda) $(bytes xvdb)
report cache $(cat /sys/block/xvdb/queue/write_cache)
for part in 0 1 2; do
	dd if=/root/blob of=/dev/xvdb bs=1M seek=$((part * 8)) conv=fsync 2>/dev/null || report write-failed
done
echo 3 >/proc/sys/vm/drop_caches
for part in 0 1 2; do
	dd if=/dev/xvdb bs=1M skip=$((part * 8)) count=8 2>/dev/null | cmp -s - /root/blob && report read $part
done
blkdiscard -o 8388608 -l 8388608 /dev/xvdb && report discarded
# That nothing of it can be found any more is not promised, so it is not pretended.
blkdiscard -s -o 0 -l 8388608 /dev/xvdb 2>/dev/null && report wiped || report not-wiped
# A ring for each processor, of four pages: what a processor asks for goes through its own.
report queues $(ls /sys/block/xvdb/mq | wc -l)
answers() { sed -n 's/^ *\([0-9]*\):  *\([0-9]*\)  *\([0-9]*\) .* blkif$/\1 \2 \3/p' /proc/interrupts | while read -r irq one two; do echo $irq $((one + two)); done; }
for cpu in 0 1; do
	sync
	answers >/tmp/before
	taskset $((1 << cpu)) dd if=/root/blob of=/dev/xvdb bs=16k count=64 seek=$(((40 + cpu) * 64)) oflag=direct 2>/dev/null || report direct-failed
	answers >/tmp/after
	# Whose answers were as many as the requests.
	report ring $cpu $(join_them() { while read -r irq n; do m=$(sed -n "s/^$irq //p" /tmp/before); [ $((n - m)) -ge 32 ] && echo $irq; done; }; join_them </tmp/after)
done
for cpu in 0 1; do
	taskset $((1 << cpu)) dd if=/root/blob of=/dev/xvdb bs=16k count=128 seek=$(((48 + cpu * 2) * 64)) oflag=direct 2>/dev/null || report direct-failed &
done
wait
# Sectors of 4096 bytes, in a namespace.
report sectors $(cat /sys/block/xvdd/queue/logical_block_size) $(bytes xvdd)
dd if=/root/blob of=/dev/xvdd bs=1M seek=8 conv=fsync 2>/dev/null && report sectors-written
echo 3 >/proc/sys/vm/drop_caches
dd if=/dev/xvdd bs=1M skip=8 count=8 2>/dev/null | cmp -s - /root/blob && report sectors-read
# A snapshot: what the image was, and not to be written.
report snapshot $(cat /sys/block/xvde/ro) $(bytes xvde) $(dd if=/dev/xvde bs=1M count=4 2>/dev/null | md5sum | cut -d' ' -f1)
dd if=/root/blob of=/dev/xvde bs=1M count=1 conv=fsync 2>/dev/null || report snapshot-refuses
report written
until_true "[ \$(bytes xvdb) = 100663296 ]" && report grown
dd if=/root/blob of=/dev/xvdb bs=1M seek=88 conv=fsync 2>/dev/null && report end-written
until_true "[ -b /dev/xvdc ]" && report more $(bytes xvdc)
dd if=/root/blob of=/dev/xvdc bs=1M conv=fsync 2>/dev/null && report more-written
END

cat >"$work/script" <<'END'
. ./ceph-guest.sh
. ./guest-lib.sh
at="--host $monitor:$monitor_port"
hvctl image create rbd/tenant/large-sectors 32M $at
head -c 4194304 /dev/urandom >/tmp/first
hvctl image import /tmp/first rbd/golden $at 2>/dev/null
hvctl image snap create rbd/golden@first $at
hvctl image resize rbd/golden 8M $at
echo "first $(md5sum </tmp/first | cut -d' ' -f1)"
# The guest's root is an image like any other; its work is put on it first.
mkdir -p /tmp/root
mount -o loop $images/root.img /tmp/root && cp work /tmp/root/work && umount /tmp/root
hvctl image import $images/root.img rbd/root $at 2>/dev/null && echo imported
hvctl image create rbd/data 64M $at && echo created
hvctl image create rbd/more 32M $at
guest rbd 256 2 'root=/dev/xvda quiet xen_blkfront.max_ring_page_order=2 run=sh,/work' "$(rbd_disk xvda rbd/root)" "$(rbd_disk xvdb rbd/data)" \
	"$(rbd_disk xvdd rbd/tenant/large-sectors "<blockio logical_block_size='4096'/>")" \
	"$(rbd_disk xvde rbd/golden@first '<readonly/>')"
hvctl create rbd.xml || cat rbd.xml
wait_console rbd '^GUEST written' 600
hvctl info rbd | sed -n 's/^Disk */disk: /p'
wget -q -O - http://127.0.0.1:9177/metrics | sed -n 's/^hv_domain_block_queue_depth{.*target_device="xvdb".*} /slots: /p'
hvctl image info rbd/data $at | sed 's/^/info: /'
hvctl image list rbd/tenant $at | sed 's/^/namespace: /'
echo "resize snapshot: $(hvctl blockresize rbd xvde 8M 2>&1)"
echo "remove: $(hvctl image remove rbd/data $at 2>&1)"
hvctl blockresize rbd xvdb 96M
wait_console rbd '^GUEST end-written' 300
echo "attach: $(hvctl attach-disk rbd rbd/more xvdc $at 2>&1)"
wait_console rbd '^GUEST ran' 300
grep -a '^GUEST' "$(console_of rbd)" | tr -d '\r' | sed 's/^GUEST/guest:/'
hvctl shutdown rbd
wait_gone rbd 200 && echo gone
echo "after: $(hvctl image info rbd/data $at | grep -c '^Open at\|^Lock')"
grep -ah "$(sed -n 's/.*key = //p' hvd.keyring)" /var/log/hvd/hvd.out /proc/[0-9]*/cmdline /proc/[0-9]*/environ && echo "the key is to be seen"
true
END
ceph_boot --mem 2048 --dom0-mem 1024 --cpus $few_cpus --disk "$guest_disk" --with "$work/work" --timeout 1000 -- "$work/script"

said() { sed -n "s/^$1 //p" "$out" | head -n 1; } # the rest of the line that begins so
is() { [ -n "$1" ] && [ "$1" = "$2" ]; }
part() { dd if="$1" bs=1M skip="$2" count=8 2>/dev/null | md5sum | cut -d' ' -f1; }
ceph rbd export rbd/data "$work/data" >/dev/null 2>&1
ceph rbd export rbd/root "$work/root" >/dev/null 2>&1
ceph rbd export rbd/tenant/large-sectors "$work/sectors" >/dev/null 2>&1
ceph rbd export rbd/more "$work/more" >/dev/null 2>&1
blob=$(said 'guest: blob')
zero=$(head -c 8388608 /dev/zero | md5sum | cut -d' ' -f1)
ok "images are imported and made" is "$(grep -cx 'imported\|created' "$out")" 2
ok "the guest's disks have their sizes" is "$(said 'guest: sizes')" "67108864 67108864"
ok "it may flush" is "$(said 'guest: cache')" "write back"
ok "it reads what it wrote" is "$(grep -c '^guest: read' "$out")" 3
ok "without an error" bash -c '! grep -q write-failed "$1"' - "$out"
ok "a discard that leaves no trace is refused" grep -qx 'guest: not-wiped' "$out"
ok "each of two processors has a ring" is "$(said 'guest: queues')" 2
ok "of four pages: 128 requests fit into each" is "$(said slots:)" 256
rings() { sed -n "s/^guest: ring $1 //p" "$out"; }
differ() { [[ "$1" =~ ^[0-9]+$ && "$2" =~ ^[0-9]+$ && "$1" != "$2" ]]; }
ok "and what a processor asks for is answered on its own" differ "$(rings 0)" "$(rings 1)"
mib() { dd if="$1" bs=1M skip="$2" count="$3" 2>/dev/null | md5sum | cut -d' ' -f1; }
begin() { head -c $(($1 * 1048576)) | md5sum | cut -d' ' -f1; }
PATH=$PATH:/sbin debugfs -R 'cat /root/blob' "$work/root" >"$work/blob" 2>/dev/null
ok "what went through either ring, one at a time or both at once, is in the cluster" \
	is "$(mib "$work/data" 40 1) $(mib "$work/data" 41 1) $(mib "$work/data" 48 2) $(mib "$work/data" 50 2) $(grep -c direct-failed "$out")" \
	"$(begin 1 <"$work/blob") $(begin 1 <"$work/blob") $(begin 2 <"$work/blob") $(begin 2 <"$work/blob") 0"
ok "hvctl info names the images" grep -qx 'disk: xvdb network rbd/data' "$out"
ok "hvctl image info says who holds the lock, and whose disk it is" \
	bash -c 'grep -q "info: Lock .*10.78.0.2" "$1" && grep -q "info: Disk of *rbd xvdb" "$1"' - "$out"
ok "an image in use is not removed" bash -c 'grep -q "^remove:.* is in use" "$1"' - "$out"
ok "a disk in a namespace has the sectors that it was given" is "$(said 'guest: sectors')" "4096 33554432"
ok "is written and read" is "$(grep -cx 'guest: sectors-written\|guest: sectors-read' "$out")" 2
ok "in the image of that namespace" is "$(part "$work/sectors" 8) $(said namespace:)" "$blob large-sectors"
ok "a snapshot is a read-only disk with what the image was" is "$(said 'guest: snapshot')" "1 4194304 $(said first)"
ok "it is neither written nor resized" bash -c 'grep -qx "guest: snapshot-refuses" "$1" && grep -q "^resize snapshot: .*read-only" "$1"' - "$out"
ok "the guest sees its disk grow" grep -qx 'guest: grown' "$out"
ok "it gets another one while it runs" is "$(said attach:) $(said 'guest: more')" "xvdc attached 33554432"
ok "the cluster has the bytes: what was written, zeroes where discarded" \
	is "$(part "$work/data" 0) $(part "$work/data" 8) $(part "$work/data" 16)" "$blob $zero $blob"
ok "and what was written beyond the old end" is "$(part "$work/data" 88)" "$blob"
ok "and on the disk that came later" is "$(part "$work/more" 0)" "$blob"
ok "and in the file system of its root" \
	is "$(PATH=$PATH:/sbin debugfs -R 'cat /root/blob' "$work/root" 2>/dev/null | md5sum | cut -d' ' -f1)" "$blob"
ok "the guest ends when asked; nobody holds its images, and no key was to be seen" \
	bash -c 'grep -qx gone "$1" && grep -qx "after: 0" "$1" && ! grep -q "the key is to be seen" "$1"' - "$out"
done_testing
