#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An Intel host, in one boot of Bochs: Debian as control domain, the freestanding guests of
# stubdom/tests, what ends a guest, then Debian guests with one and two vCPUs, disk and network.
[ "${HV_MACHINE:-vmx}" = vmx ] || { echo "1..0 # SKIP it is about Intel"; exit 0; }
HV_MACHINE=vmx
. "$(dirname "$0")/lib.sh"
. "$here/stubdom-lib.sh"

"$source/dom0/image/build-guest" "$HV_BUILD" "$HV_BUILD/guest" || exit 99
stubdom_prepare
{
	stubdom_script
	cat <<'END'
debian() { # NAME MIB VCPUS CMDLINE [DEVICES]
	cat >$1.xml <<XML
<domain type='xen'><name>$1</name><memory unit='MiB'>$2</memory><vcpu>$3</vcpu>
<os><type>xenpvh</type><kernel>$PWD/vmlinuz</kernel><initrd>$PWD/initrd</initrd>
<cmdline>console=hvc0 quiet $guest_args $4</cmdline></os><on_crash>preserve</on_crash>
<devices>$5</devices></domain>
XML
	hvctl create $1.xml 2>&1 | sed "s/^/create $1: /"
}
what_is_wrong() {
	echo "$1 is $(state $1):"
	tail -n 5 /var/log/hv/console/$1.log
	hvctl vcpus $1
}
ip link add br0 type bridge && ip addr add 10.77.0.1/24 dev br0 && ip link set br0 up
dd if=/dev/zero of=/tmp/data.img bs=1 count=1 seek=8388607 2>/dev/null

# Two at once: one with a disk and a network, one that panics when it is done.
debian two 128 2 'ip=10.77.0.2/24 ping=10.77.0.1 disktest=/dev/xvda' "
<disk type='file' device='disk'><driver name='file' type='raw'/><source file='/tmp/data.img'/><target dev='xvda' bus='xen'/></disk>
<interface type='bridge'><source bridge='br0'/></interface>"
debian one 128 1 crash ''
say listed "$(hvctl list | grep -c running)"
wait_for 900 logged one '^GUEST done' || what_is_wrong one
wait_for 300 is one crashed || what_is_wrong one
say one-crashed "$(hvctl info one | grep -E '^(State|Reason)')"
wait_for 900 logged two '^GUEST done' || what_is_wrong two
for name in one two; do grep -a '^GUEST' /var/log/hv/console/$name.log | tr -d '\r' | sed "s/^/$name: /"; done
say sum "$(dd if=/tmp/data.img bs=64k skip=16 count=64 2>/dev/null | md5sum)"
say pinged "$(ping -q -c 2 10.77.0.2 | grep transmitted)"

# One goes by itself, one is taken away in the middle of its start.
hvctl shutdown --wait --timeout 300 two 2>&1 | sed 's/^/shutdown: /'
hvctl destroy one
wait_for 60 sh -c "[ \$(hvctl list | grep -c .) = 2 ]"
start=$(free)
debian one 128 1 '' ''
wait_for 300 logged one . || what_is_wrong one
hvctl destroy one
for i in 1 2 3 4 5 6 7 8; do
	vm life$i killed 2 32 triple destroy
	wait_for 100 gone life$i || echo "left: life$i"
done
wait_for 60 sh -c "[ \$(hvctl list | grep -c .) = 2 ]"
say frames-lost $(($(free) - start))
say host "$(hvctl list | grep -c '^Domain-0 .*running')"
say features "$(hvctl capabilities | tr '\n' ' ')"
END
} >"$work/script"
boot --mem 1536 \
	--with "$HV_BUILD/guest/vmlinuz" --with "$HV_BUILD/guest/initrd" "${stubdom_files[@]}" -- "$work/script"
sed 's/^/# seconds: /' "$work/run/report"
ok "the control domain's script ran to its end" [ $status = 0 ]
stubdom_check
ok "two Debian guests run at once" has '^listed: [23]$'
ok "one vCPU" has '^one: GUEST cpus 1 '
ok "two vCPUs" has '^two: GUEST cpus 2 '
sum=$(sed -n 's/^two: GUEST disk ok [^ ]* //p' "$out" | tr -d '\r')
ok "a disk holds what the guest wrote" has "^sum: ${sum:-none} "
ok "a guest pings its control domain" has '^two: GUEST ping ok'
ok "and is pinged" has '^pinged: 2 packets transmitted, 2 '
ok "a panic is told as such" has '^one-crashed: State crashed Reason crash$'
ok "shutdown ends a guest" bash -c '! grep -q "^shutdown: .*error" "$1"' - "$out"
ok "eight lives later no frame is missing" has '^frames-lost: 0$'
ok "and the control domain runs" has '^host: 1$'
ok "what hv uses is told" has '^features: .*EPT'
ok "no message of trouble in hv's log" bash -c '! grep -qE "PANIC|ASSERT|WARN" "$1"' - "$work/run/hv.log"
plan $nr_tests
done_testing
