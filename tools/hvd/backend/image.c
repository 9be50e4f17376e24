/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening what a disk is made of: see image.h.
 *
 * The lock belongs to the open file, which hvd-blk gets a copy of: it is held as long as either of
 * the two has it open, and goes away with both, whatever happens.
 */
#include "backend/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/xmem.h"

static uint32_t read_sysfs(const char *path)
{
	unsigned int value = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	if (fscanf(f, "%u", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

/* What a device says of its ability to discard; a partition's queue is its disk's. */
static uint32_t discard_granularity(dev_t dev)
{
	static const char *const where[] = { "queue", "../queue" };
	char path[128];
	size_t i;
	uint32_t granularity;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/discard_max_bytes",
			 major(dev), minor(dev), where[i]);
		if (read_sysfs(path) == 0)
			continue;
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/discard_granularity",
			 major(dev), minor(dev), where[i]);
		granularity = read_sysfs(path);
		return granularity ? granularity : 512;
	}
	return 0;
}

static int check_size(const char *path, uint64_t size, char **ret_error)
{
	if (size == 0) {
		*ret_error = xasprintf("image %s is empty", path);
		return -EINVAL;
	}
	if (size % 512) {
		*ret_error = xasprintf("the size of image %s, %llu bytes, is not a multiple of 512",
				       path, (unsigned long long)size);
		return -EINVAL;
	}
	return 0;
}

static int check_file(const char *path, int fd, const struct stat *st, bool readonly,
		      char **ret_error)
{
	int err;

	if (flock(fd, (readonly ? LOCK_SH : LOCK_EX) | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
		*ret_error = err == -EBUSY ?
				     xasprintf("image %s is in use by another domain", path) :
				     xasprintf("cannot lock image %s: %s", path, strerror(-err));
		return err;
	}
	return check_size(path, (uint64_t)st->st_size, ret_error);
}

static int check_block(const char *path, const struct stat *st, struct image *ret,
		       char **ret_error)
{
	uint64_t size;
	int err;

	if (ioctl(ret->fd, BLKGETSIZE64, &size)) {
		err = -errno;
		*ret_error = xasprintf("cannot ask %s for its size: %s", path, strerror(-err));
		return err;
	}
	ret->discard_granularity = discard_granularity(st->st_rdev);
	return check_size(path, size, ret_error);
}

int image_open(const char *path, bool readonly, struct image *ret, char **ret_error)
{
	struct image image = { .fd = -1 };
	struct stat st;
	int flags, err;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		*ret_error = xasprintf("image %s is a directory", path);
		return -EISDIR;
	}
	/* O_NONBLOCK: opening a FIFO must not wait for somebody at its other end. */
	flags = (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	image.fd = open(path, flags);
	if (image.fd >= 0 && fstat(image.fd, &st) == 0 && S_ISBLK(st.st_mode) && !readonly) {
		/* Of a block device this flag asks for it alone: not mounted, in no array. */
		close(image.fd);
		image.fd = open(path, flags | O_EXCL);
	}
	if (image.fd < 0) {
		err = -errno;
		*ret_error = err == -EBUSY ?
				     xasprintf("device %s is in use", path) :
				     xasprintf("cannot open image %s: %s", path, strerror(-err));
		return err;
	}
	if (fstat(image.fd, &st))
		err = -errno;
	else if (S_ISREG(st.st_mode))
		err = check_file(path, image.fd, &st, readonly, ret_error);
	else if (S_ISBLK(st.st_mode))
		err = check_block(path, &st, &image, ret_error);
	else {
		*ret_error = xasprintf("image %s is neither a file nor a block device", path);
		err = -EINVAL;
	}
	if (err) {
		close(image.fd);
		return err;
	}
	*ret = image;
	return 0;
}
