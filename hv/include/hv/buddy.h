/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free machine frames as blocks of 2^order, aligned to their size. The records are the frames' own
 * (struct frame); free memory itself is never touched. Used by frame.c alone, and by its tests.
 */
#ifndef HV_BUDDY_H
#define HV_BUDDY_H

#include <hv/frame.h>
#include <hv/spinlock.h>

/* Blocks are kept by how low they are, so that the lowest memory is used last. */
#define BUDDY_NR_ZONES 6u
#define BUDDY_NONE UINT32_MAX

struct buddy {
	struct frame *frames; /* constant; [0, nr_frames) */
	uint64_t nr_frames;   /* constant */
	struct spinlock lock; /* all below, and next, prev, order of free frames */
	uint64_t nr_free;
	uint64_t *shown_free; /* where nr_free is shown to others; NULL: nowhere */
	uint32_t nonempty[BUDDY_NR_ZONES]; /* bit n: there is a block of order n */
	uint32_t heads[BUDDY_NR_ZONES][FRAME_ORDER_MAX + 1];
};

void buddy_init(struct buddy *b, struct frame *frames, uint64_t nr_frames);

/* Takes a block of 2^order; its frames get type 'type'. -ENOMEM. */
int buddy_alloc(struct buddy *b, unsigned int order, enum frame_type type, uint64_t *ret_first) __must_check;

/* Gives frames back, any run of them; neighbours are joined. */
void buddy_free(struct buddy *b, uint64_t first, uint64_t nr);

/*
 * Takes a free block of exactly the largest order off the lists, for whoever wants to work on it
 * piece by piece: no record of its frames is touched. Each piece gets its type by the second call;
 * what is left goes back by the third. -ENOMEM: there is no such block. Not while buddy_claim() is
 * in use (boot): to it they look free.
 */
int buddy_reserve(struct buddy *b, uint64_t *ret_first) __must_check;
void buddy_take_reserved(struct buddy *b, uint64_t first, uint64_t nr, enum frame_type type);
void buddy_unreserve(struct buddy *b, uint64_t first, uint64_t nr);

/* Takes just these frames. -EBUSY: not all are free; nothing has changed then. */
int buddy_claim(struct buddy *b, uint64_t first, uint64_t nr, enum frame_type type) __must_check;

/* The highest run of 'nr' free frames below 'limit', aligned to 'align'; taken. -ENOMEM. */
int buddy_claim_below(struct buddy *b, uint64_t nr, uint64_t align, uint64_t limit,
		      enum frame_type type, uint64_t *ret_first) __must_check;

#endif
