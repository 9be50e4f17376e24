/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's connection to its guest.
 *
 * A queue is a ring and an event channel. A request is taken from the ring, checked, given the
 * guest's memory in one of two ways, submitted to the disk, and answered exactly once:
 *   - A front end with persistent grants: its pages stay mapped (grants.c), and the disk reads and
 *     writes there directly.
 *     A disk whose writes must not change under it gets a copy of what is written.
 *   - Any other: the data goes through a buffer of ours, moved by grant copies, one call for all
 *     segments of a request. Mapping would cost two hypercalls a page and a TLB flush.
 * Where a page cannot be had, or a value is out of range, the request is answered with an error. A
 * ring whose producer index makes no sense ends the connection of this disk, and of nothing else.
 *
 * The guest owns the data it hands over: it may change it while it is written. That hurts nobody
 * but itself, since nothing here looks into it.
 */
#include "blk/blkif.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xengnttab.h>

#include <xen/io/blkif.h>

#include "backend/child.h"
#include "backend/stats.h"
#include "blk/disk.h"
#include "blk/grants.h"
#include "blk/inflight.h"
#include "blk/limiter.h"
#include "evtchn.h"
#include "lib/log.h"

/* A disk that has not answered for so long is reported. */
#define STALL_NS 5000000000ull

/* Requests that a queue takes before the loop looks at something else. */
#define REQUESTS_PER_ROUND 32

/* Bounce buffers of the whole process; a queue that would exceed them waits. */
#define MAX_BUFFERED_BYTES (32u << 20)

/*
 * Pages that may stay mapped for a queue: full requests of the usual front end, 32 segments, but not
 * more than a share of what the kernel maps for one process.
 */
#define MAX_PERSISTENT_PAGES(nr_slots) ((nr_slots) * 33 < 2048 ? (nr_slots) * 33 : 2048)

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

/* Every disk of the process: for pushing responses and waking stalled queues. */
static struct blkif *all;

static void queue_process(struct blk_queue *q);
static void blkif_on_watchdog(evutil_socket_t fd, short what, void *arg);
static void blkif_on_room(void *arg);
static void blkif_finish_disconnect(struct blkif *b);

struct blkif *blkif_create(struct blkif_host *host, unsigned int id, struct disk *disk)
{
	struct blkif *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->host = host;
	b->id = id;
	b->disk = disk;
	b->limits.nr_sectors = disk->info.nr_sectors;
	b->limits.readonly = disk->info.readonly;
	b->limits.can_discard = disk->info.can_discard;
	b->stats = backend_stats_disk(id);
	b->stats->in_flight = 0; /* a process that died took those with it */
	b->stats->size_bytes = disk->info.nr_sectors * BLK_SECTOR_SIZE;
	STAILQ_INIT(&b->stopped);
	TAILQ_INIT(&b->jobs);
	b->watchdog = event_new(host->child->base, -1, EV_PERSIST, blkif_on_watchdog, b);
	if (!b->watchdog ||
	    limiter_create(host->child->base, disk, b->stats, blkif_on_room, b, &b->limiter)) {
		if (b->watchdog)
			event_free(b->watchdog);
		free(b);
		return NULL;
	}
	b->next = all;
	all = b;
	return b;
}

void blkif_set_limits(struct blkif *b, const struct throttle_conf *conf)
{
	limiter_set(b->limiter, conf);
}

void blkif_set_policy(struct blkif *b, enum blkif_policy reads, enum blkif_policy others)
{
	b->policies[0] = reads;
	b->policies[1] = others;
}

void blkif_destroy(struct blkif *b)
{
	struct blkif **p = &all;

	while (*p != b)
		p = &(*p)->next;
	*p = b->next;
	b->disk->ops->close(b->disk);
	backend_stats_drop(BACKEND_STATS_DISK, b->id);
	limiter_destroy(b->limiter);
	event_free(b->watchdog);
	free(b);
}

void blkif_set_sector_size(struct blkif *b, uint32_t bytes)
{
	b->limits.sector_size = bytes;
}

void blkif_set_size(struct blkif *b, uint64_t nr_sectors)
{
	b->limits.nr_sectors = nr_sectors;
	b->stats->size_bytes = nr_sectors * BLK_SECTOR_SIZE;
}

struct disk *blkif_disk(struct blkif *b)
{
	return b->disk;
}

unsigned int blkif_id(const struct blkif *b)
{
	return b->id;
}

bool blkif_is_connected(const struct blkif *b)
{
	return b->connected;
}

static void queue_respond(struct blk_queue *q, unsigned int entry, uint64_t id, uint8_t wire_op,
			  int err)
{
	int16_t status = BLKIF_RSP_OKAY;

	if (err == -EOPNOTSUPP)
		status = BLKIF_RSP_EOPNOTSUPP;
	else if (err)
		status = BLKIF_RSP_ERROR;
	blk_ring_respond(&q->ring, entry, id, wire_op, status);
	q->unpushed = true;
}

static void queue_push(struct blk_queue *q)
{
	if (!q->unpushed)
		return;
	q->unpushed = false;
	if (blk_ring_push(&q->ring))
		evtchn_port_notify(q->port);
}

static void queue_process_later(struct blk_queue *q)
{
	/* A timer, not event_active(): those would all run before the loop polls again. */
	static const struct timeval now = { 0, 0 };

	evtimer_add(q->again, &now);
}

void blkif_push_responses(struct blkif_host *host)
{
	struct blkif *b, *next;
	unsigned int i;

	for (b = all; b; b = next) {
		next = b->next;
		for (i = 0; i < b->nr_queues; i++) {
			struct blk_queue *q = &b->queues[i];

			queue_push(q);
			if (q->stalled && host->buffered_bytes <= MAX_BUFFERED_BYTES / 2 &&
			    !limiter_is_full(b->limiter)) {
				q->stalled = false;
				queue_process_later(q);
			}
		}
		if (b->closing)
			blkif_finish_disconnect(b);
	}
}

/* ---- the guest's memory ---- */

static size_t segment_bytes(const struct blk_segment *s)
{
	return (size_t)(s->last - s->first + 1) * BLK_SECTOR_SIZE;
}

/* Moves all segments between the job's buffer and the guest. -EFAULT: one could not be had. */
static int job_copy(struct blk_job *job, bool to_guest)
{
	struct xengnttab_grant_copy_segment ops[BLK_MAX_SEGMENTS];
	struct child *child = job->q->blkif->host->child;
	char *p = job->buffer;
	unsigned int i;

	for (i = 0; i < job->nr_segments; i++) {
		const struct blk_segment *s = &job->segments[i];
		union xengnttab_copy_ptr guest = {
			.foreign = { .ref = s->gref,
				     .offset = (uint16_t)(s->first * BLK_SECTOR_SIZE),
				     .domid = child->domid },
		};
		union xengnttab_copy_ptr ours = { .virt = p };

		ops[i].source = to_guest ? ours : guest;
		ops[i].dest = to_guest ? guest : ours;
		ops[i].len = (uint16_t)segment_bytes(s);
		ops[i].flags = to_guest ? GNTCOPY_dest_gref : GNTCOPY_source_gref;
		ops[i].status = GNTST_general_error;
		p += segment_bytes(s);
	}
	if (xengnttab_grant_copy(child->gnttab, job->nr_segments, ops))
		return -EFAULT;
	for (i = 0; i < job->nr_segments; i++)
		if (ops[i].status != GNTST_okay)
			return -EFAULT;
	return 0;
}

/* The page with the segments of an indirect request, as a private copy. */
static int queue_read_indirect(struct blk_queue *q, struct blk_request *req)
{
	struct child *child = q->blkif->host->child;
	uint8_t page[BLK_PAGE_SIZE] __attribute__((aligned(8)));
	unsigned int bytes = req->nr_segments * (unsigned int)sizeof(struct blkif_request_segment);
	struct xengnttab_grant_copy_segment op = {
		.source.foreign = { .ref = req->indirect_gref, .domid = child->domid },
		.dest.virt = page,
		.len = (uint16_t)bytes,
		.flags = GNTCOPY_source_gref,
		.status = GNTST_general_error,
	};
	void *mapped;

	if (q->grants && grant_cache_get(q->grants, &req->indirect_gref, 1, &mapped) == 0) {
		blk_copy_once(page, mapped, bytes);
	} else if (xengnttab_grant_copy(child->gnttab, 1, &op) || op.status != GNTST_okay) {
		return -EFAULT;
	}
	blk_request_decode_indirect(req, page);
	return 0;
}

/* ---- requests ---- */

static void job_free(struct blk_job *job)
{
	struct blkif_host *host = job->q->blkif->host;

	host->buffered_bytes -= job->buffer_bytes;
	free(job->buffer);
	free(job->iov);
	free(job);
}

static enum backend_stats_op stats_op(enum blk_op op)
{
	switch (op) {
	case BLK_READ:
		return STATS_READ;
	case BLK_WRITE:
		return STATS_WRITE;
	case BLK_FLUSH:
		return STATS_FLUSH;
	case BLK_DISCARD:
		return STATS_DISCARD;
	case BLK_UNKNOWN:
		break; /* is never submitted */
	}
	return STATS_READ;
}

/* ---- disks that do not answer ---- */

static void blkif_watch(struct blkif *b, struct blk_job *job)
{
	static const struct timeval each = { 1, 0 };

	if (TAILQ_EMPTY(&b->jobs))
		event_add(b->watchdog, &each);
	TAILQ_INSERT_TAIL(&b->jobs, job, age);
}

static void blkif_set_stalled(struct blkif *b, bool stalled)
{
	if (b->is_stalled == stalled)
		return;
	b->is_stalled = stalled;
	b->host->on_stalled(b, stalled);
}

static void blkif_unwatch(struct blkif *b, struct blk_job *job)
{
	TAILQ_REMOVE(&b->jobs, job, age);
	blkif_set_stalled(b, false);
	if (TAILQ_EMPTY(&b->jobs))
		event_del(b->watchdog);
}

static void blkif_on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct blkif *b = arg;
	struct blk_job *oldest = TAILQ_FIRST(&b->jobs);
	uint64_t since;

	(void)fd;
	(void)what;
	if (!oldest)
		return;
	/* What its limits held back was not the disk's to answer. */
	since = oldest->io.held_since_ns > oldest->since_ns ? oldest->io.held_since_ns : oldest->since_ns;
	if (!limiter_holds(b->limiter, &oldest->io) && backend_stats_now() - since > STALL_NS)
		blkif_set_stalled(b, true);
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

static void job_restore(struct blk_job *job);

/* True: the request waits for somebody to do something about the disk. */
static bool job_is_stopped(struct blk_job *job)
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
	b->host->on_stopped(b, err);
	return true;
}

void blkif_retry(struct blkif *b)
{
	struct disk_io_list list = STAILQ_HEAD_INITIALIZER(list);
	struct disk_io *io;

	STAILQ_CONCAT(&list, &b->stopped);
	while ((io = STAILQ_FIRST(&list))) {
		struct blk_job *job = (struct blk_job *)io;

		STAILQ_REMOVE_HEAD(&list, link);
		job_restore(job);
		blkif_watch(b, job);
		limiter_submit(b->limiter, io);
	}
}

static void job_done(struct disk_io *io)
{
	struct blk_job *job = (struct blk_job *)io;
	struct blk_queue *q = job->q;
	int err;

	blkif_unwatch(q->blkif, job);
	if (job_is_stopped(job))
		return;
	err = io->err;
	if (!err && job->buffer && io->op == BLK_READ)
		err = job_copy(job, true);
	queue_respond(q, job->entry, job->id, job->wire_op, err);
	backend_stats_answered(q->blkif->stats, stats_op(io->op), io->length, job->since_ns, err);
	backend_stats_add(&q->blkif->stats->in_flight, -1ull);
	q->nr_in_flight--;
	q->blkif->host->nr_in_flight--;
	job_free(job);
}

/* Persistent pages as they are: no copy, no hypercall once they are known. */
static int job_use_pages(struct blk_job *job)
{
	uint32_t refs[BLK_MAX_SEGMENTS];
	void *pages[BLK_MAX_SEGMENTS];
	unsigned int i;
	int err;

	for (i = 0; i < job->nr_segments; i++)
		refs[i] = job->segments[i].gref;
	err = grant_cache_get(job->q->grants, refs, job->nr_segments, pages);
	if (err)
		return err;
	for (i = 0; i < job->nr_segments; i++) {
		job->iov[i].iov_base =
			(char *)pages[i] + job->segments[i].first * BLK_SECTOR_SIZE;
		job->iov[i].iov_len = segment_bytes(&job->segments[i]);
	}
	job->io.nr_iov = (int)job->nr_segments;
	return 0;
}

static int job_use_buffer(struct blk_job *job)
{
	if (posix_memalign(&job->buffer, BLK_PAGE_SIZE, job->io.length)) {
		job->buffer = NULL;
		return -ENOMEM;
	}
	job->buffer_bytes = job->io.length;
	job->q->blkif->host->buffered_bytes += job->buffer_bytes;
	job->iov[0].iov_base = job->buffer;
	job->iov[0].iov_len = job->io.length;
	job->io.nr_iov = 1;
	return job->io.op == BLK_WRITE ? job_copy(job, false) : 0;
}

/* A disk may have used up the vector and moved the offset on its way to the error. */
static void job_restore(struct blk_job *job)
{
	job->io.err = 0;
	job->io.offset = job->offset;
	if (!job->iov)
		return;
	job->io.iov = job->iov;
	if (job->buffer) {
		job->iov[0].iov_base = job->buffer;
		job->iov[0].iov_len = job->io.length;
		job->io.nr_iov = 1;
	} else {
		job_use_pages(job);
	}
}

static int job_prepare_data(struct blk_job *job, const struct blk_request *req)
{
	int err = -ENOENT;

	job->nr_segments = req->nr_segments;
	memcpy(job->segments, req->segments, req->nr_segments * sizeof(req->segments[0]));
	job->iov = calloc(req->nr_segments, sizeof(*job->iov));
	if (!job->iov)
		return -ENOMEM;
	job->io.iov = job->iov;
	if (job->q->grants && !(job->io.op == BLK_WRITE && job->q->blkif->disk->info.stable_writes))
		err = job_use_pages(job);
	if (err)
		err = job_use_buffer(job);
	return err;
}

static int queue_submit(struct blk_queue *q, struct blk_request *req)
{
	struct blkif *b = q->blkif;
	struct blk_job *job;
	int err = 0;

	if (req->is_indirect)
		err = queue_read_indirect(q, req);
	if (!err)
		err = blk_request_check(req, &b->limits);
	if (err)
		return err;

	job = calloc(1, sizeof(*job) + req->nr_segments * sizeof(job->segments[0]));
	if (!job)
		return -ENOMEM;
	job->q = q;
	job->entry = req->entry;
	job->id = req->id;
	job->since_ns = backend_stats_now();
	job->wire_op = req->wire_op;
	job->io.op = req->op;
	job->io.offset = req->sector * BLK_SECTOR_SIZE;
	job->io.length = req->nr_sectors * BLK_SECTOR_SIZE;
	job->offset = job->io.offset;
	job->io.done = job_done;
	if (req->op == BLK_READ || req->op == BLK_WRITE)
		err = job_prepare_data(job, req);
	if (err) {
		job_free(job);
		return err;
	}
	q->nr_in_flight++;
	backend_stats_add(&b->stats->in_flight, 1);
	b->host->nr_in_flight++;
	blkif_watch(b, job);
	limiter_submit(b->limiter, &job->io);
	return 0;
}

static void blkif_break(struct blkif *b, const char *reason)
{
	log_error("domain %u, disk %u: %s", b->host->child->domid, b->id, reason);
	b->host->on_broken(b, reason);
	blkif_disconnect(b);
}

/* 'rc' is what decoding it said. */
static void queue_serve(struct blk_queue *q, struct blk_request *req, int rc)
{
	int err = rc < 0 ? rc : queue_submit(q, req);

	if (err) {
		queue_respond(q, req->entry, req->id, req->wire_op, err);
		backend_stats_add(&q->blkif->stats->bad_requests, 1);
	}
}

static void queue_process(struct blk_queue *q)
{
	struct blkif *b = q->blkif;
	struct blk_request req;
	unsigned int round;
	int rc;

	for (round = 0; round < REQUESTS_PER_ROUND && !b->closing; round++) {
		if (b->host->buffered_bytes > MAX_BUFFERED_BYTES || limiter_is_full(b->limiter)) {
			q->stalled = true;
			break;
		}
		rc = blk_ring_next(&q->ring, &req);
		if (rc == -EPROTO) {
			blkif_break(b, "the front end's ring makes no sense");
			return;
		}
		if (rc == 0) {
			if (blk_ring_arm(&q->ring))
				continue;
			break;
		}
		queue_serve(q, &req, rc);
	}
	if (round == REQUESTS_PER_ROUND && !b->closing)
		queue_process_later(q);
	queue_push(q);
}

static void blkif_on_room(void *arg)
{
	struct blkif *b = arg;

	blkif_push_responses(b->host); /* wakes queues, too */
}

static void queue_on_event(void *arg)
{
	queue_process(arg);
}

static void queue_on_again(evutil_socket_t fd, short what, void *arg)
{
	struct blk_queue *q = arg;

	(void)fd;
	(void)what;
	if (!q->stalled)
		queue_process(q);
}

/* ---- connection ---- */

static void queue_fini(struct blk_queue *q)
{
	struct child *child = q->blkif->host->child;

	if (q->again)
		event_free(q->again);
	evtchn_port_unbind(q->port);
	grant_cache_destroy(q->grants);
	if (q->ring_memory)
		xengnttab_unmap(child->gnttab, q->ring_memory, q->nr_pages);
	memset(q, 0, sizeof(*q));
}

/* Its place in the record: begun anew, or where the last process was. */
static int queue_take_up(struct blk_queue *q, bool resume)
{
	struct inflight_file *file = q->blkif->host->record;
	unsigned int queue = (unsigned int)(q - q->blkif->queues);
	int err = 0;

	if (resume)
		err = inflight_resume(&q->record, file, queue, q->ring.rsp_prod, &q->ring.req_cons,
				      q->to_redo, &q->nr_to_redo);
	else
		inflight_begin(&q->record, file, queue, q->ring.req_cons);
	if (!err)
		q->ring.record = &q->record;
	return err;
}

/* What the last process had taken and not answered, in the order in which it was taken. */
static void queue_redo(struct blk_queue *q)
{
	struct inflight_entry *e;
	struct blk_request req;
	unsigned int i;
	int rc;

	for (i = 0; i < q->nr_to_redo; i++) {
		e = &q->record.ring->entries[q->to_redo[i]];
		rc = blk_request_decode(q->ring.abi, e->slot, &req);
		req.entry = q->to_redo[i];
		queue_serve(q, &req, rc);
	}
	if (q->nr_to_redo)
		log_info("domain %u, disk %u: %u requests are carried out again",
			 q->blkif->host->child->domid, q->blkif->id, q->nr_to_redo);
	q->nr_to_redo = 0;
}

static int queue_init(struct blk_queue *q, struct blkif *b, const struct blkif_spec *spec,
		      const struct blkif_queue_spec *qs, const char **ret_error)
{
	struct child *child = b->host->child;
	uint32_t refs[BLK_MAX_RING_PAGES];
	int err;

	memset(q, 0, sizeof(*q));
	q->blkif = b;
	q->nr_pages = qs->nr_pages;
	memcpy(refs, qs->ring_refs, sizeof(refs));
	*ret_error = "cannot map the ring";
	q->ring_memory = xengnttab_map_domain_grant_refs(child->gnttab, q->nr_pages, child->domid,
							 refs, PROT_READ | PROT_WRITE);
	if (!q->ring_memory)
		return -EFAULT;
	blk_ring_init(&q->ring, q->ring_memory, spec->abi, q->nr_pages);
	*ret_error = "the ring is not what the last process left behind";
	if (b->host->record && queue_take_up(q, spec->resume)) {
		queue_fini(q);
		return -EPROTO;
	}

	*ret_error = "not enough memory";
	if (spec->persistent) {
		err = grant_cache_create(child->gnttab, child->domid,
					 MAX_PERSISTENT_PAGES(q->ring.nr_slots), &q->grants);
		if (err)
			goto undo;
	}
	err = -ENOMEM;
	q->again = evtimer_new(child->base, queue_on_again, q);
	if (!q->again)
		goto undo;

	*ret_error = "cannot bind the event channel";
	err = evtchn_mux_bind(child->mux, child->domid, qs->event_channel, queue_on_event, q,
			      &q->port);
	if (err)
		goto undo;
	return 0;
undo:
	queue_fini(q);
	return err;
}

static int check_record(struct blkif *b, const struct blkif_spec *spec, bool *ret_resume)
{
	unsigned int nr_slots = blk_ring_nr_slots(spec->abi, spec->queues[0].nr_pages);
	unsigned int i;

	for (i = 1; i < spec->nr_queues; i++)
		if (spec->queues[i].nr_pages != spec->queues[0].nr_pages)
			return -EINVAL;
	*ret_resume = spec->resume && b->host->record &&
		      inflight_can_resume(b->host->record, spec->abi, spec->nr_queues, nr_slots);
	if (spec->resume && !*ret_resume && b->host->record && b->host->record->connected)
		return -EPROTO;
	if (b->host->record && !*ret_resume)
		inflight_reset(b->host->record, spec->abi, spec->nr_queues, nr_slots);
	return 0;
}

int blkif_connect(struct blkif *b, const struct blkif_spec *given, const char **ret_error)
{
	struct blkif_spec spec = *given;
	unsigned int i;
	int err;

	*ret_error = "connected already";
	if (b->connected)
		return -EISCONN;
	*ret_error = "the rings are not those that the last process served";
	err = check_record(b, given, &spec.resume);
	if (err)
		return err;
	for (i = 0; i < spec.nr_queues; i++) {
		err = queue_init(&b->queues[i], b, &spec, &spec.queues[i], ret_error);
		if (err) {
			while (i--)
				queue_fini(&b->queues[i]);
			return err;
		}
	}
	b->nr_queues = spec.nr_queues;
	b->stats->queue_depth = spec.nr_queues * b->queues[0].ring.nr_slots;
	b->connected = true;
	if (b->host->record)
		inflight_set_connected(b->host->record);
	for (i = 0; i < b->nr_queues; i++) {
		queue_redo(&b->queues[i]);
		/*
		 * The last process may have published responses and died before it said so; the
		 * front end looks and finds nothing new, or what it waits for.
		 */
		if (spec.resume)
			evtchn_port_notify(b->queues[i].port);
		/* The front end may have queued requests before we were there, and notified nobody. */
		queue_process_later(&b->queues[i]);
	}
	return 0;
}

static void blkif_finish_disconnect(struct blkif *b)
{
	unsigned int i;

	for (i = 0; i < b->nr_queues; i++)
		if (b->queues[i].nr_in_flight)
			return;
	for (i = 0; i < b->nr_queues; i++) {
		queue_push(&b->queues[i]);
		queue_fini(&b->queues[i]);
	}
	/* Nothing is left to be taken up. */
	if (b->host->record)
		inflight_reset(b->host->record, 0, 0, 0);
	b->nr_queues = 0;
	b->stats->queue_depth = 0;
	b->closing = false;
	b->connected = false;
	b->host->on_disconnected(b);
	/* From here b may be gone. */
}

void blkif_disconnect(struct blkif *b)
{
	struct disk_io *io;

	if (!b->connected) {
		b->host->on_disconnected(b);
		return;
	}
	if (b->closing)
		return;
	b->closing = true;
	/* Nobody waits any more for what might come of them. */
	while ((io = STAILQ_FIRST(&b->stopped))) {
		STAILQ_REMOVE_HEAD(&b->stopped, link);
		blkif_watch(b, (struct blk_job *)io);
		job_done(io);
	}
	blkif_finish_disconnect(b);
}
