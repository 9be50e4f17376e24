/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of something one guest may have a second: a bucket that fills at a steady rate, and holds
 * what may come in a burst. Pure: the caller says what time it is.
 *
 * What is spent is spent afterwards, so the bucket may go below zero by one turn; who does so waits
 * longer. A rate of 0 is no limit.
 */
#ifndef HVD_BUDGET_H
#define HVD_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget {
	uint64_t filled_ns; /* until then it has been filled; 0: it is new, and full */
	int64_t level;
};

/* Is there anything left? */
bool budget_allows(struct budget *b, uint64_t rate, uint64_t burst, uint64_t now_ns);
void budget_spend(struct budget *b, uint64_t n);
/* After budget_allows() has said no: how long until there are 'wanted', at most 'max_us'. */
unsigned int budget_wait_us(const struct budget *b, uint64_t rate, uint64_t wanted,
			    unsigned int max_us);

uint64_t budget_now_ns(void); /* CLOCK_MONOTONIC */

#endif
