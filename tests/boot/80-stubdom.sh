#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The freestanding guests of stubdom/tests by themselves: exits, APIC, timers, events, grants, memory.
. "$(dirname "$0")/lib.sh"
. "$here/stubdom-lib.sh"
stubdom_prepare
stubdom_script >"$work/script"
boot --mem 1536 --timeout 1100 "${stubdom_files[@]}" -- "$work/script"
ok "the control domain's script ran to its end" [ $status = 0 ]
stubdom_check
plan $nr_tests
done_testing
