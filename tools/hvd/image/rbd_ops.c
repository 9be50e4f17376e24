/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on RBD images. Each function is one action of 'hvctl image'.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <rbd/librbd.h>

#include "image/cluster.h"
#include "image/rbd_image.h"
#include "image/task.h"
#include "lib/json_line.h"
#include "lib/xmem.h"

#define NAMES_MAX 65536u

static void add_string(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void add_number(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_int64((int64_t)value));
}

static int on_progress(uint64_t done, uint64_t total, void *arg)
{
	(void)arg;
	return report_progress(done, total);
}

/* ---- list ---- */

static int list_one(rados_ioctx_t pool, const char *name, bool details)
{
	struct json_object *o = json_object_new_object();
	rbd_image_t image;
	uint64_t size;

	add_string(o, "name", name);
	/* One that disappears meanwhile is no error of the list. */
	if (details && !rbd_open_read_only(pool, name, &image, NULL)) {
		if (!rbd_get_size(image, &size))
			add_number(o, "size", size);
		rbd_close(image);
	}
	report_item(o);
	return report_cancelled() ? -ECANCELED : 0;
}

static int action_list(struct task *t, rados_ioctx_t pool)
{
	rbd_image_spec_t *images = NULL;
	size_t nr = 64;
	int err;

	do {
		images = xrealloc(images, nr * sizeof(*images));
		err = rbd_list2(pool, images, &nr);
	} while (err == -ERANGE && nr <= NAMES_MAX);
	if (!err) {
		for (size_t i = 0; i < nr && !err; i++)
			err = list_one(pool, images[i].name, t->details);
		rbd_image_spec_list_cleanup(images, nr);
	}
	free(images);
	if (err)
		return report_errno(err, "listing its images", t->image.rbd->pool);
	report_done(NULL);
	return 0;
}

/* ---- create, clone ---- */

static int action_create(struct task *t, rados_ioctx_t pool, const char *name)
{
	rbd_image_options_t options;
	int err;

	if (!t->size)
		return report_fail("bad_request", "%s: of what size?", name);
	rbd_image_options_create(&options);
	err = rbd_create4(pool, t->image.rbd->image, t->size, options);
	rbd_image_options_destroy(options);
	if (err)
		return report_errno(err, "creating it", name);
	report_done(NULL);
	return 0;
}

static int flatten(rados_ioctx_t pool, const char *image_name, const char *name)
{
	rbd_image_t image;
	int err = rbd_open(pool, image_name, &image, NULL);

	if (!err) {
		err = rbd_flatten_with_progress(image, on_progress, NULL);
		rbd_close(image);
	}
	if (report_cancelled())
		err = -ECANCELED;
	return err ? report_errno(err, "copying what it shares with its parent", name) : 0;
}

static int action_clone(struct task *t, rados_ioctx_t pool, rados_t cluster, const char *name)
{
	const struct rbd_spec *from = t->image.rbd, *to = t->to.rbd;
	rbd_image_options_t options;
	rados_ioctx_t to_pool;
	char error[256], *to_name;
	int err;

	if (!to)
		return report_fail("bad_request", "an RBD image is cloned to an RBD image; 'export' makes a file");
	if (!from->snapshot)
		return report_fail("bad_request",
				   "a clone is made of a snapshot: 'hvctl image snap create %s@NAME' first", name);
	if (cluster_open_pool(cluster, to, &to_pool, error, sizeof(error)))
		return report_fail("image_not_found", "%s", error);
	to_name = spec_rbd_text(to);
	rbd_image_options_create(&options);
	/* Of the second kind: its parent need not be protected, and may be removed. */
	rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_CLONE_FORMAT, 2);
	err = rbd_clone3(pool, from->image, from->snapshot, to_pool, to->image, options);
	rbd_image_options_destroy(options);
	if (err == -ENOENT)
		err = report_errno(err, "cloning it", name);
	else if (err)
		err = report_errno(err, "cloning it", to_name);
	else if (t->flatten)
		err = flatten(to_pool, to->image, to_name);
	rados_ioctx_destroy(to_pool);
	free(to_name);
	if (!err)
		report_done(NULL);
	return err;
}

/* ---- remove ---- */

/*
 * librbd finds out as well, but takes the exclusive lock first: the one who has it and writes may get
 * EROFS in between. Opened for reading we are no watcher ourselves.
 */
static bool is_open_elsewhere(rados_ioctx_t pool, const char *image_name)
{
	bool others;
	rbd_image_t image;

	if (rbd_open_read_only(pool, image_name, &image, NULL))
		return false; /* rbd_remove() tells why */
	others = rbd_image_watchers(image) > 0;
	rbd_close(image);
	return others;
}

static int action_remove(struct task *t, rados_ioctx_t pool, const char *name)
{
	int err;

	if (is_open_elsewhere(pool, t->image.rbd->image))
		return report_errno(-EBUSY, "removing it", name);
	err = rbd_remove_with_progress(pool, t->image.rbd->image, on_progress, NULL);
	if (err == -ENOTEMPTY)
		return report_fail("image_in_use", "%s has snapshots: 'hvctl image snap remove %s@NAME' first",
				   name, name);
	if (err)
		return report_errno(err, "removing it", name);
	report_done(NULL);
	return 0;
}

/* ---- What opens the image ---- */

static int action_resize(struct task *t, rbd_image_t image, const char *name)
{
	struct json_object *o;
	uint64_t old;
	int err = rbd_get_size(image, &old);

	if (!err && !t->size)
		return report_fail("bad_request", "%s: to what size?", name);
	if (!err && t->size < old) {
		if (!t->shrink)
			return report_fail("bad_request",
					   "%s has %llu bytes: --shrink cuts off what is beyond the new size", name,
					   (unsigned long long)old);
		if (rbd_image_others(image))
			return report_errno(-EBUSY, "shrinking it", name);
	}
	if (!err)
		err = rbd_resize2(image, t->size, t->shrink, on_progress, NULL);
	if (err)
		return report_errno(err, "changing its size", name);
	o = json_object_new_object();
	add_number(o, "old_size", old);
	add_number(o, "size", t->size);
	report_done(o);
	return 0;
}

static int action_flatten(rbd_image_t image, const char *name)
{
	int err = rbd_flatten_with_progress(image, on_progress, NULL);

	if (err == -EINVAL)
		return report_fail("bad_request", "%s has no parent", name);
	if (err)
		return report_errno(report_cancelled() ? -ECANCELED : err, "copying what it shares with its parent",
				    name);
	report_done(NULL);
	return 0;
}

static int action_info(struct task *t, rbd_image_t image, const char *name)
{
	struct json_object *o = json_object_new_object();
	int err;

	add_string(o, "image", name);
	err = rbd_image_describe(image, t->details, o);
	if (err) {
		json_object_put(o);
		return report_errno(err, "looking at it", name);
	}
	report_done(o);
	return 0;
}

static int action_lock(struct task *t, rbd_image_t image, const char *name)
{
	const char *note = json_line_string(t->request, "note");
	char *cookie = xasprintf("hvctl%s%s", note ? " " : "", note ? note : "");
	int err = rbd_lock_exclusive(image, cookie);

	free(cookie);
	if (err == -EEXIST)
		err = -EBUSY;
	if (err)
		return report_errno(err, "locking it", name);
	report_done(NULL);
	return 0;
}

static int action_unlock(struct task *t, rbd_image_t image, const char *name)
{
	char holder[256] = "";
	int err = rbd_image_unlock(image, t->force, holder, sizeof(holder));

	if (err == -ENOLCK)
		return report_fail("bad_request", "%s is not locked", name);
	if (err == -EBUSY)
		return report_fail("image_in_use",
				   "%s is locked by %s: --force takes the lock away, and that client's "
				   "writes fail from then on",
				   name, holder);
	if (err)
		return report_errno(err, "taking its lock away", name);
	report_done(NULL);
	return 0;
}

/* ---- Snapshots ---- */

static int action_snap(struct task *t, rbd_image_t image, const char *name)
{
	const char *snapshot = t->image.rbd->snapshot;
	int err;

	if (!snapshot)
		return report_fail("bad_request", "%s names no snapshot: IMAGE@SNAPSHOT", name);
	if (!strcmp(t->action, "snap-create"))
		err = rbd_snap_create(image, snapshot);
	else if (!strcmp(t->action, "snap-remove"))
		err = rbd_snap_remove(image, snapshot);
	else if (rbd_image_others(image))
		err = -EBUSY; /* a guest's file system would find other data than it has in mind */
	else
		err = rbd_snap_rollback_with_progress(image, snapshot, on_progress, NULL);
	if (err == -EBUSY && !strcmp(t->action, "snap-remove"))
		return report_fail("image_in_use",
				   "%s is protected, which hvctl never does: 'rbd snap unprotect' first", name);
	if (err)
		return report_errno(err, "this work on a snapshot", name);
	report_done(NULL);
	return 0;
}

/* ---- The whole ---- */

/* Snapshots are worked on through their image; all else looks at what was named. */
static int with_image(struct task *t, rados_ioctx_t pool, const char *name)
{
	bool reads = !strcmp(t->action, "info"), is_snap = !strncmp(t->action, "snap-", 5);
	const struct rbd_spec *rbd = t->image.rbd;
	rbd_image_t image;
	int err;

	if (rbd->snapshot && !reads && !is_snap)
		return report_fail("bad_request", "%s: this is not done to a snapshot", name);
	err = reads ? rbd_open_read_only(pool, rbd->image, &image, rbd->snapshot) :
		      rbd_open(pool, rbd->image, &image, NULL);
	if (err)
		return report_errno(err, "opening it", name);
	if (is_snap)
		err = action_snap(t, image, name);
	else if (!strcmp(t->action, "info"))
		err = action_info(t, image, name);
	else if (!strcmp(t->action, "resize"))
		err = action_resize(t, image, name);
	else if (!strcmp(t->action, "flatten"))
		err = action_flatten(image, name);
	else if (!strcmp(t->action, "lock"))
		err = action_lock(t, image, name);
	else if (!strcmp(t->action, "unlock"))
		err = action_unlock(t, image, name);
	else
		err = report_fail("bad_request", "there is no action '%.40s'", t->action);
	rbd_close(image);
	return err;
}

static int in_pool(struct task *t, rados_t cluster, rados_ioctx_t pool)
{
	char *name;
	int err;

	if (!strcmp(t->action, "list"))
		return action_list(t, pool);
	name = spec_rbd_text(t->image.rbd);
	if (!strcmp(t->action, "create"))
		err = action_create(t, pool, name);
	else if (!strcmp(t->action, "clone"))
		err = action_clone(t, pool, cluster, name);
	else if (!strcmp(t->action, "remove"))
		err = t->image.rbd->snapshot ?
			      report_fail("bad_request", "%s is a snapshot: 'hvctl image snap remove'", name) :
			      action_remove(t, pool, name);
	else
		err = with_image(t, pool, name);
	free(name);
	return err;
}

int rbd_action(struct task *t)
{
	rados_ioctx_t pool;
	rados_t cluster;
	int err = rbd_image_pool(t, &cluster, &pool);

	if (err)
		return err;
	err = in_pool(t, cluster, pool);
	rados_ioctx_destroy(pool);
	rados_shutdown(cluster);
	return err;
}
