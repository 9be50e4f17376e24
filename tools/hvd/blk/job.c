/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a request: the guest's own pages where they stay mapped, else a buffer of ours; the
 * reasons are told in blkif.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xengnttab.h>

#include <xen/io/blkif.h>

#include "backend/child.h"
#include "backend/stats.h"
#include "blk/blkif_job.h"
#include "blk/grants.h"

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

int queue_read_indirect(struct blk_queue *q, struct blk_request *req)
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

void job_free(struct blk_job *job)
{
	struct blkif_host *host = job->q->blkif->host;

	host->buffered_bytes -= job->buffer_bytes;
	if (job->io.is_lost)
		backend_stats_add(&job->q->blkif->stats->rbd_abandoned_bytes, job->buffer_bytes);
	else
		free(job->buffer);
	free(job->iov);
	free(job);
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

void job_restore(struct blk_job *job)
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

int job_prepare_data(struct blk_job *job, const struct blk_request *req)
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

int job_deliver(struct blk_job *job)
{
	return job->buffer && job->io.op == BLK_READ ? job_copy(job, true) : 0;
}
