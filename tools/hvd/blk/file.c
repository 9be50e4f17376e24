/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw image files and block devices.
 *
 * Through the page cache, never O_DIRECT: the buffers may be pages of the guest that are mapped
 * here, and their address in the control domain is not one that a device could use (no IOMMU
 * translates it). The page cache copies with the CPU; the disk's driver then sees our own memory.
 * It also reads ahead, which is what a boot loader with one small request in flight lives from.
 *
 * A completed write is in the page cache; a completed flush has made it durable (fdatasync).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blk/disk.h"

#define FILE_DISCARD_GRANULARITY 4096u

struct file_disk {
	struct disk disk;
	struct pool *pool;
	int fd;
	bool is_block;
};

static void iov_advance(struct disk_io *io, size_t done)
{
	while (done && done >= io->iov->iov_len) {
		done -= io->iov->iov_len;
		io->iov++;
		io->nr_iov--;
	}
	if (done) {
		io->iov->iov_base = (char *)io->iov->iov_base + done;
		io->iov->iov_len -= done;
	}
}

static int file_transfer(int fd, struct disk_io *io)
{
	uint64_t left = io->length;
	ssize_t n;

	while (left) {
		int nr = io->nr_iov < IOV_MAX ? io->nr_iov : IOV_MAX;

		if (io->op == BLK_READ)
			n = preadv(fd, io->iov, nr, (off_t)io->offset);
		else
			n = pwritev(fd, io->iov, nr, (off_t)io->offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO; /* somebody has cut the file short */
		left -= (uint64_t)n;
		io->offset += (uint64_t)n;
		iov_advance(io, (size_t)n);
	}
	return 0;
}

static int file_discard(const struct file_disk *f, const struct disk_io *io)
{
	uint64_t range[2] = { io->offset, io->length };
	int rc;

	if (f->is_block)
		rc = ioctl(f->fd, BLKDISCARD, range);
	else
		rc = fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       (off_t)io->offset, (off_t)io->length);
	return rc ? -errno : 0;
}

void file_disk_run(struct disk_io *io)
{
	const struct file_disk *f = (const struct file_disk *)io->disk;

	switch (io->op) {
	case BLK_READ:
	case BLK_WRITE:
		io->err = file_transfer(f->fd, io);
		break;
	case BLK_FLUSH:
		io->err = fdatasync(f->fd) ? -errno : 0;
		break;
	case BLK_DISCARD:
		io->err = file_discard(f, io);
		break;
	case BLK_UNKNOWN:
		io->err = -EOPNOTSUPP;
		break;
	}
}

static void file_disk_submit(struct disk *d, struct disk_io *io)
{
	struct file_disk *f = (struct file_disk *)d;

	pool_submit(f->pool, io);
}

static void file_disk_close(struct disk *d)
{
	struct file_disk *f = (struct file_disk *)d;

	close(f->fd);
	free(f);
}

static int file_disk_measure(struct disk *d)
{
	const struct file_disk *f = (const struct file_disk *)d;
	struct stat st;
	uint64_t size;

	if (f->is_block) {
		if (ioctl(f->fd, BLKGETSIZE64, &size))
			return -errno;
	} else {
		if (fstat(f->fd, &st))
			return -errno;
		size = (uint64_t)st.st_size;
	}
	d->info.nr_sectors = size / BLK_SECTOR_SIZE;
	return 0;
}

static const struct disk_ops file_disk_ops = {
	.submit = file_disk_submit,
	.measure = file_disk_measure,
	.close = file_disk_close,
};

static int probe_block(struct file_disk *f, uint32_t discard_granularity)
{
	unsigned int physical = 0;
	uint64_t size;

	if (ioctl(f->fd, BLKGETSIZE64, &size))
		return -errno;
	if (ioctl(f->fd, BLKPBSZGET, &physical) == 0)
		f->disk.info.physical_sector_size = physical;
	f->disk.info.nr_sectors = size / BLK_SECTOR_SIZE;
	f->disk.info.can_discard = discard_granularity != 0;
	f->disk.info.discard_granularity = discard_granularity;
	return 0;
}

static void probe_file(struct file_disk *f, const struct stat *st)
{
	f->disk.info.nr_sectors = (uint64_t)st->st_size / BLK_SECTOR_SIZE;
	f->disk.info.physical_sector_size = st->st_blksize >= 4096 ? 4096 : BLK_SECTOR_SIZE;
	if (f->disk.info.readonly)
		return;
	/* A hole behind the end changes nothing and tells whether the file system has holes. */
	f->disk.info.can_discard = fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					     st->st_size, FILE_DISCARD_GRANULARITY) == 0;
	f->disk.info.discard_granularity = FILE_DISCARD_GRANULARITY;
}

int file_disk_open(struct pool *pool, int fd, bool readonly, uint32_t discard_granularity,
		   struct disk **ret, const char **ret_error)
{
	struct file_disk *f = calloc(1, sizeof(*f));
	struct stat st;
	int err = 0;

	if (!f)
		return -ENOMEM;
	f->disk.ops = &file_disk_ops;
	f->disk.info.readonly = readonly;
	f->disk.info.physical_sector_size = BLK_SECTOR_SIZE;
	f->pool = pool;
	f->fd = fd;
	if (fstat(fd, &st)) {
		err = -errno;
		*ret_error = "cannot stat the image";
	} else if (S_ISBLK(st.st_mode)) {
		f->is_block = true;
		err = probe_block(f, readonly ? 0 : discard_granularity);
		*ret_error = "cannot ask the device for its size";
	} else if (S_ISREG(st.st_mode)) {
		probe_file(f, &st);
	} else {
		err = -EINVAL;
		*ret_error = "neither a file nor a block device";
	}
	if (!err && f->disk.info.nr_sectors == 0) {
		err = -EINVAL;
		*ret_error = "the image is empty";
	}
	if (err) {
		free(f);
		return err;
	}
	*ret = &f->disk;
	return 0;
}
