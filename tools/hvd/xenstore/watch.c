/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches: a table by path, asked once for each prefix of a path that changed.
 *
 * A change of /a/b/c concerns those who watch /a/b/c, /a/b, /a and /. So it costs as many look-ups
 * as the path has parts, however many watches there are. Two more rules come from the protocol:
 * when a node goes, the watches on the nodes that went with it fire too, each with its own path
 * (watch_fire_exact, called by store.c); and nobody hears of a node that he may not read, unless
 * he may read its parent, where he could see the name come and go anyway.
 */
#include "xenstore/watch.h"

#include <string.h>

#include "xenstore/tree.h"

void watch_table_init(struct watch_table *t)
{
	path_table_init(&t->by_path);
}

void watch_table_fini(struct watch_table *t)
{
	path_table_fini(&t->by_path);
}

void watch_add(struct watch_table *t, struct watch *w, const char *path)
{
	path_table_add(&t->by_path, &w->entry, path);
}

void watch_remove(struct watch_table *t, struct watch *w)
{
	path_table_remove(&t->by_path, &w->entry);
}

static bool may_hear(const struct xs_who *who, struct xs_perms *const *seen, unsigned int nr_seen)
{
	unsigned int i;

	for (i = 0; i < nr_seen; i++) {
		if (seen[i] && perms_allow(seen[i], who, XS_ACCESS_READ))
			return true;
	}
	return who->privileged;
}

/* Fires the watches from 'e' on, all of one path. */
static void fire_all(struct path_entry *e, const char *path, struct xs_perms *const *seen,
		     unsigned int nr_seen)
{
	struct watch *w;

	for (; e; e = path_table_next(e)) {
		w = (struct watch *)((char *)e - offsetof(struct watch, entry));
		if (may_hear(&w->who, seen, nr_seen))
			w->on_event(w, path);
	}
}

void watch_fire_exact(const struct watch_table *t, const char *path, struct xs_perms *const *seen,
		      unsigned int nr_seen)
{
	fire_all(path_table_find(&t->by_path, path, strlen(path)), path, seen, nr_seen);
}

void watch_fire(const struct watch_table *t, const char *path, struct xs_perms *const *seen,
		unsigned int nr_seen)
{
	uint32_t hash = path_hash_begin();
	size_t i;

	for (i = 0; path[i]; i++) {
		/* Before each slash ends the path of a parent; the root's is the first slash
		 * itself. */
		if (path[i] == '/' && i)
			fire_all(path_table_find_hash(&t->by_path, path, i, hash), path, seen,
				 nr_seen);
		hash = path_hash_step(hash, path[i]);
		if (path[i] == '/' && !i && path[1])
			fire_all(path_table_find_hash(&t->by_path, path, 1, hash), path, seen,
				 nr_seen);
	}
	fire_all(path_table_find_hash(&t->by_path, path, i, hash), path, seen, nr_seen);
}
