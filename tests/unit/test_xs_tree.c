/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The persistent tree, and the two things that go into it: paths and permissions. */
#include <errno.h>
#include <stdlib.h>

#include "unit.h"
#include "xenstore/path.h"
#include "xenstore/perms.h"
#include "xenstore/tree.h"

static struct xs_perms *some_perms(void)
{
	static const struct xs_perm p = { 0, 0 };

	return perms_create(&p, 1);
}

static void tree_begin(struct xs_tree *t)
{
	struct xs_perms *perms = some_perms();

	tree_init(t, perms);
	perms_put(perms);
}

static void put(struct xs_tree *t, const char *path, const char *value)
{
	struct xs_perms *perms = some_perms();
	struct xs_body *body = body_create(perms, value, strlen(value));

	if (tree_find(t, path))
		tree_set_body(t, path, body);
	else
		tree_add(t, path, body);
	body_put(body);
	perms_put(perms);
}

static const char *value(const struct xs_tree *t, const char *path)
{
	struct xs_node *n = tree_find(t, path);

	return n ? n->body->value : NULL;
}

static void what_is_put_is_found(void)
{
	struct xs_tree t;

	tree_begin(&t);
	put(&t, "/a", "1");
	put(&t, "/a/b", "2");
	put(&t, "/ab", "3");
	CU_ASSERT_STRING_EQUAL(value(&t, "/a"), "1");
	CU_ASSERT_STRING_EQUAL(value(&t, "/a/b"), "2");
	CU_ASSERT_STRING_EQUAL(value(&t, "/ab"), "3");
	CU_ASSERT_STRING_EQUAL(value(&t, "/"), "");
	CU_ASSERT_PTR_NULL(tree_find(&t, "/b"));
	CU_ASSERT_PTR_NULL(tree_find(&t, "/a/b/c"));
	put(&t, "/a/b", "4");
	CU_ASSERT_STRING_EQUAL(value(&t, "/a/b"), "4");
	tree_fini(&t);
}

static void a_snapshot_never_changes(void)
{
	struct xs_tree t, old, older;

	tree_begin(&t);
	put(&t, "/a", "1");
	put(&t, "/a/x", "x");
	tree_snapshot(&t, &older);
	put(&t, "/a", "2");
	tree_snapshot(&t, &old);
	tree_remove(&t, "/a");
	put(&t, "/b", "3");

	CU_ASSERT_STRING_EQUAL(value(&older, "/a"), "1");
	CU_ASSERT_STRING_EQUAL(value(&older, "/a/x"), "x");
	CU_ASSERT_PTR_NULL(tree_find(&older, "/b"));
	CU_ASSERT_STRING_EQUAL(value(&old, "/a"), "2");
	CU_ASSERT_PTR_NULL(tree_find(&t, "/a/x"));
	tree_fini(&older);
	CU_ASSERT_STRING_EQUAL(value(&old, "/a/x"), "x");
	tree_fini(&old);
	tree_fini(&t);
}

static void without_snapshots_nothing_is_copied(void)
{
	struct xs_node *root, *a;
	struct xs_tree t;

	tree_begin(&t);
	put(&t, "/a", "1");
	root = t.root;
	a = tree_find(&t, "/a");
	put(&t, "/a", "2");
	put(&t, "/a/b", "3");
	CU_ASSERT_PTR_EQUAL(t.root, root);
	CU_ASSERT_PTR_EQUAL(tree_find(&t, "/a"), a);
	tree_fini(&t);
}

static void generations_tell_what_changed(void)
{
	uint64_t body, children;
	struct xs_tree t;
	struct xs_node *n;

	tree_begin(&t);
	put(&t, "/a", "1");
	n = tree_find(&t, "/a");
	body = n->body->generation;
	children = n->children_generation;
	put(&t, "/a/b", "1");
	n = tree_find(&t, "/a");
	CU_ASSERT_EQUAL(n->body->generation, body);
	CU_ASSERT_NOT_EQUAL(n->children_generation, children);
	children = n->children_generation;
	put(&t, "/a/b", "2");
	CU_ASSERT_EQUAL(n->children_generation, children);
	put(&t, "/a", "1");
	CU_ASSERT_NOT_EQUAL(n->body->generation, body);
	CU_ASSERT_EQUAL(n->children_generation, children);
	tree_fini(&t);
}

struct listing {
	char text[256];
};

static int list_child(void *arg, struct xs_node *child)
{
	struct listing *l = arg;

	strcat(strcat(l->text, child->name), " ");
	return 0;
}

static void list_walk(void *arg, const char *path, struct xs_node *n)
{
	struct listing *l = arg;

	(void)n;
	strcat(strcat(l->text, path), " ");
}

static void children_come_sorted_and_walks_bottom_up(void)
{
	struct listing children = { "" }, walk = { "" }, all = { "" };
	char path[XS_PATH_SIZE] = "/d";
	struct xs_tree t;

	tree_begin(&t);
	put(&t, "/d", "");
	put(&t, "/d/c", "");
	put(&t, "/d/a", "");
	put(&t, "/d/b", "");
	put(&t, "/d/a/x", "");
	tree_each_child(tree_find(&t, "/d"), list_child, &children);
	CU_ASSERT_STRING_EQUAL(children.text, "a b c ");
	tree_walk(tree_find(&t, "/d"), path, list_walk, &walk);
	CU_ASSERT_STRING_EQUAL(walk.text, "/d/a/x /d/a /d/b /d/c ");
	CU_ASSERT_STRING_EQUAL(path, "/d");
	strcpy(path, "/");
	tree_walk(t.root, path, list_walk, &all);
	CU_ASSERT_STRING_EQUAL(all.text, "/d/a/x /d/a /d/b /d/c /d ");
	CU_ASSERT_STRING_EQUAL(path, "/");
	tree_fini(&t);
}

#define NR_NAMES     500
#define NR_SNAPSHOTS 20

/* Random changes, with a plain array as the judge, and snapshots that must stay what they were. */
static void random_changes_match_a_plain_array(void)
{
	static int now[NR_NAMES], then[NR_SNAPSHOTS][NR_NAMES];
	struct xs_tree t, snapshots[NR_SNAPSHOTS];
	unsigned int seed = 1, step, i, s, wrong = 0;
	char path[32], text[16];

	tree_begin(&t);
	put(&t, "/p", "");
	for (s = 0; s < NR_SNAPSHOTS; s++) {
		for (step = 0; step < 300; step++) {
			i = (unsigned int)rand_r(&seed) % NR_NAMES;
			snprintf(path, sizeof(path), "/p/%u", i);
			if (now[i] && rand_r(&seed) % 3 == 0) {
				tree_remove(&t, path);
				now[i] = 0;
			} else {
				now[i] = 1 + (int)step;
				snprintf(text, sizeof(text), "%d", now[i]);
				put(&t, path, text);
			}
		}
		tree_snapshot(&t, &snapshots[s]);
		memcpy(then[s], now, sizeof(now));
	}
	for (s = 0; s < NR_SNAPSHOTS; s++) {
		for (i = 0; i < NR_NAMES; i++) {
			snprintf(path, sizeof(path), "/p/%u", i);
			snprintf(text, sizeof(text), "%d", then[s][i]);
			if (then[s][i])
				wrong += !value(&snapshots[s], path) ||
					 strcmp(value(&snapshots[s], path), text);
			else
				wrong += tree_find(&snapshots[s], path) != NULL;
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
	for (s = 0; s < NR_SNAPSHOTS; s++)
		tree_fini(&snapshots[s]);
	tree_fini(&t);
}

static void paths_are_checked(void)
{
	char longest[XS_PATH_SIZE + 1], buf[XS_PATH_SIZE];

	CU_ASSERT_TRUE(path_is_valid("/"));
	CU_ASSERT_TRUE(path_is_valid("/a/b-c_d@E/9"));
	CU_ASSERT_FALSE(path_is_valid(""));
	CU_ASSERT_FALSE(path_is_valid("a"));
	CU_ASSERT_FALSE(path_is_valid("//"));
	CU_ASSERT_FALSE(path_is_valid("/a/"));
	CU_ASSERT_FALSE(path_is_valid("/a//b"));
	CU_ASSERT_FALSE(path_is_valid("/a b"));
	CU_ASSERT_FALSE(path_is_valid("/a.b"));
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[XS_PATH_SIZE] = '\0';
	CU_ASSERT_FALSE(path_is_valid(longest));
	CU_ASSERT_EQUAL(path_resolve(longest, "/h", buf), -EINVAL);
	longest[XS_PATH_SIZE - 1] = '\0';
	CU_ASSERT_TRUE(path_is_valid(longest));

	CU_ASSERT_EQUAL(path_resolve("a/b", "/local/domain/5", buf), 0);
	CU_ASSERT_STRING_EQUAL(buf, "/local/domain/5/a/b");
	CU_ASSERT_EQUAL(path_resolve("", "/h", buf), -EINVAL);
	longest[0] = 'a';
	longest[2049] = '\0';
	CU_ASSERT_EQUAL(path_resolve(longest, "/h", buf), -EINVAL);
	longest[2048] = '\0';
	CU_ASSERT_EQUAL(path_resolve(longest, "/h", buf), 0);

	CU_ASSERT_EQUAL(path_parent_length("/"), 0);
	CU_ASSERT_EQUAL(path_parent_length("/a"), 1);
	CU_ASSERT_EQUAL(path_parent_length("/a/bc"), 2);
}

static void permissions_are_parsed_and_obeyed(void)
{
	struct xs_who owner = { 3, false }, friend = { 5, false }, other = { 6, false },
		      control = { 0, true };
	struct xs_perms *perms, *without;
	char text[64];

	CU_ASSERT_EQUAL_FATAL(perms_parse("n3\0r5", 6, 5, &perms), 0);
	CU_ASSERT_TRUE(perms_allow(perms, &owner, XS_ACCESS_READ | XS_ACCESS_WRITE));
	CU_ASSERT_TRUE(perms_allow(perms, &control, XS_ACCESS_READ | XS_ACCESS_WRITE));
	CU_ASSERT_TRUE(perms_allow(perms, &friend, XS_ACCESS_READ));
	CU_ASSERT_FALSE(perms_allow(perms, &friend, XS_ACCESS_WRITE));
	CU_ASSERT_FALSE(perms_allow(perms, &other, XS_ACCESS_READ));
	CU_ASSERT_FALSE(perms_allow_change(perms, &friend));
	CU_ASSERT_EQUAL(perms_format(perms, text, sizeof(text)), 6);
	CU_ASSERT_EQUAL(memcmp(text, "n3\0r5", 6), 0);

	CU_ASSERT_PTR_NULL(perms_without(perms, 6));
	without = perms_without(perms, 5);
	CU_ASSERT_EQUAL(without->nr, 1);
	perms_put(without);
	without = perms_without(perms, 3);
	CU_ASSERT_EQUAL(without->p[0].domid, 0);
	CU_ASSERT_EQUAL(without->nr, 2);
	perms_put(without);
	perms_put(perms);

	CU_ASSERT_EQUAL(perms_parse("", 0, 5, &perms), -EINVAL);
	CU_ASSERT_EQUAL(perms_parse("n3", 2, 5, &perms), -EINVAL);
	CU_ASSERT_EQUAL(perms_parse("x3", 3, 5, &perms), -EINVAL);
	CU_ASSERT_EQUAL(perms_parse("n", 2, 5, &perms), -EINVAL);
	CU_ASSERT_EQUAL(perms_parse("n-1", 4, 5, &perms), -EINVAL);
	CU_ASSERT_EQUAL(perms_parse("n65536", 7, 5, &perms), -EINVAL);
	CU_ASSERT_EQUAL(perms_parse("n1\0n2\0n3", 9, 2, &perms), -ENOSPC);
}

UNIT_MAIN("xenstore tree", UNIT_TEST(what_is_put_is_found), UNIT_TEST(a_snapshot_never_changes),
	  UNIT_TEST(without_snapshots_nothing_is_copied), UNIT_TEST(generations_tell_what_changed),
	  UNIT_TEST(children_come_sorted_and_walks_bottom_up),
	  UNIT_TEST(random_changes_match_a_plain_array), UNIT_TEST(paths_are_checked),
	  UNIT_TEST(permissions_are_parsed_and_obeyed))
