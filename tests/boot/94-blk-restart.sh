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
plan 14

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
runtime=8
[rbd]
filename=/dev/xvda
[file]
filename=/dev/xvdb
[rbd2]
filename=/dev/xvda
offset=32m
JOB
stty -F /dev/hvc0 -echo
(read -r word </dev/hvc0; : >/tmp/enough) &
report load
runs=0
until [ -e /tmp/enough ]; do
	fio /tmp/job >/tmp/fio.out 2>&1 && [ $(grep -c 'err= 0' /tmp/fio.out) = 3 ] || { report bad; head -n 40 /tmp/fio.out | sed "s/^/GUEST fio: /"; break; }
	runs=$((runs + 1))
done
report verified $runs
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
guest load 384 2 "quiet ip=10.77.0.2/24 storage=/dev/xvdc run=sh,/load" 
sed -i "s|<interface|$(rbd_disk xvda rbd/disk | tr '\n' ' ')<disk type='file'><source file='/tmp/file.img'/><target dev='xvdb'/></disk>$(storage_disk xvdc)&|" load.xml
hvctl create load.xml || cat load.xml
wait_console load '^GUEST load' 200
# Limited, they have requests waiting at all times: a kill finds some that were taken and not answered.
for disk in xvda xvdb; do hvctl blkdeviotune load $disk --total-iops-sec 150 >/dev/null; done
metric() { wget -q -O - http://127.0.0.1:9177/metrics | sed -n "s/^$1{\(.*domain=\"load\".*target_device=\"$2\".*\)} //p"; }
in_flight() { metric hv_domain_block_in_flight $1; }
until_true() { # SECONDS COMMAND...
	until=$(($(now) + $1 * patience))
	shift
	until "$@"; do [ $(now) -lt $until ] || { echo "never: $*"; return 1; }; pause; done
}
# The OSD is stopped, and has requests that it does not answer.
last_write=
is_silent() {
	write=$(metric hv_domain_block_stats_write_requests_total xvda)
	[ "$write" = "$last_write" ] && [ "$(in_flight xvda)" -ge 4 ] && return 0
	last_write=$write
	usleep 1000000
	return 1
}
taken_up() { grep -c 'goes on where' /var/log/hvd/hvd.out; }
killed=0
while [ $killed -lt $kills ]; do
	before=$(taken_up)
	if [ $((killed % 2)) = 0 ]; then
		for disk in xvda xvdb; do until_true 100 eval '[ "$(in_flight $disk)" -ge 4 ]'; done
	fi
	# What the killed process has sent to it is still there when the next one fences that.
	if [ $((killed % 4)) = 2 ]; then
		echo "please pause osd.0"
		until_true 100 is_silent && echo "silent"
	fi
	kill -9 $(pidof hvd-blk hvd-blk-rbd hvd-net) || break
	killed=$((killed + 1))
	[ $((killed % 4)) = 3 ] && echo "please continue osd.0"
	# Three disks and an interface; every other time they are killed again before all of them are there.
	[ $((killed % 2)) = 0 ] || { usleep 1500000; continue; }
	until=$(($(now) + 100 * patience))
	until [ $(taken_up) -ge $((before + 4)) ] || [ $(now) -ge $until ]; do pause; done
	usleep 1000000
done
echo "kills $killed"
for disk in xvda xvdb; do hvctl blkdeviotune load $disk --total-iops-sec 0 >/dev/null; done
printf 'enough\n' | timeout 10 hvctl console --idle 1 load >/dev/null
wait_console load '^GUEST (end|ran)' 400
grep -a '^GUEST' "$(console_of load)" | tr -d '\r' | sed 's/^GUEST/guest:/'
ping -c 3 -W 10 10.77.0.2 >/dev/null && echo "the guest answers"
echo "file $(dd if=/tmp/file.img bs=1M count=8 2>/dev/null | md5sum | cut -d' ' -f1)"
hvctl info load | grep -i state
grep -c 'goes on where' /var/log/hvd/hvd.out | sed 's/^/taken up /'
hvctl events | grep -c '"event": *"restarted"' | sed 's/^/restarted events /'
again() { sed -n 's/.* \([0-9]*\) requests are carried out again/\1/p' /var/log/hvd/hvd.out; }
echo "redone $(($(again | tr '\n' '+') 0)) of $(again | wc -l)"
hvctl shutdown load; wait_gone load 60 && echo gone
END
ceph_boot --mem 2560 --dom0-mem 1024 --cpus $few_cpus --disk "$guest_disk" --with "$work/load" --timeout 900 -- "$work/script"
ceph rbd export --no-progress rbd/disk "$work/disk.raw" 2>>"$work/err"

sum() { md5sum | cut -d' ' -f1; }
said() { sed -n "s/^$1 //p" "$out" | head -n 1; }
is() { [ -n "$1" ] && [ "$1" = "$2" ]; }
above() { [ -n "$1" ] && [ "$1" -gt "$2" ]; }
ok "the disks' processes are killed $kills times" is "$(said kills)" "$kills"
ok "each time the three of the disks and the one of the interface are followed by others" above "$(said 'taken up')" $((kills * 2 - 1))
ok "and events tell of each of them" is "$(said 'restarted events')" "$(said 'taken up')"
redone() { said redone | sed 's/ of.*//'; }
ok "requests were in flight, and are carried out again: some two each time" above "$(redone)" $((kills * 2 - 1))
ok "twice an OSD had those of the dead one before it was fenced" is "$(grep -cx silent "$out")" $(((kills + 1) / 4))
ok "the guest has verified what it wrote, three jobs without an error, over and over" \
	bash -c '! grep -q "guest: bad" "$1" && [ "${2:-0}" -gt 0 ]' - "$out" "$(said 'guest: verified')"
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
