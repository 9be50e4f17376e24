/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The buddy allocator alone: its records are an array, there is no memory behind them. */
#include <stdlib.h>

#include <hv/buddy.h>
#include <hv/errno.h>

#include <arch/fake.h>

#include "unit.h"

#define NR 0x90000u /* 2.25 GiB: all zones but the last */

static struct frame *frames;
static struct buddy b;

static void start(uint64_t nr)
{
	free(frames);
	frames = calloc(nr, sizeof(*frames));
	buddy_init(&b, frames, nr);
}

static unsigned int order_at(uint64_t n)
{
	return frames[n].order;
}

/* Every free frame is in exactly one block of a list, aligned, and the counts agree. */
static void check(void)
{
	uint64_t n, counted = 0, listed = 0;
	unsigned int zone, order;
	uint32_t at, previous;

	for (n = 0; n < b.nr_frames; n++)
		counted += frames[n].type == FRAME_FREE;
	for (zone = 0; zone < BUDDY_NR_ZONES; zone++)
		for (order = 0; order <= FRAME_ORDER_MAX; order++) {
			previous = BUDDY_NONE;
			CU_ASSERT_EQUAL(b.heads[zone][order] != BUDDY_NONE,
					(b.nonempty[zone] >> order & 1) != 0);
			for (at = b.heads[zone][order]; at != BUDDY_NONE; at = frames[at].next) {
				CU_ASSERT_EQUAL(frames[at].prev, previous);
				CU_ASSERT_EQUAL(order_at(at), order);
				CU_ASSERT_EQUAL(at & ((1u << order) - 1), 0);
				listed += 1ull << order;
				previous = at;
			}
		}
	CU_ASSERT_EQUAL(counted, b.nr_free);
	CU_ASSERT_EQUAL(listed, b.nr_free);
}

static void freed_run_becomes_the_largest_aligned_blocks(void)
{
	start(NR);
	buddy_free(&b, 1, 0x40000 + 0x1ff);
	check();
	CU_ASSERT_EQUAL(order_at(1), 0);
	CU_ASSERT_EQUAL(order_at(2), 1);
	CU_ASSERT_EQUAL(order_at(0x20000), 17);
	CU_ASSERT_EQUAL(order_at(0x40000), 9);
}

static void block_of_every_order_can_be_had_and_given_back(void)
{
	unsigned int order;
	uint64_t first;

	start(NR);
	buddy_free(&b, 0, NR);
	for (order = 0; order <= FRAME_ORDER_MAX; order++) {
		CU_ASSERT_EQUAL_FATAL(buddy_alloc(&b, order, FRAME_HV, &first), 0);
		CU_ASSERT_EQUAL(first & ((1ull << order) - 1), 0);
		CU_ASSERT_EQUAL(b.nr_free, NR - (1ull << order));
		CU_ASSERT_EQUAL(frames[first + (1ull << order) - 1].type, FRAME_HV);
		buddy_free(&b, first, 1ull << order);
	}
	check();
	CU_ASSERT_EQUAL(order_at(0), 18);
	CU_ASSERT_EQUAL(order_at(0x40000), 18);
}

static void largest_block_is_taken_piece_by_piece(void)
{
	uint64_t first, other;

	start(NR);
	buddy_free(&b, 0, NR);
	CU_ASSERT_EQUAL_FATAL(buddy_reserve(&b, &first), 0);
	CU_ASSERT_EQUAL(first & 0x3ffff, 0);
	CU_ASSERT_EQUAL(b.nr_free, NR - 0x40000);
	buddy_take_reserved(&b, first, 512, FRAME_DOMAIN);
	CU_ASSERT_EQUAL(frames[first + 511].type, FRAME_DOMAIN);
	CU_ASSERT_EQUAL_FATAL(buddy_reserve(&b, &other), 0);
	CU_ASSERT_NOT_EQUAL(other, first);
	CU_ASSERT_EQUAL(buddy_reserve(&b, &other), -ENOMEM); /* a quarter GiB is left */
	CU_ASSERT_EQUAL(b.nr_free, NR - 0x80000);
	buddy_unreserve(&b, first + 512, 0x40000 - 512);
	buddy_unreserve(&b, other, 0x40000);
	check();
	CU_ASSERT_EQUAL(b.nr_free, NR - 512);
	buddy_free(&b, first, 512);
	check();
	CU_ASSERT_EQUAL(order_at(first), 18);
}

static void high_memory_is_used_first(void)
{
	uint64_t first, lowest = UINT64_MAX;
	unsigned int i;

	start(NR);
	buddy_free(&b, 1, 0x9f);
	buddy_free(&b, 0x100, NR - 0x100);
	for (i = 0; i < 0x50000; i++) {
		CU_ASSERT_EQUAL_FATAL(buddy_alloc(&b, 0, FRAME_HV, &first), 0);
		lowest = lowest < first ? lowest : first;
	}
	CU_ASSERT(lowest >= 0x40000 - 0x10);
}

static void claim_takes_just_these_frames(void)
{
	start(NR);
	buddy_free(&b, 0, NR);
	CU_ASSERT_EQUAL(buddy_claim(&b, 0x12345, 0x4321, FRAME_DOMAIN), 0);
	check();
	CU_ASSERT_EQUAL(frames[0x12344].type, FRAME_FREE);
	CU_ASSERT_EQUAL(frames[0x12345].type, FRAME_DOMAIN);
	CU_ASSERT_EQUAL(frames[0x12345 + 0x4320].type, FRAME_DOMAIN);
	CU_ASSERT_EQUAL(frames[0x12345 + 0x4321].type, FRAME_FREE);
	buddy_free(&b, 0x12345, 0x4321);
	check();
	CU_ASSERT_EQUAL(order_at(0), 18);
}

static void claim_of_a_run_with_one_used_frame_changes_nothing(void)
{
	uint64_t before;

	start(NR);
	buddy_free(&b, 0, NR);
	CU_ASSERT_EQUAL(buddy_claim(&b, 0x5000, 1, FRAME_HV), 0);
	before = b.nr_free;
	CU_ASSERT_EQUAL(buddy_claim(&b, 0x4000, 0x2000, FRAME_DOMAIN), -EBUSY);
	CU_ASSERT_EQUAL(buddy_claim(&b, NR - 1, 2, FRAME_DOMAIN), -EBUSY);
	CU_ASSERT_EQUAL(buddy_claim(&b, 5, UINT64_MAX, FRAME_DOMAIN), -EBUSY);
	CU_ASSERT_EQUAL(b.nr_free, before);
	CU_ASSERT_EQUAL(frames[0x4000].type, FRAME_FREE);
	check();
}

static void claim_below_finds_the_highest_aligned_run(void)
{
	uint64_t first;

	start(NR);
	buddy_free(&b, 0x100, 0x1000);
	CU_ASSERT_EQUAL(buddy_claim(&b, 0x800, 1, FRAME_HV), 0);
	CU_ASSERT_EQUAL(buddy_claim_below(&b, 0x100, 0x100, 0x850, FRAME_HV, &first), 0);
	CU_ASSERT_EQUAL(first, 0x700);
	CU_ASSERT_EQUAL(buddy_claim_below(&b, 1, 1, 0x100, FRAME_HV, &first), -ENOMEM);
	CU_ASSERT_EQUAL(buddy_claim_below(&b, 0x1000, 1, NR, FRAME_HV, &first), -ENOMEM);
	CU_ASSERT_EQUAL(buddy_claim_below(&b, 3, 1, 0x103, FRAME_HV, &first), 0);
	CU_ASSERT_EQUAL(first, 0x100);
	check();
}

static void nothing_left_is_enomem_and_no_more(void)
{
	uint64_t first;

	start(0x100);
	buddy_free(&b, 0x10, 2);
	CU_ASSERT_EQUAL(buddy_alloc(&b, 2, FRAME_HV, &first), -ENOMEM);
	CU_ASSERT_EQUAL(buddy_alloc(&b, 19, FRAME_HV, &first), -ENOMEM);
	CU_ASSERT_EQUAL(buddy_alloc(&b, 1, FRAME_HV, &first), 0);
	CU_ASSERT_EQUAL(first, 0x10);
	CU_ASSERT_EQUAL(buddy_alloc(&b, 0, FRAME_HV, &first), -ENOMEM);
	CU_ASSERT_EQUAL(b.nr_free, 0);
	check();
}

static void free_twice(void *arg)
{
	(void)arg;
	buddy_free(&b, 7, 1);
	buddy_free(&b, 7, 1);
}

static void freeing_twice_is_noticed(void)
{
	start(0x100);
	CU_ASSERT(fake_panics(free_twice, NULL));
}

/* Random allocations, claims and frees; afterwards all is one again. */
static void lists_stay_whole_whatever_the_order_of_requests(void)
{
	enum { SLOTS = 200, FRAMES = 0x8000 };
	static struct {
		uint64_t first, nr;
	} slots[SLOTS];
	unsigned int i, step, order;
	uint64_t first, nr;

	start(FRAMES);
	buddy_free(&b, 0, FRAMES);
	srandom(1);
	for (step = 0; step < 20000; step++) {
		i = (unsigned int)random() % SLOTS;
		order = (unsigned int)random() % 10;
		if (slots[i].nr) {
			/* In two parts, as a domain's frames come back one by one. */
			buddy_free(&b, slots[i].first, 1);
			if (slots[i].nr > 1)
				buddy_free(&b, slots[i].first + 1, slots[i].nr - 1);
			slots[i].nr = 0;
		} else if (random() % 2) {
			if (!buddy_alloc(&b, order, FRAME_HV, &slots[i].first))
				slots[i].nr = 1ull << order;
		} else {
			nr = 1 + (uint64_t)random() % 300;
			first = (uint64_t)random() % FRAMES;
			if (!buddy_claim(&b, first, nr, FRAME_DOMAIN)) {
				slots[i].first = first;
				slots[i].nr = nr;
			}
		}
		if (step % 500 == 0)
			check();
	}
	for (i = 0; i < SLOTS; i++)
		if (slots[i].nr)
			buddy_free(&b, slots[i].first, slots[i].nr);
	check();
	CU_ASSERT_EQUAL(b.nr_free, FRAMES);
	CU_ASSERT_EQUAL(order_at(0), 15);
	free(frames);
	frames = NULL;
}

UNIT_MAIN("buddy", UNIT_TEST(freed_run_becomes_the_largest_aligned_blocks),
	  UNIT_TEST(block_of_every_order_can_be_had_and_given_back),
	  UNIT_TEST(largest_block_is_taken_piece_by_piece),
	  UNIT_TEST(high_memory_is_used_first), UNIT_TEST(claim_takes_just_these_frames),
	  UNIT_TEST(claim_of_a_run_with_one_used_frame_changes_nothing),
	  UNIT_TEST(claim_below_finds_the_highest_aligned_run),
	  UNIT_TEST(nothing_left_is_enomem_and_no_more), UNIT_TEST(freeing_twice_is_noticed),
	  UNIT_TEST(lists_stay_whole_whatever_the_order_of_requests))
