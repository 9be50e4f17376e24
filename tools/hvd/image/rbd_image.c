/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Getting to an RBD image, and who else is there: see rbd_image.h.
 */
#include "image/rbd_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "image/cluster.h"
#include "image/task.h"
#include "lib/xmem.h"

#define SNAPSHOTS_SHOWN 128 /* what fits into one message */
#define LOCKERS_TEXT_MAX 16384u
#define AUTO_COOKIE "auto " /* what librbd's own exclusive lock is called */

int rbd_image_pool(struct task *t, rados_t *ret_cluster, rados_ioctx_t *ret_pool)
{
	char error[256];
	int err;

	err = cluster_connect(&t->where, t->keyring, TASK_OP_TIMEOUT_S, ret_cluster, error, sizeof(error));
	if (err)
		return report_fail(err == -EACCES ? "image_denied" :
				   err == -ETIMEDOUT ? "image_unreachable" : "image_failed",
				   "%s", error);
	err = cluster_open_pool(*ret_cluster, t->image.rbd, ret_pool, error, sizeof(error));
	if (err) {
		rados_shutdown(*ret_cluster);
		return report_fail("image_not_found", "%s", error);
	}
	return 0;
}

size_t rbd_image_watchers(rbd_image_t image)
{
	rbd_image_watcher_t watchers[64];
	size_t nr = 64;

	if (rbd_watchers_list(image, watchers, &nr))
		return SIZE_MAX;
	rbd_watchers_list_cleanup(watchers, nr);
	return nr;
}

bool rbd_image_others(rbd_image_t image)
{
	return rbd_image_watchers(image) > 1;
}

/* ---- Description ---- */

static void add_number(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_int64((int64_t)value));
}

static void add_parent(rbd_image_t image, struct json_object *o)
{
	rbd_linked_image_spec_t parent;
	rbd_snap_spec_t snap;
	struct rbd_spec spec = { 0 };
	char *text;

	if (rbd_get_parent(image, &parent, &snap))
		return;
	spec.pool = parent.pool_name;
	spec.namespace = parent.pool_namespace && *parent.pool_namespace ? parent.pool_namespace : NULL;
	spec.image = parent.image_name;
	spec.snapshot = snap.name;
	text = spec_rbd_text(&spec);
	json_object_object_add(o, "parent", json_object_new_string(text));
	free(text);
	rbd_linked_image_spec_cleanup(&parent);
	rbd_snap_spec_cleanup(&snap);
}

static int add_snapshots(rbd_image_t image, struct json_object *o)
{
	struct json_object *list = json_object_new_array(), *one;
	rbd_snap_info_t *snaps = NULL;
	int nr, room = 64;

	do {
		snaps = xrealloc(snaps, (size_t)room * sizeof(*snaps));
		nr = rbd_snap_list(image, snaps, &room);
	} while (nr == -ERANGE);
	for (int i = 0; i < nr && i < SNAPSHOTS_SHOWN; i++) {
		one = json_object_new_object();
		json_object_object_add(one, "name", json_object_new_string(snaps[i].name));
		add_number(one, "size", snaps[i].size);
		json_object_array_add(list, one);
	}
	if (nr >= 0)
		rbd_snap_list_end(snaps);
	free(snaps);
	json_object_object_add(o, "snapshots", list);
	add_number(o, "nr_snapshots", nr < 0 ? 0 : (uint64_t)nr);
	return nr < 0 ? nr : 0;
}

/* Who has it open for writing. */
static void add_clients(rbd_image_t image, struct json_object *o)
{
	struct json_object *list = json_object_new_array();
	rbd_image_watcher_t watchers[64];
	size_t nr = 64;

	if (!rbd_watchers_list(image, watchers, &nr)) {
		for (size_t i = 0; i < nr; i++)
			json_object_array_add(list, json_object_new_string(watchers[i].addr));
		rbd_watchers_list_cleanup(watchers, nr);
	}
	json_object_object_add(o, "clients", list);
}

struct locker {
	bool found;
	bool is_auto; /* librbd's own: whoever writes has it */
	char client[128], cookie[256], address[256];
};

static int find_locker(rbd_image_t image, struct locker *l)
{
	char *clients = xmalloc(LOCKERS_TEXT_MAX), *cookies = xmalloc(LOCKERS_TEXT_MAX);
	char *addresses = xmalloc(LOCKERS_TEXT_MAX), tag[256];
	size_t clients_len = LOCKERS_TEXT_MAX, cookies_len = LOCKERS_TEXT_MAX;
	size_t addresses_len = LOCKERS_TEXT_MAX, tag_len = sizeof(tag);
	int exclusive;
	ssize_t nr = rbd_list_lockers(image, &exclusive, tag, &tag_len, clients, &clients_len, cookies,
				      &cookies_len, addresses, &addresses_len);

	memset(l, 0, sizeof(*l));
	if (nr > 0) {
		/* Strings one after the other; an exclusive lock has one holder, and so do we look at one. */
		l->found = true;
		snprintf(l->client, sizeof(l->client), "%s", clients);
		snprintf(l->cookie, sizeof(l->cookie), "%s", cookies);
		snprintf(l->address, sizeof(l->address), "%s", addresses);
		l->is_auto = !strncmp(l->cookie, AUTO_COOKIE, strlen(AUTO_COOKIE));
	}
	free(clients);
	free(cookies);
	free(addresses);
	return nr < 0 ? (int)nr : 0;
}

static int add_lock(rbd_image_t image, struct json_object *o)
{
	struct locker l;
	struct json_object *lock;
	int err = find_locker(image, &l);

	if (err || !l.found)
		return err;
	lock = json_object_new_object();
	json_object_object_add(lock, "kind", json_object_new_string(l.is_auto ? "exclusive" : "manual"));
	json_object_object_add(lock, "client", json_object_new_string(l.client));
	json_object_object_add(lock, "address", json_object_new_string(l.address));
	if (!l.is_auto)
		json_object_object_add(lock, "note", json_object_new_string(l.cookie));
	json_object_object_add(o, "lock", lock);
	return 0;
}

static int sum_extents(uint64_t offset, size_t length, int exists, void *arg)
{
	uint64_t *sum = arg;

	(void)offset;
	if (exists)
		*sum += length;
	return report_cancelled() ? -ECANCELED : 0;
}

int rbd_image_describe(rbd_image_t image, bool details, struct json_object *o)
{
	rbd_image_info_t info;
	uint64_t used = 0;
	int err = rbd_stat(image, &info, sizeof(info));

	if (err)
		return err;
	json_object_object_add(o, "kind", json_object_new_string("rbd"));
	add_number(o, "size", info.size);
	add_number(o, "object_size", info.obj_size);
	add_parent(image, o);
	err = add_snapshots(image, o);
	if (err)
		return err;
	add_clients(image, o);
	err = add_lock(image, o);
	if (!err && details) {
		err = rbd_diff_iterate2(image, NULL, 0, info.size, 0, 1, sum_extents, &used);
		add_number(o, "used", used);
	}
	return err;
}

/* ---- Locks ---- */

int rbd_image_unlock(rbd_image_t image, bool force, char *holder, size_t size)
{
	struct locker l;
	int err = find_locker(image, &l);

	if (err)
		return err;
	if (!l.found)
		return -ENOLCK;
	snprintf(holder, size, "%.60s at %.80s%s%.60s", l.client, l.address, l.is_auto ? "" : ", ",
		 l.is_auto ? "" : l.cookie);
	if (l.is_auto)
		return force ? rbd_lock_break(image, RBD_LOCK_MODE_EXCLUSIVE, l.address) : -EBUSY;
	if (!force && strncmp(l.cookie, "hvctl", 5))
		return -EBUSY;
	return rbd_break_lock(image, l.client, l.cookie);
}
