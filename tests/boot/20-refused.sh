#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts on which hv cannot run: it says why on its console and halts.
. "$(dirname "$0")/lib.sh"
plan 4
log=$work/run/hv.log

boot --timeout 12 --qemu-args '-cpu qemu64,-svm' --command true
ok "a processor without SVM is named" grep -qiE 'no (hardware )?virtuali[sz]ation|SVM' "$log"
ok "and the control domain does not start" bash -c '! grep -q "Linux version" "$1"' - "$log"

boot --timeout 12 --qemu-args '-cpu qemu64,+svm,-npt' --command true
ok "a processor without nested paging is named" grep -qiE 'nested pag|NPT' "$log"

boot --timeout 20 --mem 512 --dom0-mem 4096 --command true
ok "more control domain than memory is named" grep -qiE 'memory' "$log"
done_testing
