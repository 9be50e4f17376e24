/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device manager: which domain has which devices, and which processes serve them.
 *
 * A domain's record appears with its first device and goes when the domain is removed and its
 * processes have ended.
 */
#include "backend/backend.h"

#include <errno.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/device.h"
#include "backend/image.h"
#include "backend/vdev.h"
#include "domain/spec.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "xenstore/xs.h"

#ifndef HVD_LIBEXECDIR
#define HVD_LIBEXECDIR "/usr/libexec/hv"
#endif

/* The children change into this directory; what hvd may not make is reported when they start. */
static void make_directories(const char *path)
{
	char *copy = xstrdup(path);
	char *slash;

	for (slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0755);
		*slash = '/';
	}
	mkdir(copy, 0555);
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
	b->programs[PROCESS_NET] =
		xstrdup(conf->net_program ? conf->net_program : HVD_LIBEXECDIR "/hvd-net");
	b->user = xstrdup(conf->user ? conf->user : getpwnam("hvd") ? "hvd" : "nobody");
	b->chroot_dir = xstrdup(conf->chroot_dir ? conf->chroot_dir : "/run/hvd/empty");
	LIST_INIT(&b->domains);
	make_directories(b->chroot_dir);
	*ret = b;
	return 0;
}

static void domain_free(struct backend_domain *d)
{
	struct device *dev;
	unsigned int i;

	while ((dev = LIST_FIRST(&d->devices)))
		device_destroy(dev, false);
	for (i = 0; i < NR_PROCESSES; i++)
		if (d->processes[i])
			process_abandon(d->processes[i]);
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
	for (i = 0; i < NR_PROCESSES; i++)
		free(b->programs[i]);
	free(b->user);
	free(b->chroot_dir);
	free(b);
}

void backend_set_event_cb(struct backend *b, backend_event_cb cb, void *arg)
{
	b->on_event = cb;
	b->event_arg = arg;
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

static struct backend_domain *domain_get(struct backend *b, uint16_t domid, const char *name)
{
	struct backend_domain *d = domain_find(b, domid);

	if (d)
		return d;
	d = xcalloc(1, sizeof(*d));
	d->backend = b;
	d->domid = domid;
	d->name = xstrdup(name);
	LIST_INIT(&d->devices);
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

/* ---- processes of a domain ---- */

static void domain_on_message(struct backend_domain *d, enum process_kind kind,
			      struct json_object *msg)
{
	struct json_object *event, *id;
	struct device *dev, *next;

	if (!json_object_object_get_ex(msg, "event", &event) ||
	    !json_object_object_get_ex(msg, "id", &id))
		return;
	for (dev = LIST_FIRST(&d->devices); dev; dev = next) {
		next = LIST_NEXT(dev, link);
		if (dev->class->process == kind && dev->id == (unsigned int)json_object_get_int64(id))
			device_on_message(dev, json_object_get_string(event), msg);
	}
}

static void domain_on_blk_message(void *arg, struct json_object *msg)
{
	domain_on_message(arg, PROCESS_BLK, msg);
}

static void domain_on_net_message(void *arg, struct json_object *msg)
{
	domain_on_message(arg, PROCESS_NET, msg);
}

static void domain_finish_remove(struct backend_domain *d)
{
	backend_gone_cb gone = d->gone;
	uint16_t domid = d->domid;
	void *arg = d->gone_arg;
	unsigned int i;

	for (i = 0; i < NR_PROCESSES; i++)
		if (d->processes[i])
			return;
	domain_free(d);
	if (gone)
		gone(arg, domid);
}

static void domain_on_exit(void *arg, struct process *p, bool expected, const char *how)
{
	struct backend_domain *d = arg;
	struct device *dev, *next;
	unsigned int kind = 0;

	(void)how;
	while (d->processes[kind] != p)
		kind++;
	d->processes[kind] = NULL;
	if (d->removing) {
		domain_finish_remove(d);
		return;
	}
	if (expected)
		return;
	for (dev = LIST_FIRST(&d->devices); dev; dev = next) {
		next = LIST_NEXT(dev, link);
		if (dev->class->process == kind)
			device_on_process_gone(dev);
	}
}

static int domain_need_process(struct backend_domain *d, enum process_kind kind, char **ret_error)
{
	static const process_message_cb on_message[] = {
		[PROCESS_BLK] = domain_on_blk_message,
		[PROCESS_NET] = domain_on_net_message,
	};
	struct backend *b = d->backend;
	int err;

	if (d->processes[kind])
		return 0;
	err = process_start(b, kind, d->domid, d->name, on_message[kind], domain_on_exit, d,
			    &d->processes[kind]);
	if (err)
		*ret_error = xasprintf("cannot start %s: %s", b->programs[kind], strerror(-err));
	return err;
}

/* ---- devices ---- */

/* A domain without devices and processes has no record. */
static void domain_put(struct backend_domain *d)
{
	unsigned int i;

	for (i = 0; i < NR_PROCESSES; i++)
		if (d->processes[i])
			return;
	if (LIST_EMPTY(&d->devices))
		domain_free(d);
}

static int check_new(struct backend *b, uint16_t domid, const char *device, char **ret_error)
{
	struct backend_domain *d = domain_find(b, domid);

	if (!d || !device_find(d, device))
		return 0;
	*ret_error = xasprintf("the domain already has a device %s", device);
	return -EEXIST;
}

int backend_add_disk(struct backend *b, uint16_t domid, const char *name,
		     const struct disk_spec *spec, char **ret_error)
{
	struct backend_domain *d;
	struct vbd_private *v;
	struct json_object *request;
	struct image image;
	unsigned int number;
	char *error = NULL;
	int err;

	err = check_new(b, domid, spec->target, ret_error);
	if (err)
		return err;
	if (vdev_parse(spec->target, &number)) {
		*ret_error = xasprintf("'%s' is not the name of a virtual disk (xvda, xvdb ...)",
				       spec->target);
		return -EINVAL;
	}
	if (spec->kind == DISK_RBD) {
		*ret_error = xasprintf("disk %s: images in a Ceph cluster are not built in",
				       spec->target);
		return -ENOTSUP;
	}
	err = image_open(spec->source, spec->readonly, &image, &error);
	if (err) {
		*ret_error = xasprintf("disk %s: %s", spec->target, error ? error : strerror(-err));
		free(error);
		return err;
	}
	d = domain_get(b, domid, name);
	err = domain_need_process(d, PROCESS_BLK, ret_error);
	if (err) {
		close(image.fd);
		domain_put(d);
		return err;
	}
	v = xcalloc(1, sizeof(*v));
	v->readonly = spec->readonly || spec->cdrom;
	v->cdrom = spec->cdrom;
	request = json_object_new_object();
	json_object_object_add(request, "readonly", json_object_new_boolean(v->readonly));
	json_object_object_add(request, "discard-granularity",
			       json_object_new_int64(image.discard_granularity));
	return device_create(d, &vbd_class, number, spec->target, image.fd, v, request, ret_error);
}

int backend_add_nic(struct backend *b, uint16_t domid, const char *name, unsigned int index,
		    const struct nic_spec *spec, char **ret_error)
{
	struct backend_domain *d;
	struct vif_private *v;
	char *error = NULL, *tap;
	char device[16];
	int fd, err;

	snprintf(device, sizeof(device), "vif%u", index);
	err = check_new(b, domid, device, ret_error);
	if (err)
		return err;
	tap = spec->ifname ? xstrdup(spec->ifname) : xasprintf("vif%u.%u", domid, index);
	err = bridge_add_tap(spec->bridge, tap, spec->mtu, &fd, &error);
	free(tap);
	if (err) {
		*ret_error = xasprintf("interface %u: %s", index, error ? error : strerror(-err));
		free(error);
		return err;
	}
	d = domain_get(b, domid, name);
	err = domain_need_process(d, PROCESS_NET, ret_error);
	if (err) {
		close(fd);
		domain_put(d);
		return err;
	}
	v = xcalloc(1, sizeof(*v));
	memcpy(v->mac, spec->mac, sizeof(v->mac));
	v->mtu = spec->mtu;
	v->bridge = xstrdup(spec->bridge);
	return device_create(d, &vif_class, index, device, fd, v, json_object_new_object(),
			     ret_error);
}

int backend_unplug(struct backend *b, uint16_t domid, const char *device)
{
	struct backend_domain *d = domain_find(b, domid);
	struct device *dev = d ? device_find(d, device) : NULL;

	if (!dev)
		return -ENOENT;
	device_unplug(dev);
	return 0;
}

void backend_remove_domain(struct backend *b, uint16_t domid, backend_gone_cb gone, void *arg)
{
	struct backend_domain *d = domain_find(b, domid);
	struct device *dev;
	char *path;
	unsigned int i;

	path = xasprintf(DEVICE_BACK_ROOT "/vbd/%u", domid);
	xs_rm(b->srv, path);
	free(path);
	path = xasprintf(DEVICE_BACK_ROOT "/vif/%u", domid);
	xs_rm(b->srv, path);
	free(path);
	if (!d) {
		if (gone)
			gone(arg, domid);
		return;
	}
	d->removing = true;
	d->gone = gone;
	d->gone_arg = arg;
	while ((dev = LIST_FIRST(&d->devices)))
		device_destroy(dev, false);
	for (i = 0; i < NR_PROCESSES; i++)
		if (d->processes[i])
			process_stop(d->processes[i]);
	domain_finish_remove(d);
}
