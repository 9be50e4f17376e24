/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * <iotune>: may a request go now, and if not, when.
 *
 * Pure: the clock is an argument. Each limit is a bucket that fills with its rate. A request may go
 * when no bucket that it counts for is empty, and then takes out what it is worth, below zero if
 * need be: so a request that is larger than a bucket goes at last, and those after it wait the longer.
 *
 * A limit with a burst has two buckets: one fills with the average and holds what a burst of
 * max_length may take beyond that, the other one fills with the burst's rate and holds a tenth of a
 * second of it.
 */
#ifndef BLK_THROTTLE_H
#define BLK_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum throttle_kind {
	THROTTLE_TOTAL_BYTES,
	THROTTLE_READ_BYTES,
	THROTTLE_WRITE_BYTES,
	THROTTLE_TOTAL_IOPS,
	THROTTLE_READ_IOPS,
	THROTTLE_WRITE_IOPS,
	THROTTLE_NR,
};

struct throttle_limit {
	uint64_t average;    /* a second; 0: no limit */
	uint64_t max;	     /* a second, in a burst; 0: no bursts */
	uint64_t max_length; /* seconds; 0: 1 */
};

struct throttle_conf {
	struct throttle_limit limits[THROTTLE_NR];
	uint64_t size_iops; /* bytes that count as one operation; 0: a request is one */
};

struct throttle_bucket {
	double rate;	 /* a second; 0: this bucket limits nothing */
	double capacity;
	double level;
};

struct throttle {
	struct throttle_bucket buckets[THROTTLE_NR][2]; /* average, burst */
	uint64_t size_iops;
	uint64_t filled_ns;
	bool limits_anything;
};

/* All buckets are full. */
void throttle_init(struct throttle *t, const struct throttle_conf *conf, uint64_t now_ns);

/*
 * New limits for what is running: a bucket is as full as before, in proportion, so that changing
 * limits again and again gives nobody more than they allow.
 */
void throttle_change(struct throttle *t, const struct throttle_conf *conf, uint64_t now_ns);

/* Nanoseconds until a request of this direction may go; 0: now. */
uint64_t throttle_wait(struct throttle *t, bool is_write, uint64_t now_ns);

/* It goes. 'bytes' may be 0 (a discard moves none). */
void throttle_take(struct throttle *t, bool is_write, uint64_t bytes);

#endif
