#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts on which hv cannot run: it says why on its console and halts.
. "$(dirname "$0")/lib.sh"
plan 5
log=$work/run/hv.log

boot --qemu-args '-cpu qemu64,-svm' --command true
ok "a processor without SVM is named" grep -qiE 'no (hardware )?virtuali[sz]ation|SVM' "$log"
ok "the host is reported as gone" [ $status = 125 ]
ok "and the control domain does not start" bash -c '! grep -q "Linux version" "$1"' - "$log"

boot --qemu-args '-cpu qemu64,+svm,-npt' --command true
ok "a processor without nested paging is named" grep -qiE 'nested pag|NPT' "$log"

boot --mem 512 --dom0-mem 4096 --command true
ok "more control domain than memory is named" grep -qiE 'memory' "$log"
done_testing
