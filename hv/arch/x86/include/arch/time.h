/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The platform's clocks, as far as hv needs them at boot. */
#ifndef ARCH_TIME_H
#define ARCH_TIME_H

#include <hv/types.h>

/* TSC ticks per millisecond, measured; 0: there is nothing to measure it with. */
uint32_t arch_calibrate_tsc_khz(void);
/* The CPU promises that its TSC neither stops nor changes its rate. */
bool arch_tsc_is_invariant(void);
/* Seconds since 1970 (UTC) from the RTC; 0: it holds no valid time. */
uint64_t arch_read_rtc(void);

#endif
