/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that wait for the disk's limits: see limiter.h.
 */
#include "blk/limiter.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "backend/stats.h"
#include "blk/disk.h"
#include "blk/throttle.h"

/* The rest stays in the rings, where it costs nothing. */
#define MAX_WAITING 64u

struct limiter {
	struct disk *disk;
	struct backend_disk_stats *stats;
	struct throttle throttle;
	struct disk_io_list waiting[2]; /* reads; all else */
	unsigned int nr_waiting;
	bool was_full;
	struct event *timer;
	void (*on_room)(void *arg);
	void *arg;
};

static void limiter_go(struct limiter *l, struct disk_io *io)
{
	bool moves = io->op == BLK_READ || io->op == BLK_WRITE;

	throttle_take(&l->throttle, io->op != BLK_READ, moves ? io->length : 0);
	/* From here the disk has it, and the time that it takes counts. */
	io->held_since_ns = backend_stats_now();
	io->is_held = false;
	disk_submit(l->disk, io);
}

static void limiter_run(struct limiter *l)
{
	uint64_t now = backend_stats_now(), wait, soonest = 0;
	struct disk_io *io;
	struct timeval tv;
	int i;

	for (i = 0; i < 2; i++) {
		while ((io = STAILQ_FIRST(&l->waiting[i]))) {
			wait = throttle_wait(&l->throttle, i, now);
			if (wait) {
				soonest = !soonest || wait < soonest ? wait : soonest;
				break;
			}
			STAILQ_REMOVE_HEAD(&l->waiting[i], link);
			l->nr_waiting--;
			backend_stats_add(&l->stats->throttled_ns, now - io->held_since_ns);
			limiter_go(l, io);
		}
	}
	if (soonest) {
		tv.tv_sec = (time_t)(soonest / 1000000000u);
		tv.tv_usec = (suseconds_t)(soonest % 1000000000u / 1000u) + 1;
		if (tv.tv_usec >= 1000000) {
			tv.tv_sec++;
			tv.tv_usec = 0;
		}
		evtimer_add(l->timer, &tv);
	}
	if (l->was_full && !limiter_is_full(l)) {
		l->was_full = false;
		l->on_room(l->arg);
	}
}

static void limiter_on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	limiter_run(arg);
}

int limiter_create(struct event_base *base, struct disk *disk, struct backend_disk_stats *stats,
		   void (*on_room)(void *arg), void *arg, struct limiter **ret)
{
	static const struct throttle_conf none;
	struct limiter *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->timer = evtimer_new(base, limiter_on_timer, l);
	if (!l->timer) {
		free(l);
		return -ENOMEM;
	}
	l->disk = disk;
	l->stats = stats;
	l->on_room = on_room;
	l->arg = arg;
	STAILQ_INIT(&l->waiting[0]);
	STAILQ_INIT(&l->waiting[1]);
	throttle_init(&l->throttle, &none, backend_stats_now());
	*ret = l;
	return 0;
}

void limiter_destroy(struct limiter *l)
{
	if (!l)
		return;
	event_free(l->timer);
	free(l);
}

void limiter_set(struct limiter *l, const struct throttle_conf *conf)
{
	throttle_change(&l->throttle, conf, backend_stats_now());
	limiter_run(l);
}

bool limiter_holds(const struct limiter *l, const struct disk_io *io)
{
	(void)l;
	return io->is_held;
}

bool limiter_is_full(const struct limiter *l)
{
	return l->nr_waiting >= MAX_WAITING;
}

void limiter_submit(struct limiter *l, struct disk_io *io)
{
	int i = io->op != BLK_READ;

	/* A flush takes nothing from the disk that its writes have not been counted for. */
	if (io->op == BLK_FLUSH || !l->throttle.limits_anything) {
		disk_submit(l->disk, io);
		return;
	}
	io->held_since_ns = backend_stats_now();
	if (STAILQ_EMPTY(&l->waiting[i]) &&
	    throttle_wait(&l->throttle, i, io->held_since_ns) == 0) {
		limiter_go(l, io);
		return;
	}
	backend_stats_add(&l->stats->throttled, 1);
	io->is_held = true;
	STAILQ_INSERT_TAIL(&l->waiting[i], io, link);
	l->nr_waiting++;
	l->was_full = l->was_full || limiter_is_full(l);
	limiter_run(l);
}
