/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of nodes: what is a valid path, and how a client's path becomes an absolute one.
 */
#ifndef HVD_XENSTORE_PATH_H
#define HVD_XENSTORE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any absolute path that the store accepts, with its NUL. */
#define XS_PATH_SIZE 3073u

/* "/", or "/a/b" of letters, digits and -_@, no empty parts, no slash at the end, not too long. */
bool path_is_valid(const char *path);

/* "@introduceDomain" or "@releaseDomain": events that look like nodes. */
bool path_is_special(const char *path);

/*
 * Writes the absolute form of 'given' to 'buf' of XS_PATH_SIZE bytes: a path that does not begin
 * with a slash is taken below 'home'. -EINVAL: not a valid path (special ones are none), or too
 * long.
 */
int path_resolve(const char *given, const char *home, char *buf);

/* Length of the parent's path: 2 for "/a/b", 1 for "/a", 0 for "/". */
size_t path_parent_length(const char *path);

/*
 * A table of things that have a path: a hash with chains, intrusive, so the entries are part of
 * their owner. Several entries may have the same path.
 */
struct path_entry {
	struct path_entry *next;
	uint32_t hash;
	const char *path; /* the owner's, unchanged while in the table */
};

struct path_table {
	struct path_entry **buckets; /* a power of two of them */
	size_t nr_buckets;
	size_t nr_entries;
};

void path_table_init(struct path_table *t);
void path_table_fini(struct path_table *t); /* entries are their owners' business */
void path_table_add(struct path_table *t, struct path_entry *e, const char *path);
void path_table_remove(struct path_table *t, struct path_entry *e);
/* The first entry with the path that is the first 'length' bytes of 'path', or NULL. */
struct path_entry *path_table_find(const struct path_table *t, const char *path, size_t length);
/* The same when the caller has the hash already, because he goes through all prefixes of a path. */
struct path_entry *path_table_find_hash(const struct path_table *t, const char *path, size_t length,
					uint32_t hash);
uint32_t path_hash_begin(void);
static inline uint32_t path_hash_step(uint32_t hash, char c)
{
	return (hash ^ (unsigned char)c) * 16777619u;
}
/* The next entry with the same path, or NULL. */
struct path_entry *path_table_next(const struct path_entry *e);

#endif
