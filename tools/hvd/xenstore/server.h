/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between server.c, which serves clients, and local.c, which serves hvd itself.
 */
#ifndef HVD_XENSTORE_SERVER_H
#define HVD_XENSTORE_SERVER_H

#include <sys/queue.h>

#include "xenstore/store.h"
#include "xenstore/xs.h"

struct connection;
struct event;
struct evconnlistener;
struct local_event;
struct xenstore_domain_interface;

struct xs_server {
	struct event_base *base;
	struct evtchn_mux *mux;
	struct store store;

	char *ring_dir; /* for struct page_keep; NULL: none outlives us */
	char *socket_path;
	struct evconnlistener *listener;
	struct xenstore_domain_interface *dom0_page; /* prepared, and not connected yet; or NULL */
	uint32_t dom0_port;

	TAILQ_HEAD(, connection) connections;
	TAILQ_HEAD(connection_queue, connection) runnable; /* who may have something to do */
	uint64_t round;
	unsigned int nr_sockets;
	struct event *turn; /* pending while somebody is runnable or local events wait */

	TAILQ_HEAD(, local_event) local_events;
	TAILQ_HEAD(, xs_watch) local_watches;
};

/* Lets the loop come to server_on_turn() soon. */
void server_schedule(struct xs_server *srv);

/* Calls the watches of hvd for the events that wait now. */
void local_deliver(struct xs_server *srv);
void local_fini(struct xs_server *srv);

#endif
