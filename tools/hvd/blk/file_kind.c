/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hvd-blk serves: files and block devices, which hvd has opened.
 */
#include <errno.h>
#include <json-c/json.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backend/child.h"
#include "blk/disk.h"

#define NR_THREADS 4

static const struct disk_owner *owner;
static struct pool *pool;
static bool readonly, may_discard;
static uint32_t discard_granularity;

static int file_kind_prepare(struct child *child, struct json_object *add,
			     const struct disk_files *files, const struct disk_owner *o, char *error,
			     size_t size)
{
	int err;

	if (files->image < 0) {
		snprintf(error, size, "no descriptor");
		return -EBADF;
	}
	owner = o;
	readonly = child_get_int(add, "readonly", 0) != 0;
	may_discard = child_get_int(add, "discard", 1) != 0;
	discard_granularity = (uint32_t)child_get_int(add, "discard-granularity", 0);
	err = pool_create(child->base, NR_THREADS, file_disk_run, o->on_batch, o->arg, &pool);
	if (err)
		snprintf(error, size, "cannot start threads: %s", strerror(-err));
	return err;
}

static int file_kind_sandbox(struct child *child)
{
	static const unsigned long ioctls[] = { BLKGETSIZE64, BLKPBSZGET, BLKDISCARD };

	return child_sandbox(child, ioctls, sizeof(ioctls) / sizeof(ioctls[0]));
}

static int file_kind_open(struct child *child, const struct disk_files *files, char *own,
			  const char *previous, char *error, size_t size)
{
	const char *text = "not enough memory";
	struct disk *disk;
	int fd, err;

	(void)child;
	(void)own;
	(void)previous;
	fd = dup(files->image);
	err = fd < 0 ? -errno : file_disk_open(pool, fd, readonly, discard_granularity, &disk, &text);
	if (err) {
		snprintf(error, size, "%s", text);
		return err;
	}
	disk->info.can_discard = disk->info.can_discard && may_discard;
	owner->on_opened(owner->arg, disk);
	return 0;
}

const struct disk_kind disk_kind = {
	.program = "hvd-blk",
	.prepare = file_kind_prepare,
	.sandbox = file_kind_sandbox,
	.open = file_kind_open,
};
