/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server: who is connected, and whose turn it is.
 *
 * A connection is a client (client.h) on a shared page (page.c) or a UNIX socket (socket.c).
 * Whatever happens to one, readable, writable, notified, an event for it, only puts it on the list
 * of the runnable. Once in every round of the loop each of them gets one turn, which is bounded;
 * who is not done goes to the end of the list and waits for the next round. So a guest that floods
 * us costs the others at most its turn.
 */
#include "xenstore/server.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "lib/xmem.h"
#include "xenstore/connection.h"
#include "xenstore/record.h"

void server_schedule(struct xs_server *srv)
{
	static const struct timeval now = { 0, 0 };

	/* A timer, not event_active(): the loop looks at its descriptors between two rounds. */
	if (!event_pending(srv->turn, EV_TIMEOUT, NULL))
		event_add(srv->turn, &now);
}

void connection_make_runnable(struct connection *con)
{
	if (con->runnable || con->broken)
		return;
	con->runnable = true;
	con->runnable_since = con->srv->round;
	TAILQ_INSERT_TAIL(&con->srv->runnable, con, run_link);
	server_schedule(con->srv);
}

void connection_wake(void *arg)
{
	connection_make_runnable(arg);
}

/* ---- requests about domains ---- */

struct connection *connection_find(struct xs_server *srv, uint16_t domid)
{
	struct connection *con;

	TAILQ_FOREACH (con, &srv->connections, link) {
		if (con->kind == CONNECTION_PAGE && con->client.who.domid == domid)
			return con;
	}
	return NULL;
}

bool connection_is_introduced(void *arg, uint16_t domid)
{
	struct connection *con = arg;

	return connection_find(con->srv, domid) != NULL;
}

int connection_introduce(void *arg, uint16_t domid, uint32_t port)
{
	struct connection *con = arg;

	if (connection_find(con->srv, domid))
		return 0;
	return xs_server_add_domain(con->srv, domid, port);
}

int connection_release(void *arg, uint16_t domid)
{
	struct connection *con = arg;

	if (!domid)
		return -EINVAL;
	if (!connection_find(con->srv, domid))
		return -ENOENT;
	xs_server_remove_domain(con->srv, domid);
	return 0;
}

/* ---- connections ---- */

struct connection *connection_create(struct xs_server *srv, enum connection_kind kind,
				     uint16_t domid, struct wire_in *in,
				     const struct client_ops *ops)
{
	struct connection *con = xcalloc(1, sizeof(*con));
	struct xs_who who = { domid, domid == 0 };

	con->srv = srv;
	con->kind = kind;
	con->fd = -1;
	client_init(&con->client, &srv->store, &who, in, ops, con);
	TAILQ_INSERT_TAIL(&srv->connections, con, link);
	return con;
}

void connection_destroy(struct connection *con)
{
	client_fini(&con->client);
	throttle_fini(con);
	if (con->runnable)
		TAILQ_REMOVE(&con->srv->runnable, con, run_link);
	TAILQ_REMOVE(&con->srv->connections, con, link);
	switch (con->kind) {
	case CONNECTION_SOCKET:
		socket_fini(con);
		break;
	case CONNECTION_PAGE:
		page_fini(con);
		break;
	}
	free(con);
}

/* ---- the server ---- */

static void server_on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct xs_server *srv = arg;
	struct connection *con;

	(void)fd;
	(void)what;
	/* Those who join from here on, who were not done included, have the next round. */
	srv->round++;
	while ((con = TAILQ_FIRST(&srv->runnable)) && con->runnable_since < srv->round) {
		TAILQ_REMOVE(&srv->runnable, con, run_link);
		con->runnable = false;
		switch (con->kind) {
		case CONNECTION_SOCKET:
			socket_turn(con);
			break;
		case CONNECTION_PAGE:
			throttle_turn(con);
			break;
		}
	}

	local_deliver(srv);
	if (!TAILQ_EMPTY(&srv->runnable) || !TAILQ_EMPTY(&srv->local_events))
		server_schedule(srv);
}

int xs_server_create(struct event_base *base, struct evtchn_mux *mux, const char *socket_path,
		     struct xs_server **ret_srv)
{
	struct xs_server *srv = xcalloc(1, sizeof(*srv));
	int err;

	srv->base = base;
	srv->mux = mux;
	TAILQ_INIT(&srv->connections);
	TAILQ_INIT(&srv->runnable);
	TAILQ_INIT(&srv->local_events);
	TAILQ_INIT(&srv->local_watches);
	store_init(&srv->store, &quota_default);
	srv->turn = evtimer_new(base, server_on_turn, srv);
	err = srv->turn ? 0 : -ENOMEM;
	if (!err)
		err = xs_mkdir(srv, "/local/domain");
	if (!err)
		err = xs_mkdir(srv, "/tool");
	if (!err && socket_path)
		err = socket_listen(srv, socket_path);
	if (err) {
		xs_server_destroy(srv);
		return err;
	}
	*ret_srv = srv;
	return 0;
}

void xs_server_limit(struct xs_server *srv, const struct xs_limits *limits)
{
	struct quota_limits *l = &srv->store.quota.limits;

	l->nodes = limits->nodes;
	l->watches = limits->watches;
	l->transactions = limits->transactions;
	l->requests_per_second = limits->requests_per_second;
}

void xs_server_destroy(struct xs_server *srv)
{
	if (!srv)
		return;
	while (!TAILQ_EMPTY(&srv->connections))
		connection_destroy(TAILQ_FIRST(&srv->connections));
	local_fini(srv);
	socket_unlisten(srv);
	page_forget_dom0(srv);
	if (srv->turn)
		event_free(srv->turn);
	store_fini(&srv->store);
	free(srv->ring_dir);
	free(srv);
}

/* ---- domains ---- */

int xs_server_prepare_dom0(struct xs_server *srv)
{
	return page_prepare_dom0(srv);
}

int xs_server_add_dom0(struct xs_server *srv)
{
	struct connection *con = connection_find(srv, 0);

	if (con && con->page)
		return -EEXIST;
	return con ? page_take_up(con) : page_connect_dom0(srv);
}

int xs_server_add_domain(struct xs_server *srv, uint16_t domid, uint32_t remote_port)
{
	int err;

	if (connection_find(srv, domid))
		return -EEXIST;
	err = page_connect_guest(srv, domid, remote_port);
	if (!err)
		store_fire_special(&srv->store, "@introduceDomain");
	return err;
}

void xs_server_remove_domain(struct xs_server *srv, uint16_t domid)
{
	struct connection *con = connection_find(srv, domid);

	if (con) {
		connection_destroy(con);
		record_close(srv->store.journal, domid);
		page_remove_keep(srv, domid);
	}
	store_forget_domain(&srv->store, domid);
	store_fire_special(&srv->store, "@releaseDomain");
}

void xs_server_domain_shutdown(struct xs_server *srv, uint16_t domid)
{
	(void)domid; /* the protocol's event does not say who */
	store_fire_special(&srv->store, "@releaseDomain");
}

void xs_server_nodes(const struct xs_server *srv, uint16_t domid, unsigned int *ret_used,
		     unsigned int *ret_max)
{
	*ret_used = quota_used(&srv->store.quota, domid, QUOTA_NODES);
	*ret_max = srv->store.quota.limits.nodes;
}
