/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buckets of <iotune>: see throttle.h.
 */
#include "blk/throttle.h"

#include <string.h>

/* How much of a second a guest may be ahead of its rate where no burst is allowed. */
#define SLACK 0.1

/* Of what counts a limit, for requests of this direction? */
static const bool counts[THROTTLE_NR][2] = {
	[THROTTLE_TOTAL_BYTES] = { true, true },  [THROTTLE_READ_BYTES] = { true, false },
	[THROTTLE_WRITE_BYTES] = { false, true }, [THROTTLE_TOTAL_IOPS] = { true, true },
	[THROTTLE_READ_IOPS] = { true, false },	  [THROTTLE_WRITE_IOPS] = { false, true },
};

static bool is_bytes(enum throttle_kind kind)
{
	return kind <= THROTTLE_WRITE_BYTES;
}

static void set_bucket(struct throttle_bucket *b, double rate, double capacity)
{
	b->rate = rate;
	b->capacity = capacity < 1 ? 1 : capacity;
	b->level = b->capacity;
}

void throttle_init(struct throttle *t, const struct throttle_conf *conf, uint64_t now_ns)
{
	unsigned int i;

	memset(t, 0, sizeof(*t));
	t->size_iops = conf->size_iops;
	t->filled_ns = now_ns;
	for (i = 0; i < THROTTLE_NR; i++) {
		const struct throttle_limit *l = &conf->limits[i];
		double average = (double)l->average, max = (double)l->max;
		double length = l->max_length ? (double)l->max_length : 1;

		if (!l->average)
			continue;
		t->limits_anything = true;
		if (max > average) {
			set_bucket(&t->buckets[i][0], average, (max - average) * length);
			set_bucket(&t->buckets[i][1], max, max * SLACK);
		} else {
			set_bucket(&t->buckets[i][0], average, average * SLACK);
		}
	}
}

static void fill(struct throttle *t, uint64_t now_ns)
{
	double seconds;
	unsigned int i, j;

	if (now_ns <= t->filled_ns)
		return;
	seconds = (double)(now_ns - t->filled_ns) / 1e9;
	t->filled_ns = now_ns;
	for (i = 0; i < THROTTLE_NR; i++) {
		for (j = 0; j < 2; j++) {
			struct throttle_bucket *b = &t->buckets[i][j];

			b->level += b->rate * seconds;
			if (b->level > b->capacity)
				b->level = b->capacity;
		}
	}
}

void throttle_change(struct throttle *t, const struct throttle_conf *conf, uint64_t now_ns)
{
	struct throttle old;
	unsigned int i, j;

	fill(t, now_ns);
	old = *t;
	throttle_init(t, conf, now_ns);
	for (i = 0; i < THROTTLE_NR; i++)
		for (j = 0; j < 2; j++)
			if (old.buckets[i][j].rate > 0)
				t->buckets[i][j].level = t->buckets[i][j].capacity *
							 old.buckets[i][j].level /
							 old.buckets[i][j].capacity;
}

uint64_t throttle_wait(struct throttle *t, bool is_write, uint64_t now_ns)
{
	double wait = 0, one;
	unsigned int i, j;

	if (!t->limits_anything)
		return 0;
	fill(t, now_ns);
	for (i = 0; i < THROTTLE_NR; i++) {
		for (j = 0; j < 2; j++) {
			const struct throttle_bucket *b = &t->buckets[i][j];

			if (b->rate <= 0 || !counts[i][is_write] || b->level > 0)
				continue;
			one = -b->level / b->rate;
			if (one > wait)
				wait = one;
			if (wait <= 0)
				wait = 1e-9; /* empty is not yet above zero */
		}
	}
	/* Up to a day, so that no sum overflows; a whole nanosecond more than the quotient. */
	return wait <= 0 ? 0 : wait > 86400 ? 86400000000000u : (uint64_t)(wait * 1e9) + 1;
}

void throttle_take(struct throttle *t, bool is_write, uint64_t bytes)
{
	uint64_t operations = 1;
	unsigned int i, j;

	if (!t->limits_anything)
		return;
	if (t->size_iops && bytes > t->size_iops)
		operations = (bytes + t->size_iops - 1) / t->size_iops;
	for (i = 0; i < THROTTLE_NR; i++)
		for (j = 0; j < 2; j++)
			if (t->buckets[i][j].rate > 0 && counts[i][is_write])
				t->buckets[i][j].level -= (double)(is_bytes(i) ? bytes : operations);
}
