#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts on which hv cannot run: it says exactly why on its console, and halts. What no emulator has (a
# firmware that switched it off) is in tests/unit/test_svm.c and test_caps.c.
. "$(dirname "$0")/lib.sh"
plan 11
log=$work/run/hv.log
says() { grep -qF "cannot run on this host: $1" "$log"; }

boot --alone --qemu-args '-cpu qemu64,-svm' --command true
ok "a processor without SVM is named" says "this CPU has neither AMD-V (SVM) nor VT-x (VMX), or the firmware hides it"
ok "the host is reported as gone" [ $status = 125 ]

boot --qemu-args '-cpu qemu64,+svm,-npt' --command true
ok "a processor without nested paging is named" says "this CPU has AMD-V (SVM) without nested paging (NPT)"
ok "and the control domain does not start" bash -c '! grep -q "Linux version" "$1"' - "$log"

boot --mem 512 --dom0-mem 4096 --command true
ok "more control domain than memory is named" grep -qiE 'memory' "$log"

boot --alone --command true
ok "so is a menu entry without a control domain" grep -q "GRUB loaded no control-domain kernel" "$log"

boot --machine vmx --cpus 1 --mem 512 --alone --cpu p4_prescott_celeron_336 --command true
ok "an Intel processor without VMX is named" says "this CPU has neither AMD-V (SVM) nor VT-x (VMX), or the firmware hides it"
ok "the host is reported as gone there, too" [ $status = 125 ]

boot --machine vmx --cpus 1 --mem 512 --alone --cpu core2_penryn_t9600 --command true
ok "one with VMX but without EPT" says "this CPU has VT-x (VMX) without extended page tables (EPT)"
boot --machine vmx --cpus 1 --mem 512 --alone --command true
ok "one with both is taken" grep -qE "virtualisation: vmx, nested paging" "$log"
ok "up to what is missing then" grep -q "GRUB loaded no control-domain kernel" "$log"
done_testing
