/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tools/hvd/blk/throttle.c: what gets through in how much time, with a clock that is a number. */
#include "unit.h"

#include "blk/throttle.h"

#define SECOND 1000000000ull

static uint64_t now;
static struct throttle t;

/* A guest that always has a request ready, for this long. Returns how many get through. */
static uint64_t saturate(double seconds, bool is_write, uint64_t bytes)
{
	uint64_t end = now + (uint64_t)(seconds * 1e9), nr = 0, wait;

	while (now < end) {
		wait = throttle_wait(&t, is_write, now);
		if (wait) {
			now += wait;
			continue;
		}
		throttle_take(&t, is_write, bytes);
		nr++;
		now += 1000; /* one microsecond a request */
	}
	return nr;
}

static void begin(enum throttle_kind kind, uint64_t average, uint64_t max, uint64_t length)
{
	struct throttle_conf conf = { 0 };

	conf.limits[kind] = (struct throttle_limit){ average, max, length };
	now = 77 * SECOND;
	throttle_init(&t, &conf, now);
}

static bool near(uint64_t value, uint64_t wanted)
{
	return value >= wanted * 97 / 100 && value <= wanted * 103 / 100;
}

static void nothing_is_limited_without_limits(void)
{
	struct throttle_conf conf = { 0 };

	throttle_init(&t, &conf, now);
	CU_ASSERT_TRUE(saturate(0.1, true, 1 << 20) > 90000);
}

static void iops_are_the_average_in_the_long_run(void)
{
	begin(THROTTLE_TOTAL_IOPS, 200, 0, 0);
	CU_ASSERT_TRUE(near(saturate(100, false, 4096), 200 * 100));
	begin(THROTTLE_WRITE_IOPS, 1, 0, 0);
	CU_ASSERT_TRUE(near(saturate(100, true, 4096), 100));
}

static void bytes_are_the_average_in_the_long_run(void)
{
	begin(THROTTLE_READ_BYTES, 10 << 20, 0, 0);
	CU_ASSERT_TRUE(near(saturate(60, false, 65536), 60 * 160));
}

static void a_request_larger_than_the_bucket_gets_through(void)
{
	begin(THROTTLE_TOTAL_BYTES, 1000, 0, 0);
	CU_ASSERT_EQUAL(saturate(2000, true, 1 << 20), 2);
}

static void reads_and_writes_have_their_own_limits(void)
{
	begin(THROTTLE_READ_IOPS, 10, 0, 0);
	CU_ASSERT_TRUE(saturate(0.1, true, 4096) > 90000);
	begin(THROTTLE_WRITE_BYTES, 4096, 0, 0);
	CU_ASSERT_TRUE(saturate(0.1, false, 4096) > 90000);
	CU_ASSERT_TRUE(saturate(10, true, 4096) <= 12);
}

static void total_counts_both_directions(void)
{
	uint64_t end, nr = 0;

	begin(THROTTLE_TOTAL_IOPS, 100, 0, 0);
	for (end = now + 20 * SECOND; now < end; nr++) {
		now += throttle_wait(&t, nr % 2, now);
		throttle_take(&t, nr % 2, 512);
	}
	CU_ASSERT_TRUE(near(nr, 2000));
}

static void a_burst_lasts_as_long_as_it_may(void)
{
	begin(THROTTLE_TOTAL_IOPS, 100, 1000, 5);
	CU_ASSERT_TRUE(near(saturate(5, false, 4096), 5 * 1000));
	/* Then the average, however long. */
	CU_ASSERT_TRUE(near(saturate(100, false, 4096), 100 * 100));
	/* It comes back with time: 4500 beyond the average take 45 s. */
	now += 45 * SECOND;
	CU_ASSERT_TRUE(near(saturate(5, false, 4096), 5 * 1000));
}

static void a_burst_has_its_own_rate(void)
{
	begin(THROTTLE_TOTAL_BYTES, 1 << 20, 8 << 20, 10);
	CU_ASSERT_TRUE(saturate(1, true, 65536) <= 8 * 16 + 16);
}

static void large_requests_count_as_several(void)
{
	struct throttle_conf conf = { .size_iops = 4096 };

	conf.limits[THROTTLE_TOTAL_IOPS].average = 100;
	now = 0;
	throttle_init(&t, &conf, now);
	CU_ASSERT_TRUE(near(saturate(100, true, 8192), 100 * 50));
	throttle_init(&t, &conf, now);
	CU_ASSERT_TRUE(near(saturate(100, true, 4097), 100 * 50));
	throttle_init(&t, &conf, now);
	CU_ASSERT_TRUE(near(saturate(100, true, 512), 100 * 100));
}

static void changing_the_limits_gives_nothing_away(void)
{
	struct throttle_conf conf = { 0 };
	uint64_t nr = 0;
	int i;

	conf.limits[THROTTLE_TOTAL_IOPS] = (struct throttle_limit){ 100, 1000, 5 };
	now = 0;
	throttle_init(&t, &conf, now);
	saturate(10, false, 4096);
	for (i = 0; i < 50; i++) {
		throttle_change(&t, &conf, now);
		nr += saturate(1, false, 4096);
	}
	CU_ASSERT_TRUE(near(nr, 5000));
	conf.limits[THROTTLE_TOTAL_IOPS] = (struct throttle_limit){ 400, 0, 0 };
	throttle_change(&t, &conf, now);
	CU_ASSERT_TRUE(near(saturate(50, false, 4096), 400 * 50));
}

static void a_clock_that_stands_does_no_harm(void)
{
	begin(THROTTLE_TOTAL_IOPS, 10, 0, 0);
	throttle_take(&t, false, 1);
	CU_ASSERT_TRUE(throttle_wait(&t, false, now - SECOND) > 0);
	CU_ASSERT_TRUE(throttle_wait(&t, false, now) > 0);
	begin(THROTTLE_TOTAL_BYTES, 1, 0, 0);
	throttle_take(&t, true, UINT64_MAX / 2);
	CU_ASSERT_EQUAL(throttle_wait(&t, true, now), 86400 * SECOND);
}

UNIT_MAIN("throttle",
	  UNIT_TEST(nothing_is_limited_without_limits),
	  UNIT_TEST(iops_are_the_average_in_the_long_run),
	  UNIT_TEST(bytes_are_the_average_in_the_long_run),
	  UNIT_TEST(a_request_larger_than_the_bucket_gets_through),
	  UNIT_TEST(reads_and_writes_have_their_own_limits),
	  UNIT_TEST(total_counts_both_directions),
	  UNIT_TEST(a_burst_lasts_as_long_as_it_may),
	  UNIT_TEST(a_burst_has_its_own_rate),
	  UNIT_TEST(large_requests_count_as_several),
	  UNIT_TEST(changing_the_limits_gives_nothing_away),
	  UNIT_TEST(a_clock_that_stands_does_no_harm))
