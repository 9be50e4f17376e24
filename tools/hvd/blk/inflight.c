/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of requests in flight: see inflight.h.
 *
 * The stores have to reach the memory in the order of the program, no more: whoever reads them does so
 * after this process has ended. RELEASE keeps the compiler and the processor to that.
 */
#include "blk/inflight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "blk/ring.h"

#define MAGIC 0x69666c32u

/* Tests stop the process, so to speak, between any two stores. */
#ifdef INFLIGHT_TEST
void inflight_step(void);
#else
static inline void inflight_step(void)
{
}
#endif

_Static_assert(sizeof(struct inflight_entry) == 128, "entry");
_Static_assert(INFLIGHT_SLOT_SIZE >= BLK_MAX_SLOT_SIZE, "slot");

static void store(uint32_t *where, uint32_t value)
{
	inflight_step();
	__atomic_store_n(where, value, __ATOMIC_RELEASE);
	inflight_step();
}

/* May this index still be in front of that one? They wrap. */
static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

void inflight_reset(struct inflight_file *f, unsigned int abi, unsigned int nr_queues,
		    unsigned int nr_slots)
{
	unsigned int i, j;

	store(&f->connected, 0);
	for (i = 0; i < INFLIGHT_MAX_QUEUES; i++)
		for (j = 0; j < INFLIGHT_MAX_SLOTS; j++)
			if (f->rings[i].entries[j].state != INFLIGHT_FREE)
				store(&f->rings[i].entries[j].state, INFLIGHT_FREE);
	f->abi = abi;
	f->nr_queues = nr_queues;
	f->nr_slots = nr_slots;
	f->magic = MAGIC;
}

void inflight_set_connected(struct inflight_file *f)
{
	store(&f->connected, 1);
}

bool inflight_can_resume(const struct inflight_file *f, unsigned int abi, unsigned int nr_queues,
			 unsigned int nr_slots)
{
	return f->magic == MAGIC && f->connected == 1 && f->abi == abi &&
	       f->nr_queues == nr_queues && f->nr_slots == nr_slots;
}

static void start(struct inflight *q, struct inflight_file *f, unsigned int queue)
{
	memset(q, 0, sizeof(*q));
	q->ring = &f->rings[queue];
	q->nr_slots = f->nr_slots < INFLIGHT_MAX_SLOTS ? f->nr_slots : INFLIGHT_MAX_SLOTS;
}

void inflight_begin(struct inflight *q, struct inflight_file *f, unsigned int queue,
		    uint32_t req_cons)
{
	unsigned int i;

	start(q, f, queue);
	store(&q->ring->req_cons, req_cons);
	for (i = 0; i < q->nr_slots; i++)
		q->free[q->nr_free++] = (uint16_t)i;
}

/* Does the entry stand for a request that has been taken and whose answer nobody has seen? */
static bool is_open(const struct inflight_entry *e, uint32_t req_cons, uint32_t rsp_prod)
{
	switch (e->state) {
	case INFLIGHT_TAKEN:
		return is_before(e->index, req_cons);
	case INFLIGHT_ANSWERED:
		return !is_before(e->response, rsp_prod);
	default:
		return false;
	}
}

int inflight_resume(struct inflight *q, struct inflight_file *f, unsigned int queue,
		    uint32_t rsp_prod, uint32_t *ret_req_cons,
		    uint16_t ret_entries[INFLIGHT_MAX_SLOTS], unsigned int *ret_nr)
{
	struct inflight_entry *e;
	uint32_t req_cons;
	unsigned int i, j, nr = 0;

	start(q, f, queue);
	req_cons = q->ring->req_cons;
	/* Nothing is changed before it is known to add up. */
	for (i = 0; i < q->nr_slots; i++)
		nr += is_open(&q->ring->entries[i], req_cons, rsp_prod);
	if (nr != req_cons - rsp_prod)
		return -EPROTO;
	nr = 0;
	for (i = 0; i < q->nr_slots; i++) {
		e = &q->ring->entries[i];
		if (!is_open(e, req_cons, rsp_prod)) {
			store(&e->state, INFLIGHT_FREE);
			q->free[q->nr_free++] = (uint16_t)i;
			continue;
		}
		store(&e->state, INFLIGHT_TAKEN);
		for (j = nr; j && is_before(e->index, q->ring->entries[ret_entries[j - 1]].index); j--)
			ret_entries[j] = ret_entries[j - 1];
		ret_entries[j] = (uint16_t)i;
		nr++;
	}
	*ret_req_cons = req_cons;
	*ret_nr = nr;
	return 0;
}

unsigned int inflight_take(struct inflight *q, uint32_t index, const void *slot, size_t size)
{
	unsigned int i;
	struct inflight_entry *e;

	if (q->nr_free == 0)
		abort(); /* the ring's own check lets no more in */
	i = q->free[--q->nr_free];
	e = &q->ring->entries[i];
	memcpy(e->slot, slot, size < sizeof(e->slot) ? size : sizeof(e->slot));
	store(&e->index, index);
	store(&e->state, INFLIGHT_TAKEN);
	store(&q->ring->req_cons, index + 1);
	return i;
}

void inflight_answer(struct inflight *q, unsigned int entry, uint32_t response)
{
	struct inflight_entry *e = &q->ring->entries[entry];

	store(&e->response, response);
	store(&e->state, INFLIGHT_ANSWERED);
	q->answered[q->nr_answered++] = (uint16_t)entry;
}

void inflight_published(struct inflight *q)
{
	while (q->nr_answered) {
		unsigned int i = q->answered[--q->nr_answered];

		store(&q->ring->entries[i].state, INFLIGHT_FREE);
		q->free[q->nr_free++] = (uint16_t)i;
	}
}
