/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tools/hvd/blk/trouble.c: when a disk is said to be stalled, and what becomes of its errors. The disk
 * and the limits are what is below; time passes by making requests older.
 */
#include "unit.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "backend/child.h"
#include "backend/stats.h"
#include "blk/blkif_job.h"
#include "blk/limiter.h"

#define SECOND 1000000000ull

static struct child child;
static struct blkif_host host;
static struct blkif b;
static struct blk_queue queue = { .blkif = &b };
static struct backend_disk_stats stats;
static struct blk_job jobs[4];
static struct disk_io *held; /* by the limits */
static unsigned int nr_stalled, nr_answers, nr_stopped, nr_submitted, nr_restored;
static int stopped_for;

bool limiter_holds(const struct limiter *l, const struct disk_io *io)
{
	(void)l;
	return io == held;
}

void limiter_submit(struct limiter *l, struct disk_io *io)
{
	(void)l;
	(void)io;
	nr_submitted++;
}

void job_restore(struct blk_job *job)
{
	job->io.err = 0;
	nr_restored++;
}

static void on_stalled(struct blkif *of, bool stalled)
{
	(void)of;
	*(stalled ? &nr_stalled : &nr_answers) += 1;
}

static void on_stopped(struct blkif *of, int err)
{
	(void)of;
	stopped_for = err;
	nr_stopped++;
}

static void setup(enum blkif_policy reads, enum blkif_policy others)
{
	memset(&b, 0, sizeof(b));
	memset(&stats, 0, sizeof(stats));
	memset(jobs, 0, sizeof(jobs));
	nr_stalled = nr_answers = nr_stopped = nr_submitted = nr_restored = 0;
	held = NULL;
	child.base = event_base_new();
	host.child = &child;
	host.on_stalled = on_stalled;
	host.on_stopped = on_stopped;
	b.host = &host;
	b.stats = &stats;
	b.policies[0] = reads;
	b.policies[1] = others;
	CU_ASSERT_EQUAL_FATAL(trouble_init(&b), 0);
}

static void teardown(void)
{
	trouble_fini(&b);
	event_base_free(child.base);
}

/* Job 'i' has been with the disk for so long. */
static void submit(unsigned int i, enum blk_op op, uint64_t age_ns)
{
	jobs[i].q = &queue;
	jobs[i].io.op = op;
	jobs[i].since_ns = backend_stats_now() - age_ns;
	trouble_watch(&b, &jobs[i]);
}

static void second_passes(void)
{
	event_active(b.watchdog, EV_TIMEOUT, 0);
	event_base_loop(child.base, EVLOOP_NONBLOCK);
}

static void a_silent_disk_is_told_once_and_its_end_too(void)
{
	setup(BLKIF_REPORT, BLKIF_REPORT);
	stats.rbd_state = RBD_STATE_CONNECTED;
	submit(0, BLK_READ, 4 * SECOND);
	second_passes();
	CU_ASSERT_EQUAL(nr_stalled, 0);
	jobs[0].since_ns -= 2 * SECOND;
	second_passes();
	second_passes();
	CU_ASSERT(nr_stalled == 1 && nr_answers == 0);
	CU_ASSERT(stats.stalls == 1 && stats.stalled == 1 && stats.rbd_state == RBD_STATE_STALLED);
	trouble_unwatch(&b, &jobs[0]);
	CU_ASSERT(nr_stalled == 1 && nr_answers == 1);
	CU_ASSERT(stats.stalls == 1 && stats.stalled == 0 && stats.rbd_state == RBD_STATE_CONNECTED);
	CU_ASSERT_EQUAL(stats.rbd_slow_requests, 1);
	second_passes();
	CU_ASSERT_EQUAL(nr_stalled, 1);
	teardown();
}

/* One OSD of several is away: the disk answers what the others have, and is in trouble all the same. */
static void answers_of_others_do_not_end_it(void)
{
	setup(BLKIF_REPORT, BLKIF_REPORT);
	submit(0, BLK_WRITE, 9 * SECOND);
	submit(1, BLK_WRITE, 8 * SECOND);
	submit(2, BLK_WRITE, 0);
	submit(3, BLK_READ, 0);
	second_passes();
	CU_ASSERT_EQUAL(nr_stalled, 1);
	trouble_unwatch(&b, &jobs[2]);
	trouble_unwatch(&b, &jobs[0]);
	CU_ASSERT_EQUAL(nr_answers, 0);
	trouble_unwatch(&b, &jobs[1]);
	CU_ASSERT_EQUAL(nr_answers, 1);
	trouble_unwatch(&b, &jobs[3]);
	CU_ASSERT(nr_stalled == 1 && nr_answers == 1);
	CU_ASSERT_EQUAL(stats.rbd_slow_requests, 0); /* no image of a cluster */
	teardown();
}

static void what_limits_hold_back_is_not_the_disks(void)
{
	setup(BLKIF_REPORT, BLKIF_REPORT);
	stats.rbd_state = RBD_STATE_CONNECTED;
	submit(0, BLK_WRITE, 100 * SECOND);
	held = &jobs[0].io;
	second_passes();
	CU_ASSERT_EQUAL(nr_stalled, 0);
	held = NULL;
	jobs[0].io.held_since_ns = backend_stats_now(); /* it went on just now */
	second_passes();
	CU_ASSERT_EQUAL(nr_stalled, 0);
	trouble_unwatch(&b, &jobs[0]);
	CU_ASSERT_EQUAL(stats.rbd_slow_requests, 0);
	teardown();
}

static bool fails(unsigned int i, enum blk_op op, int err)
{
	submit(i, op, 0);
	trouble_unwatch(&b, &jobs[i]);
	jobs[i].io.err = err;
	return trouble_keeps(&jobs[i]);
}

static void a_policy_is_for_its_direction(void)
{
	setup(BLKIF_REPORT, BLKIF_STOP);
	CU_ASSERT(!fails(0, BLK_READ, -EIO) && jobs[0].io.err == -EIO);
	CU_ASSERT(!fails(1, BLK_WRITE, 0));
	CU_ASSERT(!fails(1, BLK_WRITE, -EOPNOTSUPP)); /* an answer, not a failure */
	CU_ASSERT_EQUAL(nr_stopped, 0);
	CU_ASSERT(fails(2, BLK_WRITE, -EIO));
	CU_ASSERT(fails(3, BLK_FLUSH, -ENOSPC));
	CU_ASSERT(nr_stopped == 2 && stopped_for == -ENOSPC && stats.stopped == 2);
	blkif_retry(&b);
	CU_ASSERT(nr_restored == 2 && nr_submitted == 2 && stats.stopped == 0);
	/* A guest that lets go of its disk gets its errors, whatever the policy. */
	trouble_unwatch(&b, &jobs[2]);
	trouble_unwatch(&b, &jobs[3]);
	b.closing = true;
	CU_ASSERT(!fails(2, BLK_WRITE, -EIO) && jobs[2].io.err == -EIO);
	teardown();
}

static void no_space_may_be_worth_waiting_for(void)
{
	setup(BLKIF_REPORT, BLKIF_ENOSPACE);
	CU_ASSERT(fails(0, BLK_WRITE, -ENOSPC));
	CU_ASSERT(fails(1, BLK_WRITE, -EDQUOT));
	CU_ASSERT(!fails(2, BLK_WRITE, -EIO) && jobs[2].io.err == -EIO);
	teardown();
}

static void an_error_that_is_ignored_reads_as_zeroes(void)
{
	char bytes[8] = "secret";
	struct iovec iov = { bytes, sizeof(bytes) };

	setup(BLKIF_IGNORE, BLKIF_IGNORE);
	jobs[0].io.iov = &iov;
	jobs[0].io.nr_iov = 1;
	CU_ASSERT(!fails(0, BLK_READ, -EIO) && !jobs[0].io.err);
	CU_ASSERT(!memcmp(bytes, "\0\0\0\0\0\0\0", 8));
	CU_ASSERT(!fails(1, BLK_WRITE, -EIO) && !jobs[1].io.err);
	teardown();
}

UNIT_MAIN("trouble", UNIT_TEST(a_silent_disk_is_told_once_and_its_end_too),
	  UNIT_TEST(answers_of_others_do_not_end_it), UNIT_TEST(what_limits_hold_back_is_not_the_disks),
	  UNIT_TEST(a_policy_is_for_its_direction), UNIT_TEST(no_space_may_be_worth_waiting_for),
	  UNIT_TEST(an_error_that_is_ignored_reads_as_zeroes))
