/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of nodes. A copy of the whole tree costs one reference; see tree.c for how.
 *
 * All paths are absolute and valid (path.h). Nothing here knows of domains asking, quotas or
 * watches: that is store.c.
 */
#ifndef HVD_XENSTORE_TREE_H
#define HVD_XENSTORE_TREE_H

#include <stddef.h>
#include <stdint.h>

struct xs_perms;

/* Value and permissions. Never changed once made. */
struct xs_body {
	unsigned int refs;
	uint64_t generation; /* no two bodies ever have the same */
	struct xs_perms *perms;
	size_t length;
	char value[]; /* 'length' bytes and a NUL that does not count */
};

struct xs_node {
	unsigned int refs;
	uint32_t priority;	      /* random: keeps the tree of siblings balanced */
	struct xs_node *left, *right; /* siblings with smaller and larger names */
	struct xs_node *children;     /* the root of the children's tree */
	struct xs_body *body;
	uint64_t children_generation; /* changes when a child appears or goes */
	char name[];
};

struct xs_tree {
	struct xs_node *root;
};

/* Generations of an earlier hvd never come again: it had 'epoch' - 1. */
void tree_begin_epoch(uint32_t epoch);

/* A tree with a root node alone. */
void tree_init(struct xs_tree *t, struct xs_perms *perms);
void tree_fini(struct xs_tree *t);

/* 'copy' becomes the same tree; from now on each goes its own way. */
void tree_snapshot(const struct xs_tree *t, struct xs_tree *copy);

/* NULL: no such node. Valid until the tree changes. 'length' as in path_parent_length(). */
struct xs_node *tree_find(const struct xs_tree *t, const char *path);
struct xs_node *tree_find_prefix(const struct xs_tree *t, const char *path, size_t length);

/* A body with the next generation. Takes its own reference on 'perms'. */
struct xs_body *body_create(struct xs_perms *perms, const void *value, size_t length);
struct xs_body *body_get(struct xs_body *body);
void body_put(struct xs_body *body); /* NULL is fine */

/* Gives an existing node another body; takes its own reference. */
void tree_set_body(struct xs_tree *t, const char *path, struct xs_body *body);

/* Adds a leaf that is not there, below a parent that is; takes its own reference on 'body'. */
void tree_add(struct xs_tree *t, const char *path, struct xs_body *body);

/* Removes an existing node, not the root, with everything below. */
void tree_remove(struct xs_tree *t, const char *path);

/*
 * Calls 'visit' for each child of 'node', in order of names, until one returns non-zero, and
 * returns that. The tree must not change meanwhile.
 */
typedef int (*tree_visit)(void *arg, struct xs_node *child);
int tree_each_child(const struct xs_node *node, tree_visit visit, void *arg);

/*
 * Calls 'visit' for all nodes below 'node' (not itself), parents after their children. 'path' of
 * XS_PATH_SIZE bytes holds the path of 'node' and, during each call, that of the visited one; it is
 * restored in the end.
 */
typedef void (*tree_walker)(void *arg, const char *path, struct xs_node *node);
void tree_walk(struct xs_node *node, char *path, tree_walker visit, void *arg);

#endif
