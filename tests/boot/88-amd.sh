#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An AMD host that tells where an exit's instruction ends and flushes by ASID (Bochs' ryzen; QEMU's has
# neither): guests that exit in all ways, whose nested page tables change, and that get NMIs.
# By hand, PROGRAMS='timers 2 32;store 1 32': other guests of stubdom/tests.
[ "${HV_MACHINE:-svm-bochs}" = svm-bochs ] || { echo "1..0 # SKIP it is about AMD's extras, on Bochs"; exit 0; }
HV_MACHINE=svm-bochs
. "$(dirname "$0")/lib.sh"
. "$here/stubdom-lib.sh"

stubdom_prepare
programs=${PROGRAMS:-exits 1 32 protected;memory 2 64;nmi 2 32;apic 2 32}
tr ';' '\n' <<<"$programs" >"$work/programs"
echo triple >"$work/kinds"
{
	stubdom_script
	echo "hvctl capabilities --json | tr -d '\\n' | sed 's/.*\"features\": \\[\\([^]]*\\)\\].*/used: \\1\\n/'"
} >"$work/script"
boot --mem 1024 "${stubdom_files[@]}" -- "$work/script"
sed 's/^/# seconds: /' "$work/run/report"
ok "the control domain's script ran to its end" [ $status = 0 ]
for name in $(cut -d' ' -f1 "$work/programs") pair-lends pair-borrows; do
	stubdom_results "$name"
done
dies triple "a triple fault" "vCPU 0: triple fault, rip 0x[0-9a-f]+ cr2 0x[0-9a-f]+"
ok "no frame is lost" has '^memory: 0$'
for feature in next-rip flush-by-tag pages-1g; do
	ok "$feature is told as used" has "^used: .*\"$feature\""
done
ok "no message of trouble in hv's log" bash -c '! grep -qE "PANIC|ASSERT|WARN" "$1"' - "$work/run/hv.log"
plan $nr_tests
done_testing
