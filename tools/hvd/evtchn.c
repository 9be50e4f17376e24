/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mux: one device handle, many ports.
 *
 * The device masks a port when it shows it, and we unmask it when its callback is done. A
 * notification that comes in between is kept, and shows the port again then. Who does not want to
 * hear of each one holds the port longer. We take a bounded number of ports each round; the
 * descriptor stays readable while there are more.
 */
#include "evtchn.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <xenevtchn.h>

#include "lib/xmem.h"

#define PORTS_PER_ROUND 64
#define NR_BUCKETS	1024u

struct evtchn_port {
	LIST_ENTRY(evtchn_port) link;
	struct evtchn_mux *mux;
	evtchn_port_t number;
	bool held;
	evtchn_cb cb;
	void *arg;
};

struct evtchn_mux {
	xenevtchn_handle *handle;
	struct event *readable;
	LIST_HEAD(, evtchn_port) buckets[NR_BUCKETS]; /* by number */
};

static struct evtchn_port *mux_find(struct evtchn_mux *mux, evtchn_port_t number)
{
	struct evtchn_port *port;

	LIST_FOREACH (port, &mux->buckets[number % NR_BUCKETS], link) {
		if (port->number == number)
			return port;
	}
	return NULL;
}

static void mux_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct evtchn_mux *mux = arg;
	struct evtchn_port *port;
	int rounds, number;

	(void)fd;
	(void)what;
	for (rounds = 0; rounds < PORTS_PER_ROUND; rounds++) {
		number = xenevtchn_pending(mux->handle);
		if (number < 0)
			return; /* EAGAIN: that was all */
		port = mux_find(mux, (evtchn_port_t)number);
		/* One that was unbound since it came up is not unmasked: it may be a new one. */
		if (!port)
			continue;
		port->cb(port->arg);
		/* It may have unbound itself. */
		port = mux_find(mux, (evtchn_port_t)number);
		if (port && !port->held)
			xenevtchn_unmask(mux->handle, port->number);
	}
}

int evtchn_mux_create(struct event_base *base, struct evtchn_mux **ret_mux)
{
	struct evtchn_mux *mux = xcalloc(1, sizeof(*mux));
	int fd, err;

	mux->handle = xenevtchn_open(NULL, 0);
	if (!mux->handle) {
		err = errno ? -errno : -ENODEV;
		goto undo_alloc;
	}
	fd = xenevtchn_fd(mux->handle);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)) {
		err = -errno;
		goto undo_open;
	}
	mux->readable = event_new(base, fd, EV_READ | EV_PERSIST, mux_on_readable, mux);
	if (!mux->readable || event_add(mux->readable, NULL)) {
		err = -ENOMEM;
		goto undo_event;
	}
	*ret_mux = mux;
	return 0;

undo_event:
	if (mux->readable)
		event_free(mux->readable);
undo_open:
	xenevtchn_close(mux->handle);
undo_alloc:
	free(mux);
	return err;
}

void evtchn_mux_destroy(struct evtchn_mux *mux)
{
	unsigned int i;

	if (!mux)
		return;
	for (i = 0; i < NR_BUCKETS; i++)
		assert(LIST_EMPTY(&mux->buckets[i]));
	event_free(mux->readable);
	xenevtchn_close(mux->handle);
	free(mux);
}

/* 'number' as the library gave it. */
static int mux_add(struct evtchn_mux *mux, int number, evtchn_cb cb, void *arg,
		   struct evtchn_port **ret_port)
{
	struct evtchn_port *port;

	if (number < 0)
		return errno ? -errno : -EINVAL;
	port = xcalloc(1, sizeof(*port));
	port->mux = mux;
	port->number = (evtchn_port_t)number;
	port->cb = cb;
	port->arg = arg;
	LIST_INSERT_HEAD(&mux->buckets[port->number % NR_BUCKETS], port, link);
	*ret_port = port;
	return 0;
}

int evtchn_mux_bind(struct evtchn_mux *mux, uint16_t remote, uint32_t remote_port, evtchn_cb cb,
		    void *arg, struct evtchn_port **ret_port)
{
	return mux_add(mux, xenevtchn_bind_interdomain(mux->handle, remote, remote_port), cb, arg,
		       ret_port);
}

int evtchn_mux_bind_virq(struct evtchn_mux *mux, unsigned int virq, evtchn_cb cb, void *arg,
			 struct evtchn_port **ret_port)
{
	return mux_add(mux, xenevtchn_bind_virq(mux->handle, virq), cb, arg, ret_port);
}

void evtchn_port_notify(struct evtchn_port *port)
{
	xenevtchn_notify(port->mux->handle, port->number);
}

void evtchn_port_hold(struct evtchn_port *port)
{
	port->held = true;
}

void evtchn_port_release(struct evtchn_port *port)
{
	if (!port->held)
		return;
	port->held = false;
	xenevtchn_unmask(port->mux->handle, port->number);
}

void evtchn_port_unbind(struct evtchn_port *port)
{
	if (!port)
		return;
	xenevtchn_unbind(port->mux->handle, port->number);
	LIST_REMOVE(port, link);
	free(port);
}
