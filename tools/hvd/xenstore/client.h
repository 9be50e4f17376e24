/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client of the store: what it has said so far, what it is still to hear, its watches and its
 * transactions. Pure: bytes come and go through two functions, so a client can be a socket, a
 * shared page, or a test.
 */
#ifndef HVD_XENSTORE_CLIENT_H
#define HVD_XENSTORE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "xenstore/perms.h"
#include "xenstore/wire.h"

struct client;
struct client_txn;
struct client_watch;
struct store;

/* The joint to the world around; 'arg' is client.arg. */
struct client_ops {
	/* Move up to 'n' bytes; their number, -EAGAIN, or another error: the client is lost. */
	ssize_t (*read)(void *arg, void *buf, size_t n);
	ssize_t (*write)(void *arg, const void *buf, size_t n);
	/* Something waits to be sent that came from outside of client_run(): call it soon. */
	void (*wake)(void *arg);
	/* For the protocol's requests about domains. */
	int (*introduce)(void *arg, uint16_t domid, uint32_t port);
	int (*release)(void *arg, uint16_t domid);
	bool (*is_introduced)(void *arg, uint16_t domid);
	/* The request in client.in has been answered; NULL: nobody wants to know. */
	void (*done)(void *arg);
};

struct client {
	struct store *store;
	struct xs_who who;
	const struct client_ops *ops;
	void *arg;
	char home[32]; /* relative paths begin here */

	struct wire_in *in; /* whoever made the client has it */
	TAILQ_HEAD(wire_queue, wire_out) out;
	size_t out_bytes;
	unsigned int nr_waiting_events;
	uint64_t nr_lost_events;

	TAILQ_HEAD(, client_watch) watches;
	TAILQ_HEAD(, client_txn) txns;
	uint32_t last_txn_id, last_watch_id, last_out_id;
	uint64_t nr_requests; /* that were answered */
	bool is_kept; /* goes on with the next hvd: see record.c */
};

void client_init(struct client *c, struct store *store, const struct xs_who *who, struct wire_in *in,
		 const struct client_ops *ops, void *arg);
void client_fini(struct client *c);

/* Forgets everything that came before, as for a client that starts again. */
void client_reset(struct client *c);

/*
 * Sends what waits, reads and answers requests: so many as fit in one turn.
 *   1        there may be more to do right now: give the others a turn, then call again
 *   0        wait until the client sends something, or reads, or wake() is called
 *   -EPROTO  it does not speak the protocol; any other error is one of ops->read or ops->write
 */
int client_run(struct client *c);

/* ---- From an earlier hvd's journal; what makes no sense is left out. ---- */

struct journal;

void client_restore_watch(struct client *c, uint32_t id, const char *path, size_t relative,
			  const char *token);
void client_restore_unwatch(struct client *c, uint32_t id);
/* A transaction that can be used as any other, and ends with EAGAIN. */
void client_restore_txn(struct client *c, uint32_t id);
void client_restore_txn_end(struct client *c, uint32_t id);
/* 'bytes' of a whole message. */
void client_restore_out(struct client *c, uint32_t id, uint32_t watch_id, const void *bytes, size_t n);
void client_restore_out_drop(struct client *c, uint32_t id);
/* The first 'n' bytes of what waits have been sent. */
void client_restore_sent(struct client *c, size_t n);
/* How much of the first message that waits has been sent. */
size_t client_sent(const struct client *c);

/* Writes all of the client that restoring needs, but its page_record. */
void client_record(struct client *c);

/* Does something wait to be sent? */
bool client_has_output(const struct client *c);

/* False: it must read some of what waits before it is listened to again. */
bool client_takes_requests(const struct client *c);

#endif
