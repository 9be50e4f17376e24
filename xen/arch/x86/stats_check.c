// SPDX-License-Identifier: GPL-2.0-or-later
/* The reasons for an exit are counted under the numbers that the statistics pages publish. */
#include <arch/virt.h>

#include <hvabi/stats.h>

#define CHECK(reason) _Static_assert((int)EXIT_##reason == (int)HVABI_EXIT_##reason, #reason)

CHECK(INTERRUPT);
CHECK(WINDOW);
CHECK(CPUID);
CHECK(HLT);
CHECK(MSR_READ);
CHECK(MSR_WRITE);
CHECK(IO);
CHECK(HYPERCALL);
CHECK(NESTED_FAULT);
CHECK(XSETBV);
CHECK(CACHE);
CHECK(EXCEPTION);
CHECK(TRIPLE_FAULT);
CHECK(UNDEFINED);
CHECK(PRIVILEGED);
CHECK(INVALID);
CHECK(UNKNOWN);
CHECK(CONTROL_REGISTER);
CHECK(APIC);
_Static_assert((int)NR_EXIT_REASONS <= (int)HVABI_STATS_EXITS, "no counter for an exit's reason");
