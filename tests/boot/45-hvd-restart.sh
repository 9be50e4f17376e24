#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hvd is killed 200 times, at moments that a seed decides, while domains are made and ended, and while
# a Debian guest uses its console, store, disk and network without a pause. Nobody may notice, and
# nothing may be left over. SEED=N and KILLS=N repeat a run or shorten it.
. "$(dirname "$0")/lib.sh"
need_guest
make -C "$HV_BUILD" -s tests/daemon/kernel >&2 || exit 1
plan 16
seed=${SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
kills=${KILLS:-$([ $machine = svm ] && echo 200 || echo 20)}
echo "# SEED=$seed KILLS=$kills"

# In the guest. Each round it says a number; what goes wrong it says, too.
cat >"$work/count" <<'END'
export XENSTORED_PATH=/dev/xen/xenbus PATH=/xs:$PATH LD_LIBRARY_PATH=/xs
i=0
while :; do
	i=$((i + 1))
	# Two nodes in one transaction: always the same, for whoever looks.
	xenstore-write data/a $i data/b $i || echo "GUEST bad write $i"
	set -- $(xenstore-read data/a data/b)
	[ "$1 $2" = "$i $i" ] || echo "GUEST bad read $1 $2, not $i"
	dd if=/dev/urandom of=/tmp/x bs=64k count=1 2>/dev/null
	dd if=/tmp/x of=/dev/xvda bs=64k seek=$((i % 400)) conv=fsync 2>/dev/null || echo "GUEST bad disk write $i"
	echo 3 >/proc/sys/vm/drop_caches
	dd if=/dev/xvda of=/tmp/y bs=64k skip=$((i % 400)) count=1 2>/dev/null
	cmp -s /tmp/x /tmp/y || echo "GUEST bad disk read $i"
	wget -q -O /tmp/blob http://10.77.0.1/blob || echo "GUEST bad network $i"
	[ "$(md5sum </tmp/blob)" = "$(cat /sum)" ] || echo "GUEST bad blob $i"
	echo "GUEST count $i"
done
END

cat >"$work/script" <<'END'
. ./guest-lib.sh
. ./settings
say() { echo "$1: $(echo $2)"; } # a fact, its value on one line
free() { hvctl capabilities --json | sed -n 's/.*"free_memory_kib": \([0-9]*\).*/\1/p'; }
# Pages of the table of what the control domain has mapped by grants, which hv keeps for good.
map_pages() { wget -q -O - http://127.0.0.1:9177/metrics | sed -n 's/^hv_domain_grant_map_frames{domain="Domain-0"} //p'; }
count() { tr -d '\r' <$(console_of g) | sed -n 's/^GUEST count //p' | tail -n 1; }
kill_hvd() { # and waits until its last descriptor is closed
	kill -9 $hvd
	wait $hvd 2>/dev/null
	while kill -0 $hvd 2>/dev/null; do usleep 2000; done
}
# The engine, and all of hvd: there is its privileged half, too.
engine() { for p in $(pidof hvd); do [ "$(cat /proc/$p/comm)" = hvd ] && echo $p; done; }
fds() { for p in $(pidof hvd); do ls /proc/$p/fd; done | wc -l; }
hvd=$(engine)
start_hvd() { hvd </dev/null >>/var/log/hvd/hvd.out 2>&1 & hvd=$!; }
ready() { # waits for hvd to answer
	until=$(($(now) + 60 * patience))
	until hvctl list >/dev/null 2>&1; do [ "$(now)" -lt $until ] || { echo "hvd does not come up"; tail /var/log/hvd/hvd.out; return 1; }; usleep 50000; done
}
make_bridge
truncate -s 1M /tmp/s1.img
# What tables hv and hvd keep for good: a first domain, and a first new hvd, have them made.
(kernel=$PWD/kernel no_initrd=1 bridge=br0; guest s1 32 1 '' /tmp/s1.img; bridge=; guest s2 32 2 ''; guest s3 32 1 '')
for s in s1 s2 s3; do hvctl create --paused $s.xml; done
kill_hvd
start_hvd
ready
for s in s1 s2 s3; do hvctl destroy $s; wait_gone $s 60; done
start=$(free) start_pages=$(map_pages)
descriptors=$(fds) ports=$(grep -c 'evtchn:' /proc/interrupts)

# The guest, with the store's tools from this host.
mkdir -p /tmp/www /tmp/initrd/xs
head -c 100000 /dev/urandom >/tmp/www/blob
md5sum </tmp/www/blob >/tmp/initrd/sum
httpd -p 10.77.0.1:80 -h /tmp/www
for tool in write read; do cp "$(command -v xenstore-$tool)" /tmp/initrd/xs/; done
for lib in $(find /lib /lib64 -name 'libxen*.so*' -o -name 'libc.so.6' -o -name 'ld-linux*' -o -name 'libdl.so.2' -o -name 'libpthread.so.0'); do cp -L $lib /tmp/initrd/xs/ 2>/dev/null; done
mkdir -p /tmp/initrd/lib64; cp -L /lib64/ld-linux-x86-64.so.2 /tmp/initrd/lib64/
cp count /tmp/initrd/
echo 'sh /count &' >/tmp/initrd/begin
(cat $images/initrd; cd /tmp/initrd && find . -mindepth 1 | cpio -o -H newc 2>/dev/null) >$images/initrd.new
mv $images/initrd.new $images/initrd
truncate -s 32M /tmp/g.img
bridge=br0
guest g 192 1 'quiet ip=10.77.0.2/24 run=sh,/begin' /tmp/g.img
hvctl create g.xml
wait_console g '^GUEST count 2' 300 || exit 1

# Something in the store that must stay.
xenstore-write /t/a one /t/b/c two
xenstore-chmod /t/b n0 r30000 w30001
xenstore-ls -fp /t >/tmp/before

# Domains come and go: with a disk and an interface, and without; started, and left paused.
life() { # NAME OPTION
	while [ ! -e /tmp/stop ]; do
		hvctl create $2 $1.xml >/dev/null 2>&1
		hvctl destroy $1 >/dev/null 2>&1
		usleep 20000
	done
}
life s1 --paused & lives=$!
life s2 --paused & lives="$lives $!"
life s3 '' & lives="$lives $!"
(while [ ! -e /tmp/stop ]; do hvctl console g </dev/null >/dev/null 2>&1; usleep 50000; done) & lives="$lives $!"

before=$(count)
# Within a quarter of a second, in which QEMU executes as much as Bochs in two and a half.
[ $machine = svm ] && within=250000 || within=2500000
awk -v seed=$seed -v n=$kills -v within=$within 'BEGIN { srand(seed); for (; n; n--) print int(rand() * 4), int(rand() * within) }' >/tmp/when
while read -r kind delay; do
	# One in four may die before it has read all that the one before has left.
	[ $kind = 0 ] || ready || break
	usleep $delay
	kill_hvd
	killed=$((${killed:-0} + 1))
	start_hvd
done </tmp/when
say killed ${killed:-0}
ready
: >/tmp/stop
sleep 1
kill $(pidof hvctl) 2>/dev/null
# Who has begun one more round ends it.
wait $lives
ready
for s in s1 s2 s3; do hvctl destroy $s >/dev/null 2>&1; wait_gone $s 60; done

after=$(count)
say lived-on $((after > before + 5))
wait_console g "^GUEST count $((after + 3))" 120 && say lives yes
say state "$(hvctl info g --json | sed -n 's/.*"state": "\([a-z]*\)".*/\1/p')"
tr -d '\r' <$(console_of g) | grep -a '^GUEST bad' | head -n 20
tr -d '\r' <$(console_of g) | awk '/GUEST count/ { if ($NF != last + 1) { bad++; print "break: " before " | " $0 } last = $NF } { before = $0 } END { print "numbers: " bad + 0 }'
xenstore-ls -fp /t >/tmp/after
cmp -s /tmp/before /tmp/after && say store same || cat /tmp/before /tmp/after
say domains "$(hvctl list | tail -n +2 | cut -d' ' -f1 | sort)"
say homes "$(xenstore-list /local/domain | wc -l)"
say processes "$(ps | grep -c '[h]vd-blk\|[h]vd-net')"
say builders "$(ps | grep -c '[h]vd-build')"
say taps "$(ls /sys/class/net | grep -c '^vif')"
# The guest never falls silent, so nothing but the answer ends this session.
echo 'echo typed-$((6 * 7))' | hvctl console g >typed &
viewer=$!
until=$(($(now) + 60 * patience))
until grep -aq typed-42 typed || [ "$(now)" -ge $until ]; do usleep 100000; done
kill $viewer
say typed "$(grep -ac 'typed-42' typed)"

# Its end: the watch that the kernel of the guest has had all the time.
hvctl shutdown --wait --timeout 120 g
wait_gone g 120
say table "$start_pages $(map_pages)"
say missing $((start - $(free) - 4 * ($(map_pages) - start_pages)))
say left "$(ls /run/hvd/rings /run/hvd/backend | grep -v '^$\|:$') $(ps | grep -c '[h]vd-[bniu]')"
say descriptors $(($(fds) - descriptors))
say ports $(($(grep -c 'evtchn:' /proc/interrupts) - ports))
say hvds "$(engine | wc -w) of $(pidof hvd | wc -w)"
grep -h 'orphan\|error:\|abort' /var/log/hvd/hvd.out | sed 's/^[^ ]* //' | sort | uniq -c | sort -rn | head -n 20 | sed 's/^/log: /'
END
printf 'seed=%s\nkills=%s\n' "$seed" "$kills" >"$work/settings"
boot --mem 2048 --dom0-mem 1024 --cpus 2 --disk "$guest_disk" --with "$here/guest-lib.sh" --with "$work/count" \
	--with "$work/settings" --with "$HV_BUILD/tests/daemon/kernel" --timeout 2400 -- "$work/script"
[ -z "${VERBOSE:-}" ] || cat "$out"

has() { grep -aqE -- "$1" "$out"; }
ok "hvd was killed $kills times" has "^killed: $kills$"
ok "the guest went on all the time" has '^lived-on: 1$'
ok "and still does" eval 'has "^lives: yes$" && has "^state: running$"'
ok "its store, disk and network never failed" eval '! has "GUEST bad"'
ok "its console lost and doubled nothing" has '^numbers: 0$'
ok "nodes and permissions are the same" has '^store: same$'
ok "no other domain is left" has '^domains: Domain-0 g$'
ok "nor its home in the store" has '^homes: 2$'
ok "nor its processes" eval 'has "^processes: 2$" && has "^builders: 0$"'
ok "nor its interface" has '^taps: 1$'
ok "the console takes what is typed" has '^typed: [1-9]'
ok "the guest hears that it shall end" has 'g has ended'
# But for what the table of mapped grants has grown by.
ok "not a frame is missing" eval 'has "^table: [0-9]+ [1-9]" && has "^missing: 0$"'
ok "not a file or process is left" has '^left: xs-0 0$'
ok "not a descriptor, not a port" eval 'has "^descriptors: -?[0-2]$" && has "^ports: 0$"'
ok "there is one hvd" has '^hvds: 1 of 2$'
done_testing
