/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System time: nanoseconds since hv booted, the same on every CPU, from the TSC. Wall clock: what
 * was UTC at system time 0, read from the RTC at boot, set by the control domain later.
 */
#ifndef HV_CLOCK_H
#define HV_CLOCK_H

#include <hv/types.h>

/* ns = ns_base + (((tsc - tsc_base) << shift or >> -shift) * mul >> 32), as in Xen's pvclock. */
struct clock_scale {
	uint64_t tsc_base;
	uint64_t ns_base;
	uint32_t mul;
	int8_t shift;
};

void clock_init(void);	   /* calibrates the TSC; boot CPU */
uint64_t clock_ns(void);   /* this CPU, now; monotonic per CPU */
uint64_t clock_tsc(void);
uint32_t clock_tsc_khz(void);
uint64_t clock_ticks_to_ns(uint64_t ticks); /* a distance */
bool clock_tsc_is_stable(void); /* all CPUs' TSCs agree and never stop */
/* The scale of the CPU we run on: what a pvclock page of a vCPU running here must hold. */
void clock_get_scale(struct clock_scale *ret_scale);
/* TSC value at which system time 'ns' is reached on this CPU (for a deadline timer). */
uint64_t clock_ns_to_tsc(uint64_t ns);

void clock_get_wall_base(uint64_t *ret_sec, uint32_t *ret_nsec); /* UTC at system time 0 */
void clock_set_wall_base(uint64_t sec, uint32_t nsec);

/* A CPU that starts compares its TSC with the boot CPU's: both call at the same time. */
void clock_compare_as_boot_cpu(uint32_t cpu_id);
void clock_compare_as_new_cpu(uint32_t cpu_id);

/* Pure parts. */
void clock_scale_init(struct clock_scale *scale, uint32_t khz); /* mul and shift */
uint64_t clock_scale_ns(const struct clock_scale *scale, uint64_t tsc);
uint64_t clock_days_since_epoch(uint32_t year, uint32_t month, uint32_t day);

/* Busy wait, boot and panic only. */
void clock_delay_us(uint32_t us);

#endif
