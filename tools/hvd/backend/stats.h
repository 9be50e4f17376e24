/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a back-end process counts, for hvd to read at any time without asking it.
 *
 * hvd makes a small file in /run/hvd/backend for each process and hands it down ("op":"stats"). The
 * process maps it and counts in it; hvd reads it with pread(), so whatever the process does to the
 * file, hvd gets a short read at worst. The file outlives the process (counters go on when it is
 * started anew) and hvd (the next one opens it by its name).
 *
 * Layout: one struct backend_stats. Every field is a naturally aligned uint64_t or uint32_t with one
 * writer, stored at once. Fields are only ever added: out of 'reserved', or at the end of a part.
 * hvd believes nothing in it but that it is numbers.
 */
#ifndef BACKEND_STATS_H
#define BACKEND_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKEND_STATS_MAGIC 0x73627668u /* "hvbs" */
#define BACKEND_STATS_VERSION 1u
#define BACKEND_STATS_SLOTS 32u

/* Bucket 0: below 2^12 ns (4 us); bucket i: below 2^(12+i) ns; the last one: all others. */
#define BACKEND_STATS_BUCKETS 24u
#define BACKEND_STATS_FIRST_SHIFT 12u

enum backend_stats_kind { BACKEND_STATS_NONE = 0, BACKEND_STATS_DISK = 1, BACKEND_STATS_NET = 2 };

/* What a guest asks of a disk, in this order in disk.ops[]. */
enum backend_stats_op { STATS_READ, STATS_WRITE, STATS_FLUSH, STATS_DISCARD, STATS_NR_OPS };

struct backend_op_stats {
	uint64_t requests; /* answered, errors included */
	uint64_t errors;   /* of these */
	uint64_t bytes;	   /* of requests without error */
	uint64_t ns;	   /* from taking a request off the ring to its answer; sum over requests */
	uint64_t latency[BACKEND_STATS_BUCKETS]; /* the same, as a histogram */
};

/* disk.rbd_state: the image's connection to its cluster, as the process sees it. */
enum backend_rbd_state {
	RBD_STATE_NONE = 0,	  /* no RBD image */
	RBD_STATE_CONNECTING = 1,
	RBD_STATE_CONNECTED = 2,  /* requests are answered */
	RBD_STATE_STALLED = 3,	  /* requests wait for longer than they should */
	RBD_STATE_FENCED = 4,	  /* another client has been given the image */
};

struct backend_disk_stats {
	struct backend_op_stats ops[STATS_NR_OPS];
	uint64_t in_flight;	/* requests taken and not answered */
	uint64_t queue_depth;	/* requests that the guest's rings can hold, 0: not connected */
	uint64_t bad_requests;	/* refused for what they said: out of range, malformed */
	uint64_t throttled_ns;	/* requests were held back for the disk's limits: sum of their waits */
	uint64_t throttled;	/* requests that were */
	uint64_t size_bytes;
	/* RBD only; zero for others. */
	uint64_t rbd_state;	   /* enum backend_rbd_state */
	uint64_t rbd_connects;	   /* connections made to the cluster */
	uint64_t rbd_last_answer_ns; /* CLOCK_MONOTONIC of the cluster's last answer to a request */
	uint64_t rbd_slow_requests;  /* that took longer than what is called slow */
	uint64_t rbd_lock_losses;
	uint64_t rbd_locked;	/* 1: this process holds the image's exclusive lock */
	/* Of every disk again. */
	uint64_t stalls;	/* times that it has not answered for too long */
	uint64_t stalled;	/* 1: now */
	uint64_t stopped;	/* requests that have failed and wait to be tried again */
	uint64_t rbd_abandoned_bytes; /* memory of writes that librbd never completes: disk.h's is_lost */
	uint64_t reserved[8];
};

/* As the guest sees it: received is what came to the guest. */
struct backend_net_stats {
	uint64_t rx_packets, rx_bytes, rx_errors, rx_drops;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_drops;
	uint64_t connected; /* 1: its rings are served */
	uint64_t reserved[15];
};

struct backend_stats_slot {
	uint32_t kind; /* enum backend_stats_kind; written last when the slot is taken */
	uint32_t id;   /* the device's, as in messages */
	union {
		struct backend_disk_stats disk;
		struct backend_net_stats net;
	} u;
};

struct backend_stats {
	uint32_t magic, version;
	uint32_t nr_slots; /* slots in use lie below this; it only grows */
	uint32_t slot_size;
	uint64_t reserved[6];
	struct backend_stats_slot slots[BACKEND_STATS_SLOTS];
};

/* ---- in the process (stats_child.c) ---- */

/* Takes the file over that hvd has sent; whatever is wrong with it, counting goes on in private. */
void backend_stats_map(int fd);

/*
 * The counters of device 'id', those of an earlier process included. Never NULL; stays valid.
 * backend_stats_drop(): the device has gone.
 */
struct backend_disk_stats *backend_stats_disk(unsigned int id);
struct backend_net_stats *backend_stats_net(unsigned int id);
void backend_stats_drop(enum backend_stats_kind kind, unsigned int id);

uint64_t backend_stats_now(void); /* ns, CLOCK_MONOTONIC */

/* One request has been answered that was taken at 'since_ns'. */
void backend_stats_answered(struct backend_disk_stats *s, enum backend_stats_op op, uint64_t bytes,
			    uint64_t since_ns, bool failed);

static inline void backend_stats_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline unsigned int backend_stats_bucket(uint64_t ns)
{
	unsigned int i = 63u - (unsigned int)__builtin_clzll(ns | ((1u << BACKEND_STATS_FIRST_SHIFT) - 1)) -
			 (BACKEND_STATS_FIRST_SHIFT - 1);

	return i < BACKEND_STATS_BUCKETS ? i : BACKEND_STATS_BUCKETS - 1;
}

/* ---- in hvd (stats_file.c) ---- */

/* Makes or opens DIR/NAME.stats. 'fresh': nothing of an earlier one counts. Negative errno. */
int backend_stats_open(const char *dir, const char *name, bool fresh, int *ret_fd);

/* Nobody serves under this name any more. */
void backend_stats_remove(const char *dir, const char *name);

/* Copies what the process has counted; false: it is no such file (yet). Never blocks or traps. */
bool backend_stats_read(int fd, struct backend_stats *ret);

#endif
