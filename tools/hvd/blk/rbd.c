/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image in a Ceph cluster as a disk: requests go to librbd's asynchronous calls, completions
 * come back through an eventfd.
 *
 * There is no thread for a request and nothing polls: librbd writes the eventfd when it has put
 * completions on the image's list, and the loop takes all of them in one go. Submitting does not
 * wait for the cluster, whatever state that is in.
 *
 * Reads go where the request's memory is, be it pages of the guest: librbd checks what the network
 * brought in memory of its own and copies it there. Writes come from memory that nobody changes until
 * they are done (info.stable_writes): librbd computes a checksum of it, sends it, and computes
 * no other when it has to send it again. A guest that changes a page in between would have the OSD
 * cut the connection for a wrong checksum, again and again.
 */
#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/child.h"
#include "backend/stats.h"
#include "blk/disk.h"
#include "blk/rbd_disk.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define COMPLETIONS_PER_CALL 32

/* From the start until the image is open; hvd waits longer than this (backend/service.c). */
static const struct timeval open_within = { 35, 0 };

/* rbd_aio_discard() does nothing for what is smaller (rbd_conf.c). */
#define DISCARD_UNIT 4096u

/* A request that librbd has. */
struct rbd_request {
	TAILQ_ENTRY(rbd_request) link;
	struct disk_io *io; /* NULL: nobody waits for it any more */
};

struct rbd_disk {
	struct disk disk;
	const struct disk_owner *owner;
	struct rbd_conf conf;
	struct rbd_session *session;
	rbd_image_t image; /* NULL until it is open */
	bool ignore_flush;
	struct backend_disk_stats *stats;

	int io_fd, news_fd;
	struct event *on_io;   /* completions */
	struct event *on_news; /* the session has something to say */
	struct event *deadline;
	TAILQ_HEAD(, rbd_request) requests;
	struct disk_io_list rejected; /* by librbd, without an attempt */
};

static void rbd_wake(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		abort(); /* an eventfd that is read to zero takes a one */
}

/* ---- requests ---- */

static int rbd_start_io(struct rbd_disk *r, struct disk_io *io, rbd_completion_t c)
{
	switch (io->op) {
	case BLK_READ:
		return rbd_aio_readv(r->image, io->iov, io->nr_iov, io->offset, c);
	case BLK_WRITE:
		return rbd_aio_writev(r->image, io->iov, io->nr_iov, io->offset, c);
	case BLK_FLUSH:
		return rbd_aio_flush(r->image, c);
	case BLK_DISCARD:
		if (io->offset % DISCARD_UNIT == 0 && io->length % DISCARD_UNIT == 0)
			return rbd_aio_discard(r->image, io->offset, io->length, c);
		return rbd_aio_write_zeroes(r->image, io->offset, io->length, c, 0, 0);
	case BLK_UNKNOWN:
		break;
	}
	return -EOPNOTSUPP;
}

static int rbd_start(struct rbd_disk *r, struct disk_io *io)
{
	struct rbd_request *rq = xcalloc(1, sizeof(*rq));
	rbd_completion_t c = NULL;
	int err;

	rq->io = io;
	err = rbd_aio_create_completion(rq, NULL, &c);
	if (!err)
		err = rbd_start_io(r, io, c);
	if (!err) {
		TAILQ_INSERT_TAIL(&r->requests, rq, link);
		return 0;
	}
	if (c)
		rbd_aio_release(c);
	free(rq);
	return err;
}

static void rbd_submit(struct disk *d, struct disk_io *io)
{
	struct rbd_disk *r = (struct rbd_disk *)d;
	int err = 0;

	io->err = 0;
	if (r->stats->rbd_state == RBD_STATE_FENCED) {
		err = -ESHUTDOWN;
	} else if (io->op != BLK_FLUSH || !r->ignore_flush) {
		err = rbd_start(r, io);
		if (!err)
			return;
	}
	/* done() comes from the loop, never from in here. */
	io->err = err;
	STAILQ_INSERT_TAIL(&r->rejected, io, link);
	rbd_wake(r->io_fd);
}

/*
 * The cluster refuses us (blocklist): another instance was to take over, or an operator has broken our lock.
 * Nothing that we do is taken any more. librbd 16 never completes a write that it refuses by itself if neither its
 * cache nor a copy is between us and it: we do, and leave the memory to librbd. That happens once in the life of
 * a process: what comes later is refused by ourselves, so no more is lost than may be in flight (MAX_BUFFERED_BYTES).
 */
static void rbd_on_fenced(struct rbd_disk *r)
{
	struct rbd_request *rq;
	struct disk_io *io;

	if (r->stats->rbd_state == RBD_STATE_FENCED)
		return;
	r->stats->rbd_state = RBD_STATE_FENCED;
	r->stats->rbd_locked = 0;
	backend_stats_add(&r->stats->rbd_lock_losses, 1);
	r->owner->on_fenced(r->owner->arg);
	for (rq = TAILQ_FIRST(&r->requests); rq; rq = TAILQ_NEXT(rq, link)) {
		io = rq->io;
		if (!io || io->op != BLK_WRITE)
			continue;
		rq->io = NULL;
		io->is_lost = true;
		io->err = -ESHUTDOWN;
		/* From the loop, as for all that librbd rejects. */
		STAILQ_INSERT_TAIL(&r->rejected, io, link);
	}
	rbd_wake(r->io_fd);
}

static void rbd_finish(struct rbd_disk *r, rbd_completion_t c)
{
	struct rbd_request *rq = rbd_aio_get_arg(c);
	struct disk_io *io = rq->io;
	ssize_t result = rbd_aio_get_return_value(c);

	rbd_aio_release(c);
	TAILQ_REMOVE(&r->requests, rq, link);
	free(rq);
	if (result == -ESHUTDOWN)
		rbd_on_fenced(r);
	if (!io)
		return;
	if (result < 0)
		io->err = (int)result;
	else if (io->op == BLK_READ && (uint64_t)result != io->length)
		io->err = -EIO; /* the image was made smaller */
	io->done(io);
}

static void rbd_on_io(evutil_socket_t fd, short what, void *arg)
{
	rbd_completion_t done[COMPLETIONS_PER_CALL];
	struct rbd_disk *r = arg;
	struct disk_io *io;
	uint64_t count;
	int nr, i;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	while ((nr = rbd_poll_io_events(r->image, done, COMPLETIONS_PER_CALL)) > 0) {
		r->stats->rbd_last_answer_ns = backend_stats_now();
		for (i = 0; i < nr; i++)
			rbd_finish(r, done[i]);
	}
	while ((io = STAILQ_FIRST(&r->rejected))) {
		STAILQ_REMOVE_HEAD(&r->rejected, link);
		io->done(io);
	}
	r->owner->on_batch(r->owner->arg);
}

/* ---- opening, and what changes later ---- */

static void rbd_notify(void *arg)
{
	struct rbd_disk *r = arg;

	rbd_wake(r->news_fd);
}

static int rbd_attach_image(struct rbd_disk *r)
{
	r->image = rbd_session_image(r->session);
	return rbd_set_image_notification(r->image, r->io_fd, EVENT_TYPE_EVENTFD);
}

static void rbd_on_news(evutil_socket_t fd, short what, void *arg)
{
	struct rbd_session_info info;
	struct rbd_disk *r = arg;
	char error[RBD_TEXT_MAX];
	uint64_t count;
	bool opened;
	int err;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	switch (rbd_session_poll(r->session, &info, &err, error)) {
	case RBD_CONNECTING:
		return;
	case RBD_FAILED:
		evtimer_del(r->deadline);
		r->owner->on_failed(r->owner->arg, err, error);
		return;
	case RBD_OPEN:
		break;
	}
	evtimer_del(r->deadline);
	opened = r->image == NULL;
	if (opened && rbd_attach_image(r)) {
		r->owner->on_failed(r->owner->arg, -EIO, "librbd does not tell of completions");
		return;
	}
	if (info.fenced)
		rbd_on_fenced(r);
	r->disk.info.nr_sectors = info.size / BLK_SECTOR_SIZE;
	if (!opened) {
		r->owner->on_resized(r->owner->arg, &r->disk);
		return;
	}
	r->owner->on_opened(r->owner->arg, &r->disk);
	r->stats->rbd_state = RBD_STATE_CONNECTED;
	r->stats->rbd_locked = info.locked;
	backend_stats_add(&r->stats->rbd_connects, 1);
}

static void rbd_on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct rbd_disk *r = arg;
	char error[RBD_TEXT_MAX];

	(void)fd;
	(void)what;
	snprintf(error, sizeof(error), "the cluster does not answer (%s)",
		 rbd_session_step(r->session));
	r->owner->on_failed(r->owner->arg, -ETIMEDOUT, error);
}

static void rbd_disk_close(struct disk *d)
{
	struct rbd_disk *r = (struct rbd_disk *)d;

	event_del(r->on_io);
	event_del(r->on_news);
	rbd_session_stop(r->session);
	/* Not freed: see rbd_session_stop(). */
}

static const struct disk_ops rbd_disk_ops = {
	.submit = rbd_submit,
	.close = rbd_disk_close,
};

/* ---- the program's kind of disk ---- */

static struct rbd_disk the_disk = { .io_fd = -1, .news_fd = -1 };

static int rbd_kind_prepare(struct child *child, struct json_object *add, const struct disk_files *files,
			    const struct disk_owner *owner, char *error, size_t size)
{
	struct rbd_disk *r = &the_disk;
	char text[RBD_TEXT_MAX] = "";
	int err;

	err = rbd_conf_read(add, files->secret, &r->conf, text);
	if (err) {
		snprintf(error, size, "%s", text);
		return err;
	}
	r->owner = owner;
	r->stats = backend_stats_disk((unsigned int)child_get_int(add, "id", 0));
	r->stats->rbd_state = RBD_STATE_CONNECTING;
	r->disk.ops = &rbd_disk_ops;
	r->disk.info.readonly = r->conf.readonly;
	r->disk.info.can_discard = !r->conf.readonly && child_get_int(add, "discard", 1);
	r->disk.info.discard_granularity = DISCARD_UNIT;
	r->disk.info.physical_sector_size = 4096;
	r->disk.info.stable_writes = true;
	r->ignore_flush = r->conf.ignore_flush;
	STAILQ_INIT(&r->rejected);
	TAILQ_INIT(&r->requests);
	r->io_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->io_fd < 0 || r->news_fd < 0) {
		snprintf(error, size, "cannot make an eventfd");
		return -EMFILE;
	}
	r->on_io = event_new(child->base, r->io_fd, EV_READ | EV_PERSIST, rbd_on_io, r);
	r->on_news = event_new(child->base, r->news_fd, EV_READ | EV_PERSIST, rbd_on_news, r);
	r->deadline = evtimer_new(child->base, rbd_on_deadline, r);
	if (!r->on_io || !r->on_news || !r->deadline || event_add(r->on_io, NULL) ||
	    event_add(r->on_news, NULL)) {
		snprintf(error, size, "not enough memory");
		return -ENOMEM;
	}
	return 0;
}

static int rbd_kind_sandbox(struct child *child)
{
	return child_sandbox_network(child);
}

static int rbd_kind_open(struct child *child, const struct disk_files *files, char *own,
			 const char *previous, char *error, size_t size)
{
	struct rbd_disk *r = &the_disk;
	int err;

	(void)child;
	(void)files;
	evtimer_add(r->deadline, &open_within);
	err = rbd_session_start(&r->conf, own, previous, rbd_notify, r, &r->session);
	if (err)
		snprintf(error, size, "cannot start a thread: %s", strerror(-err));
	return err;
}

const struct disk_kind disk_kind = {
	.program = "hvd-blk-rbd",
	.prepare = rbd_kind_prepare,
	.sandbox = rbd_kind_sandbox,
	.open = rbd_kind_open,
};
