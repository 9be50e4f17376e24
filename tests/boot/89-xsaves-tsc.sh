#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a later processor has for guests: XSAVES, and a TSC of a rate of their own. On Intel by default, a
# model that has both; HV_MACHINE=svm is for what is said where there is neither, svm-bochs for an AMD
# processor with the one and without the other.
HV_MACHINE=${HV_MACHINE:-vmx}
. "$(dirname "$0")/lib.sh"
. "$here/stubdom-lib.sh"

"$source/dom0/image/build-guest" "$HV_BUILD" "$HV_BUILD/guest" || exit 99
programs=$HV_BUILD/stubdom/tests
# The guest's initrd with one program more.
mkdir "$work/more"
cp "$HV_BUILD/tests/boot/vector-check" "$work/more/"
(. "$source/dom0/image/common.sh" && cat "$HV_BUILD/guest/initrd" && make_cpio "$work/more") >"$work/initrd"

cat >"$work/script" <<'END'
cd /run.d/files
. ./host-lib.sh
vm() { # NAME KERNEL VCPUS MIB CMDLINE [KHZ [INITRD]]
	cat >$1.xml <<XML
<domain type='xen'><name>$1</name><memory unit='MiB'>$4</memory><vcpu>$3</vcpu>
<os><type>xenpvh</type><kernel>$PWD/$2</kernel>${7:+<initrd>$PWD/$7</initrd>}<cmdline>$5</cmdline></os>
${6:+<clock offset='utc'><timer name='tsc' frequency='${6}000'/></clock>}<on_crash>preserve</on_crash></domain>
XML
	hvctl create $1.xml 2>&1 | sed "s/^/create $1: /"
}
over() { gone $1 || hvctl info $1 | grep -qE '^State +(crashed|shutdown)'; }
finish() { # NAME...
	for name; do
		wait_for 100 over $name || echo "hangs $name: $(hvctl vcpus $name | tr '\n' ';')"
		sed "s/^/$name: /" /var/log/hv/console/$name.log
		wait_for 20 gone $name || echo "left $name: $(hvctl info $name | grep -E '^(State|Reason)' | tr '\n' ' ')"
		hvctl destroy $name >/dev/null 2>&1
	done
}
hvctl capabilities --json | tr -d '\n' | sed 's/.*"features": \[\([^]]*\)\].*/used: \1\n/'
khz=$(hvctl capabilities --json | sed -n 's/.*"tsc_khz": \([0-9]*\).*/\1/p')
say khz $khz
say flags "$(grep -m1 ^flags /proc/cpuinfo | tr ' ' '\n' | grep ^xsave)"
dmesg | grep x86/fpu | sed 's/^/dom0: /'
# Two that have their areas at the same addresses, and a control domain with four such processes.
vm xstate xstate 2 32 ''
vm xstate-2 xstate 2 32 ''
./vector-check 4 200
finish xstate xstate-2
# Half the host's rate, half as much again.
slow=$((khz / 2)) fast=$((khz * 3 / 2))
vm slow tsc 1 32 $slow $slow
rate=
if [ -e /var/log/hv/console/slow.log ]; then
	rate=$fast
	finish slow
	vm fast tsc 1 32 $fast $fast
	finish fast
	vm timers timers 2 32 '' $fast
	finish timers
fi
# One that is the host's needs no scaling.
vm same killed 1 32 triple $khz
say same "$(state same)"
hvctl destroy same
say rate ${rate:-$khz}
vm debian vmlinuz 2 128 "console=hvc0 quiet $guest_args run=dmesg|grep,tsc:;dmesg|grep,x86/fpu;/vector-check,4,200" "$rate" initrd
wait_for 900 logged debian '^GUEST done' || { hvctl vcpus debian; tail -n 5 /var/log/hv/console/debian.log; }
grep -aE '^GUEST|^vectors|tsc:|x86/fpu' /var/log/hv/console/debian.log | tr -d '\r' | sed 's/^/debian: /'
hvctl destroy debian
END
options=()
[ $machine != vmx ] || options=(--cpu "${MODEL:-corei7_skylake_x}")
for name in xstate tsc timers killed; do options+=(--with "$programs/$name/$name"); done
boot "${options[@]}" --mem 1024 --with "$HV_BUILD/tests/boot/vector-check" \
	--with "$HV_BUILD/guest/vmlinuz" --with "$work/initrd" -- "$work/script"
sed 's/^/# seconds: /' "$work/run/report"
grep -aE '^(khz|rate|used|flags|dom0|debian): ' "$out" | sed 's/^/# /'
uses() { has "^used: .*\"$1\""; }

ok "the control domain's script ran to its end" [ $status = 0 ]
if uses xsaves; then
	ok "the control domain has XSAVES" has '^flags: .*xsaves'
	ok "and saves by it" has "^dom0: .*compacted"
	ok "the guest saves by it" has "^debian: .*compacted"
else
	ok "no XSAVES, none shown" lacks '^flags: .*xsaves'
fi
stubdom_results xstate
stubdom_results xstate-2
ok "the control domain's processes keep their vectors" has '^vectors kept, .* 4 processes, 200 rounds'
ok "and so do a guest's" has '^debian: vectors kept, .* 4 processes, 200 rounds'
khz=$(sed -n 's/^khz: //p' "$out" | tr -d '\r')
mhz() { printf '%d\\.%03d' $(($1 / 1000)) $(($1 % 1000)); }
if uses tsc-scaling; then
	stubdom_results slow
	stubdom_results fast
	stubdom_results timers
	ok "Debian runs at another rate" has "^rate: $((khz * 3 / 2))"
else
	ok "another rate is refused, with the reason" \
		has "^create slow: .*wants a TSC of $((khz / 2)) kHz, the host's runs at $khz kHz, and its processor has no TSC scaling"
fi
rate=$(sed -n 's/^rate: //p' "$out" | tr -d '\r')
# Its own reckoning, from a scale of 32 bits, may be one less.
ok "and Debian says which" has "^debian: .*tsc: Detected ($(mhz "${rate:-0}")|$(mhz $((${rate:-1} - 1)))) MHz"
ok "the host's own rate is nothing special" has '^same: (running|crashed|shutdown)'
ok "no message of trouble in hv's log" bash -c '! grep -qE "PANIC|ASSERT|WARN" "$1"' - "$work/run/hv.log"
plan $nr_tests
done_testing
