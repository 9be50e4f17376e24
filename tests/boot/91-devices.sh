#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices that come and go while a guest runs: a disk, an interface; a disk that grows.
. "$(dirname "$0")/lib.sh"
plan 41
need_guest

# In the guest: does what the host types into its console.
cat >"$work/obey" <<'END'
report() { echo "GUEST $*"; }
until_true() { tries=0; until eval "$1"; do tries=$((tries + 1)); [ $tries -lt 3000 ] || return 1; usleep 20000; done; }
bytes() { echo $(($(cat /sys/block/$1/size) * 512)); }
hundredths() { cut -d' ' -f1 /proc/uptime | tr -d .; }
head -c 8388608 /dev/urandom >/tmp/blob
report blob $(md5sum </tmp/blob | cut -d' ' -f1)
report ready
stty -F /dev/hvc0 -echo
while read -r word argument; do
	case $word in
	disk)
		until_true "[ -b /dev/$argument ]" && report $argument size $(bytes $argument)
		dd if=/tmp/blob of=/dev/$argument bs=1M conv=fsync 2>/dev/null
		echo 3 >/proc/sys/vm/drop_caches
		dd if=/dev/$argument bs=1M count=8 2>/dev/null | cmp -s - /tmp/blob && report $argument written ;;
	bytes)
		set -- $argument
		until_true "[ \$(bytes $1) = $2 ]" && report $1 grown $(bytes $1)
		# The last MiB is new.
		dd if=/tmp/blob of=/dev/$1 bs=1M count=1 seek=$(($2 / 1048576 - 1)) conv=fsync 2>/dev/null && report $1 end $2 ;;
	paced)
		# Requests that lie apart are not made one. Whoever closes a device last waits for it: we keep it open.
		set -- $argument
		exec 5</dev/$1
		began=$(hundredths)
		i=0
		while [ $i -lt $2 ]; do
			dd if=/tmp/blob of=/dev/$1 bs=4k count=1 seek=$((4096 + i * 64)) conv=notrunc 2>/dev/null
			i=$((i + 1))
		done
		sync
		exec 5<&-
		report $1 paced $2 $(($(hundredths) - began)) ;;
	mount)
		mkdir -p /mnt/$argument
		until_true "[ -b /dev/$argument ]" && mount -t ext4 /dev/$argument /mnt/$argument &&
			cp /tmp/blob /mnt/$argument/blob && sync && report $argument mounted ;;
	umount)
		# One that is no more has errors for whoever asks it, and for nobody else.
		dd if=/tmp/blob of=/mnt/$argument/more bs=64k count=16 conv=fsync 2>/dev/null && report $argument alive || report $argument dead
		umount /mnt/$argument || umount -l /mnt/$argument
		report $argument unmounted ;;
	fill)
		# More than the host has room for.
		set -- $argument
		until_true "[ -b /dev/$1 ]" || report no $1
		dd if=/tmp/blob of=/dev/$1 bs=1M conv=fsync 2>/dev/null && report $1 $2 filled || report $1 $2 refused ;;
	gone) until_true "[ ! -e /sys/block/$argument ]" && report $argument gone ;;
	net)
		until_true "[ -e /sys/class/net/eth0 ]" && ip addr add $argument dev eth0 && ip link set eth0 up
		until_true "ping -q -c 1 -W 1 10.77.0.1 >/dev/null" && report net $(cat /sys/class/net/eth0/address) ;;
	nonet) until_true "[ ! -e /sys/class/net/eth0 ]" && report nonet ;;
	end) break ;;
	esac
done </dev/hvc0
report leaks $(dmesg | grep -ci 'leaking g.e\|still in use')
report end
END
# A file system, to be mounted in the guest.
truncate -s 24M "$work/fs.img"
PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 "$work/fs.img" || exit 99
gzip "$work/fs.img"

cat >"$work/script" <<'END'
. ./guest-lib.sh
make_bridge
mkdir -p /tmp/www /tmp/initrd
mount -t tmpfs tmpfs /tmp/www
cp obey /tmp/initrd/
(cat $images/initrd; cd /tmp/initrd && find . -mindepth 1 | cpio -o -H newc 2>/dev/null) >$images/initrd.new
mv $images/initrd.new $images/initrd
guest dev 256 1 'quiet run=sh,/obey'
hvctl create dev.xml || cat dev.xml
# Not for long: a guest may print more often than once a second.
say() { printf "%s\n" "$*" | timeout 10 hvctl console --idle 1 dev >/dev/null; }
wait_console dev '^GUEST ready' 400
disks() { hvctl info dev | sed -n 's/^Disk *//p' | tr '\n' ';'; }

truncate -s 32M /tmp/www/a.img
echo "attach: $(hvctl attach-disk dev /tmp/www/a.img xvdb 2>&1)"
echo "twice: $(hvctl attach-disk dev /tmp/www/a.img xvdb 2>&1)"
echo "in use: $(hvctl attach-disk dev /tmp/www/a.img xvdc 2>&1)"
echo "missing: $(hvctl attach-disk dev /tmp/www/none xvdc 2>&1)"
echo "bad: $(echo '<disk type="file"><target dev="xvdc"/></disk>' | hvctl attach-disk dev - 2>&1)"
echo "disks: $(disks)"
say disk xvdb
wait_console dev '^GUEST xvdb written' 120
echo "bytes $(dd if=/tmp/www/a.img bs=1M count=8 2>/dev/null | md5sum | cut -d' ' -f1)"
echo "used: $(hvctl image info /tmp/www/a.img | sed -n 's/^Disk of *//p')"
echo "remove: $(hvctl image remove /tmp/www/a.img 2>&1)"

echo "limits: $(hvctl blkdeviotune dev xvdb --total-iops-sec 100000 --total-bytes-sec 1G | grep -vc ' 0$')"
hvctl info dev | grep -c 'total_iops_sec 100000$' | sed 's/^/limits shown: /'
# The limit holds, by the guest's clock: not more than 4 a second. All of them are there at once, so that each has to wait.
hvctl blkdeviotune dev xvdb --total-iops-sec 4 --total-bytes-sec 0 >/dev/null
throttled() { wget -q -O - http://127.0.0.1:9177/metrics | sed -n 's/^hv_domain_block_throttled_requests_total{.*target_device="xvdb".*} //p'; }
before=$(throttled)
say paced xvdb 32
wait_console dev '^GUEST xvdb paced 32' 300
echo "held back $(($(throttled) - before))"
# A burst of 38 above one a second, at 20 a second.
hvctl blkdeviotune dev xvdb --total-iops-sec 0 >/dev/null
hvctl blkdeviotune dev xvdb --total-iops-sec 1 --total-iops-sec-max 20 --total-iops-sec-max-length 2 >/dev/null
say paced xvdb 30
wait_console dev '^GUEST xvdb paced 30' 300
hvctl blkdeviotune dev xvdb --write-bytes-sec 1M --total-iops-sec 0 >/dev/null
wait_console_times() { # NUMBER PATTERN SECONDS
	until=$(($(now) + $3 * patience))
	until [ "$(grep -acE "$2" "$(console_of dev)")" -ge $1 ]; do [ $(now) -lt $until ] || { echo "no $2"; return 1; }; pause; done
}
began=$(now)
say disk xvdb
wait_console_times 2 '^GUEST xvdb written' 300
echo "bytes took $(($(now) - began))"
echo "throttled $(throttled)"
hvctl blkdeviotune dev xvdb --write-bytes-sec 0 >/dev/null
before=$(throttled)
say paced xvdb 31
wait_console dev '^GUEST xvdb paced 31' 300
echo "throttled without limits $(($(throttled) - before))"
# A file under a guest grows, by either name; a block device has another size than before.
echo "larger: $(hvctl blockresize dev xvdb 40M 2>&1)"
say bytes xvdb 41943040
wait_console dev '^GUEST xvdb end 41943040' 120
echo "larger still: $(hvctl image resize /tmp/www/a.img 48M 2>&1)"
say bytes xvdb 50331648
wait_console dev '^GUEST xvdb end 50331648' 120
echo "smaller: $(hvctl blockresize --shrink dev xvdb 4M 2>&1)"
echo "end $(dd if=/tmp/www/a.img bs=1M skip=47 count=1 2>/dev/null | md5sum | cut -d' ' -f1) $(dd if=/tmp/www/a.img bs=1M count=1 2>/dev/null | md5sum | cut -d' ' -f1)"
modprobe loop
truncate -s 16M /tmp/www/b.img
loop=$(losetup -f) && losetup $loop /tmp/www/b.img
hvctl attach-disk dev $loop xvdd
say disk xvdd
wait_console dev '^GUEST xvdd written' 120
truncate -s 24M /tmp/www/b.img
losetup -c $loop
echo "device: $(hvctl blockresize dev xvdd 2>&1)"
say bytes xvdd 25165824
wait_console dev '^GUEST xvdd end 25165824' 120
hvctl detach-disk dev xvdd

# The host runs out of space under a disk: three policies.
mkdir /tmp/small
mount -t tmpfs -o size=2M tmpfs /tmp/small
fill() { # POLICY TARGET
	truncate -s 16M /tmp/small/$2.img
	hvctl attach-disk dev - <<DISK
<disk type='file'><driver name='qemu' type='raw' error_policy='$1'/><source file='/tmp/small/$2.img'/><target dev='$2'/></disk>
DISK
	say fill $2 $1
}
state() { hvctl info dev | sed -n 's/^State *//p'; }
fill report xvdd
wait_console dev '^GUEST xvdd report' 120
: >/tmp/small/xvdd.img
fill ignore xvde
wait_console dev '^GUEST xvde ignore' 120
: >/tmp/small/xvde.img
fill stop xvdf
until=$(($(now) + 120 * patience))
until [ "$(state)" = paused ] || [ $(now) -ge $until ]; do pause; done
echo "stopped: $(state) $(hvctl events | grep -c '"event": *"stopped".*"device": *"xvdf"')"
mount -o remount,size=32M /tmp/small
hvctl resume dev >/dev/null
wait_console dev '^GUEST xvdf stop' 120
echo "stop: $(dd if=/tmp/small/xvdf.img bs=1M count=8 2>/dev/null | md5sum | cut -d' ' -f1) $(state)"
for disk in xvdd xvde xvdf; do hvctl detach-disk dev $disk; done

# ---- a disk that is in use ----
zcat fs.img.gz >/tmp/www/fs.img
processes() { pidof hvd-blk | wc -w; }
mounted() { # TARGET
	hvctl attach-disk dev /tmp/www/fs.img $1 >/dev/null
	say mount $1
	wait_console dev "^GUEST $1 mounted" 120
}
used() { hvctl image info /tmp/www/fs.img | sed -n 's/^Disk of *//p'; }
unmounted() { # TARGET
	say umount $1
	wait_console dev "^GUEST $1 unmounted" 120
}
# One that is unmounted first goes.
mounted xvdg
unmounted xvdg
echo "unmounted: $(hvctl detach-disk dev xvdg 2>&1).$(used)"
# A guest that does not answer keeps it, and gives it back when it does.
mounted xvdh
hvctl pause dev
said=$(hvctl detach-disk --timeout 2 dev xvdh 2>&1)
echo "kept: $? $said"
echo "kept by: $(used) $(hvctl info dev | grep -c '^Disk .*fs.img') $(processes)"
hvctl resume dev
until=$(($(now) + 120 * patience))
until [ -z "$(used)" ] || [ $(now) -ge $until ]; do pause; done
echo "given back: $(hvctl events | grep -c '"event": *"detached".*"device": *"xvdh"') $(used)"
unmounted xvdh
# Or it is taken from it.
mounted xvdi
hvctl pause dev
echo "forced: $(hvctl detach-disk --force dev xvdi 2>&1)"
echo "forced then: $(used).$(hvctl info dev | grep -c '^Disk .*fs.img')"
# Nobody has the image; another name, since the guest still has that one.
echo "elsewhere: $(hvctl attach-disk dev /tmp/www/fs.img xvdi 2>&1) $(hvctl attach-disk dev /tmp/www/fs.img xvdj 2>&1)"
hvctl resume dev
unmounted xvdi
say gone xvdi
wait_console dev '^GUEST xvdi gone' 120
until=$(($(now) + 60 * patience))
until [ $(processes) = 2 ] || [ $(now) -ge $until ]; do pause; done
echo "left: $(processes) $(ls /run/hvd/backend | grep -c xvdi)"
hvctl detach-disk dev xvdj
# Its file system is as good as it was when the guest said that it was on the disk.
mkdir -p /tmp/look && mount -t ext4 -o loop /tmp/www/fs.img /tmp/look && echo "blob $(md5sum </tmp/look/blob | cut -d' ' -f1)" && umount /tmp/look

echo "detach: $(hvctl detach-disk dev xvdb 2>&1)"
say gone xvdb
wait_console dev '^GUEST xvdb gone' 120
echo "disks then: $(disks)"
echo "again: $(hvctl detach-disk dev xvdb 2>&1)"
echo "free: $(hvctl image info --json /tmp/www/a.img | grep -c '"in_use": false')"
# What a disk was before does not stick to its name.
echo "back: $(hvctl attach-disk --readonly dev /tmp/www/a.img xvdb 2>&1)"
echo "disks back: $(disks)"

echo "net: $(hvctl attach-interface --mac 00:16:3e:00:00:77 dev br0 2>&1)"
say net 10.77.0.2/24
wait_console dev '^GUEST net' 200
echo "nonet: $(hvctl detach-interface dev 00:16:3e:00:00:77 2>&1)"
say nonet
wait_console dev '^GUEST nonet' 120
echo "nets: $(hvctl info dev | grep -c ^Interface)"
say end
wait_console dev '^GUEST ran' 60
grep -a '^GUEST' "$(console_of dev)" | tr -d '\r' | sed 's/^GUEST/guest:/'
hvctl shutdown dev
wait_gone dev 100 && echo gone
END
boot --mem 1536 --dom0-mem 768 --cpus $few_cpus --storage --disk "$guest_disk" --with "$here/guest-lib.sh" \
	--with "$work/obey" --with "$work/fs.img.gz" --timeout 900 -- "$work/script"

said() { sed -n "s/^$1 //p" "$out" | head -n 1; } # the rest of the line that begins so
is() { [ -n "$1" ] && [ "$1" = "$2" ]; }
like() { printf '%s\n' "$1" | grep -qE -- "$2"; }
ok "a disk is attached" is "$(said attach:)" "xvdb attached"
ok "a second one cannot have its name" like "$(said twice:)" "the domain has a disk xvdb"
ok "nor its image" like "$(said 'in use:')" "a.img is in use"
ok "an image that is not there is named" like "$(said missing:)" "/tmp/www/none"
ok "a description with a mistake is told with its line" is "$(said bad:)" "hvctl: line 1: <disk>: no <source>"
ok "the domain shows it" is "$(said disks:)" "xvdb file /tmp/www/a.img;"
ok "the guest has it, with its size" grep -qx 'guest: xvdb size 33554432' "$out"
ok "what the guest writes is in the image" is "$(said bytes)" "$(said 'guest: blob')"
ok "the image says whose disk it is" is "$(said used:)" "dev xvdb"
ok "and is not removed" like "$(said remove:)" "is in use"
ok "it gets limits while the guest runs" is "$(said limits:) $(said 'limits shown:')" "2 1"
above() { [ -n "$1" ] && [ "$1" -gt "$2" ]; }
# NUMBER RATE FREE: of what the guest has counted by its own clock, not more than that, nor those that it may be ahead.
# A machine that is slow makes fewer; a twentieth is for two clocks.
held_to() {
	local hundredths
	hundredths=$(said "guest: xvdb paced $1")
	[ -n "$hundredths" ] && [ $((($1 - $3) * 2000)) -le $((hundredths * $2 * 21)) ]
}
ok "the limit of requests holds: 32 are not faster than 4 a second" held_to 32 4 3
ok "and is what they wait for, each of them" above "$(said 'held back')" 24
ok "a burst is not faster than it may be" held_to 30 20 4
ok "and is one: faster than the limit without it" bash -c '[ -n "$1" ] && [ "$1" -lt 2600 ]' - "$(said 'guest: xvdb paced 30')"
ok "so does the limit of bytes: 8 MiB at 1 MiB a second" above "$(said 'bytes took')" 4
ok "requests were held back, and none when there is no limit" bash -c '[ "${1:-0}" -gt 0 ] && [ "$2" = 0 ]' - "$(said throttled)" "$(said 'throttled without limits')"
ok "its file grows under the guest, which sees it" is "$(said larger:) $(said 'larger still:') $(grep -c '^guest: xvdb grown' "$out")" \
	"Told             dev xvdb Told             dev xvdb 2"
ok "it writes to the new end; and none of it is taken away" bash -c '[ "$1" ] && [ "$1" = "$2" ] && grep -q "^smaller: .* is in use" "$3"' - $(said end) "$out"
ok "so does a block device" is "$(said device:).$(grep -cx 'guest: xvdd end 25165824' "$out")" ".1"
ok "the host has no space: with error_policy='report' the guest is told" grep -qx 'guest: xvdd report refused' "$out"
ok "with 'ignore' it is not" grep -qx 'guest: xvde ignore filled' "$out"
ok "with 'stop' it is paused, and hvd says why" bash -c 'set -- $1; [ "$1" = paused ] && [ "$2" -gt 0 ]' - "$(said stopped:)"
ok "and goes on when there is space: all is written" bash -c 'grep -qx "guest: xvdf stop filled" "$1" && [ "$2" = "$3 running" ]' - "$out" "$(said stop:)" "$(said 'guest: blob')"
ok "a disk that was mounted and is not any more is given back" is "$(said unmounted:)" "xvdg detached."
ok "one that the guest keeps: hvctl says so when the time is up, and what to do" \
	bash -c '[[ "$1" == "6 "*"has not given xvdh back"*paused*--force* ]]' - "$(said kept:)"
ok "it has it, and it is served" is "$(said 'kept by:')" "dev xvdh 1 2"
ok "until it lets go of it: then it goes" bash -c 'set -- $1; [ "$1" = 1 ] && [ $# = 1 ]' - "$(said 'given back:')"
ok "or it is taken by force: another disk has its image at once, and nothing is left of it when the guest has seen that" \
	is "$(said forced:) $(said 'forced then:') $(said left:)" "xvdi detached .0 2 0"
ok "its name is free when the guest has let go" like "$(said elsewhere:)" "has a device xvdi.* xvdj attached"
ok "the guest lives, and its file system is dead" bash -c 'grep -qx "guest: xvdg alive" "$1" && grep -qx "guest: xvdh dead" "$1" && grep -qx "guest: xvdi dead" "$1" && grep -qx "guest: xvdi gone" "$1"' - "$out"
ok "no page of it was still in use when its disk went" is "$(said 'guest: leaks')" 0
ok "on the disk is what it had written" is "$(said blob)" "$(said 'guest: blob')"
ok "the guest gives it back" is "$(said detach:) $(grep -c 'guest: xvdb gone' "$out")" "xvdb detached 1"
ok "the domain does not have it any more" is "$(said 'disks then:')." "."
ok "nobody has the image" is "$(said free:)" 1
ok "what is not there cannot be detached" like "$(said again:)" "domain 'dev' has no device 'xvdb'"
ok "it comes back, to be read only" is "$(said back:) $(said 'disks back:')" \
	"xvdb attached xvdb file /tmp/www/a.img (read-only);"
ok "an interface is attached, and carries packets" is "$(said net:) $(said 'guest: net')" \
	"vif0 attached 00:16:3e:00:00:77"
ok "and goes" is "$(said nonet:) $(said nets:)" "00:16:3e:00:00:77 detached 0"
ok "the guest ends when asked" grep -qx gone "$out"
done_testing
