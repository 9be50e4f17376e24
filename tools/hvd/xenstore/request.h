/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between client.c, which moves bytes and keeps what belongs to a client, and request.c, which
 * knows what the requests mean. Nobody else includes this.
 */
#ifndef HVD_XENSTORE_REQUEST_H
#define HVD_XENSTORE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct txn;

/* Answers the complete request in c->in. */
void request_handle(struct client *c);

/* Queue the answer to it; longer than the protocol allows is answered E2BIG. */
void client_reply(struct client *c, uint32_t type, const void *payload, size_t length);
void client_reply_error(struct client *c, int err);

/*
 * 'path' is absolute; events show it without its first 'relative' bytes. -EEXIST: the same is
 * there; -E2BIG: quota. client_fire_first() queues the event that every new watch begins with.
 */
int client_watch(struct client *c, const char *path, size_t relative, const char *token);
void client_fire_first(struct client *c, const char *path, const char *token);
int client_unwatch(struct client *c, const char *path, const char *token);

int client_txn_start(struct client *c, uint32_t *ret_id);
struct txn *client_find_txn(struct client *c, uint32_t id); /* NULL: it has none such */
int client_txn_end(struct client *c, uint32_t id, bool commit);

/* Drops all watches and transactions. */
void client_forget(struct client *c);

#endif
