#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An Intel host of a later model than the other tests', with two processors: how many exits are left when
# the CPU runs the virtual APIC, and takes posted interrupts over in the guest. By hand: VID=off or
# POSTED=off for the other ways, MODEL for another processor.
[ "${HV_MACHINE:-vmx}" = vmx ] || { echo "1..0 # SKIP it is about Intel"; exit 0; }
HV_MACHINE=vmx
. "$(dirname "$0")/lib.sh"
. "$here/stubdom-lib.sh"

vid=${VID:-on} posted=${POSTED:-on}
stubdom_prepare
printf '%s\n' 'exits 1 32' 'apic 2 32' 'posted 2 32' >"$work/programs"
: >"$work/kinds"
{
	stubdom_script
	cat <<'END'
exits() { hvctl vcpus $1 --json | sed -n 's/.*"exits": \([0-9]*\).*/\1/p' | sed -n "$2p"; }
# 2,000 interrupts to itself, then 2,000 events, each with its handler's EOI.
for what in self event; do
	vm $what apic 1 32 $what preserve
	wait_for 300 logged $what ' rounds' || echo "hangs $what: $(hvctl vcpus $what | tr '\n' ';')"
	echo "exits $what: $(exits $what 1)"
	hvctl destroy $what
done
# The same from one vCPU to another, which is busy: what it costs that one.
for what in ipis events; do
	vm $what posted 2 32 $what preserve
	wait_for 300 logged $what ' rounds' || echo "hangs $what: $(hvctl vcpus $what | tr '\n' ';')"
	! logged $what lost || echo "lost: $what"
	echo "exits $what: $(exits $what 2)"
	hvctl destroy $what
done
# Paused and taken away while interrupts are on their way.
vm storm posted 2 32 storm preserve
wait_for 60 logged storm storms || echo "hangs storm"
for i in 1 2 3 4 5; do
	hvctl pause storm
	is storm paused && before=$(exits storm 1)
	pause
	[ "$(exits storm 1)" = "$before" ] && echo "storm: stands still"
	hvctl resume storm
	more() { [ "$(exits storm 1)" -gt $before ]; }
	wait_for 20 more && echo "storm: goes on"
done
hvctl destroy storm
wait_for 20 gone storm && echo "storm: gone"
hvctl capabilities --json | tr -d '\n' | sed 's/.*"features": \[\([^]]*\)\].*/used: \1\n/'
END
} >"$work/script"
boot --cpu "${MODEL:-corei7_skylake_x}" --cpus 2 --mem 1024 --hv-args "vid=$vid posted=$posted" "${stubdom_files[@]}" -- "$work/script"
sed 's/^/# seconds: /' "$work/run/report"
exits() { sed -n "s/^exits $1: //p" "$out" | tr -d '\r' | grep . || echo 1000000; }
echo "# exits of 2,000 rounds: self $(exits self), event $(exits event); of another vCPU's: ipis $(exits ipis), events $(exits events)"
# What each leaves to hv: the interrupt sent, the event sent; no EOI. At the other end: the interrupt.
case $vid in on) self=0 event=1 other=1 ;; off) self=2 event=2 other=2 posted=off ;; esac
[ $posted = off ] || other=0
ok "the control domain's script ran to its end" [ $status = 0 ]
for name in exits apic posted; do stubdom_results $name; done
spins_are_over
ok "no frame is lost" has '^memory: 0$'
ok "an interrupt to oneself costs $self exits" [ $(($(exits self) / 1800)) = $self ]
ok "an event to oneself costs $event" [ $(($(exits event) / 1800)) = $event ]
[ "$vid" = off ] || ok "APIC virtualisation is told as used" has '^used: .*"x2apic-virtualisation"'
if [ $posted = on ] && has '^used: ' && lacks '^used: .*"posted-interrupts"'; then
	skip "posted interrupts are told as used" "this processor has none"
	other=1
else
	[ $posted = off ] || ok "posted interrupts are told as used" has '^used: .*"posted-interrupts"'
fi
ok "an interrupt from another vCPU costs $other" [ $(($(exits ipis) / 1800)) = $other ]
ok "an event from another vCPU costs $other" [ $(($(exits events) / 1800)) = $other ]
ok "none of them is lost" lacks '^lost|^hangs'
ok "a pause holds a vCPU in the storm" [ "$(grep -c '^storm: stands still' "$out")" = 5 ]
ok "afterwards it goes on" [ "$(grep -c '^storm: goes on' "$out")" = 5 ]
ok "and it can be taken away" has '^storm: gone'
ok "no message of trouble in hv's log" bash -c '! grep -qE "PANIC|ASSERT|WARN" "$1"' - "$work/run/hv.log"
plan $nr_tests
done_testing
