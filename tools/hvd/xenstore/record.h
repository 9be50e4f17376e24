/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the store writes into hvd's journal: see record.c for how it fits together. restore.c reads it.
 */
#ifndef HVD_XENSTORE_RECORD_H
#define HVD_XENSTORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

struct client;
struct journal;
struct wire_out;
struct xs_body;
struct xs_perms;

/* Nodes of the store's own tree, and special paths (0: @introduceDomain, 1: @releaseDomain). */
void record_put(struct journal *j, const char *path, const struct xs_body *body);
void record_drop(struct journal *j, const char *path);
void record_special(struct journal *j, unsigned int which, const struct xs_perms *perms);

/* Of clients that outlive hvd; of others these write nothing. */
void record_watch(struct client *c, uint32_t id, const char *path, size_t relative, const char *token);
void record_unwatch(struct client *c, uint32_t id);
void record_out(struct client *c, const struct wire_out *out, uint32_t watch_id);
void record_out_drop(struct client *c, const struct wire_out *out);
void record_txn(struct client *c, uint32_t id);
void record_txn_end(struct client *c, uint32_t id);

/*
 * A page: where it is, and what has been done with it. 'out_base' is the index of its ring of replies
 * where the first waiting message begins; 'done' the number of the last request that was answered.
 */
struct page_record {
	uint32_t port;
	uint32_t out_base;
	uint16_t done;
	uint32_t last_txn_id, last_watch_id, last_out_id;
};
void record_open(struct journal *j, uint16_t domid, const struct page_record *page);
void record_close(struct journal *j, uint16_t domid);
void record_reset(struct journal *j, uint16_t domid, uint32_t out_base, uint16_t done);
void record_done(struct journal *j, uint16_t domid, uint16_t done);

#endif
