/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal; the contract is in journal.h.
 *
 *	file	header, batch, batch ...
 *	batch	magic, length, checksum of the rest; records
 *	record	type, length; fields
 *
 * Numbers are in the machine's byte order: the file never leaves it. The memory that holds it (/run is
 * a tmpfs) survives the process, not the host, and neither do the guests.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xmem.h"

#define VERSION	     1u
#define BATCH_MAGIC  0x4a425648u /* "HVBJ" */
#define FILE_MAX     (1ull << 30)
#define PARTS_MAX    8u
#define SNAPSHOT_RUN (256u << 10) /* a snapshot is written in batches of about this size */
#define GROWTH_MIN   (4u << 20)	  /* bytes behind the snapshot before there is a new one */

static const char file_magic[8] = "hvdjrnl";

struct file_header {
	char magic[8];
	uint32_t version;
	uint32_t epoch;
};

struct batch_header {
	uint32_t magic;
	uint32_t length; /* of the records */
	uint32_t checksum;
	uint32_t reserved;
};

struct record_header {
	uint16_t type;
	uint16_t reserved;
	uint32_t length; /* of the fields */
};

struct journal {
	char *path;
	int fd; /* -1 until journal_start() */
	uint32_t epoch;
	uint64_t size, snapshot_size;
	bool failing, in_snapshot;

	uint8_t *loaded; /* what was found; until journal_start() */
	size_t nr_loaded;

	uint8_t *batch; /* its header first */
	size_t used, room;
	size_t record; /* where the one that is being written begins */

	struct {
		journal_snapshot_cb snapshot;
		void *arg;
	} parts[PARTS_MAX];
	unsigned int nr_parts;
	void (*on_dirty)(void *arg);
	void *dirty_arg;
};

/* CRC-32C, bit by bit over a table of nibbles: short records, no need for more. */
static uint32_t checksum(const uint8_t *bytes, size_t n)
{
	static uint32_t table[256];
	uint32_t crc = ~0u;

	if (!table[1])
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;

			for (int k = 0; k < 8; k++)
				c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
			table[i] = c;
		}
	while (n--)
		crc = table[(crc ^ *bytes++) & 0xff] ^ crc >> 8;
	return ~crc;
}

/* ---- Reading ---- */

static int load(const char *path, uint8_t **ret_bytes, size_t *ret_n)
{
	uint8_t *bytes;
	struct stat st;
	size_t n = 0;
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) ? -errno : 0;
	if (!err && (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > FILE_MAX))
		err = -EFBIG;
	bytes = err ? NULL : malloc((size_t)st.st_size + 1);
	if (!err && !bytes)
		err = -ENOMEM;
	while (!err && n < (size_t)st.st_size) {
		ssize_t got = read(fd, bytes + n, (size_t)st.st_size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = -errno;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	if (err) {
		free(bytes);
		return err;
	}
	*ret_bytes = bytes;
	*ret_n = n;
	return 0;
}

/* How many bytes from 'at' on are a whole batch; 0: none. */
static size_t batch_at(const struct journal *j, size_t at)
{
	struct batch_header h;

	if (j->nr_loaded - at < sizeof(h))
		return 0;
	memcpy(&h, j->loaded + at, sizeof(h));
	if (h.magic != BATCH_MAGIC || h.length > j->nr_loaded - at - sizeof(h) ||
	    h.checksum != checksum(j->loaded + at + sizeof(h), h.length))
		return 0;
	return sizeof(h) + h.length;
}

/* Cuts off what is not whole: the last words of an hvd that died while it wrote. */
static void find_end(struct journal *j)
{
	size_t at = sizeof(struct file_header), n;

	while ((n = batch_at(j, at)))
		at += n;
	if (at < j->nr_loaded)
		log_info("journal: its last %zu bytes were not written to the end", j->nr_loaded - at);
	j->nr_loaded = at;
}

static int check_header(struct journal *j)
{
	struct file_header h;

	if (j->nr_loaded < sizeof(h))
		return -EINVAL;
	memcpy(&h, j->loaded, sizeof(h));
	if (memcmp(h.magic, file_magic, sizeof(h.magic)))
		return -EINVAL;
	if (h.version > VERSION)
		return -EPROTONOSUPPORT;
	j->epoch = h.epoch;
	return 0;
}

static void move_aside(const char *path, int err)
{
	char *aside = xasprintf("%s.unreadable", path);

	log_error("the journal %s cannot be read (%s): it is kept as %s, and guests are taken in without it",
		  path, strerror(-err), aside);
	if (rename(path, aside))
		log_error("cannot rename %s: %s", path, strerror(errno));
	free(aside);
}

int journal_open(const char *path, struct journal **ret_j)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	int err;

	j->path = xstrdup(path);
	j->fd = -1;
	j->used = sizeof(struct batch_header);
	err = load(path, &j->loaded, &j->nr_loaded);
	if (!err)
		err = check_header(j);
	if (!err) {
		find_end(j);
	} else {
		j->nr_loaded = 0;
		if (err != -ENOENT)
			move_aside(path, err);
	}
	*ret_j = j;
	return 0;
}

void journal_stop(struct journal *j)
{
	if (!j)
		return;
	journal_commit(j);
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	j->failing = false;
	j->on_dirty = NULL;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	journal_stop(j);
	free(j->loaded);
	free(j->batch);
	free(j->path);
	free(j);
}

uint32_t journal_epoch(const struct journal *j)
{
	return j ? j->epoch : 0;
}

static void replay_batch(const uint8_t *at, const uint8_t *end, uint16_t first, uint16_t last,
			 journal_replay_cb cb, void *arg)
{
	struct record_header h;

	while ((size_t)(end - at) >= sizeof(h)) {
		struct journal_reader r;

		memcpy(&h, at, sizeof(h));
		at += sizeof(h);
		if (h.length > (size_t)(end - at))
			return; /* whoever made the checksum has made a mistake as well */
		r = (struct journal_reader){ .at = at, .end = at + h.length };
		if (h.type >= first && h.type <= last)
			cb(arg, h.type, &r);
		at += h.length;
	}
}

void journal_replay(struct journal *j, uint16_t first, uint16_t last, journal_replay_cb cb, void *arg)
{
	size_t at = sizeof(struct file_header), n;

	if (!j || !j->loaded)
		return;
	for (; at < j->nr_loaded && (n = batch_at(j, at)); at += n)
		replay_batch(j->loaded + at + sizeof(struct batch_header), j->loaded + at + n, first,
			     last, cb, arg);
}

static void read_number(struct journal_reader *r, void *ret, size_t n)
{
	memset(ret, 0, n);
	if ((size_t)(r->end - r->at) < n) {
		r->too_short = true;
		r->at = r->end;
		return;
	}
	memcpy(ret, r->at, n);
	r->at += n;
}

uint8_t journal_read_u8(struct journal_reader *r)
{
	uint8_t v;

	read_number(r, &v, sizeof(v));
	return v;
}

uint16_t journal_read_u16(struct journal_reader *r)
{
	uint16_t v;

	read_number(r, &v, sizeof(v));
	return v;
}

uint32_t journal_read_u32(struct journal_reader *r)
{
	uint32_t v;

	read_number(r, &v, sizeof(v));
	return v;
}

uint64_t journal_read_u64(struct journal_reader *r)
{
	uint64_t v;

	read_number(r, &v, sizeof(v));
	return v;
}

const void *journal_read_bytes(struct journal_reader *r, size_t *ret_n)
{
	uint32_t n = journal_read_u32(r);
	const void *bytes = r->at;

	if (n > (size_t)(r->end - r->at)) {
		r->too_short = true;
		r->at = r->end;
		n = 0;
	}
	r->at += n;
	*ret_n = n;
	return bytes;
}

const char *journal_read_string(struct journal_reader *r)
{
	size_t n;
	const char *s = journal_read_bytes(r, &n);

	if (n && !s[n - 1] && !memchr(s, '\0', n - 1))
		return s;
	r->too_short = true;
	return "";
}

/* ---- Writing ---- */

void journal_add_part(struct journal *j, journal_snapshot_cb snapshot, void *arg)
{
	if (!j || j->nr_parts == PARTS_MAX)
		return;
	j->parts[j->nr_parts].snapshot = snapshot;
	j->parts[j->nr_parts++].arg = arg;
}

void journal_set_on_dirty(struct journal *j, void (*on_dirty)(void *arg), void *arg)
{
	if (!j)
		return;
	j->on_dirty = on_dirty;
	j->dirty_arg = arg;
}

static void append(struct journal *j, const void *bytes, size_t n)
{
	if (!j)
		return;
	if (j->used + n > j->room) {
		j->room = 2 * (j->used + n);
		j->batch = xrealloc(j->batch, j->room);
	}
	if (n)
		memcpy(j->batch + j->used, bytes, n);
	j->used += n;
}

void journal_begin(struct journal *j, uint16_t type)
{
	struct record_header h = { .type = type };

	if (!j)
		return;
	if (j->used == sizeof(struct batch_header) && j->on_dirty && !j->in_snapshot)
		j->on_dirty(j->dirty_arg);
	j->record = j->used;
	append(j, &h, sizeof(h));
}

void journal_u8(struct journal *j, uint8_t value)
{
	append(j, &value, sizeof(value));
}

void journal_u16(struct journal *j, uint16_t value)
{
	append(j, &value, sizeof(value));
}

void journal_u32(struct journal *j, uint32_t value)
{
	append(j, &value, sizeof(value));
}

void journal_u64(struct journal *j, uint64_t value)
{
	append(j, &value, sizeof(value));
}

void journal_bytes(struct journal *j, const void *bytes, size_t n)
{
	journal_u32(j, (uint32_t)n);
	append(j, bytes, n);
}

void journal_string(struct journal *j, const char *s)
{
	if (!s)
		s = "";
	journal_bytes(j, s, strlen(s) + 1);
}

/* The batch as it is goes to 'fd' at '*size', which grows. */
static int write_batch(struct journal *j, int fd, uint64_t *size)
{
	struct batch_header h = { .magic = BATCH_MAGIC };
	int err;

	h.length = (uint32_t)(j->used - sizeof(h));
	h.checksum = checksum(j->batch + sizeof(h), h.length);
	memcpy(j->batch, &h, sizeof(h));
	err = journal_file_write(fd, j->batch, j->used, *size);
	if (!err)
		*size += j->used;
	j->used = sizeof(h);
	return err;
}

struct snapshot {
	int fd, err;
	uint64_t size;
};

static struct snapshot *snapshot_of; /* while one is being written; there is one journal and one thread */

void journal_end(struct journal *j)
{
	struct record_header h;

	if (!j)
		return;
	memcpy(&h, j->batch + j->record, sizeof(h));
	h.length = (uint32_t)(j->used - j->record - sizeof(h));
	memcpy(j->batch + j->record, &h, sizeof(h));
	if (j->in_snapshot && j->used > SNAPSHOT_RUN && !snapshot_of->err)
		snapshot_of->err = write_batch(j, snapshot_of->fd, &snapshot_of->size);
}

static int write_snapshot(struct journal *j, struct snapshot *s)
{
	struct file_header h = { .version = VERSION, .epoch = j->epoch };

	memcpy(h.magic, file_magic, sizeof(h.magic));
	s->err = journal_file_write(s->fd, &h, sizeof(h), 0);
	s->size = sizeof(h);
	j->in_snapshot = true;
	snapshot_of = s;
	for (unsigned int i = 0; i < j->nr_parts && !s->err; i++)
		j->parts[i].snapshot(j->parts[i].arg, j);
	if (!s->err && j->used > sizeof(struct batch_header))
		s->err = write_batch(j, s->fd, &s->size);
	snapshot_of = NULL;
	j->in_snapshot = false;
	j->used = sizeof(struct batch_header);
	return s->err;
}

/* A new file in place of the one there is. */
static int compact(struct journal *j)
{
	char *path = xasprintf("%s.new", j->path);
	struct snapshot s = { .fd = -1 };
	int err;

	s.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = s.fd < 0 ? -errno : write_snapshot(j, &s);
	if (!err && rename(path, j->path))
		err = -errno;
	if (err) {
		if (s.fd >= 0) {
			close(s.fd);
			unlink(path);
		}
	} else {
		if (j->fd >= 0)
			close(j->fd);
		j->fd = s.fd;
		j->size = j->snapshot_size = s.size;
	}
	free(path);
	return err;
}

int journal_start(struct journal *j)
{
	int err;

	if (!j)
		return 0;
	j->epoch++;
	j->used = sizeof(struct batch_header);
	err = compact(j);
	free(j->loaded);
	j->loaded = NULL;
	j->nr_loaded = 0;
	return err;
}

/* The batch could not be added: only a new file can have it now. */
static void recover(struct journal *j, int why)
{
	int err = compact(j);

	if (err && !j->failing)
		log_error("the journal %s cannot be written: %s; an hvd that starts now would not know everything",
			  j->path, strerror(-why));
	if (!err && j->failing)
		log_info("the journal is whole again");
	j->failing = err != 0;
}

void journal_commit(struct journal *j)
{
	int err = 0;

	if (!j || j->used == sizeof(struct batch_header))
		return;
	if (j->fd < 0 || j->failing) {
		j->used = sizeof(struct batch_header); /* the next snapshot will have it */
		if (j->failing)
			recover(j, -EIO);
		return;
	}
	err = write_batch(j, j->fd, &j->size);
	if (err) {
		/* What was not written to the end must not stand before what comes next. */
		if (ftruncate(j->fd, (off_t)j->size))
			log_error("the journal cannot be cut: %s", strerror(errno));
		recover(j, err);
	} else if (j->size > j->snapshot_size * 2 + GROWTH_MIN) {
		err = compact(j);
		if (err) {
			log_warning("the journal cannot be written anew and goes on growing: %s",
				    strerror(-err));
			j->snapshot_size = j->size; /* not again with every batch */
		}
	}
}
