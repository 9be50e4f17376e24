/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one open transaction has seen and done. How it is used: store.c.
 */
#ifndef HVD_XENSTORE_TRANSACTION_H
#define HVD_XENSTORE_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "xenstore/path.h"
#include "xenstore/tree.h"

/* What a transaction did at a path; a set of bits. */
#define TXN_BODY       0x01u /* depends on value, permissions or existence of the node */
#define TXN_CHILDREN   0x02u /* depends on the set of its children */
#define TXN_WRITTEN    0x04u /* made, changed or removed it */
#define TXN_FIRE       0x08u /* watches on it and above are to fire */
#define TXN_FIRE_EXACT 0x10u /* watches on it alone are to fire */

struct txn_access {
	struct path_entry entry;
	TAILQ_ENTRY(txn_access) in_order; /* of the first TXN_WRITTEN; else not on the list */
	unsigned int what;
	uint64_t body_generation;     /* in the base; 0: there was no such node */
	uint64_t children_generation; /* the same */
	char path[];
};

struct txn {
	struct xs_tree base; /* the store when the transaction began; never changes */
	struct xs_tree tree; /* the transaction's own, begun as the same */
	struct path_table accesses;
	TAILQ_HEAD(, txn_access) written;
	unsigned int max_accesses;
	bool is_lost; /* began with an hvd that has died: what it had done is forgotten */
	int nr_own_nodes; /* nodes of the caller that it made, less those that it removed */
};

/* 'max_accesses' bounds the paths that it can touch. */
struct txn *txn_create(const struct xs_tree *store, unsigned int max_accesses);
void txn_destroy(struct txn *t);

/* Is there room for 'nr' more paths? */
bool txn_has_room(const struct txn *t, unsigned int nr);

/* Notes 'what' for the first 'length' bytes of 'path'. The caller has asked for room. */
void txn_touch(struct txn *t, const char *path, size_t length, unsigned int what);

/* Has something that the transaction depends on changed between its base and 'store'? */
bool txn_conflicts(const struct txn *t, const struct xs_tree *store);

#endif
