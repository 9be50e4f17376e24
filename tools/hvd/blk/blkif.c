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
#include "blk/blkif_job.h"
#include "blk/disk.h"
#include "blk/grants.h"
#include "blk/inflight.h"
#include "blk/limiter.h"
#include "evtchn.h"
#include "lib/log.h"

/* Requests that a queue takes before the loop looks at something else. */
#define REQUESTS_PER_ROUND 32

/* Bounce buffers of the whole process; a queue that would exceed them waits. */
#define MAX_BUFFERED_BYTES (32u << 20)

/*
 * Pages that may stay mapped for a queue: full requests of the usual front end, 32 segments, but not
 * more than a share of what the kernel maps for one process.
 */
#define MAX_PERSISTENT_PAGES(nr_slots) ((nr_slots) * 33 < 2048 ? (nr_slots) * 33 : 2048)

/* Every disk of the process: for pushing responses and waking stalled queues. */
static struct blkif *all;

static void queue_process(struct blk_queue *q);
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
	/* A process that died took those with it. */
	b->stats->in_flight = 0;
	b->stats->rbd_abandoned_bytes = 0;
	b->stats->size_bytes = disk->info.nr_sectors * BLK_SECTOR_SIZE;
	if (trouble_init(b) ||
	    limiter_create(host->child->base, disk, b->stats, blkif_on_room, b, &b->limiter)) {
		trouble_fini(b);
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
	trouble_fini(b);
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

/* ---- requests ---- */

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

static void job_done(struct disk_io *io)
{
	struct blk_job *job = (struct blk_job *)io;
	struct blk_queue *q = job->q;
	int err;

	trouble_unwatch(q->blkif, job);
	if (trouble_keeps(job))
		return;
	err = io->err;
	if (!err)
		err = job_deliver(job);
	queue_respond(q, job->entry, job->id, job->wire_op, err);
	backend_stats_answered(q->blkif->stats, stats_op(io->op), io->length, job->since_ns, err);
	backend_stats_add(&q->blkif->stats->in_flight, -1ull);
	q->nr_in_flight--;
	q->blkif->host->nr_in_flight--;
	job_free(job);
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
	trouble_watch(b, job);
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
	b->stats->stopped = 0;
	while ((io = STAILQ_FIRST(&b->stopped))) {
		STAILQ_REMOVE_HEAD(&b->stopped, link);
		trouble_watch(b, (struct blk_job *)io);
		job_done(io);
	}
	blkif_finish_disconnect(b);
}
