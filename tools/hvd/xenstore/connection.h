/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection: a client (client.h) and what its bytes come through. Between server.c, which knows
 * when it is whose turn, and page.c and socket.c, which know how to talk.
 */
#ifndef HVD_XENSTORE_CONNECTION_H
#define HVD_XENSTORE_CONNECTION_H

#include "xenstore/client.h"
#include "xenstore/server.h"
#include "xenstore/throttle.h"

struct event;
struct evtchn_port;
struct xenstore_domain_interface;

enum connection_kind { CONNECTION_SOCKET, CONNECTION_PAGE };

struct connection {
	struct client client;
	struct xs_server *srv;
	TAILQ_ENTRY(connection) link;
	TAILQ_ENTRY(connection) run_link;
	bool runnable;
	uint64_t runnable_since; /* the round in which it became so */
	unsigned int nr_breaks;	 /* how often it was broken */
	bool broken;		 /* a ring that we do not listen to any more */
	enum connection_kind kind;

	int fd; /* CONNECTION_SOCKET */
	struct event *readable, *writable;

	/* CONNECTION_PAGE */
	struct xenstore_domain_interface *page; /* NULL: of an earlier hvd, and not taken up yet */
	bool page_is_foreign;
	bool moved; /* bytes went through the page in this turn */
	struct evtchn_port *port;
	struct throttle throttle;
	uint32_t remote_port;
	struct page_keep *keep;
	uint32_t in_cons;   /* index of the ring of requests, up to which we have taken them */
	uint16_t request;   /* number of the one that is next or on its way in */
	uint16_t last_done; /* the one before, as the journal has it */
	uint32_t out_base;  /* from the journal, until the page is taken up: see struct page_record */
};

/* What a page's connection has taken in and not answered yet; outlives us (keep.h). */
struct page_keep {
	uint64_t word; /* see page.c */
	struct wire_in in;
};

struct connection *connection_create(struct xs_server *srv, enum connection_kind kind,
				     uint16_t domid, struct wire_in *in,
				     const struct client_ops *ops);
void connection_destroy(struct connection *con);

/* It gets a turn in the next round of the loop. */
void connection_make_runnable(struct connection *con);

/* For struct client_ops; 'arg' is the connection. */
void connection_wake(void *arg);
int connection_introduce(void *arg, uint16_t domid, uint32_t port);
int connection_release(void *arg, uint16_t domid);
bool connection_is_introduced(void *arg, uint16_t domid);

struct connection *connection_find(struct xs_server *srv, uint16_t domid); /* that has a page, or had */

/* page.c */
int page_connect_dom0(struct xs_server *srv);
int page_connect_guest(struct xs_server *srv, uint16_t domid, uint32_t remote_port);
/* A connection without its page, for restore.c. -errno: its kept memory cannot be mapped. */
int page_create(struct xs_server *srv, uint16_t domid, struct connection **ret_con);
/* Where an hvd that is dead was connected. */
int page_take_up(struct connection *con);
void page_record(struct connection *con, struct journal *j);
void page_remove_keep(struct xs_server *srv, uint16_t domid);
void page_turn(struct connection *con);
void page_fini(struct connection *con);
/* The page of our own kernel, opened while we may, for whoever connects it later. */
int page_prepare_dom0(struct xs_server *srv);
void page_forget_dom0(struct xs_server *srv);

/* socket.c */
int socket_listen(struct xs_server *srv, const char *path);
void socket_unlisten(struct xs_server *srv);
void socket_turn(struct connection *con); /* may destroy it */
void socket_fini(struct connection *con);

#endif
