/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Budgets: what comes in a burst, what comes steadily, and clocks that do odd things.
 */
#include "budget.h"

#include "unit.h"

#define MS 1000000ull
#define START (5000 * MS)

/* Spends one at a time, 'per_ms' tries a millisecond; returns how many were allowed. */
static unsigned int spend(struct budget *b, uint64_t rate, uint64_t burst, uint64_t from_ms,
			  uint64_t until_ms, unsigned int per_ms)
{
	unsigned int spent = 0;

	for (uint64_t ms = from_ms; ms < until_ms; ms++) {
		for (unsigned int i = 0; i < per_ms; i++) {
			if (!budget_allows(b, rate, burst, START + ms * MS))
				continue;
			budget_spend(b, 1);
			spent++;
		}
	}
	return spent;
}

static void a_flood_is_held_to_the_rate(void)
{
	struct budget b = { 0 };
	unsigned int first = spend(&b, 1000, 2000, 0, 1000, 50);
	unsigned int second = spend(&b, 1000, 2000, 1000, 2000, 50);
	unsigned int third = spend(&b, 1000, 2000, 2000, 3000, 50);

	CU_ASSERT(first >= 2990 && first <= 3001); /* the burst, and a second's */
	CU_ASSERT(second >= 999 && second <= 1001);
	CU_ASSERT(third >= 999 && third <= 1001);
}

static void who_keeps_to_it_never_waits(void)
{
	struct budget b = { 0 };

	CU_ASSERT_EQUAL(spend(&b, 1000, 2000, 0, 10000, 1), 10000);
}

static void a_slow_rate_loses_no_time(void)
{
	struct budget b = { 0 };

	/* Three a second, asked every millisecond: none of the asking may eat what has grown. */
	CU_ASSERT_EQUAL(spend(&b, 3, 3, 0, 1, 10), 3);
	CU_ASSERT_EQUAL(spend(&b, 3, 3, 1, 10001, 1), 30);
}

static void after_a_rest_there_is_a_burst_and_no_more(void)
{
	struct budget b = { 0 };

	spend(&b, 1000, 2000, 0, 10, 1000);
	CU_ASSERT_EQUAL(spend(&b, 1000, 2000, 60000, 60001, 10000), 2000);
	CU_ASSERT_EQUAL(spend(&b, 1000, 2000, 8000000, 8000001, 10000), 2000); /* hours */
}

static void debts_are_waited_for(void)
{
	struct budget b = { 0 };

	CU_ASSERT(budget_allows(&b, 1000, 100, START));
	budget_spend(&b, 1100); /* a turn may go beyond */
	CU_ASSERT(!budget_allows(&b, 1000, 100, START + 999 * MS));
	CU_ASSERT(budget_allows(&b, 1000, 100, START + 1001 * MS));
	budget_spend(&b, 1);
	CU_ASSERT(!budget_allows(&b, 1000, 100, START + 1001 * MS));
	CU_ASSERT_EQUAL(budget_wait_us(&b, 1000, 16, 1000000), 16001);
	CU_ASSERT_EQUAL(budget_wait_us(&b, 1000, 16, 5000), 5000);
}

static void no_rate_is_no_limit(void)
{
	struct budget b = { 0 };

	CU_ASSERT_EQUAL(spend(&b, 0, 0, 0, 100, 1000), 100000);
	CU_ASSERT_EQUAL(budget_wait_us(&b, 0, 16, 5000), 0);
}

static void a_clock_that_goes_back_does_no_harm(void)
{
	struct budget b = { 0 };

	spend(&b, 10, 10, 1000, 1001, 100);
	CU_ASSERT(!budget_allows(&b, 10, 10, START + 1001 * MS));
	CU_ASSERT(budget_allows(&b, 10, 10, START));
}

UNIT_MAIN("budget", UNIT_TEST(a_flood_is_held_to_the_rate), UNIT_TEST(who_keeps_to_it_never_waits),
	  UNIT_TEST(a_slow_rate_loses_no_time), UNIT_TEST(after_a_rest_there_is_a_burst_and_no_more),
	  UNIT_TEST(debts_are_waited_for), UNIT_TEST(no_rate_is_no_limit),
	  UNIT_TEST(a_clock_that_goes_back_does_no_harm))
