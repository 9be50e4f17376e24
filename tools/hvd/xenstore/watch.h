/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who wants to know when a node changes.
 */
#ifndef HVD_XENSTORE_WATCH_H
#define HVD_XENSTORE_WATCH_H

#include <stdbool.h>

#include "xenstore/path.h"
#include "xenstore/perms.h"

struct xs_body;

/* Part of its owner's struct. */
struct watch {
	struct path_entry entry; /* by absolute path */
	struct xs_who who;	 /* on whose behalf: he hears only of what he may see */
	/* 'path' is absolute; it changed, or something below the watched node did. */
	void (*on_event)(struct watch *w, const char *path);
};

struct watch_table {
	struct path_table by_path;
};

void watch_table_init(struct watch_table *t);
void watch_table_fini(struct watch_table *t);

/* 'path' must live as long as the watch. Does not fire. */
void watch_add(struct watch_table *t, struct watch *w, const char *path);
void watch_remove(struct watch_table *t, struct watch *w);

/*
 * A change at 'path'. A watcher is told if he may read one of the 'nr_seen' permission sets: those
 * of the node before and after the change, and of its parent. NULL entries are skipped.
 *   watch_fire        tells all who watch the node or something above it
 *   watch_fire_exact  tells those who watch the node itself
 * on_event must not add or remove watches.
 */
void watch_fire(const struct watch_table *t, const char *path, struct xs_perms *const *seen,
		unsigned int nr_seen);
void watch_fire_exact(const struct watch_table *t, const char *path, struct xs_perms *const *seen,
		      unsigned int nr_seen);

#endif
