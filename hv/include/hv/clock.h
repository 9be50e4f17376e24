/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System time: nanoseconds since hv booted, the same on every CPU, from the TSC. Wall clock: what
 * was UTC at system time 0, read from the RTC at boot, set by the control domain later.
 */
#ifndef HV_CLOCK_H
#define HV_CLOCK_H

#include <hv/compiler.h>
#include <hv/types.h>

/* ns = ns_base + (((tsc - tsc_base) << shift or >> -shift) * mul >> 32), as in Xen's pvclock. */
struct clock_scale {
	uint64_t tsc_base;
	uint64_t ns_base;
	uint32_t mul;
	int8_t shift;
};

/*
 * How the TSC of a domain runs that wants a frequency of its own: its ticks are the host's times
 * multiplier >> fraction_bits. The scale from its ticks to nanoseconds is chosen first, and the
 * multiplier such that both together run as hv's own clock does: to 1 in 2^48 where the multiplier has
 * as many bits of fraction (0.1 us a year), to 1 in 2^33 where it has 32 (4 ms a year).
 */
struct tsc_rate {
	uint32_t khz; /* 0: it is the host's, and nothing else here counts */
	unsigned int fraction_bits;
	uint64_t multiplier;
	uint32_t mul; /* as in struct clock_scale */
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
/*
 * The rate of a domain's TSC; 'khz' 0, or the host's: the host's. -EOPNOTSUPP: another one, and this
 * CPU cannot scale (less than 250 ppm away is taken for the host's then: hv measures, and no two boots
 * measure the same). -EINVAL: so far from the host's that the CPU has no multiplier for it.
 */
int clock_get_tsc_rate(uint32_t khz, struct tsc_rate *ret_rate) __must_check;
/* clock_get_scale() for a vCPU whose TSC runs at this rate. */
void clock_get_guest_scale(const struct tsc_rate *rate, struct clock_scale *ret_scale);
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
/* -EINVAL: the multiplier does not fit into 'bits', 'fraction_bits' of which are behind the point. */
int tsc_rate_init(struct tsc_rate *rate, const struct clock_scale *host, uint32_t khz,
		  unsigned int fraction_bits, unsigned int bits);
uint64_t tsc_rate_apply(const struct tsc_rate *rate, uint64_t host_tsc);
uint64_t clock_days_since_epoch(uint32_t year, uint32_t month, uint32_t day);

/* Busy wait, boot and panic only. */
void clock_delay_us(uint32_t us);

#endif
