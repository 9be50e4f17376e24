/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk in trouble: it does not answer, or it answers that it cannot.
 *
 * The first is noticed by looking at the oldest request once a second, and told; nothing else happens,
 * since a request cannot be taken back. The second is for the disk's error policy: the guest is told, or is not, or
 * the request waits until somebody has done something about the disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/child.h"
#include "backend/stats.h"
#include "blk/blkif_job.h"
#include "blk/limiter.h"

/* A disk that has not answered for so long is reported. */
#define STALL_NS 5000000000ull

/* A request that a cluster takes longer for is counted as slow. */
#define SLOW_NS 1000000000ull

void trouble_watch(struct blkif *b, struct blk_job *job)
{
	static const struct timeval each = { 1, 0 };

	if (TAILQ_EMPTY(&b->jobs))
		event_add(b->watchdog, &each);
	TAILQ_INSERT_TAIL(&b->jobs, job, age);
}

static void set_stalled(struct blkif *b, bool stalled)
{
	if (b->is_stalled == stalled)
		return;
	b->is_stalled = stalled;
	b->stats->stalled = stalled;
	if (stalled)
		backend_stats_add(&b->stats->stalls, 1);
	if (stalled && b->stats->rbd_state == RBD_STATE_CONNECTED)
		b->stats->rbd_state = RBD_STATE_STALLED;
	else if (!stalled && b->stats->rbd_state == RBD_STATE_STALLED)
		b->stats->rbd_state = RBD_STATE_CONNECTED;
	b->host->on_stalled(b, stalled);
}

/* How long the disk has had it. What its limits held back was not the disk's to answer. */
static uint64_t age_ns(struct blkif *b, const struct blk_job *job)
{
	uint64_t since = job->io.held_since_ns > job->since_ns ? job->io.held_since_ns : job->since_ns;
	uint64_t now = backend_stats_now();

	return limiter_holds(b->limiter, &job->io) || now < since ? 0 : now - since;
}

static bool is_overdue(struct blkif *b)
{
	const struct blk_job *oldest = TAILQ_FIRST(&b->jobs);

	return oldest && age_ns(b, oldest) > STALL_NS;
}

void trouble_unwatch(struct blkif *b, struct blk_job *job)
{
	TAILQ_REMOVE(&b->jobs, job, age);
	if (b->stats->rbd_state != RBD_STATE_NONE && age_ns(b, job) > SLOW_NS)
		backend_stats_add(&b->stats->rbd_slow_requests, 1);
	/* Where only a part of a cluster is away, other requests are answered all the time. */
	if (!is_overdue(b))
		set_stalled(b, false);
	if (TAILQ_EMPTY(&b->jobs))
		event_del(b->watchdog);
}

static void trouble_on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct blkif *b = arg;

	(void)fd;
	(void)what;
	if (is_overdue(b))
		set_stalled(b, true);
}

/* ---- errors ---- */

static bool policy_stops(enum blkif_policy policy, int err)
{
	return policy == BLKIF_STOP ||
	       (policy == BLKIF_ENOSPACE && (err == -ENOSPC || err == -EDQUOT));
}

/* An error of the disk that the guest is not told is a read of zeros, or a write that was not. */
static void job_forgive(struct blk_job *job)
{
	int i;

	for (i = 0; job->io.op == BLK_READ && i < job->io.nr_iov; i++)
		memset(job->io.iov[i].iov_base, 0, job->io.iov[i].iov_len);
	job->io.err = 0;
}

bool trouble_keeps(struct blk_job *job)
{
	struct blkif *b = job->q->blkif;
	enum blkif_policy policy = b->policies[job->io.op != BLK_READ];
	int err = job->io.err;

	if (!err || err == -EOPNOTSUPP)
		return false;
	if (policy == BLKIF_IGNORE) {
		job_forgive(job);
		return false;
	}
	if (!policy_stops(policy, err) || b->closing)
		return false;
	STAILQ_INSERT_TAIL(&b->stopped, &job->io, link);
	backend_stats_add(&b->stats->stopped, 1);
	b->host->on_stopped(b, err);
	return true;
}

void blkif_retry(struct blkif *b)
{
	struct disk_io_list list = STAILQ_HEAD_INITIALIZER(list);
	struct disk_io *io;

	STAILQ_CONCAT(&list, &b->stopped);
	b->stats->stopped = 0;
	while ((io = STAILQ_FIRST(&list))) {
		struct blk_job *job = (struct blk_job *)io;

		STAILQ_REMOVE_HEAD(&list, link);
		job_restore(job);
		trouble_watch(b, job);
		limiter_submit(b->limiter, io);
	}
}

/* ---- life ---- */

int trouble_init(struct blkif *b)
{
	STAILQ_INIT(&b->stopped);
	TAILQ_INIT(&b->jobs);
	b->watchdog = event_new(b->host->child->base, -1, EV_PERSIST, trouble_on_watchdog, b);
	return b->watchdog ? 0 : -ENOMEM;
}

void trouble_fini(struct blkif *b)
{
	if (b->watchdog)
		event_free(b->watchdog);
}
