#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The processes that serve a guest's disks, an RBD image and a file, are killed under load, again
# and again, and the one that serves its interface, too. The guest verifies every block (fio, crc32c) and
# sees no error; what is in the image is compared from outside, through librbd.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ceph-lib.sh"
kills=8
need_guest
need_ceph
ceph rbd create --size 64M rbd/disk
plan 13

# In the guest: fio writes both disks in random order and verifies as it goes, over and over, until the host
# says stop; then once more in sequence, so that the content is known.
cat >"$work/load" <<'END'
report() { echo "GUEST $*"; }
sum() { md5sum | cut -d' ' -f1; }
tries=0
until [ -b /dev/xvda ] && [ -b /dev/xvdb ] && [ -b /dev/xvdc ] || [ $tries -ge 3000 ]; do tries=$((tries + 1)); usleep 20000; done
dmesg -n 1
cat >/tmp/job <<'JOB'
[global]
ioengine=libaio
iodepth=8
rw=randwrite
bsrange=4k-64k
direct=1
size=24m
verify=crc32c
verify_fatal=1
do_verify=1
verify_backlog=64
fsync=32
randrepeat=0
thread
time_based
runtime=JOBTIME
[rbd]
filename=/dev/xvda
[file]
filename=/dev/xvdb
[rbd2]
filename=/dev/xvda
offset=32m
JOB
sed -i "s/JOBTIME/$(sed -n 's/.*seconds=\([0-9]*\).*/\1/p' /proc/cmdline)/" /tmp/job
report load
fio /tmp/job >/tmp/fio.out 2>&1 && report verified || { report bad; head -n 40 /tmp/fio.out | sed "s/^/GUEST fio: /"; }
report jobs $(grep -c 'err= 0' /tmp/fio.out) $(sed -n 's/.*WRITE:.*io=\([^ ]*\) .*/\1/p' /tmp/fio.out)
head -c 8388608 /dev/urandom >/tmp/blob
for disk in a b; do dd if=/tmp/blob of=/dev/xvd$disk bs=64k conv=fsync 2>/dev/null && report wrote $disk; done
report blob $(sum </tmp/blob)
report image $(dd if=/dev/xvda bs=1M 2>/dev/null | sum)
report errors $(dmesg | grep -ciE 'I/O error|xvd.*(error|fail)|Buffer I/O')
report end
END

cat >"$work/script" <<END
kills=$kills
END
cat >>"$work/script" <<'END'
. ./guest-lib.sh
. ./ceph-guest.sh
# Its bridge must not be where the cluster is.
make_bridge
mkdir -p /tmp/initrd
cp load /tmp/initrd/
(cat $images/initrd; cd /tmp/initrd && find . -mindepth 1 | cpio -o -H newc 2>/dev/null) >$images/initrd.new
mv $images/initrd.new $images/initrd
truncate -s 64M /tmp/file.img
bridge=br0
seconds=$((kills * 4))
guest load 384 2 "quiet ip=10.77.0.2/24 storage=/dev/xvdc seconds=$seconds run=sh,/load" 
sed -i "s|<interface|$(rbd_disk xvda rbd/disk | tr '\n' ' ')<disk type='file'><source file='/tmp/file.img'/><target dev='xvdb'/></disk>$(storage_disk xvdc)&|" load.xml
hvctl create load.xml || cat load.xml
wait_console load '^GUEST load' 200
taken_up() { grep -c 'goes on where' /var/log/hvd/hvd.out; }
killed=0
while [ $killed -lt $kills ]; do
	before=$(taken_up)
	kill -9 $(pidof hvd-blk hvd-blk-rbd hvd-net) || break
	killed=$((killed + 1))
	# Three disks and an interface; every other time they are killed again before all of them are there.
	[ $((killed % 2)) = 0 ] || { usleep 1500000; continue; }
	until=$(($(now) + 100))
	until [ $(taken_up) -ge $((before + 4)) ] || [ $(now) -ge $until ]; do usleep 200000; done
	usleep 1000000
done
echo "kills $killed"
wait_console load '^GUEST (end|ran)' 400
grep -a '^GUEST' "$(console_of load)" | tr -d '\r' | sed 's/^GUEST/guest:/'
ping -c 3 -W 10 10.77.0.2 >/dev/null && echo "the guest answers"
echo "file $(dd if=/tmp/file.img bs=1M count=8 2>/dev/null | md5sum | cut -d' ' -f1)"
hvctl info load | grep -i state
grep -c 'goes on where' /var/log/hvd/hvd.out | sed 's/^/taken up /'
hvctl events | grep -c '"event": *"restarted"' | sed 's/^/restarted events /'
grep -c 'carried out again' /var/log/hvd/hvd.out | sed 's/^/redone /'
hvctl shutdown load; wait_gone load 60 && echo gone
END
ceph_boot --mem 2560 --dom0-mem 1024 --cpus 2 --disk "$guest_disk" --with "$work/load" --timeout 900 -- "$work/script"
ceph rbd export --no-progress rbd/disk "$work/disk.raw" 2>>"$work/err"

sum() { md5sum | cut -d' ' -f1; }
said() { sed -n "s/^$1 //p" "$out" | head -n 1; }
is() { [ -n "$1" ] && [ "$1" = "$2" ]; }
above() { [ -n "$1" ] && [ "$1" -gt "$2" ]; }
ok "the disks' processes are killed $kills times" is "$(said kills)" "$kills"
ok "each time the three of the disks and the one of the interface are followed by others" above "$(said 'taken up')" $((kills * 2 - 1))
ok "and events tell of each of them" is "$(said 'restarted events')" "$(said 'taken up')"
ok "requests were in flight, and are carried out again" above "$(said redone)" 0
ok "the guest has verified what it wrote, three jobs without an error" \
	bash -c 'grep -qx "guest: verified" "$1" && grep -q "^guest: jobs 3 " "$1"' - "$out"
ok "and has seen no error" is "$(said 'guest: errors')" 0
ok "it writes on, to the image" grep -qx 'guest: wrote a' "$out"
ok "and to the file" grep -qx 'guest: wrote b' "$out"
ok "the file holds what the guest wrote" is "$(said file)" "$(said 'guest: blob')"
ok "the image, read through librbd, holds what the guest wrote" \
	is "$(head -c 8388608 "$work/disk.raw" | sum)" "$(said 'guest: blob')"
ok "and is as a whole what the guest reads" is "$(sum <"$work/disk.raw")" "$(said 'guest: image')"
ok "its interface works as before" grep -qx 'the guest answers' "$out"
ok "the guest ends when asked" grep -qx gone "$out"
grep -aE "^(guest: (fio|jobs)|taken up|redone)" "$out" | sed "s/^/# /"
done_testing
