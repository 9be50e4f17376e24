#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests on a real hv, from hvctl's side: several at once, reboot, crashes of every kind, what cannot
# be built, and a hundred lives without losing a frame.
. "$(dirname "$0")/lib.sh"
plan 23

"$source/dom0/image/build-guest" "$HV_BUILD" "$HV_BUILD/guest" >&2 || exit 1
make -C "$HV_BUILD" -s tests/daemon/kernel tests/daemon/faulty >&2 || exit 1

cat >"$work/script" <<'END'
. ./host-lib.sh
vm() { # NAME MIB VCPUS KERNEL CMDLINE [MORE]
	initrd=
	[ "$4" != vmlinuz ] || initrd="<initrd>$PWD/initrd</initrd>"
	cat >$1.xml <<XML
<domain type='xen'><name>$1</name><memory unit='MiB'>$2</memory><vcpu>$3</vcpu>
<os><type>xenpvh</type><kernel>$PWD/$4</kernel>$initrd<cmdline>console=hvc0 quiet $guest_args $5</cmdline></os>$6</domain>
XML
}
# A first guest has the tables made that hv keeps for good.
vm first 32 1 kernel
hvctl create first.xml
wait_for 60 gone first
start=$(free)

# Three at once, of different sizes.
vm one 128 1 vmlinuz
vm two 256 2 vmlinuz
vm four 512 4 vmlinuz
for g in one two four; do hvctl create $g.xml; done
for g in one two four; do wait_for 120 logged $g '^GUEST done'; done
for g in one two four; do say $g "$(grep -a '^GUEST cpus' /var/log/hv/console/$g.log)"; done
say listed "$(hvctl list | grep -c running)"
say vcpus "$(hvctl vcpus four | grep -c blocked)"

# Pause stops it, resume lets it go on.
hvctl pause two
say paused "$(state two)"
before=$(hvctl info two --json | grep cpu_time); sleep 1
[ "$before" = "$(hvctl info two --json | grep cpu_time)" ] && say stands-still yes
hvctl resume two
echo 'echo typed-$((6 * 7))' | hvctl console --idle 2 two >typed
say typed "$(grep -ac 'typed-42' typed)"

# Reboot: another id, the same name.
say reboot "$(hvctl reboot --wait one)"
wait_for 60 sh -c '[ $(grep -ac "^GUEST done" /var/log/hv/console/one.log) = 2 ]'
say restarts "$(hvctl info one | grep Restarts)"
for g in one two four; do say "shutdown $g" "$(hvctl shutdown --wait --timeout 60 $g)"; done
say free-after-three $(($(free) - start))

# Crashes.
vm panics 128 1 vmlinuz crash '<on_crash>preserve</on_crash>'
vm faults 32 1 faulty '' '<on_crash>preserve</on_crash>'
vm again 32 1 faulty '' '<on_crash>restart</on_crash>'
hvctl create panics.xml
hvctl create faults.xml
hvctl create again.xml
wait_for 30 is faults crashed
say faults "$(hvctl info faults | grep 'Last crash')"
wait_for 60 is again crashed
say again "$(hvctl info again | grep Restarts)"
wait_for 60 is panics crashed
say panics "$(hvctl info panics | grep -E '^(State|Reason)')"
for g in panics faults again; do hvctl destroy $g; done
say host "$(hvctl list | grep -c '^Domain-0 .*running')"

# What cannot be built leaves nothing behind.
vm nofile 64 1 nosuch
vm huge 1048576 1 kernel
head -c 200000 vmlinuz >broken
vm broken 64 1 broken
vm small 24 1 vmlinuz
for g in nofile huge broken small; do hvctl create $g.xml 2>&1 | sed "s/^/$g: /"; done
say free-after-errors $(($(free) - start))

# A hundred lives: each ends by itself, by a HLT that nothing can end.
vm tiny 32 1 kernel
lives=0
while [ $lives -lt 100 ]; do
	hvctl create tiny.xml >/dev/null || break
	wait_for 20 gone tiny || break
	lives=$((lives + 1))
done
say lives $lives
say free-after-lives $(($(free) - start))
say descriptors $(for p in $(pidof hvd); do ls /proc/$p/fd; done | wc -l)

# A guest whose hvd dies runs on, and the next hvd takes it up.
vm left 128 1 vmlinuz
hvctl create left.xml
kill -9 $(pidof hvd)
hvd </dev/null >>/var/log/hvd/hvd.out 2>&1 &
wait_for 20 hvctl list
say left "$(hvctl info left | grep -E '^(State|Note)')"
wait_for 120 logged left '^GUEST done'
say left-shutdown "$(hvctl shutdown --wait --timeout 60 left 2>&1)"
say free-after-left $(($(free) - start))
grep -i error /var/log/hvd/hvd.out | grep -v 'cannot be built\|crashed 3 times' | sed 's/^/hvd-error: /'
END
boot --mem 2304 --timeout 600 --with "$HV_BUILD/guest/vmlinuz" --with "$HV_BUILD/guest/initrd" \
	--with "$HV_BUILD/tests/daemon/kernel" --with "$HV_BUILD/tests/daemon/faulty" -- "$work/script"

has() { grep -aqE -- "$1" "$out"; }
ok "the script ran to its end" [ $status = 0 ]
ok "a guest with one vCPU" has '^one: GUEST cpus 1 memory'
ok "one with two" has '^two: GUEST cpus 2 memory'
ok "one with four" has '^four: GUEST cpus 4 memory'
ok "all at once" has '^listed: 4$'
ok "hvctl vcpus shows each" has '^vcpus: [1-4]$'
ok "a paused guest takes no CPU time" has '^stands-still: yes$'
ok "what is typed reaches its shell" has '^typed: [1-9]'
ok "reboot makes it anew" has '^reboot: Domain one: restarted$'
ok "and counts" has '^restarts: Restarts 1$'
ok "all three shut down when asked" [ "$(grep -c '^shutdown .*has ended' "$out")" = 3 ]
ok "their memory is back" has '^free-after-three: 0$'
ok "a triple fault is a crash with its reason" has '^faults: Last crash .*[Tt]riple fault'
ok "one that crashes at once is not restarted for ever" has '^again: Restarts 2$'
ok "a kernel's panic is a crash" has '^panics: State crashed Reason crash$'
ok "the host does not mind" has '^host: 1$'
ok "what cannot be built is told" [ "$(grep -cE '^(nofile: .*No such file|huge: .*has [0-9]+ MiB free|broken: .*kernel|small: .*needs memory)' "$out")" = 4 ]
ok "and leaves nothing behind" has '^free-after-errors: 0$'
ok "a hundred lives" has '^lives: 100$'
ok "not a frame is lost" has '^free-after-lives: 0$'
ok "a guest outlives its hvd" has '^left: State running$'
ok "the next one can ask it to shut down" has '^left-shutdown: .*has ended'
ok "and gets its last frame" has '^free-after-left: 0$'
done_testing
