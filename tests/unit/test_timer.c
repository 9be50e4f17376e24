/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers and the clock that they go by. */
#include <pthread.h>
#include <stdlib.h>

#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/cpu.h>
#include <hv/timer.h>

#include <arch/fake.h>

#include "unit.h"

static unsigned int fired;
static uint64_t last_deadline;

static void count(struct timer *t)
{
	fired++;
	CU_ASSERT(t->deadline_ns >= last_deadline);
	CU_ASSERT(t->deadline_ns <= clock_ns());
	last_deadline = t->deadline_ns;
}

static void start(void)
{
	fake_machine(1 << 20, 2);
	fake_tsc = 1000;
	clock_init();
	timer_cpu_init(cpus[0]);
	timer_cpu_init(cpus[1]);
	fired = 0;
	last_deadline = 0;
}

static void at(uint64_t ns)
{
	fake_tsc = 1000 + ns;
	CU_ASSERT_EQUAL(clock_ns(), ns);
}

static void timers_fire_in_order_and_not_early(void)
{
	static struct timer timers[500];
	unsigned int i;

	start();
	srandom(3);
	for (i = 0; i < 500; i++) {
		timer_init(&timers[i], count);
		timer_set(&timers[i], 1000 + (uint64_t)random() % 1000);
	}
	at(999);
	timer_run_queue();
	CU_ASSERT_EQUAL(fired, 0);
	for (i = 1000; i < 2000; i += 10) {
		at(i);
		timer_run_queue();
	}
	at(2000);
	while (this_cpu()->work & CPU_TIMER) {
		this_cpu()->work = 0;
		timer_run_queue();
	}
	timer_run_queue();
	CU_ASSERT_EQUAL(fired, 500);
	CU_ASSERT_PTR_NULL(this_cpu()->timers.root);
}

static void hardware_is_set_to_the_earliest(void)
{
	struct timer a, b;

	start();
	timer_init(&a, count);
	timer_init(&b, count);
	timer_set(&a, 5000);
	CU_ASSERT_EQUAL(this_cpu()->arch.timer_ns, 5000);
	timer_set(&b, 3000);
	CU_ASSERT_EQUAL(this_cpu()->arch.timer_ns, 3000);
	timer_cancel(&b);
	at(3000);
	timer_run_queue();
	CU_ASSERT_EQUAL(fired, 0);
	CU_ASSERT_EQUAL(this_cpu()->arch.timer_ns, 5000);
	timer_kill(&a);
}

static void cancelled_in_any_order_none_fires(void)
{
	static struct timer timers[300];
	unsigned int i;

	start();
	for (i = 0; i < 300; i++) {
		timer_init(&timers[i], count);
		timer_set(&timers[i], 100 + (i * 37) % 300);
	}
	for (i = 0; i < 300; i += 2)
		timer_cancel(&timers[(i * 7) % 300]);
	for (i = 0; i < 300; i++)
		timer_cancel(&timers[i]);
	for (i = 0; i < 300; i++) {
		timer_cancel(&timers[i]); /* idempotent */
		CU_ASSERT(!timer_is_set(&timers[i]));
	}
	CU_ASSERT_PTR_NULL(this_cpu()->timers.root);
	at(10000);
	timer_run_queue();
	CU_ASSERT_EQUAL(fired, 0);
}

static void heap_keeps_its_order_through_random_moves(void)
{
	static struct timer timers[100];
	unsigned int i, step;

	start();
	srandom(9);
	for (i = 0; i < 100; i++)
		timer_init(&timers[i], count);
	for (step = 0; step < 20000; step++) {
		i = (unsigned int)random() % 100;
		if (random() % 3)
			timer_set(&timers[i], clock_ns() + (uint64_t)random() % 500 + 1);
		else
			timer_cancel(&timers[i]);
		if (step % 10 == 0) {
			fake_tsc += (uint64_t)random() % 50;
			last_deadline = 0;
			timer_run_queue();
		}
		for (i = 0; i < 100; i++)
			CU_ASSERT_FATAL(!timer_is_set(&timers[i]) ||
					this_cpu()->timers.root->deadline_ns <=
						timers[i].deadline_ns);
	}
	for (i = 0; i < 100; i++)
		timer_kill(&timers[i]);
}

static void set_on_another_cpu_moves_it_there(void)
{
	struct timer t;

	start();
	timer_init(&t, count);
	timer_set(&t, 100);
	fake_set_cpu(1);
	timer_set(&t, 200);
	CU_ASSERT_PTR_EQUAL(t.cpu, cpus[1]);
	CU_ASSERT_PTR_NULL(cpus[0]->timers.root);
	fake_set_cpu(0);
	at(300);
	timer_run_queue();
	CU_ASSERT_EQUAL(fired, 0);
	fake_set_cpu(1);
	timer_run_queue();
	CU_ASSERT_EQUAL(fired, 1);
}

static void again(struct timer *t)
{
	fired++;
	timer_set(t, clock_ns());
}

static void timer_that_sets_itself_does_not_hold_the_cpu(void)
{
	struct timer t;

	start();
	timer_init(&t, again);
	timer_set(&t, 0);
	timer_run_queue();
	CU_ASSERT(fired >= 1 && fired < 1000);
	CU_ASSERT(this_cpu()->work & CPU_TIMER);
	timer_kill(&t);
	CU_ASSERT(!timer_is_set(&t));
}

#define NR_RACES 200000u

static struct timer contested;

static void *set_again_and_again(void *cpu_id)
{
	unsigned int i;

	fake_set_cpu((unsigned int)(uintptr_t)cpu_id);
	for (i = 0; i < NR_RACES; i++) {
		timer_set(&contested, 1000 + i);
		if (i % 16 == 0)
			timer_cancel(&contested);
	}
	return NULL;
}

/* An owner that moved to another CPU, and its own periodic callback on the first one. */
static void set_by_two_cpus_at_once_it_is_in_one_queue(void)
{
	pthread_t threads[2];
	uintptr_t i;

	start();
	timer_init(&contested, count);
	for (i = 0; i < 2; i++)
		CU_ASSERT_FATAL(!pthread_create(&threads[i], NULL, set_again_and_again, (void *)i));
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT((cpus[0]->timers.root == &contested) + (cpus[1]->timers.root == &contested) ==
		  timer_is_set(&contested));
	timer_kill(&contested);
	CU_ASSERT_PTR_NULL(cpus[0]->timers.root);
	CU_ASSERT_PTR_NULL(cpus[1]->timers.root);
}

/* ---- clock ---- */

static void scale_is_exact_for_every_frequency(void)
{
	static const uint32_t khz[] = { 1000, 33333, 999999, 1000000, 1000001, 2300123, 6000000 };
	struct clock_scale s = { .tsc_base = 500, .ns_base = 7 };
	uint64_t ns, expected;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(khz); i++) {
		clock_scale_init(&s, khz[i]);
		CU_ASSERT(s.mul >= 0x80000000u);
		/* A day. */
		ns = clock_scale_ns(&s, 500 + (uint64_t)khz[i] * 86400000);
		expected = 86400 * NSEC_PER_SEC + 7;
		CU_ASSERT(ns <= expected && expected - ns < 86400 * 2);
		CU_ASSERT_EQUAL(clock_scale_ns(&s, 499), 7);
	}
}

/* ---- TSCs of another rate ---- */

struct multiplier {
	unsigned int fraction, bits;
};
static const struct multiplier intel = { 48, 64 }, amd = { 32, 40 };

static struct clock_scale scale_of(uint32_t khz)
{
	struct clock_scale s = { 0 };

	clock_scale_init(&s, khz);
	return s;
}

static int make_rate(struct tsc_rate *rate, uint32_t host_khz, uint32_t khz, struct multiplier m)
{
	struct clock_scale host = scale_of(host_khz);

	return tsc_rate_init(rate, &host, khz, m.fraction, m.bits);
}

static void half_and_one_and_a_half_are_what_they_say(void)
{
	static const struct clock_scale three_quarters = { .mul = 0xc0000000u };
	struct tsc_rate r;

	CU_ASSERT_EQUAL(make_rate(&r, 2000000, 1000000, intel), 0);
	CU_ASSERT_EQUAL(r.multiplier, 1ull << 47);
	CU_ASSERT_EQUAL(tsc_rate_apply(&r, 1001), 500);
	CU_ASSERT_EQUAL(make_rate(&r, 2000000, 3000000, intel), 0);
	/* The scale to ns has 32 bits, and it is what the multiplier follows. */
	CU_ASSERT(r.multiplier - (3ull << 47) + (1ull << 18) <= 2ull << 18);
	CU_ASSERT_EQUAL(make_rate(&r, 2000000, 1000000, amd), 0);
	CU_ASSERT_EQUAL(r.multiplier, 1ull << 31);
	CU_ASSERT_EQUAL(make_rate(&r, 2000000, 8000000, amd), 0);
	CU_ASSERT_EQUAL(r.multiplier, 4ull << 32);
	CU_ASSERT_EQUAL(tsc_rate_apply(&r, 1001), 4004);
	/* A quotient that lies between two goes to the nearer one: 0.75 ns over 2.5, 0.3 times 2^32. */
	CU_ASSERT_EQUAL(tsc_rate_init(&r, &three_quarters, 400000, amd.fraction, amd.bits), 0);
	CU_ASSERT_EQUAL(r.multiplier, 1288490189);
}

/* The guest's clock, a year from now, is hv's. */
static void clocks_stay_together_for_years(void)
{
	static const uint32_t hosts[] = { 20000, 999999, 1995379, 2300123, 3000000, 6000000 };
	static const uint32_t guests[] = { 10000, 30000, 1000001, 1800000, 2999999, 5123457 };
	const struct {
		struct multiplier m;
		uint64_t drift_ns; /* a year */
	} kinds[] = { { intel, 1000 }, { amd, 8000000 } };
	const uint64_t year_ms = 365ull * 86400000;
	size_t i, j, k;

	for (i = 0; i < ARRAY_SIZE(hosts); i++) {
		for (j = 0; j < ARRAY_SIZE(guests); j++) {
			for (k = 0; k < 2; k++) {
				struct clock_scale host = scale_of(hosts[i]), guest;
				uint64_t tsc = year_ms * hosts[i], by_host, by_guest, gap;
				struct tsc_rate r;

				if (tsc_rate_init(&r, &host, guests[j], kinds[k].m.fraction,
						  kinds[k].m.bits)) {
					CU_ASSERT(k == 1 && guests[j] / hosts[i] >= 255);
					continue;
				}
				guest = (struct clock_scale){ .mul = r.mul, .shift = r.shift };
				by_host = clock_scale_ns(&host, tsc);
				by_guest = clock_scale_ns(&guest, tsc_rate_apply(&r, tsc));
				gap = by_host > by_guest ? by_host - by_guest : by_guest - by_host;
				/* A small multiplier of few bits is a coarse one. */
				CU_ASSERT(gap <= kinds[k].drift_ns * MAX(1u, hosts[i] / guests[j] + 1));
			}
		}
	}
}

static void products_use_all_128_bits(void)
{
	struct tsc_rate r = { .khz = 1, .fraction_bits = 48, .multiplier = UINT64_MAX };

	/* (2^64 - 1)^2 = 2^128 - 2^65 + 1: of what is left the low 64 bits. */
	CU_ASSERT_EQUAL(tsc_rate_apply(&r, UINT64_MAX), 0xfffffffffffe0000ull);
	r.multiplier = 1ull << 48;
	CU_ASSERT_EQUAL(tsc_rate_apply(&r, UINT64_MAX), UINT64_MAX);
	r.multiplier = 3ull << 47;
	CU_ASSERT_EQUAL(tsc_rate_apply(&r, 1ull << 62), 3ull << 61);
	CU_ASSERT_EQUAL(tsc_rate_apply(&r, 1ull << 63), 3ull << 62);
	r = (struct tsc_rate){ .khz = 1, .fraction_bits = 32, .multiplier = (1ull << 40) - 1 };
	CU_ASSERT_EQUAL(tsc_rate_apply(&r, 1ull << 32), (1ull << 40) - 1);
	CU_ASSERT_EQUAL(tsc_rate_apply(&r, 0), 0);
}

static void what_the_register_cannot_hold_is_refused(void)
{
	struct tsc_rate r = { .khz = 77 };

	/* Up to 256 times the host's rate (8.32), up to 65536 times (16.48). */
	CU_ASSERT_EQUAL(make_rate(&r, 20000, 255 * 20000, amd), 0);
	CU_ASSERT_EQUAL(make_rate(&r, 20000, 257 * 20000, amd), -EINVAL);
	CU_ASSERT_EQUAL(make_rate(&r, 20000, 257 * 20000, intel), 0);
	CU_ASSERT_EQUAL(make_rate(&r, 1000, 65000000, intel), 0);
	CU_ASSERT_EQUAL(make_rate(&r, 1000, 66000000, intel), -EINVAL);
	CU_ASSERT_EQUAL(make_rate(&r, 1000, 100000000, intel), -EINVAL);
	r.khz = 77;
	CU_ASSERT_EQUAL(make_rate(&r, 1, UINT32_MAX, intel), -EINVAL);
	CU_ASSERT_EQUAL(make_rate(&r, 1, UINT32_MAX, amd), -EINVAL);
	CU_ASSERT_EQUAL(make_rate(&r, 3, UINT32_MAX, intel), -EINVAL);
	CU_ASSERT_EQUAL(make_rate(&r, 1000000, 0, intel), -EINVAL);
	CU_ASSERT_EQUAL(r.khz, 77); /* untouched */
	/* Slow ones lose bits, not sense. */
	CU_ASSERT_EQUAL(make_rate(&r, UINT32_MAX, 1000, amd), 0);
	CU_ASSERT(r.multiplier == (1000ull << 32) / UINT32_MAX);
}

static void a_rate_is_the_hosts_where_none_is_wanted_or_none_can_be(void)
{
	struct tsc_rate r = { .khz = 77 };
	struct clock_scale host, guest;

	start(); /* 1,000,000 kHz */
	fake_tsc_multiplier_bits = 0;
	CU_ASSERT_EQUAL(clock_get_tsc_rate(0, &r), 0);
	CU_ASSERT_EQUAL(r.khz, 0);
	CU_ASSERT_EQUAL(clock_get_tsc_rate(1000000, &r), 0);
	/* Measured twice, it is twice another: 250 ppm. */
	CU_ASSERT_EQUAL(clock_get_tsc_rate(1000250, &r), 0);
	CU_ASSERT_EQUAL(r.khz, 0);
	CU_ASSERT_EQUAL(clock_get_tsc_rate(999750, &r), 0);
	CU_ASSERT_EQUAL(clock_get_tsc_rate(1000251, &r), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(clock_get_tsc_rate(999749, &r), -EOPNOTSUPP);
	clock_get_scale(&host);
	clock_get_guest_scale(&r, &guest);
	CU_ASSERT_EQUAL(guest.tsc_base, host.tsc_base);
	CU_ASSERT(guest.mul == host.mul && guest.shift == host.shift);

	fake_tsc_multiplier_bits = intel.bits;
	fake_tsc_fraction_bits = intel.fraction;
	CU_ASSERT_EQUAL(clock_get_tsc_rate(1000000, &r), 0);
	CU_ASSERT_EQUAL(r.khz, 0);
	CU_ASSERT_EQUAL(clock_get_tsc_rate(1000250, &r), 0);
	CU_ASSERT_EQUAL(r.khz, 1000250);
	CU_ASSERT_EQUAL(clock_get_tsc_rate(2000000, &r), 0);
	clock_get_guest_scale(&r, &guest);
	CU_ASSERT_EQUAL(guest.tsc_base, tsc_rate_apply(&r, host.tsc_base));
	CU_ASSERT_EQUAL(guest.ns_base, host.ns_base);
	at(5 * NSEC_PER_SEC);
	CU_ASSERT_EQUAL(clock_scale_ns(&guest, tsc_rate_apply(&r, fake_tsc)), clock_ns());
	fake_tsc_multiplier_bits = 0;
}

static void deadline_in_ticks_is_reached_not_before(void)
{
	uint64_t tsc;

	start();
	at(12345);
	tsc = clock_ns_to_tsc(5000000);
	CU_ASSERT(tsc >= 1000 + 5000000 && tsc <= 1000 + 5000002);
	CU_ASSERT(clock_ns_to_tsc(1) <= fake_tsc);
}

static void dates_count_from_1970(void)
{
	CU_ASSERT_EQUAL(clock_days_since_epoch(1970, 1, 1), 0);
	CU_ASSERT_EQUAL(clock_days_since_epoch(2000, 2, 29), 11016);
	CU_ASSERT_EQUAL(clock_days_since_epoch(2000, 3, 1), 11017);
	CU_ASSERT_EQUAL(clock_days_since_epoch(2023, 11, 14), 1700000000 / 86400);
	CU_ASSERT_EQUAL(clock_days_since_epoch(2099, 12, 31), 47481);
}

static void wall_clock_counts_from_the_rtc(void)
{
	uint64_t sec;
	uint32_t nsec;

	start();
	clock_get_wall_base(&sec, &nsec);
	CU_ASSERT_EQUAL(sec, 1700000000);
	CU_ASSERT_EQUAL(nsec, 0);
	clock_set_wall_base(5, 6);
	clock_get_wall_base(&sec, &nsec);
	CU_ASSERT_EQUAL(sec, 5);
	CU_ASSERT_EQUAL(nsec, 6);
}

UNIT_MAIN("timer", UNIT_TEST(timers_fire_in_order_and_not_early),
	  UNIT_TEST(hardware_is_set_to_the_earliest), UNIT_TEST(cancelled_in_any_order_none_fires),
	  UNIT_TEST(heap_keeps_its_order_through_random_moves),
	  UNIT_TEST(set_on_another_cpu_moves_it_there),
	  UNIT_TEST(timer_that_sets_itself_does_not_hold_the_cpu),
	  UNIT_TEST(set_by_two_cpus_at_once_it_is_in_one_queue),
	  UNIT_TEST(scale_is_exact_for_every_frequency),
	  UNIT_TEST(half_and_one_and_a_half_are_what_they_say),
	  UNIT_TEST(clocks_stay_together_for_years), UNIT_TEST(products_use_all_128_bits),
	  UNIT_TEST(what_the_register_cannot_hold_is_refused),
	  UNIT_TEST(a_rate_is_the_hosts_where_none_is_wanted_or_none_can_be),
	  UNIT_TEST(deadline_in_ticks_is_reached_not_before), UNIT_TEST(dates_count_from_1970),
	  UNIT_TEST(wall_clock_counts_from_the_rtc))
