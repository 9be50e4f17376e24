/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths, checked once where they come in: behind path_resolve() every path is absolute, has no
 * empty parts and fits in XS_PATH_SIZE, so nobody below checks again.
 */
#include "xenstore/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xen/io/xs_wire.h>

#include "lib/xmem.h"

_Static_assert(XS_PATH_SIZE == XENSTORE_ABS_PATH_MAX + 1, "the protocol's longest path and NUL");

bool path_is_valid(const char *path)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_@/";
	size_t length = strlen(path);

	if (path[0] != '/' || length > XENSTORE_ABS_PATH_MAX)
		return false;
	if (strspn(path, allowed) != length)
		return false;
	return length == 1 || (path[length - 1] != '/' && !strstr(path, "//"));
}

bool path_is_special(const char *path)
{
	return !strcmp(path, "@introduceDomain") || !strcmp(path, "@releaseDomain");
}

int path_resolve(const char *given, const char *home, char *buf)
{
	size_t home_length = strlen(home), length = strlen(given);

	if (given[0] == '/') {
		if (length > XENSTORE_ABS_PATH_MAX)
			return -EINVAL;
		memcpy(buf, given, length + 1);
	} else {
		if (!length || given[0] == '@' || length > XENSTORE_REL_PATH_MAX ||
		    home_length + 1 + length > XENSTORE_ABS_PATH_MAX)
			return -EINVAL;
		memcpy(buf, home, home_length);
		buf[home_length] = '/';
		memcpy(buf + home_length + 1, given, length + 1);
	}
	return path_is_valid(buf) ? 0 : -EINVAL;
}

size_t path_parent_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == path)
		return path[1] ? 1 : 0;
	return (size_t)(slash - path);
}

/* FNV-1a from a start that no guest knows, so that nobody can aim at one bucket. */
uint32_t path_hash_begin(void)
{
	static uint32_t start;

	if (!start && getrandom(&start, sizeof(start), GRND_NONBLOCK) != sizeof(start))
		start = 2166136261u;
	return start;
}

static uint32_t path_hash(const char *path, size_t length)
{
	uint32_t hash = path_hash_begin();
	size_t i;

	for (i = 0; i < length; i++)
		hash = path_hash_step(hash, path[i]);
	return hash;
}

void path_table_init(struct path_table *t)
{
	t->nr_buckets = 16;
	t->nr_entries = 0;
	t->buckets = xcalloc(t->nr_buckets, sizeof(*t->buckets));
}

void path_table_fini(struct path_table *t)
{
	free(t->buckets);
	t->buckets = NULL;
}

static struct path_entry **path_table_bucket(const struct path_table *t, uint32_t hash)
{
	return &t->buckets[(hash ^ (hash >> 15)) & (t->nr_buckets - 1)];
}

static void path_table_grow(struct path_table *t)
{
	struct path_entry **old = t->buckets, *e, *next, **bucket;
	size_t nr_old = t->nr_buckets, i;

	t->nr_buckets *= 2;
	t->buckets = xcalloc(t->nr_buckets, sizeof(*t->buckets));
	for (i = 0; i < nr_old; i++) {
		for (e = old[i]; e; e = next) {
			next = e->next;
			bucket = path_table_bucket(t, e->hash);
			e->next = *bucket;
			*bucket = e;
		}
	}
	free(old);
}

void path_table_add(struct path_table *t, struct path_entry *e, const char *path)
{
	struct path_entry **bucket;

	if (t->nr_entries >= t->nr_buckets)
		path_table_grow(t);
	e->path = path;
	e->hash = path_hash(path, strlen(path));
	bucket = path_table_bucket(t, e->hash);
	e->next = *bucket;
	*bucket = e;
	t->nr_entries++;
}

void path_table_remove(struct path_table *t, struct path_entry *e)
{
	struct path_entry **link = path_table_bucket(t, e->hash);

	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	t->nr_entries--;
}

struct path_entry *path_table_find_hash(const struct path_table *t, const char *path, size_t length,
					uint32_t hash)
{
	struct path_entry *e;

	for (e = *path_table_bucket(t, hash); e; e = e->next) {
		if (e->hash == hash && !strncmp(e->path, path, length) && !e->path[length])
			return e;
	}
	return NULL;
}

struct path_entry *path_table_find(const struct path_table *t, const char *path, size_t length)
{
	return path_table_find_hash(t, path, length, path_hash(path, length));
}

struct path_entry *path_table_next(const struct path_entry *e)
{
	struct path_entry *next;

	for (next = e->next; next; next = next->next) {
		if (next->hash == e->hash && !strcmp(next->path, e->path))
			return next;
	}
	return NULL;
}
