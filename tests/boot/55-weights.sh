#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two guests that compute without end share one processor by their weights, and the control domain
# gets its turn all the same. Counted in CPU time that hv has accounted, on a host that counts
# instructions: by the clock a busy machine takes its time away from whoever runs just then.
. "$(dirname "$0")/lib.sh"
plan 3

"$source/dom0/image/build-guest" "$HV_BUILD" "$HV_BUILD/guest" >&2 || exit 1

cat >"$work/script" <<'END'
. ./host-lib.sh
vm() { # NAME SHARES
	cat >$1.xml <<XML
<domain type='xen'><name>$1</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
<cputune><shares>$2</shares></cputune>
<os><type>xenpvh</type><kernel>$PWD/vmlinuz</kernel><initrd>$PWD/initrd</initrd>
<cmdline>console=hvc0 quiet $guest_args</cmdline></os></domain>
XML
}
# All domains and their milliseconds, of one moment: two answers are long apart on a slow machine.
cpu_ms() { echo $(hvctl list --json | sed -n 's/.*"name": "\(.*\)",*$/\1/p; s/.*"cpu_time_ns": \([0-9]*\)[0-9]\{6\},*$/\1/p'); }
of() { echo " $2 " | sed -n "s/.* $1 \([0-9]*\) .*/\1/p"; }
grown() { after=$(cpu_ms); [ $(($(of heavy "$after") - $(of heavy "$before"))) -ge 3000 ]; }

vm light 256; vm heavy 768
for g in light heavy; do hvctl create $g.xml; wait_for 120 logged $g '^GUEST done' || exit 3; done
for g in light heavy; do echo 'while :; do :; done' | hvctl console --idle 2 $g >/dev/null; done
before=$(cpu_ms)
wait_for 200 grown
light=$(($(of light "$after") - $(of light "$before"))) heavy=$(($(of heavy "$after") - $(of heavy "$before")))
echo "light $light ms heavy $heavy ms"
# 3 : 1, to within a tenth: whole slices.
[ $((heavy * 10)) -ge $((light * 27)) ] && [ $((heavy * 10)) -le $((light * 33)) ] && echo shares-by-weight
hvctl destroy light; hvctl destroy heavy
END
# Bochs counts instructions anyway.
[ $machine = svm ] && options=(--icount) || options=(--cpus 1)
boot "${options[@]}" --timeout 1200 --with "$HV_BUILD/guest/vmlinuz" --with "$HV_BUILD/guest/initrd" -- "$work/script"
ok "the control domain kept up" [ $status = 0 ]
ok "both computed" grep -qE '^light [1-9][0-9]+ ms heavy [1-9][0-9]+ ms' "$out"
ok "three shares get three times as much as one" grep -qx shares-by-weight "$out"
done_testing
