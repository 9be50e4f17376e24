#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What can be wrong with an RBD disk: at the start the user is told, within a bounded time; under a guest the
# disk waits, hvd says so, and everything goes on. An image that is taken away from its guest is lost to it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ceph-lib.sh"
need_guest
need_ceph
ceph rbd create --size 32M rbd/disk
ceph rbd create --size 32M rbd/taken
ceph rbd create --size 32M rbd/locked
ceph rbd create --size 32M rbd/other
ceph rbd lock add rbd/locked somebody >/dev/null
plan 26

# In the guest: one writes all the time, another one does what the host types into the console.
cat >"$work/writer" <<'END'
report() { echo "GUEST $*"; }
until_true() { tries=0; until eval "$1"; do tries=$((tries + 1)); [ $tries -lt 3000 ] || return 1; usleep 20000; done; }
until_true '[ -b /dev/xvda ] && [ -b /dev/xvdb ]'
dmesg -n 1
head -c 4194304 /dev/urandom >/tmp/blob
write() {
	pass=0
	# Each pass is in the cluster when it is done.
	until [ -e /tmp/enough ]; do
		dd if=/tmp/blob of=/dev/xvda bs=64k conv=fsync 2>/dev/null || { report failed; break; }
		pass=$((pass + 1))
		[ -e /tmp/busy ] || report pass $pass
		# Longer than 'say' waits for silence.
		[ -e /tmp/busy ] || usleep 1500000
		[ ! -e /tmp/hold ] || { report held; until_true '[ ! -e /tmp/hold ]'; }
	done
	: >/tmp/written
}
write &
stty -F /dev/hvc0 -echo
while read -r word argument; do
	case $word in
	busy) : >/tmp/busy ;;
	hold) : >/tmp/hold ;;
	go) rm -f /tmp/hold ;;
	idle) rm -f /tmp/busy; report idle ;;
	bytes) until_true "[ \$((\$(cat /sys/block/xvda/size) * 512)) = $argument ]" && report bytes $argument ;;
	taken) dd if=/tmp/blob of=/dev/xvdb bs=64k conv=fsync 2>/dev/null && report taken written || report taken refused ;;
	enough) : >/tmp/enough; break ;;
	esac
done </dev/hvc0
until_true '[ -e /tmp/written ]'
report blob $(md5sum </tmp/blob | cut -d' ' -f1)
report errors $(dmesg | grep -iE 'I/O error|Buffer I/O' | grep -c xvda)
report end
END

# In its neighbour: so many writes, one after the other, each of them on the disk before the next.
cat >"$work/neighbour" <<'END'
report() { echo "GUEST $*"; }
dmesg -n 1
head -c 1048576 /dev/urandom >/tmp/blob
report blob $(md5sum </tmp/blob | cut -d' ' -f1)
report ready
stty -F /dev/hvc0 -echo
while read -r word disk number; do
	case $word in
	write)
		i=0
		while [ $i -lt $number ]; do
			dd if=/tmp/blob of=/dev/$disk bs=4k count=1 skip=$i seek=$i conv=fsync,notrunc 2>/dev/null || report failed $disk
			i=$((i + 1))
		done
		report $disk $number ;;
	end) break ;;
	esac
done </dev/hvc0
report end
END

cat >"$work/script" <<'END'
. ./guest-lib.sh
. ./ceph-guest.sh
mkdir -p /tmp/initrd
cp writer neighbour /tmp/initrd/
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
sed -i "s|<console|$({ rbd_disk xvda rbd/disk; rbd_disk xvdb rbd/taken; } | tr '\n' ' ')&|" writer.xml
hvctl create writer.xml || cat writer.xml
# Not for long: a guest may print more often than once a second.
tell() { to=$1; shift; printf "%s\n" "$*" | timeout 10 hvctl console --idle 1 $to >/dev/null; }
say() { tell writer "$@"; }
until_true() { # SECONDS COMMAND...
	until=$(($(now) + $1 * patience))
	shift
	until "$@"; do [ $(now) -lt $until ] || { echo "never: $*"; return 1; }; pause; done
}
passes() { grep -ac '^GUEST pass' "$(console_of writer)"; }
# Two passes that were not there before; one of them has begun after this was asked.
goes_on() { wanted=$(($(passes) + 2)); until_true 300 eval '[ $(passes) -ge $wanted ]' && echo "$1"; }
told() { hvctl events | grep '"domain": *"writer"' | grep '"device": *"xvda"' | grep -c "\"event\": *\"$1\""; }
# A busy machine may have had its disk stall before anything was done to it.
stalls=0
stalled() { # NUMBER: the disk has stalled so often, and hvd answers all the same
	until_true 200 eval "[ \$(told stalled) -ge $(($1 + stalls)) ]" && hvctl list >/dev/null && echo "stalled $1"
}
answers() { until_true 300 eval "[ \$(told answers) -ge $(($1 + stalls)) ]" && echo "answers $1"; }
wait_console writer '^GUEST pass 1' 300

# ---- its neighbour, on the same cluster ----
truncate -s 32M /tmp/file.img
guest neighbour 128 1 'quiet run=sh,/neighbour'
sed -i "s|<console|$({ rbd_disk xvda rbd/other; echo "<disk type='file'><source file='/tmp/file.img'/><target dev='xvdb'/></disk>"; } | tr '\n' ' ')&|" neighbour.xml
hvctl create neighbour.xml || cat neighbour.xml
wait_console neighbour '^GUEST ready' 300
of_writer() { wget -q -O - http://127.0.0.1:9177/metrics | sed -n "s/^$1{\(.*domain=\"writer\".*target_device=\"xvda\".*\)} //p"; }
waiting() { of_writer hv_domain_block_in_flight; }
written() { of_writer hv_domain_block_stats_write_requests_total; }
writes() { # NUMBER LABEL: the neighbour makes so many, and what the other one has waiting and done meanwhile
	until_true 200 eval '[ "$(waiting)" -ge 4 ]'
	before=$(written)
	tell neighbour write xvda $1
	wait_console neighbour "^GUEST xvda $1" 300 || return
	done=$(($(written) - before))
	until_true 200 eval '[ "$(waiting)" -ge 1 ]' && echo "$2 $1 beside $done"
}
# One writes as much as it can, and its ring is full.
say busy
writes 60 busy
# One may do next to nothing, and its ring is full. It begins under that limit: what is at the cluster when a limit
# comes, ends without it.
say hold
wait_console writer '^GUEST held' 300
hvctl blkdeviotune writer xvda --total-bytes-sec 4096 >/dev/null
say go
writes 50 limited
hvctl blkdeviotune writer xvda --total-bytes-sec 0 >/dev/null
say idle
wait_console writer '^GUEST idle' 300

# ---- without a monitor ----
mon_is_up() { nc -w 3 $monitor $monitor_port </dev/null >/dev/null 2>&1; }
echo "please mon-kill"
until_true 100 eval '! mon_is_up'
goes_on "goes on without a monitor"
echo "please mon-start"
until_true 200 mon_is_up
goes_on "goes on with a monitor"

# ---- without an OSD, for longer than a watch and a lock last ----
until_true 300 eval '[ $(told stalled) = $(told answers) ]'
stalls=$(told stalled)
echo "please osd-kill 0"
stalled 1
# Its neighbour's other disk is none of the cluster's.
tell neighbour write xvdb 40
wait_console neighbour '^GUEST xvdb 40' 300 && echo "meanwhile $(($(told answers) - stalls))"
gone_at=$(now)
until_true 60 eval '[ $(($(now) - gone_at)) -ge 32 ]'
echo "please osd-start 0"
answers 1
goes_on "goes on with an OSD"

# ---- a full cluster ----
echo "please full"
stalled 2
echo "please empty"
answers 2
goes_on "goes on with space"
# After all that the image is watched and locked as before.
hvctl blockresize writer xvda 40M
say bytes 41943040
wait_console writer '^GUEST bytes 41943040' 120

# ---- an image that a client has, and that is taken away from it ----
attempt taken "$(rbd_disk xvda rbd/taken)"
at="--host $monitor:$monitor_port"
hvctl image info rbd/taken $at | sed -n 's/^Lock */holder: /p'
echo "unlock: $(hvctl image unlock rbd/taken $at 2>&1)"
hvctl image unlock --force rbd/taken $at && echo "unlocked"
attempt taken-now "$(rbd_disk xvda rbd/taken)"
say taken
wait_console writer '^GUEST taken' 120
hvctl events | sed -n 's/.*"event": *"fenced".*"device": *"\([a-z]*\)".*/fenced: \1/p'
metric() { wget -q -O - http://127.0.0.1:9177/metrics | sed -n "s/^hv_domain_block_$1{\(.*domain=\"writer\".*\)target_device=\"$2\"\([^}]*$3[^}]*\)} /metric: $1 $2 /p"; }
metric stalls_total xvda | sed "s/ $(told stalled)\$/ agrees/"
metric rbd_locked xvda
metric rbd_locked xvdb
metric rbd_abandoned_bytes xvdb
metric rbd_state xvda 'state="connected"'
metric rbd_state xvdb 'state="fenced"'
say enough
wait_console writer '^GUEST end' 300
grep -a '^GUEST' "$(console_of writer)" | tr -d '\r' | sed 's/^GUEST/guest:/'
tell neighbour end
wait_console neighbour '^GUEST end' 100
grep -a '^GUEST' "$(console_of neighbour)" | tr -d '\r' | sed 's/^GUEST/neighbour:/'
dd if=/tmp/file.img bs=4k count=40 2>/dev/null | md5sum | cut -d' ' -f1 | sed 's/^/file: /'
hvctl shutdown neighbour
hvctl shutdown writer; wait_gone writer 60 && echo gone
grep -c "$(sed -n 's/.*key = //p' hvd.keyring)" $log | sed 's/^/keys in the log: /'
END
wish() {
	case $1 in
	# The OSD finds by itself that it has more than that, and tells the monitor.
	full) printf 'osd set-%s\n' 'nearfull-ratio 0.00001' 'backfillfull-ratio 0.00002' 'full-ratio 0.00003' | ceph ceph ;;
	empty) printf 'osd set-%s\n' 'full-ratio 0.95' 'backfillfull-ratio 0.9' 'nearfull-ratio 0.85' | ceph ceph ;;
	*) cluster "$@" ;;
	esac
}
ceph_boot --mem 2048 --dom0-mem 1024 --cpus $few_cpus --disk "$guest_disk" --with "$work/writer" --with "$work/neighbour" --timeout 900 -- "$work/script"
ceph rbd export --no-progress rbd/disk "$work/disk.raw" 2>>"$work/err"
ceph rbd export --no-progress rbd/other "$work/other.raw" 2>>"$work/err"

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
said_all() { local line; for line; do grep -qx "$line" "$out" || return 1; done; }
ok "the monitor is killed: the guest's disk goes on without it, and when it is back" \
	said_all 'goes on without a monitor' 'goes on with a monitor'
ok "an OSD is away for half a minute: hvd says that the disk is stalled, and answers" said_all 'stalled 1'
ok "and that it goes on when the OSD is back" said_all 'answers 1' 'goes on with an OSD'
ok "the cluster is full: the guest waits" said_all 'stalled 2'
ok "and goes on when there is space" said_all 'answers 2' 'goes on with space'
ok "its disk can still grow" grep -qx 'guest: bytes 41943040' "$out"
ok "the guest saw no error, and the cluster holds what it wrote" bash -c 'grep -qx "guest: errors 0" "$1" && ! grep -q "guest: failed" "$1" && [ "$2" = "$3" ]' - \
	"$out" "$(head -c 4194304 "$work/disk.raw" | md5sum | cut -d' ' -f1)" "$(said 'guest: blob')"
ok "an image that another client has: the error names it" grep -q "^taken: .*'taken' is in use: its lock is held by the client at 10.78.0.2:0/" "$out"
ok "and so does hvctl image info; unlock wants --force" bash -c 'grep -q "^holder: exclusive, held by client.* at 10.78.0.2:0/" "$1" && grep -q "^unlock: .*--force takes the lock away" "$1"' - "$out"
ok "which takes it away: another guest gets the image" bash -c 'grep -qx unlocked "$1" && grep -q "^taken-now: .*created" "$1"' - "$out"
ok "the one that had it is refused by the cluster, and hvd says so" said_all 'guest: taken refused' 'fenced: xvdb'
ok "metrics tell the same" said_all 'metric: stalls_total xvda agrees' 'metric: rbd_locked xvda 1' 'metric: rbd_locked xvdb 0' \
	'metric: rbd_state xvda 1' 'metric: rbd_state xvdb 1'
beside() { sed -n "s/^$1 $2 beside //p" "$out"; }
# A request of the neighbour's waits for its turn, not for the other's queue: 64 is two full rings.
between() { [ -n "$1" ] && [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }
ok "a guest that writes as much as it can leaves another one its share" between "$(beside busy 60)" 20 $((2 * 60 * 64))
ok "one that may do next to nothing, with a full ring, holds up nobody" between "$(beside limited 50)" 0 9
ok "a disk of no cluster goes on while that of another guest is stalled" said_all 'neighbour: xvdb 40' 'meanwhile 0'
ok "and all of that is where it belongs" bash -c '! grep -q "neighbour: failed" "$1" && [ "$2" ] && [ "$2" = "$3" ]' - "$out" \
	"$(said file:)" "$(head -c 163840 "$work/other.raw" | md5sum | cut -d' ' -f1)"
ok "the memory that the one that was taken away leaves behind is counted, and has a bound" \
	between "$(said 'metric: rbd_abandoned_bytes xvdb')" 0 $((34 << 20))
ok "no key is in hvd's log" is "$(said 'keys in the log:')" 0
grep -aE "^wrong-key|^(busy|limited) .* beside" "$out" | sed "s/^/# /"
done_testing
