/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces: what their nodes say, and what the front end's nodes ask for.
 * (<xen/io/netif.h>)
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "backend/device.h"
#include "lib/log.h"
#include "priv/priv.h"

static void vif_write_nodes(struct device *dev)
{
	const struct vif_private *v = dev->private;
	const uint8_t *m = v->mac;
	const char *ends[2] = { dev->front, dev->back };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		device_write(dev, ends[i], "handle", "%u", dev->id);
		device_write(dev, ends[i], "mac", "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
			     m[2], m[3], m[4], m[5]);
		if (v->mtu)
			device_write(dev, ends[i], "mtu", "%u", v->mtu);
	}
	device_write(dev, dev->back, "bridge", "%s", v->bridge);
}

static void vif_write_features(struct device *dev, struct json_object *msg)
{
	const char *back = dev->back;

	(void)msg;
	device_write(dev, back, "feature-sg", "1");
	device_write(dev, back, "feature-gso-tcpv4", "1");
	device_write(dev, back, "feature-gso-tcpv6", "1");
	device_write(dev, back, "feature-ipv6-csum-offload", "1");
	device_write(dev, back, "feature-rx-copy", "1");
	device_write(dev, back, "feature-rx-flip", "0");
	device_write(dev, back, "feature-split-event-channels", "1");
	device_write(dev, back, "multi-queue-max-queues", "1");
}

static void add_int(struct json_object *msg, const char *key, uint32_t value)
{
	json_object_object_add(msg, key, json_object_new_int64(value));
}

static int read_channels(struct device *dev, struct json_object *msg)
{
	uint32_t tx, rx;

	if (device_read_front_u32(dev, "event-channel-tx", &tx) ||
	    device_read_front_u32(dev, "event-channel-rx", &rx)) {
		if (device_read_front_u32(dev, "event-channel", &tx))
			return -EINVAL;
		rx = tx;
	}
	add_int(msg, "event-channel-tx", tx);
	add_int(msg, "event-channel-rx", rx);
	return 0;
}

static int vif_read_front(struct device *dev, struct json_object *msg, const char **ret_error)
{
	uint32_t tx_ref, rx_ref;

	*ret_error = "the front end does not receive by copy";
	if (device_read_front_flag(dev, "request-rx-copy", 0) != 1)
		return -EINVAL;
	*ret_error = "the front end wants more queues than it was offered";
	if (device_read_front_flag(dev, "multi-queue-num-queues", 1) != 1)
		return -EINVAL;
	*ret_error = "a ring reference or event channel of the front end is missing";
	if (device_read_front_u32(dev, "tx-ring-ref", &tx_ref) ||
	    device_read_front_u32(dev, "rx-ring-ref", &rx_ref) || read_channels(dev, msg))
		return -EINVAL;
	add_int(msg, "tx-ring-ref", tx_ref);
	add_int(msg, "rx-ring-ref", rx_ref);
	add_int(msg, "sg", device_read_front_flag(dev, "feature-sg", 0) == 1);
	add_int(msg, "gso-v4", device_read_front_flag(dev, "feature-gso-tcpv4", 0) == 1);
	add_int(msg, "gso-v6", device_read_front_flag(dev, "feature-gso-tcpv6", 0) == 1);
	/* One of the two is on unless it is turned off, the other off unless it is turned on. */
	add_int(msg, "csum-v4", device_read_front_flag(dev, "feature-no-csum-offload", 0) == 0);
	add_int(msg, "csum-v6", device_read_front_flag(dev, "feature-ipv6-csum-offload", 0) == 1);
	return 0;
}

static int vif_open_again(struct device *dev)
{
	const struct vif_private *v = dev->private;
	char *error = NULL;
	int fd, err;

	err = priv_add_tap(v->bridge, v->tap, v->mtu, &fd, &error);
	if (err) {
		log_error("domain %u, %s: %s", dev->domain->domid, dev->name, error ? error : strerror(-err));
		free(error);
		return err;
	}
	return fd;
}

static void vif_free_private(struct device *dev)
{
	struct vif_private *v = dev->private;

	free(v->tap);
	free(v->bridge);
	free(v);
}

const struct device_class vif_class = {
	.type = "vif",
	.write_nodes = vif_write_nodes,
	.write_features = vif_write_features,
	.read_front = vif_read_front,
	.open_again = vif_open_again,
	.free_private = vif_free_private,
};
