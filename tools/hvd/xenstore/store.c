/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's rules.
 *
 * An operation looks at the tree of its transaction, or at the store's own. It first finds out
 * whether it is allowed and whether there is room, and changes nothing until both are certain.
 * Changes outside of transactions go through store_put() and store_drop(), which keep the owners'
 * accounts and fire the watches; a transaction only notes what it did, and store_txn_end() carries
 * the result over through the same two functions.
 */
#include "xenstore/store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xmem.h"
#include "xenstore/path.h"
#include "xenstore/record.h"
#include "xenstore/transaction.h"

void store_init(struct store *s, const struct quota_limits *limits)
{
	static const struct xs_perm nobody = { 0, 0 };

	s->journal = NULL;
	s->special[0] = perms_create(&nobody, 1);
	s->special[1] = perms_get(s->special[0]);
	tree_init(&s->tree, s->special[0]);
	watch_table_init(&s->watches);
	quota_init(&s->quota, limits);
	quota_add(&s->quota, 0, QUOTA_NODES, 1); /* the root */
}

void store_fini(struct store *s)
{
	perms_put(s->special[0]);
	perms_put(s->special[1]);
	quota_fini(&s->quota);
	watch_table_fini(&s->watches);
	tree_fini(&s->tree);
}

/* ---- changing the store's own tree ---- */

static struct xs_perms *node_perms(const struct xs_node *n)
{
	return n ? n->body->perms : NULL;
}

static struct xs_perms *parent_perms(const struct xs_tree *t, const char *path)
{
	size_t length = path_parent_length(path);

	return length ? node_perms(tree_find_prefix(t, path, length)) : NULL;
}

static void account(struct store *s, const struct xs_perms *perms, int difference)
{
	quota_add(&s->quota, perms->p[0].domid, QUOTA_NODES, difference);
}

/* Gives the node this body; makes it if its parent is there. No watch fires. */
static void store_put(struct store *s, const char *path, struct xs_body *body)
{
	struct xs_node *n = tree_find(&s->tree, path);

	record_put(s->journal, path, body);
	account(s, body->perms, 1);
	if (n) {
		account(s, n->body->perms, -1);
		tree_set_body(&s->tree, path, body);
	} else {
		tree_add(&s->tree, path, body);
	}
}

static void uncount_node(void *arg, const char *path, struct xs_node *n)
{
	(void)path;
	account(arg, n->body->perms, -1);
}

/* Removes the node and what is below. No watch fires. */
static void store_drop(struct store *s, const char *path)
{
	struct xs_node *n = tree_find(&s->tree, path);
	char buf[XS_PATH_SIZE];

	if (!n)
		return;
	record_drop(s->journal, path);
	strcpy(buf, path);
	tree_walk(n, buf, uncount_node, s);
	account(s, n->body->perms, -1);
	tree_remove(&s->tree, path);
}

/* ---- an earlier hvd's ---- */

void store_restore_put(struct store *s, const char *path, struct xs_perms *perms, const void *value,
		       size_t length)
{
	struct xs_body *body;

	if (!path_is_valid(path) || !perms->nr)
		return;
	if (path[1] && !tree_find_prefix(&s->tree, path, path_parent_length(path)))
		return;
	body = body_create(perms, value, length);
	store_put(s, path, body);
	body_put(body);
}

void store_restore_drop(struct store *s, const char *path)
{
	if (path_is_valid(path) && path[1])
		store_drop(s, path);
}

void store_restore_special(struct store *s, unsigned int which, struct xs_perms *perms)
{
	if (which >= 2 || !perms->nr)
		return;
	perms_put(s->special[which]);
	s->special[which] = perms_get(perms);
}

/* ---- looking ---- */

static struct xs_tree *caller_tree(struct store *s, const struct caller *c)
{
	return c->txn ? &c->txn->tree : &s->tree;
}

static void touch(const struct caller *c, const char *path, size_t length, unsigned int what)
{
	if (c->txn)
		txn_touch(c->txn, path, length, what);
}

static bool has_room(const struct caller *c, unsigned int nr)
{
	return !c->txn || txn_has_room(c->txn, nr);
}

/* Length of the path of the nearest ancestor that exists. */
static size_t nearest_ancestor(const struct xs_tree *t, const char *path)
{
	size_t length = path_parent_length(path);

	while (length > 1 && !tree_find_prefix(t, path, length)) {
		while (path[--length] != '/')
			;
		if (!length)
			length = 1;
	}
	return length;
}

/*
 * Finds a node for 'access'. Whether a name exists is told to those only who would have access
 * there: to others a missing node is -EACCES as well.
 */
static int lookup(struct store *s, const struct caller *c, const char *path, unsigned int access,
		  unsigned int depends, struct xs_node **ret_node)
{
	const struct xs_tree *t = caller_tree(s, c);
	struct xs_node *n = tree_find(t, path);
	size_t length;

	if (!has_room(c, 2))
		return -ENOSPC;
	touch(c, path, strlen(path), depends);
	if (n) {
		if (!perms_allow(n->body->perms, &c->who, access))
			return -EACCES;
		*ret_node = n;
		return 0;
	}
	length = nearest_ancestor(t, path);
	touch(c, path, length, TXN_BODY);
	n = tree_find_prefix(t, path, length);
	return perms_allow(n->body->perms, &c->who, access) ? -ENOENT : -EACCES;
}

int store_read(struct store *s, const struct caller *c, const char *path,
	       const struct xs_body **ret_body)
{
	struct xs_node *n;
	int err = lookup(s, c, path, XS_ACCESS_READ, TXN_BODY, &n);

	if (!err)
		*ret_body = n->body;
	return err;
}

int store_directory(struct store *s, const struct caller *c, const char *path,
		    const struct xs_node **ret_node)
{
	struct xs_node *n;
	int err = lookup(s, c, path, XS_ACCESS_READ, TXN_BODY | TXN_CHILDREN, &n);

	if (!err)
		*ret_node = n;
	return err;
}

static struct xs_perms **special_perms(struct store *s, const char *path)
{
	return &s->special[!strcmp(path, "@releaseDomain")];
}

int store_get_perms(struct store *s, const struct caller *c, const char *path,
		    const struct xs_perms **ret_perms)
{
	struct xs_node *n;
	int err;

	if (path_is_special(path)) {
		*ret_perms = *special_perms(s, path);
		return perms_allow(*ret_perms, &c->who, XS_ACCESS_READ) ? 0 : -EACCES;
	}
	err = lookup(s, c, path, XS_ACCESS_READ, TXN_BODY, &n);
	if (!err)
		*ret_perms = n->body->perms;
	return err;
}

/* ---- changing ---- */

/* One node gets a body, in the caller's tree; watches fire, or will, unless 'quiet'. */
static void change(struct store *s, const struct caller *c, const char *path, struct xs_body *body,
		   bool quiet)
{
	struct xs_perms *seen[3] = { NULL };
	struct xs_node *n;

	if (c->txn) {
		n = tree_find(&c->txn->tree, path);
		if (n)
			tree_set_body(&c->txn->tree, path, body);
		else
			tree_add(&c->txn->tree, path, body);
		txn_touch(c->txn, path, strlen(path),
			  TXN_BODY | TXN_WRITTEN | (quiet ? 0 : TXN_FIRE));
		return;
	}
	n = tree_find(&s->tree, path);
	if (n)
		seen[0] = perms_get(n->body->perms);
	store_put(s, path, body);
	seen[1] = body->perms;
	seen[2] = parent_perms(&s->tree, path);
	if (!quiet)
		watch_fire(&s->watches, path, seen, 3);
	perms_put(seen[0]);
}

/* Makes a node that is not there, and its missing parents. The caller may write to the nearest. */
static int create(struct store *s, const struct caller *c, const char *path, const void *value,
		  size_t length)
{
	struct xs_tree *t = caller_tree(s, c);
	size_t path_length = strlen(path), at = nearest_ancestor(t, path), i;
	int own = c->txn ? c->txn->nr_own_nodes : 0;
	unsigned int nr_new = 1;
	char buf[XS_PATH_SIZE];
	struct xs_perms *perms;
	struct xs_body *body;

	for (i = at == 1 ? 1 : at + 1; i < path_length; i++)
		nr_new += path[i] == '/';
	if (!has_room(c, nr_new) || !quota_allows(&s->quota, &c->who, QUOTA_NODES,
						  nr_new + (unsigned int)(own > 0 ? own : 0)))
		return -ENOSPC;
	if (c->txn)
		c->txn->nr_own_nodes += (int)nr_new;

	/* All of them have the same permissions: what inherits from an own node is the same again.
	 */
	perms = perms_inherit(tree_find_prefix(t, path, at)->body->perms, &c->who);
	memcpy(buf, path, path_length + 1);
	for (i = at == 1 ? 1 : at + 1; i < path_length; i++) {
		if (path[i] != '/')
			continue;
		buf[i] = '\0';
		body = body_create(perms, NULL, 0);
		change(s, c, buf, body, true);
		body_put(body);
		buf[i] = '/';
	}
	body = body_create(perms, value, length);
	change(s, c, path, body, false);
	body_put(body);
	perms_put(perms);
	return 0;
}

int store_write(struct store *s, const struct caller *c, const char *path, const void *value,
		size_t length)
{
	struct xs_body *body;
	struct xs_node *n;
	int err;

	if (!c->who.privileged && length > s->quota.limits.node_size)
		return -ENOSPC;
	err = lookup(s, c, path, XS_ACCESS_WRITE, TXN_BODY, &n);
	if (err == -ENOENT)
		return create(s, c, path, value, length);
	if (err)
		return err;
	body = body_create(n->body->perms, value, length);
	change(s, c, path, body, false);
	body_put(body);
	return 0;
}

int store_mkdir(struct store *s, const struct caller *c, const char *path)
{
	struct xs_node *n;
	int err = lookup(s, c, path, XS_ACCESS_WRITE, TXN_BODY, &n);

	return err == -ENOENT ? create(s, c, path, NULL, 0) : err;
}

struct removal {
	struct store *s;
	const struct caller *c;
	unsigned int nr_nodes;
	int nr_own_nodes;
};

static void removal_count(void *arg, const char *path, struct xs_node *n)
{
	struct removal *r = arg;

	(void)path;
	r->nr_nodes++;
	r->nr_own_nodes += n->body->perms->p[0].domid == r->c->who.domid;
}

/* A node that goes because an ancestor is removed. */
static void removal_below(void *arg, const char *path, struct xs_node *n)
{
	struct removal *r = arg;
	struct xs_perms *seen[2];

	if (r->c->txn) {
		txn_touch(r->c->txn, path, strlen(path),
			  TXN_BODY | TXN_CHILDREN | TXN_WRITTEN | TXN_FIRE_EXACT);
		return;
	}
	seen[0] = n->body->perms;
	seen[1] = parent_perms(&r->s->tree, path);
	watch_fire_exact(&r->s->watches, path, seen, 2);
}

static int remove_node(struct store *s, const struct caller *c, const char *path, struct xs_node *n)
{
	struct removal r = { s, c, 0, 0 };
	struct xs_perms *seen[2];
	char buf[XS_PATH_SIZE];

	strcpy(buf, path);
	if (c->txn) {
		removal_count(&r, path, n);
		tree_walk(n, buf, removal_count, &r);
		if (!has_room(c, r.nr_nodes))
			return -ENOSPC;
		c->txn->nr_own_nodes -= r.nr_own_nodes;
	}
	tree_walk(n, buf, removal_below, &r);
	if (c->txn) {
		txn_touch(c->txn, path, strlen(path),
			  TXN_BODY | TXN_CHILDREN | TXN_WRITTEN | TXN_FIRE);
		tree_remove(&c->txn->tree, path);
		return 0;
	}
	seen[0] = n->body->perms;
	seen[1] = parent_perms(&s->tree, path);
	watch_fire(&s->watches, path, seen, 2); /* events wait in queues: nobody looks before... */
	store_drop(s, path);			/* ...the node is gone */
	return 0;
}

int store_rm(struct store *s, const struct caller *c, const char *path)
{
	size_t length = path_parent_length(path);
	struct xs_node *n;
	int err;

	if (!length)
		return -EINVAL;
	err = lookup(s, c, path, XS_ACCESS_WRITE, TXN_BODY, &n);
	if (!err)
		return remove_node(s, c, path, n);
	if (err != -ENOENT)
		return err;
	/* lookup() has noted the nearest ancestor for a transaction: if it is the parent, fine. */
	return tree_find_prefix(caller_tree(s, c), path, length) ? 0 : -ENOENT;
}

int store_set_perms(struct store *s, const struct caller *c, const char *path,
		    struct xs_perms *perms)
{
	struct xs_perms **special;
	struct xs_body *body;
	struct xs_node *n;
	int err;

	if (path_is_special(path)) {
		if (!c->who.privileged)
			return -EACCES;
		special = special_perms(s, path);
		perms_put(*special);
		*special = perms_get(perms);
		record_special(s->journal, (unsigned int)(special - s->special), perms);
		return 0;
	}
	err = lookup(s, c, path, XS_ACCESS_WRITE, TXN_BODY, &n);
	if (err)
		return err;
	if (!perms_allow_change(n->body->perms, &c->who))
		return -EACCES;
	/* A guest must not put its nodes into somebody else's account. */
	if (!c->who.privileged && perms->p[0].domid != c->who.domid)
		return -EPERM;
	body = body_create(perms, n->body->value, n->body->length);
	change(s, c, path, body, false);
	body_put(body);
	return 0;
}

/* ---- transactions ---- */

int store_txn_start(struct store *s, const struct xs_who *who, struct txn **ret_txn)
{
	unsigned int max = who->privileged ? UINT_MAX : s->quota.limits.transaction_nodes;

	if (!quota_allows(&s->quota, who, QUOTA_TRANSACTIONS, 1))
		return -ENOSPC;
	quota_add(&s->quota, who->domid, QUOTA_TRANSACTIONS, 1);
	*ret_txn = txn_create(&s->tree, max);
	return 0;
}

/* Brings one node of the store to the state that it has in the transaction. */
static void commit_node(struct store *s, const struct txn *t, const struct txn_access *a)
{
	struct xs_node *n = tree_find(&t->tree, a->path);
	struct xs_perms *seen[4];

	if (n)
		store_put(s, a->path, n->body);
	else
		store_drop(s, a->path);

	seen[0] = node_perms(tree_find(&t->base, a->path));
	seen[1] = node_perms(n);
	seen[2] = parent_perms(&t->base, a->path);
	seen[3] = parent_perms(&t->tree, a->path);
	if (a->what & TXN_FIRE)
		watch_fire(&s->watches, a->path, seen, 4);
	else if (a->what & TXN_FIRE_EXACT)
		watch_fire_exact(&s->watches, a->path, seen, 4);
}

static int commit(struct store *s, const struct caller *c)
{
	const struct txn *t = c->txn;
	const struct txn_access *a;

	if (txn_conflicts(t, &s->tree))
		return -EAGAIN;
	if (t->nr_own_nodes > 0 &&
	    !quota_allows(&s->quota, &c->who, QUOTA_NODES, (unsigned int)t->nr_own_nodes))
		return -ENOSPC;
	/*
	 * In the order of first writing. A node whose parent is new comes after it; one whose
	 * parent goes may come after it too, and then finds its work done.
	 */
	TAILQ_FOREACH (a, &t->written, in_order)
		commit_node(s, t, a);
	return 0;
}

int store_txn_end(struct store *s, const struct caller *c, bool do_commit)
{
	int err = do_commit ? commit(s, c) : 0;

	quota_add(&s->quota, c->who.domid, QUOTA_TRANSACTIONS, -1);
	txn_destroy(c->txn);
	return err;
}

/* ---- domains ---- */

void store_fire_special(struct store *s, const char *path)
{
	watch_fire(&s->watches, path, special_perms(s, path), 1);
}

struct mentions {
	uint16_t domid;
	char **paths;
	size_t nr;
};

static void mentions_collect(void *arg, const char *path, struct xs_node *n)
{
	struct mentions *m = arg;
	struct xs_perms *without = perms_without(n->body->perms, m->domid);

	if (!without)
		return;
	perms_put(without);
	if (!(m->nr & (m->nr + 1)))
		m->paths = xrealloc(m->paths, 2 * (m->nr + 1) * sizeof(*m->paths));
	m->paths[m->nr++] = xstrdup(path);
}

static void forget_at(struct store *s, const char *path, uint16_t domid)
{
	struct xs_node *n = tree_find(&s->tree, path);
	struct xs_perms *without = perms_without(n->body->perms, domid);
	struct xs_body *body = body_create(without, n->body->value, n->body->length);

	store_put(s, path, body);
	body_put(body);
	perms_put(without);
}

void store_forget_domain(struct store *s, uint16_t domid)
{
	struct mentions m = { .domid = domid };
	struct xs_perms *without;
	char buf[XS_PATH_SIZE];
	size_t i;

	if (!domid)
		return;
	strcpy(buf, "/");
	tree_walk(s->tree.root, buf, mentions_collect, &m);
	mentions_collect(&m, "/", s->tree.root);
	for (i = 0; i < m.nr; i++) {
		forget_at(s, m.paths[i], domid);
		free(m.paths[i]);
	}
	free(m.paths);
	for (i = 0; i < 2; i++) {
		without = perms_without(s->special[i], domid);
		if (without) {
			perms_put(s->special[i]);
			s->special[i] = without;
			record_special(s->journal, (unsigned int)i, without);
		}
	}
}
