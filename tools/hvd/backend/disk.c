/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a disk of vm.xml to the process that serves it: what it is told and which descriptors it gets.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/device.h"
#include "backend/image.h"
#include "backend/vdev.h"
#include "blk/inflight.h"
#include "domain/spec.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/priv.h"

static void add_string(struct json_object *msg, const char *key, const char *value)
{
	if (value)
		json_object_object_add(msg, key, json_object_new_string(value));
}

static void add_int(struct json_object *msg, const char *key, uint64_t value)
{
	json_object_object_add(msg, key, json_object_new_int64((int64_t)value));
}

static const char *cache_name(enum disk_cache cache)
{
	switch (cache) {
	case DISK_CACHE_DEFAULT:
		return "default";
	case DISK_CACHE_NONE:
		return "none";
	case DISK_CACHE_WRITETHROUGH:
		return "writethrough";
	case DISK_CACHE_WRITEBACK:
		return "writeback";
	case DISK_CACHE_UNSAFE:
		return "unsafe";
	}
	return "none";
}

static const char *policy_name(enum disk_error_policy policy)
{
	switch (policy) {
	case DISK_ERROR_REPORT:
		return "report";
	case DISK_ERROR_STOP:
		return "stop";
	case DISK_ERROR_ENOSPACE:
		return "enospace";
	case DISK_ERROR_IGNORE:
		return "ignore";
	}
	return "report";
}

static void describe_limits(struct json_object *msg, const struct iotune_spec *t)
{
	const struct iotune_limit *const limits[] = { &t->total_bytes, &t->read_bytes, &t->write_bytes,
						      &t->total_iops,  &t->read_iops,  &t->write_iops };
	struct json_object *list = json_object_new_array(), *one;
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		one = json_object_new_array();
		json_object_array_add(one, json_object_new_int64((int64_t)limits[i]->average));
		json_object_array_add(one, json_object_new_int64((int64_t)limits[i]->max));
		json_object_array_add(one, json_object_new_int64((int64_t)limits[i]->max_length));
		json_object_array_add(list, one);
	}
	json_object_object_add(msg, "limits", list);
	add_int(msg, "size-iops", t->size_iops);
}

static struct json_object *describe_hosts(const struct rbd_spec *rbd)
{
	struct json_object *hosts = json_object_new_array(), *host;
	unsigned int i;

	for (i = 0; i < rbd->nr_hosts; i++) {
		host = json_object_new_object();
		add_string(host, "name", rbd->hosts[i].name);
		add_int(host, "port", rbd->hosts[i].port);
		json_object_array_add(hosts, host);
	}
	return hosts;
}

static void describe_rbd(struct json_object *msg, const struct rbd_spec *rbd)
{
	add_string(msg, "pool", rbd->pool);
	add_string(msg, "namespace", rbd->namespace);
	add_string(msg, "image", rbd->image);
	add_string(msg, "snapshot", rbd->snapshot);
	add_string(msg, "config", rbd->config_file);
	add_string(msg, "user", rbd->user);
	json_object_object_add(msg, "hosts", describe_hosts(rbd));
}

static char *record_path(const struct backend *b, const char *service)
{
	return xasprintf("%s/%s.inflight", b->stats_dir, service);
}

int disk_open_record(const struct backend *b, const char *service, bool fresh, int *ret_fd)
{
	char *path = record_path(b, service);
	int fd, err = 0;

	if (fresh)
		unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(struct inflight_file)))
		err = -errno;
	free(path);
	if (err && fd >= 0)
		close(fd);
	if (!err)
		*ret_fd = fd;
	return err;
}

void disk_remove_record(const struct backend *b, const char *service)
{
	char *path = record_path(b, service);

	unlink(path);
	free(path);
}

/* The image, or the keyring that is only looked at here: each process gets it anew. */
static int open_source(const struct disk_spec *spec, const struct vbd_private *v, struct image *ret,
		       char **ret_error)
{
	int fd, err;

	if (spec->kind != DISK_RBD)
		return priv_image_open(spec->source, v->readonly, ret, ret_error);
	ret->fd = -1;
	if (!v->secret)
		return 0;
	err = priv_secret_open(v->secret, &fd, ret_error);
	if (err)
		return -ENOKEY;
	close(fd);
	return 0;
}

static struct vbd_private *make_private(const struct disk_spec *spec)
{
	struct vbd_private *v = xcalloc(1, sizeof(*v));

	v->readonly = spec->readonly || spec->cdrom || (spec->rbd && spec->rbd->snapshot);
	v->cdrom = spec->cdrom;
	v->source = spec->kind == DISK_RBD ? NULL : xstrdup(spec->source);
	v->secret = spec->rbd && spec->rbd->secret ? xstrdup(spec->rbd->secret) : NULL;
	v->record = -1;
	v->logical_block_size = spec->logical_block_size ? spec->logical_block_size : 512;
	v->physical_block_size = spec->physical_block_size;
	v->volatile_cache = spec->kind == DISK_RBD && !v->readonly &&
			    (spec->cache == DISK_CACHE_WRITEBACK || spec->cache == DISK_CACHE_UNSAFE);
	return v;
}

static void free_private(struct vbd_private *v)
{
	if (v->record >= 0)
		close(v->record);
	free(v->source);
	free(v->secret);
	free(v);
}

static struct json_object *describe_disk(const struct disk_spec *spec, const struct vbd_private *v,
					 const struct image *image)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "readonly", json_object_new_boolean(v->readonly));
	json_object_object_add(msg, "discard", json_object_new_boolean(spec->discard));
	add_string(msg, "cache", cache_name(spec->cache));
	add_int(msg, "logical-block-size", v->logical_block_size);
	add_string(msg, "error-policy", policy_name(spec->error_policy));
	add_string(msg, "rerror-policy", policy_name(spec->rerror_policy));
	describe_limits(msg, &spec->iotune);
	if (spec->kind == DISK_RBD)
		describe_rbd(msg, spec->rbd);
	else
		add_int(msg, "discard-granularity", image->discard_granularity);
	return msg;
}

int backend_add_disk(struct backend *b, uint16_t domid, const char *name,
		     const struct disk_spec *spec, char **ret_error)
{
	enum process_kind kind = spec->kind == DISK_RBD ? PROCESS_RBD : PROCESS_BLK;
	struct backend_domain *d;
	struct image image = { .fd = -1 };
	struct vbd_private *v;
	struct service *s;
	unsigned int number;
	char *error = NULL, *service;
	int err;

	err = backend_check_new(b, domid, spec->target, ret_error);
	if (err)
		return err;
	if (vdev_parse(spec->target, &number)) {
		*ret_error = xasprintf("'%s' is not the name of a virtual disk (xvda, xvdb ...)",
				       spec->target);
		return -EINVAL;
	}
	v = make_private(spec);
	err = open_source(spec, v, &image, &error);
	service = xasprintf("blk-%u-%s", domid, spec->target);
	if (!err) {
		err = disk_open_record(b, service, true, &v->record);
		if (err && image.fd >= 0)
			close(image.fd);
	}
	if (err) {
		free(service);
		*ret_error = xasprintf("disk %s: %s", spec->target, error ? error : strerror(-err));
		free(error);
		free_private(v);
		return err;
	}
	d = backend_domain_get(b, domid, name);
	err = backend_domain_service(d, kind, service, &s, ret_error);
	if (err) {
		if (image.fd >= 0)
			close(image.fd);
		free_private(v);
		return err;
	}
	return device_create(d, &vbd_class, s, number, spec->target, image.fd, v,
			     describe_disk(spec, v, &image), ret_error);
}

void disk_set_limits(struct device *dev, const struct iotune_spec *limits)
{
	struct json_object *msg = device_request(dev, "limits");

	describe_limits(dev->add, limits); /* for the next process */
	describe_limits(msg, limits);
	device_send(dev, msg, -1);
}

void disk_adopt(struct backend_domain *d, const struct disk_spec *spec)
{
	enum process_kind kind = spec->kind == DISK_RBD ? PROCESS_RBD : PROCESS_BLK;
	char *service = xasprintf("blk-%u-%s", d->domid, spec->target);
	struct backend *b = d->backend;
	const struct image unknown = { .fd = -1 };
	struct vbd_private *v = make_private(spec);
	struct service *s;
	unsigned int number;
	int err;

	err = disk_open_record(b, service, false, &v->record);
	if (err)
		log_error("domain %u, %s: no record of its requests: %s", d->domid, spec->target,
			  strerror(-err));
	if (vdev_parse(spec->target, &number)) {
		free(service);
		free_private(v);
		return;
	}
	if (service_adopt(d, kind, service, &s)) {
		free_private(v);
		return;
	}
	device_adopt(d, &vbd_class, s, number, spec->target, v, describe_disk(spec, v, &unknown));
}
