/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import, export, and the clone of a file: pieces of an image go from one place to another, several at a
 * time, and zeroes are left out on both sides: what has never been written is not read, and what
 * turns out to be zero is not written.
 *
 * The destination is new, so what is not written reads as zero. It is removed again if the copy fails
 * or is cancelled.
 */
#include "image/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>
#include <linux/fs.h>
#include <rbd/librbd.h>

#include "image/cluster.h"
#include "image/file_image.h"
#include "image/rbd_image.h"
#include "image/task.h"
#include "priv/place.h"
#include "lib/xmem.h"

#define PIECE (4u << 20)	/* bytes at a time: one object of an image */
#define DEPTH 6u		/* pieces on their way */
#define RBD_BLOCK (64u << 10)	/* the grain of what is left out */
#define FILE_BLOCK 4096u
#define RUNS_MAX (PIECE / RBD_BLOCK / 2 + 1)

/* One end of the copy. */
struct place {
	rbd_image_t image; /* or NULL */
	int fd;		   /* or -1 */
	const char *name;
};

struct extent {
	uint64_t offset, length;
};

struct extents {
	struct extent *list;
	size_t nr, room;
	uint64_t total;
};

/* A piece: first it is read, then what is not zero of it is written. */
struct piece {
	unsigned char *bytes;
	uint64_t offset;
	size_t length;
	rbd_completion_t reading;
	rbd_completion_t writing[RUNS_MAX];
	unsigned int nr_writing;
};

struct copy {
	struct place from, to;
	struct extents extents;
	size_t extent;	 /* where the next piece comes from */
	uint64_t within; /* the extent */
	struct piece pieces[DEPTH];
	uint64_t done;
	const char *failed_at; /* name of the place that failed */
};

/* ---- What there is to copy ---- */

static void add_extent(struct extents *e, uint64_t offset, uint64_t length)
{
	if (e->nr == e->room) {
		e->room = e->room ? e->room * 2 : 64;
		e->list = xrealloc(e->list, e->room * sizeof(*e->list));
	}
	e->list[e->nr++] = (struct extent){ offset, length };
	e->total += length;
}

static int on_extent(uint64_t offset, size_t length, int exists, void *arg)
{
	if (exists)
		add_extent(arg, offset, length);
	return report_cancelled() ? -ECANCELED : 0;
}

static int find_in_file(int fd, uint64_t size, struct extents *e)
{
	off_t at = 0, end;

	while ((uint64_t)at < size) {
		at = lseek(fd, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(fd, at, SEEK_HOLE);
		if (end < 0)
			return -errno;
		if ((uint64_t)end > size)
			end = (off_t)size;
		add_extent(e, (uint64_t)at, (uint64_t)(end - at));
		at = end;
	}
	return 0;
}

static int find_extents(const struct place *from, uint64_t size, struct extents *e)
{
	if (from->image)
		/* With what it has from its parent, in whole objects. */
		return rbd_diff_iterate2(from->image, NULL, 0, size, 1, 1, on_extent, e);
	return find_in_file(from->fd, size, e);
}

/* ---- Pieces ---- */

/* Takes the next part of the source that nobody works on; false: there is no more. */
static bool next_piece(struct copy *c, struct piece *p)
{
	const struct extent *e;
	uint64_t room;

	if (c->extent == c->extents.nr)
		return false;
	e = &c->extents.list[c->extent];
	p->offset = e->offset + c->within;
	p->length = PIECE - p->offset % PIECE;
	room = e->length - c->within;
	if (p->length > room)
		p->length = room;
	c->within += p->length;
	if (c->within == e->length) {
		c->extent++;
		c->within = 0;
	}
	return true;
}

static int start_read(struct copy *c, struct piece *p)
{
	int err;

	if (!c->from.image)
		return 0;
	rbd_aio_create_completion(NULL, NULL, &p->reading);
	err = rbd_aio_read(c->from.image, p->offset, p->length, (char *)p->bytes, p->reading);
	if (err) {
		rbd_aio_release(p->reading);
		p->reading = NULL;
	}
	return err;
}

static int read_file(int fd, struct piece *p)
{
	size_t done = 0;

	while (done < p->length) {
		ssize_t n = pread(fd, p->bytes + done, p->length - done, (off_t)(p->offset + done));

		if (n < 0)
			return -errno;
		if (n == 0)
			break; /* it has become shorter: the rest is zero */
		done += (size_t)n;
	}
	memset(p->bytes + done, 0, p->length - done);
	return 0;
}

static int finish(rbd_completion_t *comp)
{
	ssize_t n;

	if (!*comp)
		return 0;
	rbd_aio_wait_for_complete(*comp);
	n = rbd_aio_get_return_value(*comp);
	rbd_aio_release(*comp);
	*comp = NULL;
	return n < 0 ? (int)n : 0;
}

static int finish_read(struct copy *c, struct piece *p)
{
	return c->from.image ? finish(&p->reading) : read_file(c->from.fd, p);
}

static int finish_writes(struct piece *p)
{
	int err = 0;

	while (p->nr_writing) {
		int one = finish(&p->writing[--p->nr_writing]);

		if (!err)
			err = one;
	}
	return err;
}

static int write_file(int fd, const unsigned char *bytes, size_t n, uint64_t offset)
{
	while (n) {
		ssize_t done = pwrite(fd, bytes, n, (off_t)offset);

		if (done < 0)
			return -errno;
		bytes += done;
		offset += (uint64_t)done;
		n -= (size_t)done;
	}
	return 0;
}

static int start_write(struct copy *c, struct piece *p, size_t at, size_t n)
{
	rbd_completion_t *comp = &p->writing[p->nr_writing];
	int err;

	if (!c->to.image)
		return write_file(c->to.fd, p->bytes + at, n, p->offset + at);
	rbd_aio_create_completion(NULL, NULL, comp);
	err = rbd_aio_write(c->to.image, p->offset + at, n, (char *)p->bytes + at, *comp);
	if (err)
		rbd_aio_release(*comp);
	else
		p->nr_writing++;
	return err;
}

static int write_piece(struct copy *c, struct piece *p)
{
	size_t at = 0, n, block = c->to.image ? RBD_BLOCK : FILE_BLOCK;
	int err = 0;

	while (!err && (n = copy_next_run(p->bytes, p->length, block, &at))) {
		err = start_write(c, p, at, n);
		at += n;
	}
	c->done += p->length;
	return err;
}

/* ---- The copy ---- */

static int flush_place(const struct place *to)
{
	if (to->image)
		return rbd_flush(to->image);
	return fsync(to->fd) ? -errno : 0;
}

/* Pieces are read ahead, and written in their order. */
static int run(struct copy *c)
{
	size_t read = 0, written = 0;
	bool more = true;
	int err = 0;

	while (!err) {
		struct piece *p;

		while (more && !err && read - written < DEPTH) {
			p = &c->pieces[read % DEPTH];
			c->failed_at = c->to.name;
			err = finish_writes(p); /* of its life before */
			if (err || !(more = next_piece(c, p)))
				break;
			c->failed_at = c->from.name;
			err = start_read(c, p);
			read++;
		}
		if (err || written == read)
			break;
		p = &c->pieces[written++ % DEPTH];
		c->failed_at = c->from.name;
		err = finish_read(c, p);
		if (!err) {
			c->failed_at = c->to.name;
			err = write_piece(c, p);
		}
		if (report_progress(c->done, c->extents.total))
			err = -ECANCELED;
	}
	for (unsigned int i = 0; i < DEPTH; i++) {
		int one;

		finish(&c->pieces[i].reading);
		one = finish_writes(&c->pieces[i]);
		if (!err && one) {
			c->failed_at = c->to.name;
			err = one;
		}
	}
	if (!err) {
		c->failed_at = c->to.name;
		err = flush_place(&c->to);
	}
	return err;
}

static int copy_all(const struct place *from, const struct place *to, uint64_t size)
{
	struct copy c = { .from = *from, .to = *to, .failed_at = from->name };
	int err = find_extents(from, size, &c.extents);

	for (unsigned int i = 0; i < DEPTH; i++)
		c.pieces[i].bytes = xmalloc(PIECE);
	if (!err)
		err = run(&c);
	for (unsigned int i = 0; i < DEPTH; i++)
		free(c.pieces[i].bytes);
	free(c.extents.list);
	if (!err)
		return 0;
	return report_errno(report_cancelled() ? -ECANCELED : err, "the copy", c.failed_at);
}

static int report_copied(uint64_t size)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "size", json_object_new_int64((int64_t)size));
	report_done(o);
	return 0;
}

/* ---- The ends ---- */

/* What is no raw image would be served to a guest as its bytes. */
static int check_raw(int fd, const char *path)
{
	unsigned char magic[4];

	if (pread(fd, magic, 4, 0) == 4 && !memcmp(magic, "QFI\xfb", 4))
		return report_fail("image_unsupported",
				   "%s is a qcow2 image: 'qemu-img convert -O raw' makes a raw one of it", path);
	return 0;
}

static int open_source(const char *path, struct place *from, uint64_t *ret_size)
{
	struct stat st;

	from->image = NULL;
	from->name = path;
	from->fd = file_image_open(path, O_RDONLY, &st);
	if (from->fd == -ENOENT)
		return report_fail("image_not_found", "there is no file %s", path);
	if (from->fd == -EINVAL)
		return report_fail("bad_request", "%s is not a regular file", path);
	if (from->fd < 0)
		return report_errno(from->fd, "opening it", path);
	*ret_size = ((uint64_t)st.st_size + 511) & ~511ull; /* disks have whole sectors */
	if (*ret_size && !check_raw(from->fd, path))
		return 0;
	close(from->fd);
	return *ret_size ? -1 : report_fail("bad_request", "%s is empty", path);
}

static int create_file(const char *path, uint64_t size, struct place *to)
{
	int err;

	to->image = NULL;
	to->name = path;
	to->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to->fd < 0)
		return errno == ENOENT ?
			report_fail("image_not_found", "%s: its folder does not exist", path) :
			report_errno(-errno, "creating it", path);
	err = place_check_image(to->fd) ? -EPERM : ftruncate(to->fd, (off_t)size) ? -errno : 0;
	if (!err)
		return 0;
	close(to->fd);
	unlink(path);
	return report_errno(err, "creating it", path);
}

static int into_file(const struct place *from, const char *path, uint64_t size)
{
	struct place to;
	int err = create_file(path, size, &to);

	if (err)
		return err;
	/* A file system that can share the blocks does it at once. */
	if (from->fd < 0 || ioctl(to.fd, FICLONE, from->fd))
		err = copy_all(from, &to, size);
	close(to.fd);
	if (err)
		unlink(path);
	return err ? err : report_copied(size);
}

static int into_rbd(struct task *t, rados_ioctx_t pool, const struct place *from, uint64_t size)
{
	const struct rbd_spec *rbd = t->image.rbd;
	char *name = spec_rbd_text(rbd);
	struct place to = { .fd = -1, .name = name };
	rbd_image_options_t options;
	int err;

	rbd_image_options_create(&options);
	err = rbd_create4(pool, rbd->image, size, options);
	rbd_image_options_destroy(options);
	if (err) {
		err = report_errno(err, "creating it", name);
		goto out;
	}
	err = rbd_open(pool, rbd->image, &to.image, NULL);
	if (err) {
		err = report_errno(err, "opening it", name);
	} else {
		err = copy_all(from, &to, size);
		rbd_close(to.image);
	}
	if (err)
		rbd_remove(pool, rbd->image);
	else
		err = report_copied(size);
out:
	free(name);
	return err;
}

static int from_rbd(struct task *t, rados_ioctx_t pool)
{
	const struct rbd_spec *rbd = t->image.rbd;
	char *name = spec_rbd_text(rbd);
	struct place from = { .fd = -1, .name = name };
	uint64_t size;
	int err = rbd_open_read_only(pool, rbd->image, &from.image, rbd->snapshot);

	if (!err) {
		err = rbd_get_size(from.image, &size);
		if (err)
			rbd_close(from.image);
	}
	if (err) {
		err = report_errno(err, "opening it", name);
	} else {
		err = into_file(&from, t->file, size);
		rbd_close(from.image);
	}
	free(name);
	return err;
}

static int copy_rbd(struct task *t)
{
	bool is_import = !strcmp(t->action, "import");
	struct place from;
	rados_ioctx_t pool;
	rados_t cluster;
	uint64_t size;
	int err;

	if (is_import && t->image.rbd->snapshot)
		return report_fail("bad_request", "nothing can be imported into a snapshot");
	if (is_import && open_source(t->file, &from, &size))
		return -1;
	err = rbd_image_pool(t, &cluster, &pool);
	if (!err) {
		err = is_import ? into_rbd(t, pool, &from, size) : from_rbd(t, pool);
		rados_ioctx_destroy(pool);
		rados_shutdown(cluster);
	}
	if (is_import)
		close(from.fd);
	return err;
}

static int copy_file(const char *source, const char *destination)
{
	struct place from;
	uint64_t size;
	int err = open_source(source, &from, &size);

	if (err)
		return err;
	err = into_file(&from, destination, size);
	close(from.fd);
	return err;
}

int copy_action(struct task *t)
{
	if (!strcmp(t->action, "clone")) {
		if (!t->to.path)
			return report_fail("bad_request", "a file is cloned to a file; 'import' makes an RBD image");
		return copy_file(t->image.path, t->to.path);
	}
	if (!t->file)
		return report_fail("bad_request", "no file is named");
	if (t->image.rbd)
		return copy_rbd(t);
	return !strcmp(t->action, "import") ? copy_file(t->file, t->image.path) :
					      copy_file(t->image.path, t->file);
}
