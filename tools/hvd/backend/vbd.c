/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks: what their nodes say, and what the front end's nodes ask for. (<xen/io/blkif.h>)
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xen/xen.h>

#include <xen/io/blkif.h>

#include "backend/device.h"
#include "backend/image.h"
#include "blk/blkif.h"
#include "lib/log.h"
#include "priv/priv.h"
#include "xenstore/xs.h"

static void vbd_write_nodes(struct device *dev)
{
	const struct vbd_private *v = dev->private;
	const char *type = v->cdrom ? "cdrom" : "disk";

	device_write(dev, dev->back, "dev", "%s", dev->name);
	device_write(dev, dev->back, "mode", "%s", v->readonly ? "r" : "w");
	device_write(dev, dev->back, "device-type", "%s", type);
	device_write(dev, dev->back, "removable", "0");
	device_write(dev, dev->front, "virtual-device", "%u", dev->id);
	device_write(dev, dev->front, "device-type", "%s", type);
}

static int64_t get_int(struct json_object *msg, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(msg, key, &v) ? json_object_get_int64(v) : 0;
}

/* Whether that is news to the guest. */
static bool write_sectors(struct device *dev, struct json_object *msg)
{
	char path[256], value[32];
	char *known = NULL;
	bool is_new;

	snprintf(path, sizeof(path), "%s/sectors", dev->back);
	snprintf(value, sizeof(value), "%" PRId64, get_int(msg, "sectors"));
	if (xs_read(dev->domain->backend->srv, path, &known))
		known = NULL;
	is_new = known && strcmp(known, value);
	free(known);
	device_write(dev, dev->back, "sectors", "%s", value);
	return is_new;
}

static void vbd_on_resized(struct device *dev, struct json_object *msg)
{
	if (!write_sectors(dev, msg))
		return;
	log_info("domain %u, %s: %" PRId64 " bytes now", dev->domain->domid, dev->name,
		 get_int(msg, "sectors") * BLK_SECTOR_SIZE);
	device_announce(dev);
}

static void vbd_write_features(struct device *dev, struct json_object *msg)
{
	const struct vbd_private *v = dev->private;
	const char *back = dev->back;
	int64_t physical;

	device_write(dev, back, "feature-max-indirect-segments", "%u", BLK_MAX_SEGMENTS);
	device_write(dev, back, "max-ring-page-order", "%u", BLK_MAX_RING_ORDER);
	device_write(dev, back, "multi-queue-max-queues", "%u", BLKIF_MAX_QUEUES);
	device_write(dev, back, "feature-persistent", "1");
	device_write(dev, back, "feature-flush-cache", "1");
	device_write(dev, back, "feature-barrier", "0");
	device_write(dev, back, "feature-discard", "%d", get_int(msg, "discard") != 0);
	if (get_int(msg, "discard")) {
		device_write(dev, back, "discard-granularity", "%" PRId64,
			     get_int(msg, "discard-granularity"));
		device_write(dev, back, "discard-alignment", "0");
		device_write(dev, back, "discard-secure", "0");
	}
	device_write(dev, back, "info", "%u",
		     (v->readonly ? VDISK_READONLY : 0u) | (v->cdrom ? VDISK_CDROM : 0u));
	/* It may have grown while no process was there to see it. */
	vbd_on_resized(dev, msg);
	/*
	 * What the guest's block layer aligns requests to. 'sectors' and the numbers in requests
	 * count 512 bytes all the same, which is how Linux reads and writes them.
	 */
	device_write(dev, back, "sector-size", "%u", v->logical_block_size);
	physical = v->physical_block_size ? v->physical_block_size :
					    get_int(msg, "physical-sector-size");
	if (physical < v->logical_block_size)
		physical = v->logical_block_size;
	device_write(dev, back, "physical-sector-size", "%" PRId64, physical);
}

/* One queue: its nodes are in 'prefix' ("" or "queue-N/"). */
static struct json_object *read_queue(struct device *dev, const char *prefix, unsigned int order)
{
	struct json_object *queue, *refs;
	uint32_t value;
	unsigned int i;
	char key[64];

	snprintf(key, sizeof(key), "%sevent-channel", prefix);
	if (device_read_front_u32(dev, key, &value))
		return NULL;
	queue = json_object_new_object();
	json_object_object_add(queue, "event-channel", json_object_new_int64(value));
	refs = json_object_new_array();
	json_object_object_add(queue, "ring-refs", refs);
	for (i = 0; i < 1u << order; i++) {
		snprintf(key, sizeof(key), "%sring-ref%u", prefix, i);
		/* A ring of one page may have either name. */
		if (device_read_front_u32(dev, key, &value)) {
			snprintf(key, sizeof(key), "%sring-ref", prefix);
			if (order || device_read_front_u32(dev, key, &value)) {
				json_object_put(queue);
				return NULL;
			}
		}
		json_object_array_add(refs, json_object_new_int64(value));
	}
	return queue;
}

static int read_protocol(struct device *dev, struct json_object *msg)
{
	char path[256];
	char *protocol = NULL;
	int err = 0;

	snprintf(path, sizeof(path), "%s/protocol", dev->front);
	if (xs_read(dev->domain->backend->srv, path, &protocol))
		protocol = NULL; /* the guest's native one, and all our guests start with 64 bits */
	if (!protocol || strcmp(protocol, "x86_64-abi") == 0)
		json_object_object_add(msg, "abi", json_object_new_string("x86_64-abi"));
	else if (strcmp(protocol, "x86_32-abi") == 0)
		json_object_object_add(msg, "abi", json_object_new_string("x86_32-abi"));
	else
		err = -EINVAL;
	free(protocol);
	return err;
}

static int vbd_read_front(struct device *dev, struct json_object *msg, const char **ret_error)
{
	uint32_t order = device_read_front_flag(dev, "ring-page-order", 0);
	uint32_t nr_queues = device_read_front_flag(dev, "multi-queue-num-queues", 1);
	struct json_object *queues, *queue;
	char prefix[32] = "";
	unsigned int i;

	*ret_error = "the front end's protocol is unknown";
	if (read_protocol(dev, msg))
		return -EINVAL;
	*ret_error = "the front end wants more queues or larger rings than it was offered";
	if (order > BLK_MAX_RING_ORDER || nr_queues == 0 || nr_queues > BLKIF_MAX_QUEUES)
		return -EINVAL;
	json_object_object_add(
		msg, "persistent",
		json_object_new_boolean(device_read_front_flag(dev, "feature-persistent", 0) == 1));
	queues = json_object_new_array();
	json_object_object_add(msg, "queues", queues);
	*ret_error = "a ring reference or event channel of the front end is missing";
	for (i = 0; i < nr_queues; i++) {
		if (nr_queues > 1)
			snprintf(prefix, sizeof(prefix), "queue-%u/", i);
		queue = read_queue(dev, prefix, order);
		if (!queue)
			return -EINVAL;
		json_object_array_add(queues, queue);
	}
	return 0;
}

static int vbd_send_files(struct device *dev)
{
	const struct vbd_private *v = dev->private;
	char *error = NULL;
	int fd, err;

	err = device_send(dev, device_request(dev, "record"), v->record);
	if (err || !v->secret || dev->ejected)
		return err;
	err = priv_secret_open(v->secret, &fd, &error);
	if (err) {
		log_error("domain %u, %s: %s", dev->domain->domid, dev->name, error ? error : strerror(-err));
		free(error);
		return err;
	}
	err = device_send(dev, device_request(dev, "secret"), fd);
	close(fd);
	return err;
}

/* error_policy='stop': the guest shall not run on, and finds all as it was when it does. */
static void vbd_on_stopped(struct device *dev, const char *error)
{
	struct backend *b = dev->domain->backend;

	log_error("domain %u, %s: %s; the guest is paused, 'hvctl resume' tries again",
		  dev->domain->domid, dev->name, error);
	device_tell(dev, "stopped", error);
	if (b->on_stop)
		b->on_stop(b->stop_arg, dev->domain->domid, dev->name, error);
}

static void vbd_on_stalled(struct device *dev)
{
	log_warning("domain %u, %s: stalled: its disk has not answered for some seconds; the guest waits",
		    dev->domain->domid, dev->name);
	device_tell(dev, "stalled", "its disk has not answered for some seconds");
}

static void vbd_on_answers(struct device *dev)
{
	log_info("domain %u, %s: its disk answers again", dev->domain->domid, dev->name);
	device_tell(dev, "answers", NULL);
}

static void vbd_on_fenced(struct device *dev)
{
	static const char error[] = "the cluster refuses this host: its lock of the image was broken";

	log_error("domain %u, %s: %s", dev->domain->domid, dev->name, error);
	device_tell(dev, "fenced", error);
}

static void vbd_on_event(struct device *dev, const char *event, struct json_object *msg)
{
	struct json_object *v;
	const char *error = "an error";

	if (json_object_object_get_ex(msg, "error", &v))
		error = json_object_get_string(v);
	if (strcmp(event, "resized") == 0)
		vbd_on_resized(dev, msg);
	else if (strcmp(event, "stalled") == 0)
		vbd_on_stalled(dev);
	else if (strcmp(event, "answers") == 0)
		vbd_on_answers(dev);
	else if (strcmp(event, "fenced") == 0)
		vbd_on_fenced(dev);
	else if (strcmp(event, "stopped") == 0)
		vbd_on_stopped(dev, error);
}

static bool vbd_cannot_resume(struct device *dev)
{
	const struct vbd_private *v = dev->private;

	return v->volatile_cache;
}

static int vbd_open_again(struct device *dev)
{
	const struct vbd_private *v = dev->private;
	struct image image;
	char *error = NULL;
	int err;

	if (!v->source)
		return -ENODATA;
	err = priv_image_open(v->source, v->readonly, &image, &error);
	if (err) {
		log_error("domain %u, %s: %s", dev->domain->domid, dev->name, error ? error : strerror(-err));
		free(error);
		return err;
	}
	json_object_object_add(dev->add, "discard-granularity",
			       json_object_new_int64(image.discard_granularity));
	return image.fd;
}

static void vbd_free_private(struct device *dev)
{
	struct vbd_private *v = dev->private;

	free(v->source);
	close(v->record);
	free(v->secret);
	free(v);
}

const struct device_class vbd_class = {
	.type = "vbd",
	.write_nodes = vbd_write_nodes,
	.write_features = vbd_write_features,
	.read_front = vbd_read_front,
	.open_again = vbd_open_again,
	.send_files = vbd_send_files,
	.on_event = vbd_on_event,
	.cannot_resume = vbd_cannot_resume,
	.free_private = vbd_free_private,
};
