/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The joint between the ring and what a disk really is: a file or block device (file.c, in hvd-blk)
 * or an image in a Ceph cluster (rbd.c, in hvd-blk-rbd).
 *
 * Submitting never blocks. Each io is completed exactly once, later, in the event loop, by io->done();
 * until then its memory stays where it is. That is librbd's way of working, too.
 */
#ifndef BLK_DISK_H
#define BLK_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include "blk/ring.h"

struct child;
struct disk;
struct event_base;
struct json_object;

struct disk_io {
	enum blk_op op;
	uint64_t offset; /* bytes */
	uint64_t length; /* bytes; of a flush 0 */
	struct iovec *iov; /* of read and write; the disk may change the entries */
	int nr_iov;
	int err; /* 0 or negative errno, valid in done() */
	void (*done)(struct disk_io *io);
	uint64_t held_since_ns; /* the limiter's: when it came, then when it went on */
	bool is_held;
	bool is_lost; /* done without the disk having let go of the memory: that must stay as it is, for ever */
	struct disk *disk; /* set by disk_submit() */
	STAILQ_ENTRY(disk_io) link; /* the disk's */
};

struct disk_info {
	uint64_t nr_sectors; /* of 512 bytes */
	uint32_t physical_sector_size;
	uint32_t discard_granularity;
	bool readonly;
	bool can_discard;
	bool stable_writes; /* what is written must not change until the write is done */
};

struct disk_ops {
	void (*submit)(struct disk *d, struct disk_io *io);
	/* What may have grown: looks, and has info.nr_sectors say it. NULL: it notices by itself. */
	int (*measure)(struct disk *d);
	void (*close)(struct disk *d); /* nothing is in flight any more */
};

struct disk {
	const struct disk_ops *ops;
	struct disk_info info;
};

static inline void disk_submit(struct disk *d, struct disk_io *io)
{
	io->disk = d;
	d->ops->submit(d, io);
}

/* ---- the one kind of disk that a program serves ---- */

/* Descriptors that came before the "add" message; -1: did not come. */
struct disk_files {
	int image;
	int secret;
	int record;
};

/* Whom a disk tells; all from the loop. */
struct disk_owner {
	void (*on_opened)(void *arg, struct disk *d);
	/* It cannot be opened; the program does no more than say so. */
	void (*on_failed)(void *arg, int err, const char *error);
	void (*on_resized)(void *arg, struct disk *d); /* info has the new size */
	void (*on_fenced)(void *arg); /* it answers no more: somebody else was given it */
	void (*on_batch)(void *arg); /* after each bunch of done() */
	void *arg;
};

struct disk_kind {
	const char *program;
	/*
	 * Before the sandbox: reads what needs a file system, starts threads. Takes over no
	 * descriptor. A sentence in 'error' on failure, as below.
	 */
	int (*prepare)(struct child *child, struct json_object *add, const struct disk_files *files,
		       const struct disk_owner *owner, char *error, size_t size);
	int (*sandbox)(struct child *child);
	/*
	 * Begins to open the disk; on_opened() or on_failed() follows, possibly before this returns.
	 * 'own' and 'previous': see rbd_disk.h; of no use for what cannot outlive its process.
	 */
	int (*open)(struct child *child, const struct disk_files *files, char *own,
		    const char *previous, char *error, size_t size);
};

extern const struct disk_kind disk_kind; /* in file_kind.c, rbd.c */

/* ---- gone.c ---- */

/* A disk without anything behind it, whatever kind it was; on_opened() before this returns. */
int gone_disk_open(struct child *child, const struct disk_owner *owner);

/* ---- pool.c: threads that do what may block ---- */

struct pool;
STAILQ_HEAD(disk_io_list, disk_io);

/*
 * 'run' is called on a thread and fills io->err; afterwards io->done() is called in the loop, and
 * 'on_batch' after each bunch of them. All threads exist when this returns.
 */
int pool_create(struct event_base *base, unsigned int nr_threads, void (*run)(struct disk_io *io),
		void (*on_batch)(void *arg), void *arg, struct pool **ret);
void pool_submit(struct pool *p, struct disk_io *io);
/* Waits for what has been submitted; done() is not called any more. */
void pool_destroy(struct pool *p);

/* ---- file.c ---- */

/* The pool's 'run' for files. */
void file_disk_run(struct disk_io *io);

/*
 * Serves an open file or block device; takes 'fd' over. 'discard_granularity' 0: hvd knows that
 * the device cannot discard, or does not know (files: asked here). -EINVAL and others with a
 * sentence in ret_error (static text).
 */
int file_disk_open(struct pool *pool, int fd, bool readonly, uint32_t discard_granularity,
		   struct disk **ret, const char **ret_error);

#endif
