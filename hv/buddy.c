/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buddy allocator.
 *
 * A free block of 2^n frames is aligned to 2^n; its first frame holds n in 'order' and the links
 * of the list of such blocks, its other frames have order INSIDE. When a block becomes free and
 * its buddy (the neighbour with which it makes up an aligned block of twice the size) is free as a
 * whole, the two become one.
 *
 * Low memory is worth more: the control domain is identity-mapped and wants it. So there is a set
 * of lists for each zone of addresses, the highest zone serves first, and a block that is split
 * gives its upper half. That is a preference, not a promise; frames at fixed places are claimed.
 */
#include <hv/buddy.h>
#include <hv/errno.h>
#include <hv/panic.h>

#define INSIDE 0xffu

/* First frame above each zone but the last: 1 MiB, 16 MiB, 256 MiB, 1 GiB, 4 GiB. */
static const uint32_t zone_end[BUDDY_NR_ZONES - 1] = { 0x100, 0x1000, 0x10000, 0x40000, 0x100000 };

static unsigned int zone_of(uint64_t first, unsigned int order)
{
	uint64_t last = first + (1ull << order) - 1;
	unsigned int zone = 0;

	while (zone < BUDDY_NR_ZONES - 1 && last >= zone_end[zone])
		zone++;
	return zone;
}

static void list_insert(struct buddy *b, uint64_t first, unsigned int order)
{
	unsigned int zone = zone_of(first, order);
	uint32_t *head = &b->heads[zone][order];
	struct frame *f = &b->frames[first];

	f->order = (uint8_t)order;
	f->prev = BUDDY_NONE;
	f->next = *head;
	if (*head != BUDDY_NONE)
		b->frames[*head].prev = (uint32_t)first;
	*head = (uint32_t)first;
	b->nonempty[zone] |= 1u << order;
}

static void list_remove(struct buddy *b, uint64_t first)
{
	struct frame *f = &b->frames[first];
	unsigned int order = f->order;
	unsigned int zone = zone_of(first, order);

	if (f->next != BUDDY_NONE)
		b->frames[f->next].prev = f->prev;
	if (f->prev != BUDDY_NONE)
		b->frames[f->prev].next = f->next;
	else
		b->heads[zone][order] = f->next;
	if (b->heads[zone][order] == BUDDY_NONE)
		b->nonempty[zone] &= ~(1u << order);
	f->order = INSIDE;
}

/* A block whose frames are FRAME_FREE, and on no list, goes on one, joined with its buddies. */
static void insert_joined(struct buddy *b, uint64_t first, unsigned int order)
{
	uint64_t buddy;

	for (; order < FRAME_ORDER_MAX; order++) {
		buddy = first ^ (1ull << order);
		if (buddy >= b->nr_frames || b->frames[buddy].type != FRAME_FREE ||
		    b->frames[buddy].order != order)
			break;
		list_remove(b, buddy);
		first = MIN(first, buddy);
	}
	list_insert(b, first, order);
}

/* The largest block that may begin at 'first' and has no more than 'nr' frames. */
static unsigned int largest_order(uint64_t first, uint64_t nr)
{
	unsigned int order = 0;

	while (order < FRAME_ORDER_MAX && !(first & (1ull << order)) && nr >= 2ull << order)
		order++;
	return order;
}

static void insert_run(struct buddy *b, uint64_t first, uint64_t nr)
{
	unsigned int order;

	for (; nr; first += 1ull << order, nr -= 1ull << order) {
		order = largest_order(first, nr);
		insert_joined(b, first, order);
	}
}

static void set_types(struct buddy *b, uint64_t first, uint64_t nr, enum frame_type type)
{
	for (; nr; first++, nr--) {
		b->frames[first].type = (uint8_t)type;
		b->frames[first].order = INSIDE;
	}
}

static void count_free(struct buddy *b, uint64_t nr_free)
{
	b->nr_free = nr_free;
	if (b->shown_free)
		WRITE_ONCE(*b->shown_free, nr_free);
}

void buddy_init(struct buddy *b, struct frame *frames, uint64_t nr_frames)
{
	unsigned int zone, order;

	b->frames = frames;
	b->nr_frames = nr_frames;
	spin_init(&b->lock);
	b->shown_free = NULL;
	count_free(b, 0);
	for (zone = 0; zone < BUDDY_NR_ZONES; zone++) {
		b->nonempty[zone] = 0;
		for (order = 0; order <= FRAME_ORDER_MAX; order++)
			b->heads[zone][order] = BUDDY_NONE;
	}
}

/* Zone and order of the block to take from: the highest zone that has any, there the smallest. */
static bool find_block(const struct buddy *b, unsigned int order, unsigned int *ret_zone,
		       unsigned int *ret_order)
{
	unsigned int zone = BUDDY_NR_ZONES;
	uint32_t fitting;

	while (zone--) {
		fitting = b->nonempty[zone] & ~((1u << order) - 1);
		if (!fitting)
			continue;
		*ret_zone = zone;
		*ret_order = (unsigned int)__builtin_ctz(fitting);
		return true;
	}
	return false;
}

int buddy_alloc(struct buddy *b, unsigned int order, enum frame_type type, uint64_t *ret_first)
{
	unsigned int zone, have;
	uint64_t first;

	if (order > FRAME_ORDER_MAX)
		return -ENOMEM;
	spin_lock(&b->lock);
	if (!find_block(b, order, &zone, &have)) {
		spin_unlock(&b->lock);
		return -ENOMEM;
	}
	first = b->heads[zone][have];
	list_remove(b, first);
	while (have > order) {
		have--;
		list_insert(b, first, have);
		first += 1ull << have;
	}
	set_types(b, first, 1ull << order, type);
	count_free(b, b->nr_free - (1ull << order));
	spin_unlock(&b->lock);
	*ret_first = first;
	return 0;
}

void buddy_free(struct buddy *b, uint64_t first, uint64_t nr)
{
	uint64_t i;

	spin_lock(&b->lock);
	for (i = first; i < first + nr; i++)
		ASSERT(b->frames[i].type != FRAME_FREE);
	set_types(b, first, nr, FRAME_FREE);
	insert_run(b, first, nr);
	count_free(b, b->nr_free + nr);
	spin_unlock(&b->lock);
}

int buddy_reserve(struct buddy *b, uint64_t *ret_first)
{
	unsigned int zone, order;
	int err = -ENOMEM;

	spin_lock(&b->lock);
	if (find_block(b, FRAME_ORDER_MAX, &zone, &order)) {
		*ret_first = b->heads[zone][order];
		list_remove(b, *ret_first);
		count_free(b, b->nr_free - (1ull << order));
		err = 0;
	}
	spin_unlock(&b->lock);
	return err;
}

/*
 * No lock: no list leads to these frames, and a block of the largest order has no buddy who would
 * look at them.
 */
void buddy_take_reserved(struct buddy *b, uint64_t first, uint64_t nr, enum frame_type type)
{
	set_types(b, first, nr, type);
}

void buddy_unreserve(struct buddy *b, uint64_t first, uint64_t nr)
{
	spin_lock(&b->lock);
	insert_run(b, first, nr);
	count_free(b, b->nr_free + nr);
	spin_unlock(&b->lock);
}

static bool all_free(const struct buddy *b, uint64_t first, uint64_t nr)
{
	uint64_t i;

	if (first >= b->nr_frames || nr > b->nr_frames - first)
		return false;
	for (i = first; i < first + nr; i++)
		if (b->frames[i].type != FRAME_FREE)
			return false;
	return true;
}

/* First frame of the free block that frame 'n' is in. */
static uint64_t block_around(const struct buddy *b, uint64_t n)
{
	unsigned int order;
	uint64_t first;

	for (order = 0; order <= FRAME_ORDER_MAX; order++) {
		first = n & ~((1ull << order) - 1);
		if (b->frames[first].type == FRAME_FREE && b->frames[first].order == order)
			return first;
	}
	panic("buddy: free frame %lx is in no block\n", n);
}

/* Lock held, all frames known to be free. */
static void take_run(struct buddy *b, uint64_t first, uint64_t nr, enum frame_type type)
{
	uint64_t start, end, at = first, stop = first + nr;

	while (at < stop) {
		start = block_around(b, at);
		end = start + (1ull << b->frames[start].order);
		list_remove(b, start);
		set_types(b, at, MIN(end, stop) - at, type);
		insert_run(b, start, at - start);
		if (end > stop)
			insert_run(b, stop, end - stop);
		at = end;
	}
	count_free(b, b->nr_free - nr);
}

int buddy_claim(struct buddy *b, uint64_t first, uint64_t nr, enum frame_type type)
{
	int err = 0;

	spin_lock(&b->lock);
	if (all_free(b, first, nr))
		take_run(b, first, nr, type);
	else
		err = -EBUSY;
	spin_unlock(&b->lock);
	return err;
}

int buddy_claim_below(struct buddy *b, uint64_t nr, uint64_t align, uint64_t limit,
		      enum frame_type type, uint64_t *ret_first)
{
	uint64_t first, i;

	limit = MIN(limit, b->nr_frames);
	if (!nr || nr > limit)
		return -ENOMEM;
	spin_lock(&b->lock);
	first = (limit - nr) / align * align;
	for (;;) {
		/* From the end, so that an obstacle tells how far down to go on. */
		for (i = nr; i && b->frames[first + i - 1].type == FRAME_FREE; i--)
			;
		if (!i)
			break;
		if (first + i - 1 < nr) {
			spin_unlock(&b->lock);
			return -ENOMEM;
		}
		first = (first + i - 1 - nr) / align * align;
	}
	take_run(b, first, nr, type);
	spin_unlock(&b->lock);
	*ret_first = first;
	return 0;
}
