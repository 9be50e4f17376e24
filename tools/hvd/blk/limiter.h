/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the rings and the disk: requests that have to wait for the disk's limits (throttle.h).
 */
#ifndef BLK_LIMITER_H
#define BLK_LIMITER_H

#include <stdbool.h>

struct backend_disk_stats;
struct disk;
struct disk_io;
struct event_base;
struct limiter;
struct throttle_conf;

/* 'on_room' is called from the loop when it is not full any more. */
int limiter_create(struct event_base *base, struct disk *disk, struct backend_disk_stats *stats,
		   void (*on_room)(void *arg), void *arg, struct limiter **ret);
void limiter_destroy(struct limiter *l);

/* New limits; applies to what waits, too. */
void limiter_set(struct limiter *l, const struct throttle_conf *conf);

/* disk_submit(), now or when the limits allow it. Reads do not wait for writes, nor writes for reads. */
void limiter_submit(struct limiter *l, struct disk_io *io);

/* Is it still here? Of one that was submitted and is not done. */
bool limiter_holds(const struct limiter *l, const struct disk_io *io);

/* So much waits already that no more should be taken from the rings. */
bool limiter_is_full(const struct limiter *l);

#endif
