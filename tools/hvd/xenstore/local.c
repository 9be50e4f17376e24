/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd's own access to its store: the control domain's rights, no wire in between.
 *
 * Watches are the part with a thought in it. A change fires watches in the middle of somebody's
 * request, when the store cannot be touched; so for hvd an event is only noted, and its callback
 * comes from the loop, where it may do anything. An event that waits already is not noted twice.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xmem.h"
#include "xenstore/path.h"
#include "xenstore/server.h"

static const struct caller hvd = { { 0, true }, NULL };

static int check(const char *path)
{
	return path_is_valid(path) ? 0 : -EINVAL;
}

int xs_write_bytes(struct xs_server *srv, const char *path, const void *bytes, size_t n)
{
	int err = check(path);

	return err ? err : store_write(&srv->store, &hvd, path, bytes, n);
}

int xs_write(struct xs_server *srv, const char *path, const char *value)
{
	return xs_write_bytes(srv, path, value, strlen(value));
}

int xs_writef(struct xs_server *srv, const char *path, const char *format, ...)
{
	va_list args;
	char *value;
	int n, err;

	va_start(args, format);
	n = vasprintf(&value, format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	err = xs_write_bytes(srv, path, value, (size_t)n);
	free(value);
	return err;
}

int xs_read(struct xs_server *srv, const char *path, char **ret_string)
{
	const struct xs_body *body = NULL;
	int err = check(path);

	if (!err)
		err = store_read(&srv->store, &hvd, path, &body);
	if (!err)
		*ret_string = xmemdup(body->value, body->length + 1);
	return err;
}

int xs_read_u64(struct xs_server *srv, const char *path, uint64_t *ret_value)
{
	const struct xs_body *body = NULL;
	uint64_t value;
	int err = check(path);
	char *end;

	if (!err)
		err = store_read(&srv->store, &hvd, path, &body);
	if (err)
		return err;
	if (body->value[0] < '0' || body->value[0] > '9')
		return -EINVAL; /* strtoull() would take blanks and a sign */
	errno = 0;
	value = strtoull(body->value, &end, 10);
	if (errno || end != body->value + body->length)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

int xs_read_u32(struct xs_server *srv, const char *path, uint32_t *ret_value)
{
	uint64_t value;
	int err = xs_read_u64(srv, path, &value);

	if (!err && value > UINT32_MAX)
		err = -EINVAL;
	if (!err)
		*ret_value = (uint32_t)value;
	return err;
}

int xs_mkdir(struct xs_server *srv, const char *path)
{
	int err = check(path);

	return err ? err : store_mkdir(&srv->store, &hvd, path);
}

int xs_rm(struct xs_server *srv, const char *path)
{
	int err = check(path);

	if (!err && !tree_find(&srv->store.tree, path))
		err = -ENOENT;
	return err ? err : store_rm(&srv->store, &hvd, path);
}

int xs_set_perms(struct xs_server *srv, const char *path, uint16_t owner, char others,
		 unsigned int nr, ...)
{
	struct xs_perm p[PERMS_MAX];
	struct xs_perms *perms;
	unsigned int i;
	va_list args;
	int err;

	if (nr >= PERMS_MAX)
		return -ENOSPC;
	err = path_is_special(path) ? 0 : check(path);
	p[0].domid = owner;
	if (!err)
		err = perms_access_of(others, &p[0].access);
	va_start(args, nr);
	for (i = 1; i <= nr && !err; i++) {
		p[i].domid = (uint16_t)va_arg(args, int);
		err = perms_access_of((char)va_arg(args, int), &p[i].access);
	}
	va_end(args);
	if (err)
		return err;
	perms = perms_create(p, nr + 1);
	err = store_set_perms(&srv->store, &hvd, path, perms);
	perms_put(perms);
	return err;
}

struct list {
	size_t nr, bytes;
	char **names; /* NULL while counting */
	char *next;
};

static int list_add(void *arg, struct xs_node *child)
{
	size_t size = strlen(child->name) + 1;
	struct list *list = arg;

	if (list->names) {
		list->names[list->nr] = memcpy(list->next, child->name, size);
		list->next += size;
	}
	list->nr++;
	list->bytes += size;
	return 0;
}

int xs_list(struct xs_server *srv, const char *path, char ***ret_names, size_t *ret_nr)
{
	const struct xs_node *n;
	struct list list = { 0 };
	int err = check(path);

	if (!err)
		err = store_directory(&srv->store, &hvd, path, &n);
	if (err)
		return err;
	tree_each_child(n, list_add, &list);
	list.names = xmalloc(list.nr * sizeof(*list.names) + list.bytes + 1);
	list.next = (char *)(list.names + list.nr);
	list.nr = 0;
	tree_each_child(n, list_add, &list);
	*ret_names = list.names;
	*ret_nr = list.nr;
	return 0;
}

/* ---- watches ---- */

struct xs_watch {
	struct watch watch;
	TAILQ_ENTRY(xs_watch) link;
	struct xs_server *srv;
	xs_watch_cb cb;
	void *arg;
	char path[];
};

_Static_assert(offsetof(struct xs_watch, watch) == 0, "a watch is its xs_watch");

struct local_event {
	TAILQ_ENTRY(local_event) link;
	struct xs_watch *watch; /* NULL marks the end of a delivery */
	char path[];
};

static void local_on_event(struct watch *w, const char *path)
{
	struct xs_watch *watch = (struct xs_watch *)w;
	struct xs_server *srv = watch->srv;
	size_t size = strlen(path) + 1;
	struct local_event *e;

	TAILQ_FOREACH (e, &srv->local_events, link) {
		if (e->watch == watch && !strcmp(e->path, path))
			return;
	}
	e = xmalloc(sizeof(*e) + size);
	e->watch = watch;
	memcpy(e->path, path, size);
	TAILQ_INSERT_TAIL(&srv->local_events, e, link);
	server_schedule(srv);
}

void local_deliver(struct xs_server *srv)
{
	struct local_event *e, *end;

	if (TAILQ_EMPTY(&srv->local_events))
		return;
	/* What the callbacks cause comes behind this mark, and has the next round. */
	end = xcalloc(1, sizeof(*end) + 1);
	TAILQ_INSERT_TAIL(&srv->local_events, end, link);
	while ((e = TAILQ_FIRST(&srv->local_events)) != end) {
		TAILQ_REMOVE(&srv->local_events, e, link);
		e->watch->cb(e->watch->arg, e->path);
		free(e);
	}
	TAILQ_REMOVE(&srv->local_events, end, link);
	free(end);
}

int xs_watch(struct xs_server *srv, const char *path, xs_watch_cb cb, void *arg,
	     struct xs_watch **ret_watch)
{
	int err = path_is_special(path) ? 0 : check(path);
	size_t size = strlen(path) + 1;
	struct xs_watch *watch;

	if (err)
		return err;
	watch = xcalloc(1, sizeof(*watch) + size);
	watch->srv = srv;
	watch->cb = cb;
	watch->arg = arg;
	memcpy(watch->path, path, size);
	watch->watch.who = hvd.who;
	watch->watch.on_event = local_on_event;
	watch_add(&srv->store.watches, &watch->watch, watch->path);
	TAILQ_INSERT_TAIL(&srv->local_watches, watch, link);
	*ret_watch = watch;
	local_on_event(&watch->watch, watch->path);
	return 0;
}

void xs_unwatch(struct xs_watch *watch)
{
	struct local_event *e, *next;
	struct xs_server *srv;

	if (!watch)
		return;
	srv = watch->srv;
	for (e = TAILQ_FIRST(&srv->local_events); e; e = next) {
		next = TAILQ_NEXT(e, link);
		if (e->watch != watch)
			continue;
		TAILQ_REMOVE(&srv->local_events, e, link);
		free(e);
	}
	watch_remove(&srv->store.watches, &watch->watch);
	TAILQ_REMOVE(&srv->local_watches, watch, link);
	free(watch);
}

void local_fini(struct xs_server *srv)
{
	while (!TAILQ_EMPTY(&srv->local_watches))
		xs_unwatch(TAILQ_FIRST(&srv->local_watches));
}
