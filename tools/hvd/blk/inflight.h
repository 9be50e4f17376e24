/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a disk's process has taken from the rings and not answered yet, where the next process finds
 * it when this one is killed.
 *
 * Pure: memory in, memory out. The memory is a file that both processes map, so a process that is
 * killed leaves behind exactly what it had stored, up to some instruction; each store below is
 * made so that every such point is one that can be gone on from. The argument in full is in
 * docs/backends.md; in short:
 *
 *   take      copy the request into a free entry; mark it TAKEN; advance req_cons
 *   answer    write the response into the ring, unseen; note its index in the entry; mark it ANSWERED
 *   publish   advance the ring's rsp_prod; free the entries that were answered
 *
 * An entry that is TAKEN for an index not below req_cons was not taken yet: its request is still in
 * the ring. One that is ANSWERED was answered if and only if rsp_prod, which is in the ring, has
 * passed its response's index. Whatever else is there has to be done, perhaps again.
 */
#ifndef BLK_INFLIGHT_H
#define BLK_INFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INFLIGHT_MAX_QUEUES 16u
#define INFLIGHT_MAX_SLOTS 512u /* of the largest ring: ring.h */
#define INFLIGHT_SLOT_SIZE 112u
#define INFLIGHT_ADDRESS_MAX 128u

enum inflight_state { INFLIGHT_FREE = 0, INFLIGHT_TAKEN = 1, INFLIGHT_ANSWERED = 2 };

/* ---- the file ---- */

struct inflight_entry {
	uint32_t state;
	uint32_t index;	   /* of the request in its ring */
	uint32_t response; /* of ANSWERED: index of the response */
	uint32_t reserved;
	uint8_t slot[INFLIGHT_SLOT_SIZE]; /* the request as it stood in the ring */
};

struct inflight_ring {
	uint32_t req_cons;
	uint32_t reserved[31];
	struct inflight_entry entries[INFLIGHT_MAX_SLOTS];
};

struct inflight_file {
	uint32_t magic;
	uint32_t connected; /* 1: what follows describes rings that are being served */
	uint32_t abi;
	uint32_t nr_queues;
	uint32_t nr_slots; /* of each */
	uint32_t reserved[27];
	char address[INFLIGHT_ADDRESS_MAX]; /* of the last process in its cluster, to fence it by */
	struct inflight_ring rings[INFLIGHT_MAX_QUEUES];
};

/* ---- a process's view of one ring's record ---- */

struct inflight {
	struct inflight_ring *ring;
	unsigned int nr_slots;
	unsigned int nr_free, nr_answered;
	uint16_t free[INFLIGHT_MAX_SLOTS];
	uint16_t answered[INFLIGHT_MAX_SLOTS]; /* since the last publication */
};

/* Before the first ring of a new connection is begun, and after the last one has ended. */
void inflight_reset(struct inflight_file *f, unsigned int abi, unsigned int nr_queues,
		    unsigned int nr_slots);
/* All rings have begun; from here on a process that comes after us takes them up. */
void inflight_set_connected(struct inflight_file *f);
/* Was it left behind by a process that served rings like these? */
bool inflight_can_resume(const struct inflight_file *f, unsigned int abi, unsigned int nr_queues,
			 unsigned int nr_slots);

/* A ring from which nothing is taken yet; 'req_cons' is where it begins. */
void inflight_begin(struct inflight *q, struct inflight_file *f, unsigned int queue, uint32_t req_cons);

/*
 * A ring that was being served. 'rsp_prod' is what the front end sees. Fills 'ret_entries' with the
 * entries to be carried out, in the order in which they were taken, and tells where the ring goes on.
 * -EPROTO: what was taken and what is on record do not add up, so somebody has tampered with the
 * ring; it must not be used.
 */
int inflight_resume(struct inflight *q, struct inflight_file *f, unsigned int queue,
		    uint32_t rsp_prod, uint32_t *ret_req_cons,
		    uint16_t ret_entries[INFLIGHT_MAX_SLOTS], unsigned int *ret_nr);

/* The request at 'index' is taken. Returns its entry. There is one: a ring has no more requests. */
unsigned int inflight_take(struct inflight *q, uint32_t index, const void *slot, size_t size);
/* Its response is in the ring at 'response', and not to be seen yet. */
void inflight_answer(struct inflight *q, unsigned int entry, uint32_t response);
/* The front end sees all responses that were written. */
void inflight_published(struct inflight *q);

#endif
