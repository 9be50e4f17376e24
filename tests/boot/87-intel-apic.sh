#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An Intel host of a later model than the other tests': how many exits are left when the CPU runs the
# virtual APIC. By hand: VID=on or off for the other ways, MODEL for another processor.
[ "${HV_MACHINE:-vmx}" = vmx ] || { echo "1..0 # SKIP it is about Intel"; exit 0; }
HV_MACHINE=vmx
. "$(dirname "$0")/lib.sh"
. "$here/stubdom-lib.sh"

vid=${VID:-on}
stubdom_prepare
printf '%s\n' 'exits 1 32' 'apic 2 32' >"$work/programs"
: >"$work/kinds"
{
	stubdom_script
	cat <<'END'
# 2,000 interrupts to itself, then 2,000 events, each with its handler's EOI.
for what in self event; do
	vm $what apic 1 32 $what preserve
	wait_for 300 logged $what ' rounds' || echo "hangs $what: $(hvctl vcpus $what | tr '\n' ';')"
	echo "exits $what: $(hvctl vcpus $what --json | sed -n 's/.*"exits": \([0-9]*\).*/\1/p')"
	hvctl destroy $what
done
hvctl capabilities --json | tr -d '\n' | sed 's/.*"features": \[\([^]]*\)\].*/used: \1\n/'
END
} >"$work/script"
boot --cpu "${MODEL:-corei7_skylake_x}" --mem 1024 --hv-args "vid=$vid" "${stubdom_files[@]}" -- "$work/script"
sed 's/^/# seconds: /' "$work/run/report"
exits() { sed -n "s/^exits $1: //p" "$out" | tr -d '\r' | grep . || echo 1000000; }
echo "# exits of 2,000 rounds: self $(exits self), event $(exits event)"
# What each leaves to hv: the interrupt sent, the event sent; no EOI.
case $vid in on) self=0 event=1 ;; careful) self=1 event=1 ;; off) self=2 event=2 ;; esac
ok "the control domain's script ran to its end" [ $status = 0 ]
stubdom_results exits
stubdom_results apic
ok "an interrupt to oneself costs $self exits" [ $(($(exits self) / 1800)) = $self ]
ok "an event to oneself costs $event" [ $(($(exits event) / 1800)) = $event ]
[ "$vid" = off ] || ok "APIC virtualisation is told as used" has '^used: .*"x2apic-virtualisation"'
ok "no message of trouble in hv's log" bash -c '! grep -qE "PANIC|ASSERT|WARN" "$1"' - "$work/run/hv.log"
plan $nr_tests
done_testing
