/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of all domains with what their processes have counted, for statistics.
 */
#include "backend/backend.h"

#include "backend/device.h"
#include "backend/stats.h"

/* Too large for the stack, and used by one caller at a time: hvd has one thread. */
static struct backend_stats counters;

static const struct backend_stats_slot *find(enum backend_stats_kind kind, unsigned int id)
{
	for (unsigned int i = 0; i < counters.nr_slots; i++)
		if (counters.slots[i].kind == (uint32_t)kind && counters.slots[i].id == id)
			return &counters.slots[i];
	return NULL;
}

static void show(const struct device *dev, bool counted, backend_view_cb cb, void *arg)
{
	bool is_disk = dev->class == &vbd_class;
	const struct backend_stats_slot *slot =
		counted ? find(is_disk ? BACKEND_STATS_DISK : BACKEND_STATS_NET, dev->id) : NULL;
	const struct vif_private *vif = is_disk ? NULL : dev->private;
	struct backend_view v = {
		.domid = dev->domain->domid,
		.name = dev->name,
		.bridge = vif ? vif->bridge : NULL,
		.connected = dev->xenbus.state == XENBUS_CONNECTED,
		.serving = dev->service && dev->service->process,
		.restarts = dev->service ? dev->service->nr_restarts : 0,
		.disk = slot && is_disk ? &slot->u.disk : NULL,
		.net = slot && !is_disk ? &slot->u.net : NULL,
	};

	cb(arg, &v);
}

void backend_visit(struct backend *b, backend_view_cb cb, void *arg)
{
	struct backend_domain *d;
	struct service *s;
	struct device *dev;
	bool counted;

	LIST_FOREACH(d, &b->domains, link) {
		if (d->removing)
			continue;
		LIST_FOREACH(s, &d->services, link) {
			counted = s->stats_fd >= 0 && backend_stats_read(s->stats_fd, &counters);
			LIST_FOREACH(dev, &d->devices, link)
				if (dev->service == s)
					show(dev, counted, cb, arg);
		}
	}
}
