/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of a disk's connection to its guest (blkif.h).
 *
 *   blkif.c    rings: requests are taken, checked, answered; connecting and letting go
 *   job.c      the guest's memory of a request
 *   trouble.c  disks that do not answer, and what they say when they fail
 */
#ifndef BLK_BLKIF_JOB_H
#define BLK_BLKIF_JOB_H

#include <event2/event.h>
#include <sys/queue.h>

#include "blk/blkif.h"
#include "blk/disk.h"
#include "blk/inflight.h"

struct backend_disk_stats;
struct evtchn_port;
struct grant_cache;
struct limiter;

struct blk_queue {
	struct blkif *blkif;
	struct blk_ring ring;
	struct inflight record; /* of use if ring.record points here */
	void *ring_memory;
	unsigned int nr_pages;
	struct evtchn_port *port;
	struct grant_cache *grants; /* NULL: the front end's grants are not persistent */
	struct event *again;        /* continues in the next round of the loop */
	unsigned int nr_in_flight;
	unsigned int nr_to_redo; /* entries of the record that the last process left */
	uint16_t to_redo[INFLIGHT_MAX_SLOTS];
	bool stalled;    /* waits for buffer space */
	bool unpushed;   /* has responses that the front end cannot see yet */
};

struct blkif {
	struct blkif_host *host;
	unsigned int id;
	struct disk *disk;
	struct blk_limits limits;
	struct backend_disk_stats *stats;
	struct limiter *limiter;
	enum blkif_policy policies[2];	/* of reads, of all else */
	struct disk_io_list stopped;	/* failed, and wait for blkif_retry() */
	TAILQ_HEAD(, blk_job) jobs;	/* with the disk, oldest first */
	struct event *watchdog;
	bool is_stalled;
	bool connected;
	bool closing;
	unsigned int nr_queues;
	struct blk_queue queues[BLKIF_MAX_QUEUES];
	struct blkif *next; /* in 'all' */
};

/* A request in flight. */
struct blk_job {
	struct disk_io io; /* first: done() casts back */
	struct blk_queue *q;
	TAILQ_ENTRY(blk_job) age; /* in 'jobs' */
	unsigned int entry; /* in the record */
	uint64_t id;
	uint64_t offset;
	uint64_t since_ns; /* when it was taken off the ring */
	uint8_t wire_op;
	unsigned int nr_segments;
	void *buffer; /* NULL: the iov points into persistent pages */
	size_t buffer_bytes;
	struct iovec *iov;
	struct blk_segment segments[];
};

/* ---- job.c ---- */

/* The page with the segments of an indirect request, as a private copy. -EFAULT: it cannot be had. */
int queue_read_indirect(struct blk_queue *q, struct blk_request *req);

/* Gives the job the memory that it reads to or writes from, with what is written in it. */
int job_prepare_data(struct blk_job *job, const struct blk_request *req);
/* What was read, to where the guest wants it. */
int job_deliver(struct blk_job *job);
/* For another attempt: a disk may have used up the vector and moved the offset on its way to the error. */
void job_restore(struct blk_job *job);
void job_free(struct blk_job *job);

/* ---- trouble.c ---- */

int trouble_init(struct blkif *b);
void trouble_fini(struct blkif *b);

/* A job is with the disk, and is not any more. */
void trouble_watch(struct blkif *b, struct blk_job *job);
void trouble_unwatch(struct blkif *b, struct blk_job *job);

/* True: the job has failed and waits for blkif_retry(); false: it is to be answered by its io.err. */
bool trouble_keeps(struct blk_job *job);

#endif
