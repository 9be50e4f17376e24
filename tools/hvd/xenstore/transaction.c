/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions: a snapshot to work on, and a list of what the work depended on.
 *
 * The snapshot (tree.h) isolates: nobody sees the transaction's changes, and it sees nobody
 * else's. For every path that it touches we note the generations that the node had in the
 * snapshot, of its body and of its set of children apart, so that two transactions which add
 * different children to the same node do not disturb each other. At the end, if all these are
 * still what they were, the transaction might as well have run at this very moment: store.c then
 * carries each written node over into the store, in its final state. Otherwise the client gets
 * EAGAIN and starts again. What a transaction costs is what it touched, never the store's size.
 */
#include "xenstore/transaction.h"

#include <stdlib.h>
#include <string.h>

#include "lib/xmem.h"

struct txn *txn_create(const struct xs_tree *store, unsigned int max_accesses)
{
	struct txn *t = xcalloc(1, sizeof(*t));

	tree_snapshot(store, &t->base);
	tree_snapshot(store, &t->tree);
	path_table_init(&t->accesses);
	TAILQ_INIT(&t->written);
	t->max_accesses = max_accesses;
	return t;
}

void txn_destroy(struct txn *t)
{
	struct path_entry *e, *next;
	size_t i;

	for (i = 0; i < t->accesses.nr_buckets; i++) {
		for (e = t->accesses.buckets[i]; e; e = next) {
			next = e->next;
			free(e); /* the first member of its struct txn_access */
		}
	}
	path_table_fini(&t->accesses);
	tree_fini(&t->tree);
	tree_fini(&t->base);
	free(t);
}

_Static_assert(offsetof(struct txn_access, entry) == 0, "an entry is its access");

bool txn_has_room(const struct txn *t, unsigned int nr)
{
	return t->accesses.nr_entries + nr <= t->max_accesses;
}

void txn_touch(struct txn *t, const char *path, size_t length, unsigned int what)
{
	struct txn_access *a = (void *)path_table_find(&t->accesses, path, length);
	struct xs_node *n;

	if (!a) {
		a = xcalloc(1, sizeof(*a) + length + 1);
		memcpy(a->path, path, length);
		n = tree_find(&t->base, a->path);
		if (n) {
			a->body_generation = n->body->generation;
			a->children_generation = n->children_generation;
		}
		path_table_add(&t->accesses, &a->entry, a->path);
	}
	if (what & ~a->what & TXN_WRITTEN)
		TAILQ_INSERT_TAIL(&t->written, a, in_order);
	a->what |= what;
}

static bool access_conflicts(const struct txn_access *a, const struct xs_tree *store)
{
	struct xs_node *n = tree_find(store, a->path);

	if ((a->what & TXN_BODY) && (n ? n->body->generation : 0) != a->body_generation)
		return true;
	return (a->what & TXN_CHILDREN) &&
	       (n ? n->children_generation : 0) != a->children_generation;
}

bool txn_conflicts(const struct txn *t, const struct xs_tree *store)
{
	const struct path_entry *e;
	size_t i;

	if (t->is_lost)
		return true;
	if (store->root == t->base.root)
		return false; /* nobody has written since */
	for (i = 0; i < t->accesses.nr_buckets; i++) {
		for (e = t->accesses.buckets[i]; e; e = e->next) {
			if (access_conflicts((const struct txn_access *)e, store))
				return true;
		}
	}
	return false;
}
