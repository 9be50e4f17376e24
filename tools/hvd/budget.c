/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Budgets; the contract is in budget.h.
 */
#include "budget.h"

#include <time.h>

#define NS_PER_S 1000000000ull

bool budget_allows(struct budget *b, uint64_t rate, uint64_t burst, uint64_t now_ns)
{
	uint64_t passed = now_ns - b->filled_ns, more;

	if (!rate)
		return true;
	if (!b->filled_ns || now_ns < b->filled_ns || passed > 3600 * NS_PER_S) {
		b->level = (int64_t)burst;
		b->filled_ns = now_ns;
		return true;
	}
	more = (uint64_t)((unsigned __int128)passed * rate / NS_PER_S);
	/* Only as far as whole units go: the rest of the time is not lost. */
	b->filled_ns += (uint64_t)((unsigned __int128)more * NS_PER_S / rate);
	b->level += (int64_t)more;
	if (b->level > (int64_t)burst)
		b->level = (int64_t)burst;
	return b->level > 0;
}

void budget_spend(struct budget *b, uint64_t n)
{
	b->level -= (int64_t)n;
}

unsigned int budget_wait_us(const struct budget *b, uint64_t rate, uint64_t wanted,
			    unsigned int max_us)
{
	int64_t missing = (int64_t)wanted - b->level;
	uint64_t us;

	if (!rate || missing <= 0)
		return 0;
	us = (uint64_t)((unsigned __int128)(uint64_t)missing * 1000000 / rate) + 1;
	return us < max_us ? (unsigned int)us : max_us;
}

uint64_t budget_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}
