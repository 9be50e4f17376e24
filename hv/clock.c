/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System time from the TSC. The boot CPU measures its frequency against a timer of the chipset
 * (arch_calibrate_tsc_khz) and fixes the scale; every other CPU is compared with it when it starts
 * and gets its own base when its TSC differs, so that system time is the same everywhere.
 */
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/errno.h>
#include <hv/panic.h>
#include <hv/spinlock.h>

/* Below this many nanoseconds, two TSCs are taken for equal: the comparison sees no better. */
#define SAME_NS 1000

static uint32_t tsc_khz; /* 0: not calibrated, system time stands at 0 */
static struct clock_scale boot_scale;
static int64_t tsc_offset[NR_CPUS]; /* this CPU's TSC minus the boot CPU's */
static bool stable;

static struct spinlock wall_lock = SPINLOCK_INIT;
static uint64_t wall_sec;
static uint32_t wall_nsec;

uint64_t clock_tsc(void)
{
	return arch_tsc();
}

/* (ticks * mul >> 32) after the shift, with all 96 bits of the product. */
static uint64_t scale_ticks(uint64_t ticks, uint32_t mul, int8_t shift)
{
	ticks = shift < 0 ? ticks >> -shift : ticks << shift;
	return (uint64_t)((unsigned __int128)ticks * mul >> 32);
}

uint64_t clock_scale_ns(const struct clock_scale *scale, uint64_t tsc)
{
	/* A TSC a little behind the base's (another CPU's, corrected) is no reason to overflow. */
	if ((int64_t)(tsc - scale->tsc_base) < 0)
		return scale->ns_base;
	return scale->ns_base + scale_ticks(tsc - scale->tsc_base, scale->mul, scale->shift);
}

/* ns per tick = 10^6 / khz, brought into [1/2, 1) by the shift, so that mul has all 32 bits. */
void clock_scale_init(struct clock_scale *scale, uint32_t khz)
{
	uint64_t num = 1000000, den = khz;
	int8_t shift = 0;

	while (num >= den) {
		den <<= 1;
		shift++;
	}
	while (num << 1 < den) {
		num <<= 1;
		shift--;
	}
	scale->mul = (uint32_t)((num << 32) / den);
	scale->shift = shift;
}

uint64_t clock_ns(void)
{
	if (!tsc_khz)
		return 0;
	return clock_scale_ns(&boot_scale, arch_tsc() - (uint64_t)tsc_offset[this_cpu()->id]);
}

uint64_t clock_ticks_to_ns(uint64_t ticks)
{
	return scale_ticks(ticks, boot_scale.mul, boot_scale.shift);
}

uint32_t clock_tsc_khz(void)
{
	return tsc_khz;
}

bool clock_tsc_is_stable(void)
{
	return stable;
}

void clock_get_scale(struct clock_scale *ret_scale)
{
	*ret_scale = boot_scale;
	ret_scale->tsc_base += (uint64_t)tsc_offset[this_cpu()->id];
}

/* ---- TSCs of another rate ---- */

/* Nearest to (a << shift) / b, 32 bits of it at a time. false: it takes more than 64. */
static bool shift_divide(uint32_t a, unsigned int shift, uint32_t b, uint64_t *ret)
{
	unsigned __int128 n = (unsigned __int128)a << shift, quotient = 0;
	uint64_t rest = 0;
	int i;

	for (i = 3; i >= 0; i--) {
		rest = rest << 32 | (uint32_t)(n >> 32 * i);
		quotient = quotient << 32 | rest / b;
		rest %= b;
	}
	if (rest >= b - rest)
		quotient++;
	*ret = (uint64_t)quotient;
	return !(quotient >> 64);
}

/* Host ns a tick over guest ns a tick: both are mul << shift, in the same unit. */
int tsc_rate_init(struct tsc_rate *rate, const struct clock_scale *host, uint32_t khz,
		  unsigned int fraction_bits, unsigned int bits)
{
	struct clock_scale guest = { 0 };
	uint64_t multiplier;
	int shift;

	if (!khz)
		return -EINVAL;
	clock_scale_init(&guest, khz);
	shift = (int)fraction_bits + host->shift - guest.shift;
	if (shift < 0 || shift > 95 ||
	    !shift_divide(host->mul, (unsigned int)shift, guest.mul, &multiplier))
		return -EINVAL;
	if (!multiplier || (bits < 64 && multiplier >> bits))
		return -EINVAL;
	*rate = (struct tsc_rate){ .khz = khz,
				   .fraction_bits = fraction_bits,
				   .multiplier = multiplier,
				   .mul = guest.mul,
				   .shift = guest.shift };
	return 0;
}

/* As the CPU does: the low 64 bits of what is left of all 128. */
uint64_t tsc_rate_apply(const struct tsc_rate *rate, uint64_t host_tsc)
{
	return (uint64_t)((unsigned __int128)host_tsc * rate->multiplier >> rate->fraction_bits);
}

int clock_get_tsc_rate(uint32_t khz, struct tsc_rate *ret_rate)
{
	unsigned int fraction_bits, bits = arch_tsc_multiplier_bits(&fraction_bits);
	uint64_t difference = khz > tsc_khz ? khz - tsc_khz : tsc_khz - khz;

	if (!khz || khz == tsc_khz || (!bits && difference * 4000 <= tsc_khz)) {
		*ret_rate = (struct tsc_rate){ 0 };
		return 0;
	}
	if (!bits)
		return -EOPNOTSUPP;
	return tsc_rate_init(ret_rate, &boot_scale, khz, fraction_bits, bits);
}

void clock_get_guest_scale(const struct tsc_rate *rate, struct clock_scale *ret_scale)
{
	clock_get_scale(ret_scale);
	if (!rate->khz)
		return;
	ret_scale->tsc_base = tsc_rate_apply(rate, ret_scale->tsc_base);
	ret_scale->mul = rate->mul;
	ret_scale->shift = rate->shift;
}

/* Relative to now: the rounding of the scale must not add up over the weeks. */
uint64_t clock_ns_to_tsc(uint64_t ns)
{
	uint64_t now_tsc = arch_tsc(), now_ns = clock_ns(), ahead;

	if (ns <= now_ns)
		return now_tsc;
	ahead = MIN(ns - now_ns, 1ull << 50); /* 13 days */
	return now_tsc + ahead / 1000000 * tsc_khz + ahead % 1000000 * tsc_khz / 1000000 + 1;
}

void clock_delay_us(uint32_t us)
{
	uint64_t start = arch_tsc();
	/* Uncalibrated: 4 GHz is guessed, rather too long than too short. */
	uint64_t ticks = (uint64_t)us * (tsc_khz ? tsc_khz : 4000000) / 1000;

	while (arch_tsc() - start < ticks)
		__builtin_ia32_pause();
}

/* ---- wall clock ---- */

void clock_get_wall_base(uint64_t *ret_sec, uint32_t *ret_nsec)
{
	spin_lock(&wall_lock);
	*ret_sec = wall_sec;
	*ret_nsec = wall_nsec;
	spin_unlock(&wall_lock);
}

void clock_set_wall_base(uint64_t sec, uint32_t nsec)
{
	spin_lock(&wall_lock);
	wall_sec = sec;
	wall_nsec = nsec;
	spin_unlock(&wall_lock);
}

/* Days since 1970-01-01 of a date in the Gregorian calendar; years begin in March here. */
uint64_t clock_days_since_epoch(uint32_t year, uint32_t month, uint32_t day)
{
	uint64_t y = month > 2 ? year : year - 1;
	uint64_t m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* ---- start ---- */

void clock_init(void)
{
	uint64_t now_sec, up_ns;

	tsc_khz = arch_calibrate_tsc_khz();
	if (!tsc_khz)
		boot_refuse("no timer of the chipset works: the CPU's clock cannot be measured\n");
	clock_scale_init(&boot_scale, tsc_khz);
	boot_scale.tsc_base = arch_tsc();
	stable = arch_tsc_is_invariant();
	now_sec = arch_read_rtc();
	up_ns = clock_ns();
	if (now_sec) {
		now_sec -= up_ns / NSEC_PER_SEC + (up_ns % NSEC_PER_SEC ? 1 : 0);
		clock_set_wall_base(now_sec, (uint32_t)(NSEC_PER_SEC - up_ns % NSEC_PER_SEC) %
						     (uint32_t)NSEC_PER_SEC);
	} else {
		log_warning("the RTC holds no time: wall clock starts at 1970\n");
	}
	log_info("clock: TSC at %u.%03u MHz, %s\n", tsc_khz / 1000, tsc_khz % 1000,
		 stable ? "never stops" : "may stop or change its rate");
}

/* ---- comparison of TSCs: the new CPU and the boot CPU, at the same time ---- */

#define NR_ROUNDS 64u

static struct {
	uint32_t turn;	   /* odd: the boot CPU is to answer; atomic */
	uint64_t boot_tsc; /* its answer */
} ping;

void clock_compare_as_boot_cpu(uint32_t cpu_id)
{
	uint32_t i;

	for (i = 0; i < NR_ROUNDS; i++) {
		while (__atomic_load_n(&ping.turn, __ATOMIC_ACQUIRE) != 2 * i + 1)
			__builtin_ia32_pause();
		ping.boot_tsc = arch_tsc();
		__atomic_store_n(&ping.turn, 2 * i + 2, __ATOMIC_RELEASE);
	}
	/* The new CPU says that it has read the last answer and set its offset. */
	while (__atomic_load_n(&ping.turn, __ATOMIC_ACQUIRE) != 2 * NR_ROUNDS + 1)
		__builtin_ia32_pause();
	__atomic_store_n(&ping.turn, 0, __ATOMIC_RELEASE);
	if (tsc_offset[cpu_id]) {
		if (stable)
			log_warning("clock: CPU %u's TSC is off by %ld ticks\n", cpu_id,
				    tsc_offset[cpu_id]);
		stable = false;
	}
}

/* The best of some rounds is the one that took the shortest: its middle is the boot CPU's time. */
void clock_compare_as_new_cpu(uint32_t cpu_id)
{
	uint64_t before, after, best = UINT64_MAX;
	int64_t offset = 0, bound;
	uint32_t i;

	for (i = 0; i < NR_ROUNDS; i++) {
		before = arch_tsc();
		__atomic_store_n(&ping.turn, 2 * i + 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(&ping.turn, __ATOMIC_ACQUIRE) != 2 * i + 2)
			__builtin_ia32_pause();
		after = arch_tsc();
		if (after - before < best) {
			best = after - before;
			offset = (int64_t)(before + (after - before) / 2 - ping.boot_tsc);
		}
	}
	/* What lies within the uncertainty of the measurement is no difference. */
	bound = (int64_t)MAX(best / 2, (uint64_t)tsc_khz * SAME_NS / 1000000);
	tsc_offset[cpu_id] = offset > bound || offset < -bound ? offset : 0;
	__atomic_store_n(&ping.turn, 2 * NR_ROUNDS + 1, __ATOMIC_RELEASE);
}
