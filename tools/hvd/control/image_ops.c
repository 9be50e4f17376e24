/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operation "image": work on images, done by a process of its own for each request.
 *
 * What it reports on its way goes to the client as lines with "progress" before the reply. A client
 * that is gone is noticed when such a line cannot be sent; then the work is cancelled. So one is sent
 * now and then even if nothing has moved.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <json-c/json.h>

#include "control/conn.h"
#include "control/device_ops.h"
#include "control/image_ops.h"
#include "domain/spec.h"
#include "image/job.h"
#include "image/name.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/priv.h"

#define TICK_MS 500

struct image_request {
	struct conn *conn;
	struct image_job *job;
	struct event *tick;
	struct json_object *rq;
	struct image_name name;
	long long done, total;
};

static void request_free(struct image_request *r)
{
	r->conn->image = NULL;
	if (r->tick)
		event_free(r->tick);
	json_object_put(r->rq);
	image_name_fini(&r->name);
	free(r);
}

/* ---- Who uses an image here ---- */

static bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	/* What the engine may not look at can still have the same name. */
	if (!strcmp(a, b))
		return true;
	return !stat(a, &sa) && !stat(b, &sb) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool is_image_of(const struct disk_spec *disk, const struct image_name *name)
{
	if (name->path)
		return !disk->rbd && same_file(disk->source, name->path);
	return disk->rbd && !strcmp(disk->rbd->pool, name->rbd->pool) &&
	       !strcmp(disk->rbd->image, name->rbd->image) &&
	       !strcmp(disk->rbd->namespace ? disk->rbd->namespace : "",
		       name->rbd->namespace ? name->rbd->namespace : "");
}

/* Calls 'f' for each disk of this host's domains that is the image. */
static void for_each_user(struct image_request *r,
			  void (*f)(struct domain *d, const struct disk_spec *disk, void *arg), void *arg)
{
	struct domain *d;

	TAILQ_FOREACH(d, &control_domains(r->conn->control)->list, link)
		for (unsigned int i = 0; i < d->spec->nr_disks; i++)
			if (is_image_of(&d->spec->disks[i], &r->name))
				f(d, &d->spec->disks[i], arg);
}

static void add_user(struct domain *d, const struct disk_spec *disk, void *arg)
{
	struct json_object *list = arg, *o = json_object_new_object();

	json_object_object_add(o, "domain", json_object_new_string(d->spec->name));
	json_object_object_add(o, "target", json_object_new_string(disk->target));
	json_object_array_add(list, o);
}

/* A file's new size is told to the guest; an image of a cluster tells hvd-blk itself. */
static void tell_size(struct domain *d, const struct disk_spec *disk, void *arg)
{
	struct json_object *list = arg;

	if (!disk->rbd && !device_ops_resized(d, disk))
		add_user(d, disk, list);
}

static struct json_object *complete(struct image_request *r, struct json_object *result)
{
	const char *action = json_line_string(r->rq, "action");
	struct json_object *users;

	if (!strcmp(action, "info")) {
		users = json_object_new_array();
		for_each_user(r, add_user, users);
		json_object_object_add(result, "used_by", users);
	} else if (!strcmp(action, "resize") && r->name.path) {
		users = json_object_new_array();
		for_each_user(r, tell_size, users);
		json_object_object_add(result, "told", users);
	}
	return json_object_get(result);
}

/* ---- The job ---- */

static void on_progress(void *arg, long long done, long long total)
{
	struct image_request *r = arg;

	r->done = done;
	r->total = total;
}

static void on_ended(void *arg, const char *code, const char *message, struct json_object *result)
{
	struct image_request *r = arg;
	struct conn *c = r->conn;
	struct fault f;

	if (code) {
		fault_set(&f, fault_by_name(code), "%s", message);
		reply_fault(c, &f);
	} else {
		reply_result(c, complete(r, result));
	}
	request_free(r);
}

static const struct image_job_events events = { on_progress, on_ended };

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct image_request *r = arg;
	struct json_object *o = json_object_new_object();

	(void)fd;
	(void)what;
	json_object_object_add(o, "done", json_object_new_int64(r->done));
	json_object_object_add(o, "total", json_object_new_int64(r->total));
	reply_progress(r->conn, o);
}

void image_ops_cancel(struct conn *c)
{
	struct image_request *r = c->image;

	if (!r)
		return;
	log_debug("a client has gone, its work on an image ends");
	image_job_cancel(r->job);
	request_free(r);
}

static void refuse(struct conn *c, enum fault_code code, char *text)
{
	struct fault f;

	fault_set(&f, code, "%s", text);
	free(text);
	reply_fault(c, &f);
}

/* The key of the cluster's user, when one is named; false: replied. */
static bool open_keyring(struct conn *c, struct json_object *rq, int *ret_fd)
{
	struct json_object *cluster;
	const char *secret;
	char *error = NULL;
	int err;

	*ret_fd = -1;
	if (!json_object_object_get_ex(rq, "cluster", &cluster))
		return true;
	secret = json_line_string(cluster, "secret");
	if (!secret)
		return true;
	err = priv_secret_open(secret, ret_fd, &error);
	if (!err)
		return true;
	refuse(c, FAULT_SECRET, error ? error : xstrdup(strerror(-err)));
	return false;
}

void op_image(struct conn *c, struct json_object *rq)
{
	static const struct timeval tick = { 0, TICK_MS * 1000 };
	const char *action = json_line_string(rq, "action"), *image = json_line_string(rq, "image");
	struct domain_env *env = &control_domains(c->control)->env;
	struct image_request *r;
	struct image_name name;
	char *error;
	int keyring, err;

	if (!action || !image) {
		refuse(c, FAULT_BAD_REQUEST, xstrdup("the request has no \"action\" or no \"image\""));
		return;
	}
	if (image_name_parse(image, !strcmp(action, "list"), &name, &error)) {
		refuse(c, FAULT_BAD_REQUEST, error);
		return;
	}
	if (!open_keyring(c, rq, &keyring)) {
		image_name_fini(&name);
		return;
	}
	r = xcalloc(1, sizeof(*r));
	r->conn = c;
	r->rq = json_object_get(rq);
	r->name = name;
	err = image_job_start(env->base, rq, keyring, &events, r, &r->job);
	if (keyring >= 0)
		close(keyring);
	if (err) {
		request_free(r);
		refuse(c, FAULT_IMAGE_FAILED,
		       xasprintf("cannot start %s: %s", env->image_program, strerror(-err)));
		return;
	}
	r->tick = event_new(env->base, -1, EV_PERSIST, on_tick, r);
	event_add(r->tick, &tick);
	c->image = r;
}
