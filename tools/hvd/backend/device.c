/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One device: its nodes in xenstore, and its way through the xenbus states.
 *
 * Two things move it: the front end's 'state' node, and the answers of the process that serves it.
 * Both end in device_step(), which asks the state machine (xenbus.c) until there is nothing to do.
 */
#include "backend/device.h"

#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xmem.h"
#include "xenstore/xs.h"

static const struct timeval now = { 0, 0 };

static void device_leave(struct device *dev);

static struct xs_server *store(struct device *dev)
{
	return dev->domain->backend->srv;
}

/* ---- nodes ---- */

void device_write(struct device *dev, const char *end, const char *key, const char *format, ...)
{
	char path[256], value[256];
	va_list ap;
	int err;

	va_start(ap, format);
	vsnprintf(value, sizeof(value), format, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s/%s", end, key);
	err = xs_write(store(dev), path, value);
	if (err)
		log_error("domain %u, %s: cannot write %s: %s", dev->domain->domid, dev->name, path,
			  strerror(-err));
}

int device_read_front_u32(struct device *dev, const char *key, uint32_t *ret)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dev->front, key);
	return xs_read_u32(store(dev), path, ret);
}

uint32_t device_read_front_flag(struct device *dev, const char *key, uint32_t fallback)
{
	uint32_t value = fallback;

	if (device_read_front_u32(dev, key, &value))
		return fallback;
	return value;
}

static enum xenbus_state front_state(struct device *dev)
{
	uint32_t value;

	if (device_read_front_u32(dev, "state", &value))
		return XENBUS_UNKNOWN;
	/* A number that means nothing is as good as a closed front end. */
	return value <= XENBUS_CLOSED ? (enum xenbus_state)value : XENBUS_CLOSED;
}

static void set_state(struct device *dev, enum xenbus_state state)
{
	dev->xenbus.state = state;
	if (state == XENBUS_CLOSED || state == XENBUS_INIT_WAIT)
		dev->xenbus.broken = false;
	device_write(dev, dev->back, "state", "%d", (int)state);
}

void device_announce(struct device *dev)
{
	if (dev->xenbus.state == XENBUS_CONNECTED)
		set_state(dev, XENBUS_CONNECTED);
}

static int make_directory(struct device *dev, const char *path, uint16_t owner, uint16_t reader)
{
	int err = xs_mkdir(store(dev), path);

	/* Nodes below inherit this. */
	return err ? err : xs_set_perms(store(dev), path, owner, 'n', 1, (int)reader, (int)'r');
}

static int write_nodes(struct device *dev)
{
	uint16_t domid = dev->domain->domid;
	int err;

	err = make_directory(dev, dev->back, 0, domid);
	if (!err)
		err = make_directory(dev, dev->front, domid, 0);
	if (err)
		return err;
	device_write(dev, dev->back, "frontend", "%s", dev->front);
	device_write(dev, dev->back, "frontend-id", "%u", domid);
	device_write(dev, dev->back, "online", "1");
	device_write(dev, dev->front, "backend", "%s", dev->back);
	device_write(dev, dev->front, "backend-id", "0");
	dev->class->write_nodes(dev);
	/* The states come last: they are what the other side looks for. */
	set_state(dev, XENBUS_INITIALISING);
	device_write(dev, dev->front, "state", "%d", XENBUS_INITIALISING);
	return 0;
}

/* ---- steps ---- */

void device_tell(struct device *dev, const char *what, const char *error)
{
	struct backend *b = dev->domain->backend;

	if (b->on_event)
		b->on_event(b->event_arg, dev->domain->domid, dev->name, what, error);
}

static void tell_unplugged(struct device *dev)
{
	struct backend *b = dev->domain->backend;

	if (dev->told)
		return;
	dev->told = true;
	device_tell(dev, "detached", NULL);
	if (b->on_unplugged)
		b->on_unplugged(b->unplugged_arg, dev->domain->domid, dev->name, NULL);
}

/* Leaves a note for people, and leads the front end to its end. */
static void device_fail(struct device *dev, const char *error)
{
	log_error("domain %u, %s: %s", dev->domain->domid, dev->name, error);
	dev->xenbus.broken = true;
	device_write(dev, dev->back, "error", "%s", error);
	if (dev->xenbus.state != XENBUS_CLOSED)
		set_state(dev, XENBUS_CLOSING);
	device_tell(dev, "failed", error);
}

struct json_object *device_request(struct device *dev, const char *op)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "op", json_object_new_string(op));
	json_object_object_add(msg, "id", json_object_new_int64(dev->id));
	return msg;
}

int device_send(struct device *dev, struct json_object *msg, int fd)
{
	if (!dev->service) {
		json_object_put(msg);
		return -EPIPE;
	}
	return service_send(dev->service, msg, fd);
}

static void device_connect(struct device *dev)
{
	struct json_object *msg = device_request(dev, "connect");
	const char *error = "the front end's nodes make no sense";
	int err;

	err = dev->class->read_front(dev, msg, &error);
	if (err) {
		json_object_put(msg);
		device_fail(dev, error);
		return;
	}
	json_object_object_add(msg, "resume", json_object_new_boolean(dev->resume));
	dev->xenbus.link = LINK_CONNECTING;
	err = device_send(dev, msg, -1);
	if (err) {
		dev->xenbus.link = LINK_IDLE;
		device_fail(dev, "the process that serves it does not listen");
	}
}

/* May free the device. */
static void device_step(struct device *dev)
{
	enum xenbus_state wanted = XENBUS_UNKNOWN;
	unsigned int i;

	/* Each step leads somewhere else; the bound is for the reader. */
	for (i = 0; i < 8; i++) {
		switch (xenbus_next(&dev->xenbus, front_state(dev), &wanted)) {
		case XENBUS_NOTHING:
			return;
		case XENBUS_SET_STATE:
			set_state(dev, wanted);
			break;
		case XENBUS_CONNECT:
			device_connect(dev);
			break;
		case XENBUS_DISCONNECT:
			dev->xenbus.link = LINK_DISCONNECTING;
			if (device_send(dev, device_request(dev, "disconnect"), -1))
				dev->xenbus.link = LINK_IDLE;
			break;
		case XENBUS_REMOVE:
			device_leave(dev);
			return;
		}
	}
}

static void device_on_front(void *arg, const char *path)
{
	(void)path;
	device_step(arg);
}

/* Its first process cannot serve it: for whoever waits for it to be there. */
static void device_cannot(struct device *dev, int err, const char *error)
{
	dev->pending = false;
	dev->err = err;
	free(dev->error);
	dev->error = xstrdup(error);
	device_fail(dev, error);
	evtimer_add(dev->domain->check, &now);
}

static void device_on_added(struct device *dev, struct json_object *msg)
{
	if (dev->pending) {
		dev->pending = false;
		evtimer_add(dev->domain->check, &now);
	}
	if (dev->ejected) {
		tell_unplugged(dev);
	} else {
		dev->class->write_features(dev, msg);
		device_write(dev, dev->back, "hotplug-status", "connected");
	}
	if (dev->resume) {
		device_connect(dev);
		return;
	}
	dev->xenbus.link = LINK_IDLE;
	if (dev->xenbus.state == XENBUS_INITIALISING)
		set_state(dev, XENBUS_INIT_WAIT);
}

static void device_on_connected(struct device *dev)
{
	dev->xenbus.link = LINK_CONNECTED;
	if (dev->resume && dev->ejected) {
		dev->resume = false;
		log_info("domain %u, %s: what the guest asks of it is refused from now on", dev->domain->domid,
			 dev->name);
	} else if (dev->resume) {
		dev->resume = false;
		log_info("domain %u, %s: a new process goes on where the last one was", dev->domain->domid,
			 dev->name);
		device_tell(dev, "restarted", NULL);
	}
	if (dev->xenbus.broken || dev->xenbus.state == XENBUS_CONNECTED)
		return;
	/* The front end was there, but its process died before it could say so. */
	if (dev->xenbus.state == XENBUS_INIT_WAIT) {
		set_state(dev, XENBUS_CONNECTED);
		device_tell(dev, "connected", NULL);
	}
}

static void device_on_failed(struct device *dev, int err, const char *error)
{
	if (dev->pending) {
		device_cannot(dev, err, error);
		return;
	}
	if (dev->ejected) {
		/* Nobody can answer the guest; that is no reason to keep the image from others. */
		dev->xenbus.forced = true;
		return;
	}
	if (dev->xenbus.link == LINK_LOST) {
		/*
		 * It was there before: a cluster that cannot be reached now comes back some day, and
		 * until then the guest waits, as it would have if the process had not died.
		 */
		log_warning("domain %u, %s: %s; trying again", dev->domain->domid, dev->name, error);
		service_retry(dev->service);
		return;
	}
	if (dev->xenbus.link != LINK_ABSENT)
		dev->xenbus.link = LINK_IDLE;
	dev->resume = false;
	device_fail(dev, error);
}

void device_on_message(struct device *dev, const char *event, struct json_object *msg)
{
	struct json_object *v;
	const char *error = "no reason given";
	int err = -EIO;

	if (dev->leaving)
		return;
	if (json_object_object_get_ex(msg, "error", &v))
		error = json_object_get_string(v);
	if (json_object_object_get_ex(msg, "errno", &v))
		err = -abs(json_object_get_int(v));

	if (strcmp(event, "added") == 0) {
		device_on_added(dev, msg);
	} else if (strcmp(event, "connected") == 0) {
		device_on_connected(dev);
	} else if (strcmp(event, "failed") == 0) {
		device_on_failed(dev, err, error);
	} else if (strcmp(event, "broken") == 0) {
		/* Of a disk a "disconnected" follows, when its last request has been answered. */
		if (dev->class == &vif_class)
			dev->xenbus.link = LINK_IDLE;
		else
			dev->xenbus.link = LINK_DISCONNECTING;
		device_fail(dev, error);
	} else if (strcmp(event, "disconnected") == 0) {
		dev->xenbus.link = LINK_IDLE;
	} else if (dev->class->on_event) {
		dev->class->on_event(dev, event, msg);
		return;
	} else {
		return; /* "removed": the device is already forgotten here */
	}
	device_step(dev);
}

/* ---- the process comes and goes ---- */

static int device_send_add(struct device *dev)
{
	int err;

	if (dev->fd < 0 && !dev->ejected && dev->class->open_again) {
		dev->fd = dev->class->open_again(dev);
		if (dev->fd < 0 && dev->fd != -ENODATA)
			return dev->fd;
	}
	err = dev->class->send_files ? dev->class->send_files(dev) : 0;

	return err ? err : device_send(dev, json_object_get(dev->add), dev->fd);
}

/* What it has told the hvd before us, or in the time without one, it tells us by this. */
void device_on_serving(struct device *dev, struct json_object *msg, int fd)
{
	struct json_object *v;
	const char *link = "";

	if (fd >= 0 && dev->fd < 0)
		dev->fd = fd;
	else if (fd >= 0)
		close(fd);
	if (dev->leaving || dev->xenbus.link != LINK_LOST)
		return;
	if (json_object_object_get_ex(msg, "link", &v))
		link = json_object_get_string(v);
	dev->resume = false;
	if (dev->xenbus.state == XENBUS_INITIALISING) {
		device_on_added(dev, msg);
	} else if (!strcmp(link, "connected")) {
		device_on_connected(dev);
		if (dev->class->on_event && json_object_object_get_ex(msg, "sectors", NULL))
			dev->class->on_event(dev, "resized", msg);
	} else {
		dev->xenbus.link = strcmp(link, "disconnecting") ? LINK_IDLE : LINK_DISCONNECTING;
		if (dev->xenbus.state == XENBUS_CONNECTED)
			device_fail(dev, "its ring was given up while hvd was away");
	}
	device_step(dev);
}

void device_on_all_served(struct device *dev)
{
	/* It was told of this device by an hvd that had no time to say it. */
	if (dev->xenbus.link == LINK_LOST && !dev->leaving)
		device_on_process_back(dev);
}

void device_on_process_gone(struct device *dev)
{
	if (dev->pending) {
		dev->xenbus.link = LINK_ABSENT;
		device_cannot(dev, -EIO, "the process that was to serve it has ended");
		return;
	}
	if (dev->xenbus.link == LINK_CONNECTED || dev->xenbus.link == LINK_CONNECTING)
		dev->resume = true;
	if (dev->resume && !dev->ejected && dev->class->cannot_resume && dev->class->cannot_resume(dev)) {
		device_on_service_failed(dev);
		return;
	}
	dev->xenbus.link = LINK_LOST;
}

void device_on_process_back(struct device *dev)
{
	if (device_send_add(dev))
		log_error("domain %u, %s: cannot reach its new process", dev->domain->domid,
			  dev->name); /* its end is reported as such */
}

void device_on_service_failed(struct device *dev)
{
	dev->resume = false;
	dev->xenbus.link = LINK_ABSENT;
	dev->xenbus.forced = dev->ejected;
	device_fail(dev, "the process that served it has ended");
	device_step(dev);
}

/* The guest has given it back: gone when its process has let go of the image. */
static void device_leave(struct device *dev)
{
	device_send(dev, device_request(dev, "remove"), -1);
	if (!dev->service || dev->service->kind == PROCESS_NET) {
		tell_unplugged(dev);
		device_destroy(dev, true);
		return;
	}
	dev->leaving = true;
	xs_unwatch(dev->watch);
	dev->watch = NULL;
	service_stop(dev->service);
}

void device_on_service_gone(struct device *dev)
{
	if (!dev->leaving)
		return;
	tell_unplugged(dev);
	device_destroy(dev, true);
}

/*
 * The image is let go of, and a process without one answers the guest until that has closed its end: who took the
 * nodes away from under a driver with requests in flight would have it wait for them for ever.
 */
static void device_eject(struct device *dev)
{
	if (dev->ejected)
		return;
	dev->ejected = true;
	json_object_put(dev->add);
	dev->add = device_request(dev, "add");
	json_object_object_add(dev->add, "gone", json_object_new_boolean(1));
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
	service_replace(dev->service);
}

void device_unplug(struct device *dev, bool force)
{
	if (dev->leaving)
		return;
	dev->xenbus.online = false;
	if (force && dev->service && dev->xenbus.link != LINK_IDLE && dev->xenbus.link != LINK_ABSENT)
		device_eject(dev);
	else if (force)
		dev->xenbus.forced = true; /* nobody serves a ring of it */
	device_write(dev, dev->back, "online", "0");
	device_step(dev);
}

/* ---- life ---- */

int device_create(struct backend_domain *d, const struct device_class *class, struct service *service,
		  unsigned int id, const char *name, int fd, void *private,
		  struct json_object *request, char **ret_error)
{
	struct device *dev = xcalloc(1, sizeof(*dev));
	char path[256];
	int err;

	dev->domain = d;
	dev->class = class;
	dev->service = service;
	dev->id = id;
	dev->name = xstrdup(name);
	dev->fd = fd;
	dev->private = private;
	dev->add = request;
	dev->pending = true;
	dev->xenbus.online = true;
	dev->front = xasprintf("/local/domain/%u/device/%s/%u", d->domid, class->type, id);
	dev->back = xasprintf(DEVICE_BACK_ROOT "/%s/%u/%u", class->type, d->domid, id);
	LIST_INSERT_HEAD(&d->devices, dev, link);

	json_object_object_add(request, "op", json_object_new_string("add"));
	json_object_object_add(request, "id", json_object_new_int64(id));
	err = device_send_add(dev);
	if (err) {
		*ret_error = xasprintf("%s: cannot reach its process: %s", name, strerror(-err));
		device_destroy(dev, false);
		return err;
	}
	err = write_nodes(dev);
	if (!err) {
		snprintf(path, sizeof(path), "%s/state", dev->front);
		err = xs_watch(store(dev), path, device_on_front, dev, &dev->watch);
	}
	if (err) {
		*ret_error = xasprintf("%s: cannot write to xenstore: %s", name, strerror(-err));
		device_send(dev, device_request(dev, "remove"), -1);
		device_destroy(dev, true);
		return err;
	}
	return 0;
}

void device_adopt(struct backend_domain *d, const struct device_class *class, struct service *service,
		  unsigned int id, const char *name, void *private, struct json_object *request)
{
	struct device *dev = xcalloc(1, sizeof(*dev));
	uint32_t state = XENBUS_INITIALISING, online = 1;
	char path[256];

	dev->domain = d;
	dev->class = class;
	dev->service = service;
	dev->id = id;
	dev->name = xstrdup(name);
	dev->fd = -1;
	dev->private = private;
	dev->add = request;
	json_object_object_add(request, "op", json_object_new_string("add"));
	json_object_object_add(request, "id", json_object_new_int64(id));
	dev->front = xasprintf("/local/domain/%u/device/%s/%u", d->domid, class->type, id);
	dev->back = xasprintf(DEVICE_BACK_ROOT "/%s/%u/%u", class->type, d->domid, id);
	LIST_INSERT_HEAD(&d->devices, dev, link);

	snprintf(path, sizeof(path), "%s/state", dev->back);
	if (xs_read_u32(store(dev), path, &state)) { /* it has been unplugged since */
		device_destroy(dev, false);
		return;
	}
	snprintf(path, sizeof(path), "%s/online", dev->back);
	xs_read_u32(store(dev), path, &online);
	dev->xenbus.state = state <= XENBUS_CLOSED ? (enum xenbus_state)state : XENBUS_CLOSED;
	dev->xenbus.online = online;
	/* As if its process had died; either it says that it has not, or there will be another one. */
	dev->xenbus.link = state == XENBUS_CONNECTED ? LINK_CONNECTED : LINK_IDLE;
	if (service->process)
		dev->xenbus.link = LINK_LOST;
	else
		device_on_process_gone(dev);
	snprintf(path, sizeof(path), "%s/state", dev->front);
	if (xs_watch(store(dev), path, device_on_front, dev, &dev->watch))
		log_error("domain %u, %s: its front end cannot be watched", d->domid, name);
}

void device_destroy(struct device *dev, bool remove_nodes)
{
	xs_unwatch(dev->watch);
	if (remove_nodes) {
		xs_rm(store(dev), dev->front);
		xs_rm(store(dev), dev->back);
	}
	LIST_REMOVE(dev, link);
	if (dev->service && dev->service->kind != PROCESS_NET)
		service_stop(dev->service);
	if (dev->fd >= 0)
		close(dev->fd);
	if (dev->class->free_private)
		dev->class->free_private(dev);
	json_object_put(dev->add);
	free(dev->error);
	free(dev->name);
	free(dev->front);
	free(dev->back);
	free(dev);
}
