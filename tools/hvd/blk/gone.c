/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left of a disk that was taken from its guest by force: nothing, and every request is told so.
 *
 * A guest that does not answer cannot let go of its rings, and a driver whose requests are never answered
 * waits for them for ever, and everything that waits for that driver with it. So somebody has to answer until it
 * has read that its disk is closed.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "backend/child.h"
#include "blk/disk.h"

struct gone_disk {
	struct disk disk;
	const struct disk_owner *owner;
	struct event *later; /* done() comes from the loop, not from submit() */
	struct disk_io_list refused;
};

static void gone_submit(struct disk *d, struct disk_io *io)
{
	static const struct timeval now = { 0, 0 };
	struct gone_disk *g = (struct gone_disk *)d;

	io->err = -EIO;
	STAILQ_INSERT_TAIL(&g->refused, io, link);
	evtimer_add(g->later, &now);
}

static void gone_answer(evutil_socket_t fd, short what, void *arg)
{
	struct gone_disk *g = arg;
	struct disk_io *io;

	(void)fd;
	(void)what;
	while ((io = STAILQ_FIRST(&g->refused))) {
		STAILQ_REMOVE_HEAD(&g->refused, link);
		io->done(io);
	}
	g->owner->on_batch(g->owner->arg);
}

static void gone_close(struct disk *d)
{
	struct gone_disk *g = (struct gone_disk *)d;

	event_free(g->later);
	free(g);
}

static const struct disk_ops gone_ops = { .submit = gone_submit, .close = gone_close };

/* It has no sectors: what reads or writes is out of range, and comes here no further than that. */
int gone_disk_open(struct child *child, const struct disk_owner *owner)
{
	struct gone_disk *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->disk.ops = &gone_ops;
	g->disk.info.physical_sector_size = BLK_SECTOR_SIZE;
	g->owner = owner;
	STAILQ_INIT(&g->refused);
	g->later = evtimer_new(child->base, gone_answer, g);
	if (!g->later) {
		free(g);
		return -ENOMEM;
	}
	owner->on_opened(owner->arg, &g->disk);
	return 0;
}
