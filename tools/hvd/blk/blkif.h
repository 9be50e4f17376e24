/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's connection to its guest: rings, requests in flight, responses.
 */
#ifndef BLK_BLKIF_H
#define BLK_BLKIF_H

#include <stdbool.h>
#include <stdint.h>

#include "blk/ring.h"

/* What we advertise as multi-queue-max-queues. */
#define BLKIF_MAX_QUEUES 16u

struct blkif;
struct child;
struct disk;
struct inflight_file;
struct throttle_conf;

/* What all disks of the process share. */
struct blkif_host {
	struct child *child;
	struct inflight_file *record; /* NULL: what is in flight when we die is lost */
	uint64_t buffered_bytes; /* in bounce buffers, bounded */
	unsigned int nr_in_flight;
	/*
	 * The front end broke the protocol: the disk is disconnected (on_disconnected follows)
	 * and serves nothing more until it is connected anew.
	 */
	void (*on_broken)(struct blkif *b, const char *reason);
	/*
	 * The disk does not answer: its oldest request has been waiting for seconds. And the end
	 * of that.
	 */
	void (*on_stalled)(struct blkif *b, bool stalled);
	/* A request has failed and waits: nothing more is answered wrongly before blkif_retry(). */
	void (*on_stopped)(struct blkif *b, int err);
	/* All requests are answered and nothing of the guest is mapped any more. */
	void (*on_disconnected)(struct blkif *b);
};

struct blkif_queue_spec {
	uint32_t ring_refs[BLK_MAX_RING_PAGES];
	unsigned int nr_pages; /* a power of two */
	uint32_t event_channel;
};

struct blkif_spec {
	enum blk_abi abi;
	bool resume; /* a process before us served these rings until it was killed */
	bool persistent; /* the front end keeps its grants */
	struct blkif_queue_spec queues[BLKIF_MAX_QUEUES];
	unsigned int nr_queues;
};

/* Takes the disk over. */
struct blkif *blkif_create(struct blkif_host *host, unsigned int id, struct disk *disk);
/* Limits, new ones at any time. */
void blkif_set_limits(struct blkif *b, const struct throttle_conf *conf);

/* What becomes of an error of the disk, by direction. */
enum blkif_policy { BLKIF_REPORT, BLKIF_STOP, BLKIF_ENOSPACE, BLKIF_IGNORE };
void blkif_set_policy(struct blkif *b, enum blkif_policy reads, enum blkif_policy others);

/* What failed and waits is tried again. */
void blkif_retry(struct blkif *b);

/* Must not be connected, except when the process ends. */
void blkif_destroy(struct blkif *b);

/* What requests must be aligned to; 512 at first. */
void blkif_set_sector_size(struct blkif *b, uint32_t bytes);

/* The disk has grown or shrunk. */
void blkif_set_size(struct blkif *b, uint64_t nr_sectors);

struct disk *blkif_disk(struct blkif *b);
unsigned int blkif_id(const struct blkif *b);
bool blkif_is_connected(const struct blkif *b);

/*
 * Maps the rings and starts to serve; with spec->resume, and a record that somebody left, goes on
 * where that one was, and carries out again what it had not answered. -EISCONN: it is connected, or
 * still disconnecting; -EPROTO: the record does not fit the rings; other errors come from mapping
 * and binding what the front end named. Nothing is left on failure.
 */
int blkif_connect(struct blkif *b, const struct blkif_spec *spec, const char **ret_error);

/*
 * Takes no more requests; when those in flight are answered, lets go of the rings and calls
 * on_disconnected(), possibly before this returns.
 */
void blkif_disconnect(struct blkif *b);

/* Publishes the responses that done() callbacks have written since the last time. */
void blkif_push_responses(struct blkif_host *host);

#endif
