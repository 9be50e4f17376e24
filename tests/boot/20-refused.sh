#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts on which hv cannot run: it says exactly why on its console, and halts. What no emulator has (a
# firmware that switched it off) is in tests/unit/test_svm.c and test_caps.c.
. "$(dirname "$0")/lib.sh"
[ $machine = svm ] && plan 6 || plan 7
log=$work/run/hv.log
says() { grep -qF "cannot run on this host: $1" "$log"; }

case $machine in
svm) neither=qemu64,-svm no_nesting=qemu64,+svm,-npt what="AMD-V (SVM) without nested paging (NPT)" ;;
vmx) neither=p4_prescott_celeron_336 no_nesting=core2_penryn_t9600 what="VT-x (VMX) without extended page tables (EPT)" ;;
svm-bochs) neither=athlon64_venice no_nesting=turion64_tyler what="AMD-V (SVM) without nested paging (NPT)" ;;
esac
boot --alone --cpu $neither --command true
ok "a processor without either vendor's virtualisation is named" \
	says "this CPU has neither AMD-V (SVM) nor VT-x (VMX), or the firmware hides it"
ok "the host is reported as gone" [ $status = 125 ]

boot --cpu $no_nesting --command true
ok "one without nested paging" says "this CPU has $what"
ok "and the control domain does not start" bash -c '! grep -q "Linux version" "$1"' - "$log"

boot --mem 512 --dom0-mem 4096 --command true
ok "more control domain than memory is named" grep -qiE 'memory' "$log"

boot --alone --command true
ok "so is a menu entry without a control domain" grep -q "GRUB loaded no control-domain kernel" "$log"

[ $machine = svm ] || ok "when virtualisation has been found" grep -qE "virtualisation: ${machine%-bochs}, nested paging" "$log"
done_testing
