#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What can be wrong with an RBD disk: at the start the user is told, within a bounded time; under a guest the
# disk waits, hvd says so, and everything goes on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ceph-lib.sh"
need_guest
need_ceph
ceph rbd create --size 32M rbd/disk
ceph rbd create --size 32M rbd/locked
ceph rbd lock add rbd/locked somebody >/dev/null
plan 12

cat >"$work/writer" <<'END'
report() { echo "GUEST $*"; }
tries=0
until [ -b /dev/xvda ] || [ $tries -ge 3000 ]; do tries=$((tries + 1)); usleep 20000; done
head -c 4194304 /dev/urandom >/tmp/blob
report writing
# Until the host has seen the stall and its end; each pass is in the cluster when it is done.
pass=0
while [ $pass -lt 200 ] && ! [ -e /tmp/enough ]; do
	dd if=/tmp/blob of=/dev/xvda bs=64k conv=fsync 2>/dev/null || { report failed; break; }
	pass=$((pass + 1))
	[ $pass != 1 ] || report one
	[ $pass -lt 12 ] || touch /tmp/enough
done
report passes $pass
report blob $(md5sum </tmp/blob | cut -d' ' -f1)
report errors $(dmesg | grep -ciE 'I/O error|Buffer I/O')
report end
END

cat >"$work/script" <<'END'
. ./guest-lib.sh
. ./ceph-guest.sh
mkdir -p /tmp/initrd
cp writer /tmp/initrd/
(cat $images/initrd; cd /tmp/initrd && find . -mindepth 1 | cpio -o -H newc 2>/dev/null) >$images/initrd.new
mv $images/initrd.new $images/initrd
log=/var/log/hvd/hvd.out

attempt() { # NAME DISK-XML: prints NAME, seconds, and what hvctl says
	guest $1 64 1 quiet
	sed -i "s|<console|$(echo "$2" | tr '\n' ' ')&|" $1.xml
	from=$(now)
	said=$(hvctl create $1.xml 2>&1) && hvctl destroy $1
	echo "$1: $said"
	[ $(($(now) - from)) -lt 60 ] || echo "$1 took too long"
}
sed 's/\(key = .\{24\}\)..../\1AAAA/' hvd.keyring >/etc/hvd/secrets/wrong.keyring
sed 's/client.hvd/client.other/' hvd.keyring >/etc/hvd/secrets/other.keyring
cp hvd.keyring /etc/hvd/secrets/open.keyring
chmod 600 /etc/hvd/secrets/*.keyring
chmod 644 /etc/hvd/secrets/open.keyring
attempt wrong-key "$(rbd_disk xvda rbd/disk | sed "s/usage='hvd'/usage='wrong'/")"
attempt other-key "$(rbd_disk xvda rbd/disk | sed "s/usage='hvd'/usage='other'/")"
attempt open-key "$(rbd_disk xvda rbd/disk | sed "s/usage='hvd'/usage='open'/")"
attempt no-pool "$(rbd_disk xvda nowhere/disk)"
attempt no-image "$(rbd_disk xvda rbd/nothing)"
attempt locked "$(rbd_disk xvda rbd/locked)"
attempt no-monitor "$(monitor_port=16799; rbd_disk xvda rbd/disk)"

guest writer 128 1 'quiet run=sh,/writer'
sed -i "s|<console|$(rbd_disk xvda rbd/disk | tr '\n' ' ')&|" writer.xml
hvctl create writer.xml || cat writer.xml
wait_console writer '^GUEST one' 300
echo "please kill the osd"
wait_for_log() { until=$(($(now) + $2)); until grep -q "$1" $log; do [ $(now) -lt $until ] || return 1; usleep 200000; done; }
wait_for_log 'xvda: stalled' 120 && echo "hvd says stalled"
hvctl list >/dev/null && echo "hvd answers meanwhile"
echo "please start the osd"
wait_for_log 'xvda: its disk answers' 200 && echo "hvd says it goes on"
wait_console writer '^GUEST end' 300
grep -a '^GUEST' "$(console_of writer)" | tr -d '\r' | sed 's/^GUEST/guest:/'
hvctl shutdown writer; wait_gone writer 60 && echo gone
grep -c "$(sed -n 's/.*key = //p' hvd.keyring)" $log | sed 's/^/keys in the log: /'
END
: >"$work/out"
(
	until grep -q 'please kill the osd' "$work/out"; do sleep 0.2; done
	cluster osd-kill 0
	until grep -q 'please start the osd' "$work/out"; do sleep 0.2; done
	cluster osd-start 0
) >"$work/osd.out" 2>&1 &
osd=$!
ceph_boot --mem 2048 --dom0-mem 1024 --cpus 2 --disk "$guest_disk" --with "$work/writer" --timeout 700 -- "$work/script"
kill $osd 2>/dev/null
wait $osd 2>/dev/null
ceph rbd export --no-progress rbd/disk "$work/disk.raw" 2>>"$work/err"

said() { sed -n "s/^$1 //p" "$out" | head -n 1; }
is() { [ -n "$1" ] && [ "$1" = "$2" ]; }
ok "a wrong key" grep -q '^wrong-key: .*does not accept the key of client.hvd' "$out"
ok "a keyring of somebody else" grep -q '^other-key: .*no key of client.hvd' "$out"
ok "a keyring that everybody can read" grep -q '^open-key: .*is open to others than root' "$out"
ok "no such pool" grep -q "^no-pool: .*there is no pool 'nowhere'" "$out"
ok "no such image" grep -q "^no-image: .*there is no image 'nothing'" "$out"
ok "an image that is locked" grep -q "^locked: .*'locked' is in use" "$out"
ok "no monitor" grep -q '^no-monitor: .*no monitor of the cluster answers' "$out"
ok "each within a minute" bash -c '! grep -q "took too long" "$1"' - "$out"
ok "an OSD that is killed: hvd says that the disk is stalled, and answers" bash -c 'grep -qx "hvd says stalled" "$1" && grep -qx "hvd answers meanwhile" "$1"' - "$out"
ok "and that it goes on when the OSD is back" grep -qx 'hvd says it goes on' "$out"
ok "the guest saw no error, and the cluster holds what it wrote" bash -c 'grep -qx "guest: errors 0" "$1" && ! grep -q "guest: failed" "$1" && [ "$2" = "$3" ]' - \
	"$out" "$(head -c 4194304 "$work/disk.raw" | md5sum | cut -d' ' -f1)" "$(said 'guest: blob')"
ok "no key is in hvd's log" is "$(said 'keys in the log:')" 0
grep -a "^wrong-key" "$out" | sed "s/^/# /"
done_testing
