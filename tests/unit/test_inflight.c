/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tools/hvd/blk/inflight.c with ring.c: a process that is killed between any two stores, and the one
 * that comes after it. The front end sends requests and remembers them; it must get one answer to each, and
 * none to what it has not asked. Each request that is answered has been carried out.
 */
#include "unit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>

#include "blk/inflight.h"
#include "blk/ring.h"

#include <xen/xen.h>

#include <xen/io/blkif.h>

#define NR_SLOTS 32u

/* ---- the process, and where it is killed ---- */

static jmp_buf killed;
static unsigned int steps_left; /* 0: it lives */

void inflight_step(void);

void inflight_step(void)
{
	if (steps_left && --steps_left == 0)
		longjmp(killed, 1);
}

static struct inflight_file file; /* survives */
static uint8_t memory[4096] __attribute__((aligned(4096)));
static struct blkif_sring *sring = (struct blkif_sring *)memory;

/* Of the process: gone with it. */
static struct blk_ring ring;
static struct inflight record;
static struct {
	unsigned int entry;
	uint64_t id;
} held[NR_SLOTS];
static unsigned int nr_held;

/* ---- the front end ---- */

static uint64_t next_id;
static uint32_t rsp_cons;
static uint8_t waiting[100000];   /* by id: asked, not answered */
static unsigned int carried_out[100000];
static unsigned int nr_waiting;

static void front_ask(void)
{
	struct blkif_request *req;

	if (nr_waiting == NR_SLOTS)
		return;
	req = (struct blkif_request *)&sring->ring[sring->req_prod % NR_SLOTS];
	memset(req, 0, sizeof(*req));
	req->operation = BLKIF_OP_FLUSH_DISKCACHE;
	req->id = next_id;
	waiting[next_id++] = 1;
	nr_waiting++;
	__atomic_store_n(&sring->req_prod, sring->req_prod + 1, __ATOMIC_RELEASE);
}

static void front_collect(void)
{
	while (rsp_cons != sring->rsp_prod) {
		struct blkif_response *rsp =
			(struct blkif_response *)&sring->ring[rsp_cons++ % NR_SLOTS];

		CU_ASSERT_TRUE_FATAL(rsp->id < next_id && waiting[rsp->id] == 1);
		CU_ASSERT_TRUE(carried_out[rsp->id] > 0);
		waiting[rsp->id] = 0;
		nr_waiting--;
	}
}

/* ---- the back end, one turn: take some, finish some in any order, publish ---- */

static void back_take(void)
{
	struct blk_request req;

	while (nr_held < NR_SLOTS && blk_ring_next(&ring, &req) == 1) {
		held[nr_held].entry = req.entry;
		held[nr_held++].id = req.id;
		inflight_step();
	}
}

static void back_answer_some(void)
{
	unsigned int i, nr = nr_held ? (unsigned int)rand() % (nr_held + 1) : 0;

	while (nr--) {
		i = (unsigned int)rand() % nr_held;
		carried_out[held[i].id]++;
		inflight_step();
		blk_ring_respond(&ring, held[i].entry, held[i].id, BLKIF_OP_FLUSH_DISKCACHE, 0);
		inflight_step();
		held[i] = held[--nr_held];
	}
}

static void back_turn(void)
{
	back_take();
	back_answer_some();
	inflight_step();
	blk_ring_push(&ring);
	inflight_step();
}

static void back_start(void)
{
	inflight_reset(&file, 0, 1, NR_SLOTS);
	blk_ring_init(&ring, memory, BLK_ABI_X86_64, 1);
	inflight_begin(&record, &file, 0, ring.req_cons);
	ring.record = &record;
	nr_held = 0;
	inflight_set_connected(&file);
}

static void back_resume(void)
{
	uint16_t entries[INFLIGHT_MAX_SLOTS];
	unsigned int nr, i;
	uint32_t last = 0;
	struct blk_request req;

	CU_ASSERT_TRUE_FATAL(inflight_can_resume(&file, 0, 1, NR_SLOTS));
	blk_ring_init(&ring, memory, BLK_ABI_X86_64, 1);
	CU_ASSERT_EQUAL_FATAL(inflight_resume(&record, &file, 0, ring.rsp_prod, &ring.req_cons,
					      entries, &nr), 0);
	ring.record = &record;
	for (nr_held = 0, i = 0; i < nr; i++) {
		const struct inflight_entry *e = &file.rings[0].entries[entries[i]];

		CU_ASSERT_TRUE(i == 0 || (int32_t)(e->index - last) > 0);
		last = e->index;
		CU_ASSERT_EQUAL(blk_request_decode(BLK_ABI_X86_64, e->slot, &req), 0);
		held[nr_held].entry = entries[i];
		held[nr_held++].id = req.id;
	}
}

static void front_start(uint32_t index)
{
	memset(&file, 0, sizeof(file));
	memset(memory, 0, sizeof(memory));
	memset(waiting, 0, sizeof(waiting));
	memset(carried_out, 0, sizeof(carried_out));
	sring->req_prod = sring->rsp_prod = rsp_cons = index;
	next_id = 0;
	nr_waiting = 0;
}

/* Returns true when the process was killed on the way. */
static bool turn(unsigned int kill_after, bool after_death)
{
	steps_left = kill_after;
	if (setjmp(killed))
		return true;
	if (after_death)
		back_resume();
	back_turn();
	steps_left = 0;
	return false;
}

static void finish(bool dead)
{
	unsigned int i;

	if (dead)
		back_resume();
	for (i = 0; i < 1000 && nr_waiting; i++) {
		back_turn();
		front_collect();
	}
	CU_ASSERT_EQUAL(nr_waiting, 0);
	CU_ASSERT_EQUAL(ring.req_cons, sring->req_prod);
	for (i = 0; i < NR_SLOTS; i++)
		CU_ASSERT_EQUAL(file.rings[0].entries[i].state, INFLIGHT_FREE);
}

/* One kill, at each step that there is. */
static void kill_at_every_step(void)
{
	unsigned int at, i;
	bool dead = true;

	for (at = 1; dead; at++) {
		srand(7);
		front_start(0xfffffff0u);
		back_start();
		for (i = 0; i < 20; i++)
			front_ask();
		back_turn();
		front_collect();
		for (i = 0; i < 20; i++)
			front_ask();
		dead = turn(at, false);
		/* The front end may see it at once, or not before the next process has come. */
		if (at % 2)
			front_collect();
		finish(dead);
	}
	CU_ASSERT_TRUE(at > 100);
}

/* Again and again, also while the next process is taking up the ring. */
static void kill_again_and_again(void)
{
	unsigned int round, i, kills = 0;
	bool dead = false;

	srand(11);
	front_start(0xffffff00u);
	back_start();
	for (round = 0; round < 20000; round++) {
		for (i = (unsigned int)rand() % 8; i && next_id < 99990; i--)
			front_ask();
		dead = turn(1 + (unsigned int)rand() % 300, dead);
		kills += dead;
		if (rand() % 3)
			front_collect();
	}
	CU_ASSERT_TRUE(kills > 1000);
	CU_ASSERT_TRUE(next_id > 10000);
	steps_left = 0;
	finish(dead);
}

/* What does not add up is not served: nothing of it can be trusted. */
static void tampered_ring_is_refused(void)
{
	uint16_t entries[INFLIGHT_MAX_SLOTS];
	unsigned int nr;
	uint32_t req_cons;

	front_start(0);
	back_start();
	front_ask();
	front_ask();
	back_take();
	CU_ASSERT_EQUAL(inflight_resume(&record, &file, 0, 1, &req_cons, entries, &nr), -EPROTO);
	CU_ASSERT_EQUAL(inflight_resume(&record, &file, 0, 3, &req_cons, entries, &nr), -EPROTO);
	CU_ASSERT_EQUAL(inflight_resume(&record, &file, 0, 0x80000000u, &req_cons, entries, &nr), -EPROTO);
	CU_ASSERT_EQUAL(inflight_resume(&record, &file, 0, 0, &req_cons, entries, &nr), 0);
	CU_ASSERT_EQUAL(nr, 2);
	CU_ASSERT_EQUAL(req_cons, 2);
	CU_ASSERT_FALSE(inflight_can_resume(&file, 1, 1, NR_SLOTS));
	CU_ASSERT_FALSE(inflight_can_resume(&file, 0, 2, NR_SLOTS));
	CU_ASSERT_FALSE(inflight_can_resume(&file, 0, 1, 2 * NR_SLOTS));
}

/* After an orderly end nothing is left to be taken up. */
static void orderly_end_leaves_nothing(void)
{
	front_start(0);
	back_start();
	front_ask();
	back_take();
	inflight_reset(&file, 0, 0, 0);
	CU_ASSERT_FALSE(inflight_can_resume(&file, 0, 1, NR_SLOTS));
	CU_ASSERT_EQUAL(file.rings[0].entries[NR_SLOTS - 1].state, INFLIGHT_FREE);
}

UNIT_MAIN("inflight",
	  UNIT_TEST(kill_at_every_step),
	  UNIT_TEST(kill_again_and_again),
	  UNIT_TEST(tampered_ring_is_refused),
	  UNIT_TEST(orderly_end_leaves_nothing))
