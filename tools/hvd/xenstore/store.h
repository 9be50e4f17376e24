/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store: the tree with its rules. Who may do what, quotas, transactions, watches that fire.
 *
 * Clients on the wire (client.c) and hvd itself (local.c) both come through here. Paths are
 * absolute and valid. Errors are those of the protocol, negative: -EACCES, -ENOENT, -EINVAL,
 * -EPERM, -ENOSPC (quota), -EAGAIN (transaction conflict).
 */
#ifndef HVD_XENSTORE_STORE_H
#define HVD_XENSTORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "xenstore/perms.h"
#include "xenstore/quota.h"
#include "xenstore/tree.h"
#include "xenstore/watch.h"

struct journal;
struct txn;

struct store {
	struct journal *journal; /* NULL: what is here goes with us */
	struct xs_tree tree;
	struct watch_table watches;
	struct quota quota;
	struct xs_perms *special[2]; /* of @introduceDomain and @releaseDomain */
};

/* From an earlier hvd's journal. No rights, no quotas, no watches; what cannot be is left out. */
void store_restore_put(struct store *s, const char *path, struct xs_perms *perms, const void *value,
		       size_t length);
void store_restore_drop(struct store *s, const char *path);
void store_restore_special(struct store *s, unsigned int which, struct xs_perms *perms);

/* On whose behalf, and inside which transaction (NULL: none). */
struct caller {
	struct xs_who who;
	struct txn *txn;
};

void store_init(struct store *s, const struct quota_limits *limits);
void store_fini(struct store *s); /* all watches and transactions are gone before */

/* What these return stays valid until the next change of the store. */
int store_read(struct store *s, const struct caller *c, const char *path,
	       const struct xs_body **ret_body);
int store_directory(struct store *s, const struct caller *c, const char *path,
		    const struct xs_node **ret_node);
/* Also for special paths, here and in store_set_perms(). */
int store_get_perms(struct store *s, const struct caller *c, const char *path,
		    const struct xs_perms **ret_perms);

/* Makes missing parents as well. */
int store_write(struct store *s, const struct caller *c, const char *path, const void *value,
		size_t length);
int store_mkdir(struct store *s, const struct caller *c, const char *path);
/* 0 also when it was not there, but its parent is. */
int store_rm(struct store *s, const struct caller *c, const char *path);
int store_set_perms(struct store *s, const struct caller *c, const char *path,
		    struct xs_perms *perms);

/* -ENOSPC: 'who' has too many already. */
int store_txn_start(struct store *s, const struct xs_who *who, struct txn **ret_txn);
/* Ends c->txn in any case. With 'commit': -EAGAIN or -ENOSPC, and nothing has changed. */
int store_txn_end(struct store *s, const struct caller *c, bool commit);

/* Fires the watches on a special path. */
void store_fire_special(struct store *s, const char *path);

/* Takes everything away from a domain that is gone; see xs_server_remove_domain(). */
void store_forget_domain(struct store *s, uint16_t domid);

#endif
