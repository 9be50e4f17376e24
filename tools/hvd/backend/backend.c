/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device manager: which domain has which devices, and which processes serve them.
 *
 * A domain's record appears with its first device and goes when the domain is removed and its
 * processes have ended.
 */
#include "backend/backend.h"

#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/device.h"
#include "domain/spec.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/priv.h"
#include "xenstore/xs.h"

#ifndef HVD_LIBEXECDIR
#define HVD_LIBEXECDIR "/usr/libexec/hv"
#endif

static const struct timeval now = { 0, 0 };

/* What hvd may not make is reported when the first child starts. */
static void make_directories(const char *path, mode_t mode)
{
	char *copy = xstrdup(path);
	char *slash;

	for (slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0755);
		*slash = '/';
	}
	mkdir(copy, mode);
	free(copy);
}

int backend_create(struct event_base *base, struct xs_server *srv, const struct backend_conf *conf,
		   struct backend **ret)
{
	static const struct backend_conf defaults;
	struct backend *b = xcalloc(1, sizeof(*b));

	if (!conf)
		conf = &defaults;
	b->base = base;
	b->srv = srv;
	b->programs[PROCESS_BLK] =
		xstrdup(conf->blk_program ? conf->blk_program : HVD_LIBEXECDIR "/hvd-blk");
	b->programs[PROCESS_RBD] =
		xstrdup(conf->rbd_program ? conf->rbd_program : HVD_LIBEXECDIR "/hvd-blk-rbd");
	b->programs[PROCESS_NET] =
		xstrdup(conf->net_program ? conf->net_program : HVD_LIBEXECDIR "/hvd-net");
	b->user = xstrdup(conf->user ? conf->user : getpwnam("hvd") ? "hvd" : "nobody");
	b->chroot_dir = xstrdup(conf->chroot_dir ? conf->chroot_dir : "/run/hvd/empty");
	b->stats_dir = xstrdup(conf->stats_dir ? conf->stats_dir : "/run/hvd/backend");
	b->socket_dir = xstrdup(conf->socket_dir ? conf->socket_dir : "/run/hvd/backend");
	LIST_INIT(&b->processes);
	LIST_INIT(&b->known);
	LIST_INIT(&b->domains);
	make_directories(b->chroot_dir, 0555);
	make_directories(b->stats_dir, 0700);
	make_directories(b->socket_dir, 0700);
	*ret = b;
	return 0;
}

static void waiter_free(struct backend_waiter *w)
{
	LIST_REMOVE(w, link);
	free(w->device);
	free(w);
}

static void domain_free(struct backend_domain *d)
{
	struct backend_waiter *w;
	struct service *s;
	struct device *dev;

	while ((w = LIST_FIRST(&d->waiters)))
		waiter_free(w);
	while ((dev = LIST_FIRST(&d->devices)))
		device_destroy(dev, false);
	while ((s = LIST_FIRST(&d->services)))
		service_abandon(s);
	event_free(d->check);
	LIST_REMOVE(d, link);
	free(d->name);
	free(d);
}

void backend_destroy(struct backend *b)
{
	struct backend_domain *d;
	unsigned int i;

	if (!b)
		return;
	while ((d = LIST_FIRST(&b->domains)))
		domain_free(d);
	known_forget(b);
	while (!LIST_EMPTY(&b->processes)) /* strays */
		process_abandon(LIST_FIRST(&b->processes));
	free(b->socket_dir);
	for (i = 0; i < NR_PROCESSES; i++)
		free(b->programs[i]);
	free(b->user);
	free(b->chroot_dir);
	free(b->stats_dir);
	free(b);
}

void backend_set_event_cb(struct backend *b, backend_event_cb cb, void *arg)
{
	b->on_event = cb;
	b->event_arg = arg;
}

void backend_set_stop_cb(struct backend *b, backend_device_cb cb, void *arg)
{
	b->on_stop = cb;
	b->stop_arg = arg;
}

void backend_set_unplugged_cb(struct backend *b, backend_device_cb cb, void *arg)
{
	b->on_unplugged = cb;
	b->unplugged_arg = arg;
}

/* A domain that is being removed is not found: its number may already belong to the next one. */
static struct backend_domain *domain_find(struct backend *b, uint16_t domid)
{
	struct backend_domain *d;

	LIST_FOREACH(d, &b->domains, link)
		if (d->domid == domid && !d->removing)
			return d;
	return NULL;
}

/* ---- waiting for devices ---- */

/* True when it is known; then the callback has been called, and the domain's record may be gone. */
static bool waiter_check(struct backend_domain *d, struct backend_waiter *w)
{
	backend_ready_cb cb = w->cb;
	struct device *dev, *failed = NULL;
	bool by_name = w->device != NULL;
	uint16_t domid = d->domid;
	void *arg = w->arg;
	char *error = NULL;
	int err = 0;

	LIST_FOREACH(dev, &d->devices, link) {
		if (by_name && strcmp(dev->name, w->device))
			continue;
		if (dev->pending)
			return false;
		if (dev->err && !failed)
			failed = dev;
	}
	waiter_free(w);
	if (failed) {
		err = failed->err;
		error = xasprintf("%s: %s", failed->name, failed->error);
		if (by_name)
			device_destroy(failed, true);
	}
	evtimer_add(d->check, &now); /* for the other waiters */
	cb(arg, domid, err, error);
	free(error);
	return true;
}

static void domain_on_check(evutil_socket_t fd, short what, void *arg)
{
	struct backend_domain *d = arg;
	struct backend_waiter *w;

	(void)fd;
	(void)what;
	LIST_FOREACH(w, &d->waiters, link)
		if (waiter_check(d, w))
			return;
	backend_domain_check(d);
}

struct backend_domain *backend_domain_get(struct backend *b, uint16_t domid, const char *name)
{
	struct backend_domain *d = domain_find(b, domid);

	if (d)
		return d;
	d = xcalloc(1, sizeof(*d));
	d->backend = b;
	d->domid = domid;
	d->name = xstrdup(name);
	LIST_INIT(&d->devices);
	LIST_INIT(&d->services);
	LIST_INIT(&d->waiters);
	d->check = evtimer_new(b->base, domain_on_check, d);
	if (!d->check)
		abort();
	LIST_INSERT_HEAD(&b->domains, d, link);
	return d;
}

static struct device *device_find(struct backend_domain *d, const char *name)
{
	struct device *dev;

	LIST_FOREACH(dev, &d->devices, link)
		if (strcmp(dev->name, name) == 0)
			return dev;
	return NULL;
}

/* ---- what is left of a domain ---- */

void backend_domain_check(struct backend_domain *d)
{
	backend_gone_cb gone = d->gone;
	uint16_t domid = d->domid;
	void *arg = d->gone_arg;

	if (!LIST_EMPTY(&d->devices) || !LIST_EMPTY(&d->services))
		return;
	if (d->removing) {
		domain_free(d);
		if (gone)
			gone(arg, domid);
	} else if (LIST_EMPTY(&d->waiters)) {
		domain_free(d);
	}
}

/* ---- devices ---- */

int backend_check_new(struct backend *b, uint16_t domid, const char *device, char **ret_error)
{
	struct backend_domain *d = domain_find(b, domid);

	if (!d || !device_find(d, device))
		return 0;
	*ret_error = xasprintf("the domain already has a device %s", device);
	return -EEXIST;
}

int backend_domain_service(struct backend_domain *d, enum process_kind kind, char *name,
			   struct service **ret, char **ret_error)
{
	int err = service_start(d, kind, name, ret);

	if (err) {
		*ret_error = xasprintf("cannot start %s: %s", d->backend->programs[kind],
				       strerror(-err));
		backend_domain_check(d);
	}
	return err;
}

int backend_add_nic(struct backend *b, uint16_t domid, const char *name, unsigned int index,
		    const struct nic_spec *spec, char **ret_error)
{
	struct backend_domain *d;
	struct vif_private *v;
	struct service *s;
	char *error = NULL, *tap;
	char device[16];
	int fd, err;

	snprintf(device, sizeof(device), "vif%u", index);
	err = backend_check_new(b, domid, device, ret_error);
	if (err)
		return err;
	tap = spec->ifname ? xstrdup(spec->ifname) : xasprintf("vif%u.%u", domid, index);
	err = priv_add_tap(spec->bridge, tap, spec->mtu, &fd, &error);
	if (err) {
		free(tap);
		*ret_error = xasprintf("interface %u: %s", index, error ? error : strerror(-err));
		free(error);
		return err;
	}
	d = backend_domain_get(b, domid, name);
	s = service_find(d, PROCESS_NET);
	if (!s) {
		err = backend_domain_service(d, PROCESS_NET, xasprintf("net-%u", domid), &s, ret_error);
		if (err) {
			close(fd);
			free(tap);
			return err;
		}
	}
	v = xcalloc(1, sizeof(*v));
	v->tap = tap;
	memcpy(v->mac, spec->mac, sizeof(v->mac));
	v->mtu = spec->mtu;
	v->bridge = xstrdup(spec->bridge);
	return device_create(d, &vif_class, s, index, device, fd, v, json_object_new_object(),
			     ret_error);
}

int backend_unplug(struct backend *b, uint16_t domid, const char *device, bool force)
{
	struct backend_domain *d = domain_find(b, domid);
	struct device *dev = d ? device_find(d, device) : NULL;

	if (!dev)
		return -ENOENT;
	if (force && dev->class != &vbd_class)
		return -EINVAL;
	device_unplug(dev, force);
	return 0;
}

static struct device *disk_find(struct backend *b, uint16_t domid, const char *disk)
{
	struct backend_domain *d = domain_find(b, domid);
	struct device *dev = d ? device_find(d, disk) : NULL;

	return dev && dev->class == &vbd_class ? dev : NULL;
}

int backend_look_again(struct backend *b, uint16_t domid, const char *disk)
{
	struct device *dev = disk_find(b, domid, disk);

	if (!dev)
		return -ENOENT;
	/* One that is between two lives looks when it begins the next. */
	device_send(dev, device_request(dev, "resize"), -1);
	return 0;
}

int backend_set_limits(struct backend *b, uint16_t domid, const char *disk,
		       const struct iotune_spec *limits)
{
	struct device *dev = disk_find(b, domid, disk);

	if (!dev)
		return -ENOENT;
	disk_set_limits(dev, limits);
	return 0;
}

void backend_retry(struct backend *b, uint16_t domid)
{
	struct backend_domain *d = domain_find(b, domid);
	struct device *dev;

	if (!d)
		return;
	LIST_FOREACH(dev, &d->devices, link)
		if (dev->class == &vbd_class && dev->xenbus.link == LINK_CONNECTED)
			device_send(dev, device_request(dev, "retry"), -1);
}

void backend_wait_ready(struct backend *b, uint16_t domid, const char *device, backend_ready_cb cb,
			void *arg)
{
	struct backend_waiter *w = xcalloc(1, sizeof(*w));
	struct backend_domain *d = backend_domain_get(b, domid, "");

	w->device = device ? xstrdup(device) : NULL;
	w->cb = cb;
	w->arg = arg;
	LIST_INSERT_HEAD(&d->waiters, w, link);
	evtimer_add(d->check, &now);
}

/* ---- domains of an earlier hvd ---- */

static void adopt_nic(struct backend_domain *d, unsigned int index, const struct nic_spec *spec)
{
	struct service *s = service_find(d, PROCESS_NET);
	struct vif_private *v;
	char device[16];

	if (!s && service_adopt(d, PROCESS_NET, xasprintf("net-%u", d->domid), &s))
		return;
	v = xcalloc(1, sizeof(*v));
	snprintf(device, sizeof(device), "vif%u", index);
	memcpy(v->mac, spec->mac, sizeof(v->mac));
	v->mtu = spec->mtu;
	v->bridge = xstrdup(spec->bridge);
	v->tap = spec->ifname ? xstrdup(spec->ifname) : xasprintf("vif%u.%u", d->domid, index);
	device_adopt(d, &vif_class, s, index, device, v, json_object_new_object());
}

void backend_adopt_domain(struct backend *b, uint16_t domid, const struct domain_spec *spec)
{
	struct backend_domain *d;

	if (!spec->nr_disks && !spec->nr_nics)
		return;
	d = backend_domain_get(b, domid, spec->name);
	for (unsigned int i = 0; i < spec->nr_disks; i++)
		disk_adopt(d, &spec->disks[i]);
	for (unsigned int i = 0; i < spec->nr_nics; i++)
		adopt_nic(d, spec->nics[i].index, &spec->nics[i]);
}

/* All processes of a domain that is to go, whatever they serve. */
static void adopt_processes(struct backend *b, uint16_t domid)
{
	enum process_kind kind;
	struct service *s;
	const char *name;

	while ((name = known_next(b, domid, &kind)))
		if (service_adopt(backend_domain_get(b, domid, ""), kind, xstrdup(name), &s))
			break;
}

void backend_remove_domain(struct backend *b, uint16_t domid, backend_gone_cb gone, void *arg)
{
	struct backend_domain *d;
	struct backend_waiter *w;
	struct service *s;
	struct device *dev;
	char *path;

	path = xasprintf(DEVICE_BACK_ROOT "/vbd/%u", domid);
	xs_rm(b->srv, path);
	free(path);
	path = xasprintf(DEVICE_BACK_ROOT "/vif/%u", domid);
	xs_rm(b->srv, path);
	free(path);
	adopt_processes(b, domid);
	d = domain_find(b, domid);
	if (!d) {
		if (gone)
			gone(arg, domid);
		return;
	}
	d->removing = true;
	d->gone = gone;
	d->gone_arg = arg;
	while ((w = LIST_FIRST(&d->waiters)))
		waiter_free(w);
	while ((dev = LIST_FIRST(&d->devices)))
		device_destroy(dev, false);
	LIST_FOREACH(s, &d->services, link)
		service_stop(s);
	backend_domain_check(d);
}
