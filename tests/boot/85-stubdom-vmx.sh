#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The freestanding guests of stubdom/tests on an Intel host: exits, APIC, timers, events, grants, memory.
. "$(dirname "$0")/lib.sh"
. "$here/stubdom-lib.sh"
run_stubdoms vmx
done_testing
