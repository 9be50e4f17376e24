/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree: persistent, by reference counts.
 *
 * A snapshot is one more reference to the root. Whoever changes a node first makes the way to it
 * his own: going down from the root, a node with more than one reference is replaced by a copy,
 * which adds a reference to everything below it. What is not shared is changed in place. So
 * without snapshots nothing is ever copied, and with them each costs the nodes on the changed
 * paths, not the store.
 *
 * The children of a node are a treap (a search tree by name that is a heap by random priorities):
 * it stays shallow whatever names a guest chooses, and the copying above needs only the few
 * siblings on the way. The sibling pointers are in the node itself.
 *
 * Bodies and the sets of children carry generations, drawn from one counter for all trees. Two
 * trees have the same value at a path if and only if the generations there are equal; this is how
 * transactions find conflicts.
 */
#include "xenstore/tree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/xmem.h"
#include "xenstore/path.h"
#include "xenstore/perms.h"

static uint64_t last_generation;

static uint64_t next_generation(void)
{
	return ++last_generation;
}

void tree_begin_epoch(uint32_t epoch)
{
	uint64_t begin = (uint64_t)epoch << 40;

	if (last_generation < begin)
		last_generation = begin;
}

static uint32_t random_priority(void)
{
	static uint64_t state;

	if (!state && getrandom(&state, sizeof(state), GRND_NONBLOCK) != sizeof(state))
		state = 88172645463325252u;
	state |= !state;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32);
}

struct xs_body *body_create(struct xs_perms *perms, const void *value, size_t length)
{
	struct xs_body *body = xmalloc(sizeof(*body) + length + 1);

	body->refs = 1;
	body->generation = next_generation();
	body->perms = perms_get(perms);
	body->length = length;
	if (length)
		memcpy(body->value, value, length);
	body->value[length] = '\0';
	return body;
}

struct xs_body *body_get(struct xs_body *body)
{
	body->refs++;
	return body;
}

void body_put(struct xs_body *body)
{
	if (!body || --body->refs)
		return;
	perms_put(body->perms);
	free(body);
}

/* Takes the caller's reference on 'body'. */
static struct xs_node *node_create(const char *name, size_t length, struct xs_body *body)
{
	struct xs_node *n = xcalloc(1, sizeof(*n) + length + 1);

	n->refs = 1;
	n->priority = random_priority();
	n->body = body;
	n->children_generation = next_generation();
	memcpy(n->name, name, length);
	return n;
}

static struct xs_node *node_get(struct xs_node *n)
{
	if (n)
		n->refs++;
	return n;
}

/* Recursion is as deep as the longest path has parts, times the depth of a treap. */
static void node_put(struct xs_node *n)
{
	if (!n || --n->refs)
		return;
	node_put(n->left);
	node_put(n->right);
	node_put(n->children);
	body_put(n->body);
	free(n);
}

/* Makes the node at 'slot' the caller's alone; 'slot' itself must be his already. */
static struct xs_node *node_own(struct xs_node **slot)
{
	struct xs_node *shared = *slot, *own;

	if (shared->refs == 1)
		return shared;
	own = node_create(shared->name, strlen(shared->name), body_get(shared->body));
	own->priority = shared->priority;
	own->children_generation = shared->children_generation;
	own->left = node_get(shared->left);
	own->right = node_get(shared->right);
	own->children = node_get(shared->children);
	shared->refs--;
	*slot = own;
	return own;
}

/* Compares a part of a path with a name. */
static int name_compare(const char *part, size_t length, const char *name)
{
	int order = strncmp(part, name, length);

	return order ? order : -(name[length] != '\0');
}

/* ---- the treap of siblings; all slots belong to the caller ---- */

/* Splits what is at 't' into names below 'name' and names above; 'name' itself is not there. */
static void treap_split(struct xs_node *t, const char *name, struct xs_node **ret_below,
			struct xs_node **ret_above)
{
	if (!t) {
		*ret_below = *ret_above = NULL;
		return;
	}
	node_own(&t);
	if (strcmp(t->name, name) < 0) {
		treap_split(t->right, name, &t->right, ret_above);
		*ret_below = t;
	} else {
		treap_split(t->left, name, ret_below, &t->left);
		*ret_above = t;
	}
}

static struct xs_node *treap_merge(struct xs_node *below, struct xs_node *above)
{
	if (!below)
		return above;
	if (!above)
		return below;
	if (below->priority > above->priority) {
		node_own(&below);
		below->right = treap_merge(below->right, above);
		return below;
	}
	node_own(&above);
	above->left = treap_merge(below, above->left);
	return above;
}

static void treap_insert(struct xs_node **slot, struct xs_node *n)
{
	while (*slot && (*slot)->priority >= n->priority) {
		node_own(slot);
		slot = strcmp(n->name, (*slot)->name) < 0 ? &(*slot)->left : &(*slot)->right;
	}
	treap_split(*slot, n->name, &n->left, &n->right);
	*slot = n;
}

/* The slot of an existing sibling, with everything on the way to it and itself made our own. */
static struct xs_node **treap_own(struct xs_node **slot, const char *part, size_t length)
{
	int order;

	for (;;) {
		node_own(slot);
		order = name_compare(part, length, (*slot)->name);
		if (!order)
			return slot;
		slot = order < 0 ? &(*slot)->left : &(*slot)->right;
	}
}

static struct xs_node *treap_find(struct xs_node *n, const char *part, size_t length)
{
	int order;

	while (n && (order = name_compare(part, length, n->name)))
		n = order < 0 ? n->left : n->right;
	return n;
}

/* ---- the tree ---- */

void tree_init(struct xs_tree *t, struct xs_perms *perms)
{
	t->root = node_create("", 0, body_create(perms, NULL, 0));
}

void tree_fini(struct xs_tree *t)
{
	node_put(t->root);
	t->root = NULL;
}

void tree_snapshot(const struct xs_tree *t, struct xs_tree *copy)
{
	copy->root = node_get(t->root);
}

/*
 * The next part of a path of 'left' more bytes that begins with a slash; its length, 0 at the end.
 */
static size_t next_part(const char **path, size_t *left)
{
	size_t length;

	if (*left <= 1)
		return 0;
	++*path;
	--*left;
	for (length = 0; length < *left && (*path)[length] != '/'; length++)
		;
	return length;
}

struct xs_node *tree_find_prefix(const struct xs_tree *t, const char *path, size_t length)
{
	struct xs_node *n = t->root;
	size_t part;

	while (n && (part = next_part(&path, &length))) {
		n = treap_find(n->children, path, part);
		path += part;
		length -= part;
	}
	return n;
}

struct xs_node *tree_find(const struct xs_tree *t, const char *path)
{
	return tree_find_prefix(t, path, strlen(path));
}

/* An existing node, made our own with everything on the way. */
static struct xs_node *tree_own(struct xs_tree *t, const char *path, size_t length)
{
	struct xs_node **slot = &t->root;
	size_t part;

	node_own(slot);
	while ((part = next_part(&path, &length))) {
		slot = treap_own(&(*slot)->children, path, part);
		path += part;
		length -= part;
	}
	return *slot;
}

void tree_set_body(struct xs_tree *t, const char *path, struct xs_body *body)
{
	struct xs_node *n = tree_own(t, path, strlen(path));

	body_get(body);
	body_put(n->body);
	n->body = body;
}

void tree_add(struct xs_tree *t, const char *path, struct xs_body *body)
{
	struct xs_node *parent = tree_own(t, path, path_parent_length(path));
	const char *name = strrchr(path, '/') + 1;

	treap_insert(&parent->children, node_create(name, strlen(name), body_get(body)));
	parent->children_generation = next_generation();
}

void tree_remove(struct xs_tree *t, const char *path)
{
	struct xs_node *parent = tree_own(t, path, path_parent_length(path));
	const char *name = strrchr(path, '/') + 1;
	struct xs_node **slot = treap_own(&parent->children, name, strlen(name));
	struct xs_node *gone = *slot;

	*slot = treap_merge(gone->left, gone->right);
	gone->left = gone->right = NULL;
	node_put(gone);
	parent->children_generation = next_generation();
}

static int treap_each(struct xs_node *n, tree_visit visit, void *arg)
{
	int result = 0;

	for (; n && !result; n = n->right) {
		result = treap_each(n->left, visit, arg);
		if (!result)
			result = visit(arg, n);
	}
	return result;
}

int tree_each_child(const struct xs_node *node, tree_visit visit, void *arg)
{
	return treap_each(node->children, visit, arg);
}

struct walk {
	char *path;
	size_t length; /* of the parent's path, without a final slash */
	tree_walker visit;
	void *arg;
};

static int walk_child(void *arg, struct xs_node *child)
{
	struct walk *w = arg;
	size_t parent_length = w->length, name_length = strlen(child->name);

	w->path[parent_length] = '/';
	memcpy(w->path + parent_length + 1, child->name, name_length + 1);
	w->length = parent_length + 1 + name_length;
	treap_each(child->children, walk_child, w);
	w->path[w->length] = '\0';
	w->visit(w->arg, w->path, child);
	w->length = parent_length;
	return 0;
}

void tree_walk(struct xs_node *node, char *path, tree_walker visit, void *arg)
{
	size_t length = strlen(path);
	struct walk w = { path, length == 1 ? 0 : length, visit, arg };

	treap_each(node->children, walk_child, &w);
	if (length == 1)
		path[0] = '/';
	path[length] = '\0';
}
