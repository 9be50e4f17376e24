/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block device ring as bytes: see ring.h and <xen/io/blkif.h>.
 *
 * The public header describes one layout, the compiler's own. The tables below give the offsets
 * of both, so that one build serves 64-bit guests and 32-bit ones (GRUB is one, and hands over to
 * a 64-bit kernel on the same device).
 */
#include "blk/ring.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <xen/xen.h>

#include <xen/io/blkif.h>

#include "blk/inflight.h"

/* Ring header, the same for both layouts: req_prod req_event rsp_prod rsp_event, padding. */
#define OFFSET_REQ_PROD 0
#define OFFSET_REQ_EVENT 4
#define OFFSET_RSP_PROD 8
#define OFFSET_RSP_EVENT 12
#define HEADER_SIZE 64

#define SEGMENT_SIZE 8

struct layout {
	unsigned int slot_size;
	unsigned int id, sector;           /* of every kind of request */
	unsigned int segments;             /* direct read and write */
	unsigned int discard_nr_sectors;   /* discard */
	unsigned int indirect_grefs;       /* indirect */
};

static const struct layout layouts[] = {
	[BLK_ABI_X86_64] = { .slot_size = 112, .id = 8, .sector = 16, .segments = 24,
			     .discard_nr_sectors = 24, .indirect_grefs = 28 },
	[BLK_ABI_X86_32] = { .slot_size = 108, .id = 4, .sector = 12, .segments = 20,
			     .discard_nr_sectors = 20, .indirect_grefs = 24 },
};

/* We are built for x86_64, so the public header must agree with our first row. */
_Static_assert(sizeof(union blkif_sring_entry) == 112, "slot");
_Static_assert(offsetof(struct blkif_sring, ring) == HEADER_SIZE, "header");
_Static_assert(offsetof(struct blkif_request, id) == 8, "id");
_Static_assert(offsetof(struct blkif_request, sector_number) == 16, "sector");
_Static_assert(offsetof(struct blkif_request, seg) == 24, "segments");
_Static_assert(offsetof(struct blkif_request_discard, nr_sectors) == 24, "discard");
_Static_assert(offsetof(struct blkif_request_indirect, indirect_grefs) == 28, "indirect");
_Static_assert(sizeof(struct blkif_request_segment) == SEGMENT_SIZE, "segment");
_Static_assert(offsetof(struct blkif_response, status) == 10, "status");

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t load_index(const struct blk_ring *r, unsigned int offset)
{
	return __atomic_load_n((volatile uint32_t *)(r->shared + offset), __ATOMIC_ACQUIRE);
}

static void store_index(struct blk_ring *r, unsigned int offset, uint32_t value)
{
	__atomic_store_n((volatile uint32_t *)(r->shared + offset), value, __ATOMIC_RELEASE);
}

static volatile uint8_t *slot_at(const struct blk_ring *r, uint32_t index)
{
	return r->shared + HEADER_SIZE +
	       (size_t)(index & (r->nr_slots - 1)) * layouts[r->abi].slot_size;
}

unsigned int blk_ring_nr_slots(enum blk_abi abi, unsigned int nr_pages)
{
	unsigned int fit = (nr_pages * BLK_PAGE_SIZE - HEADER_SIZE) / layouts[abi].slot_size;
	unsigned int nr = 1;

	while (nr * 2 <= fit)
		nr *= 2;
	return nr;
}

uint32_t blk_ring_published(const struct blk_ring *r)
{
	return load_index(r, OFFSET_RSP_PROD);
}

void blk_ring_init(struct blk_ring *r, void *shared, enum blk_abi abi, unsigned int nr_pages)
{
	r->record = NULL;
	r->shared = shared;
	r->abi = abi;
	r->nr_slots = blk_ring_nr_slots(abi, nr_pages);
	r->rsp_prod = load_index(r, OFFSET_RSP_PROD);
	r->rsp_pushed = r->rsp_prod;
	r->req_cons = r->rsp_prod;
}

static enum blk_op op_from_wire(uint8_t wire_op)
{
	switch (wire_op) {
	case BLKIF_OP_READ:
		return BLK_READ;
	case BLKIF_OP_WRITE:
		return BLK_WRITE;
	case BLKIF_OP_FLUSH_DISKCACHE:
		return BLK_FLUSH;
	case BLKIF_OP_DISCARD:
		return BLK_DISCARD;
	default:
		return BLK_UNKNOWN;
	}
}

static void decode_segments(struct blk_request *req, const uint8_t *p)
{
	unsigned int i;

	for (i = 0; i < req->nr_segments; i++, p += SEGMENT_SIZE) {
		req->segments[i].gref = get32(p);
		req->segments[i].first = p[4];
		req->segments[i].last = p[5];
	}
}

static int decode_indirect(const struct layout *l, const uint8_t *slot, struct blk_request *ret)
{
	ret->wire_op = slot[1];
	ret->op = op_from_wire(slot[1]);
	ret->is_indirect = true;
	ret->nr_segments = get16(slot + 2);
	ret->indirect_gref = get32(slot + l->indirect_grefs);
	if (ret->op != BLK_READ && ret->op != BLK_WRITE)
		return -EINVAL;
	if (ret->nr_segments == 0 || ret->nr_segments > BLK_MAX_SEGMENTS)
		return -EINVAL;
	return 0;
}

int blk_request_decode(enum blk_abi abi, const uint8_t slot[BLK_MAX_SLOT_SIZE],
		       struct blk_request *ret)
{
	const struct layout *l = &layouts[abi];

	ret->wire_op = slot[0];
	ret->op = op_from_wire(slot[0]);
	ret->is_indirect = false;
	ret->is_secure = false;
	ret->id = get64(slot + l->id);
	ret->sector = get64(slot + l->sector);
	ret->nr_sectors = 0;
	ret->nr_segments = 0;

	/*
	 * The handle in the slot names the device once more. It is not looked at: the ring
	 * already says whose it is, and front ends do not agree on what to write there.
	 */
	if (slot[0] == BLKIF_OP_INDIRECT)
		return decode_indirect(l, slot, ret);

	switch (ret->op) {
	case BLK_READ:
	case BLK_WRITE:
		if (slot[1] == 0 || slot[1] > BLKIF_MAX_SEGMENTS_PER_REQUEST)
			return -EINVAL;
		ret->nr_segments = slot[1];
		decode_segments(ret, slot + l->segments);
		return 0;
	case BLK_FLUSH:
		/* May carry data by its definition, but no front end does, and we do not offer it. */
		return slot[1] ? -EINVAL : 0;
	case BLK_DISCARD:
		ret->is_secure = slot[1] & BLKIF_DISCARD_SECURE;
		ret->nr_sectors = get64(slot + l->discard_nr_sectors);
		return 0;
	case BLK_UNKNOWN:
		return 0;
	}
	return -EINVAL;
}

void blk_request_decode_indirect(struct blk_request *req, const uint8_t page[BLK_PAGE_SIZE])
{
	decode_segments(req, page);
	req->is_indirect = false;
}

void blk_copy_once(void *dst, const volatile void *src, unsigned int bytes)
{
	const volatile uint32_t *from = src;
	uint8_t *to = dst;
	unsigned int i;

	for (i = 0; i < bytes / 4; i++) {
		uint32_t word = from[i];

		memcpy(to + 4 * i, &word, sizeof(word));
	}
}

int blk_ring_next(struct blk_ring *r, struct blk_request *ret)
{
	uint32_t prod = load_index(r, OFFSET_REQ_PROD);
	const struct layout *l = &layouts[r->abi];
	uint8_t slot[BLK_MAX_SLOT_SIZE] = { 0 };

	/*
	 * Requests whose answers the front end has not seen and those that we have not taken share
	 * nr_slots.
	 */
	if (prod - r->rsp_pushed > r->nr_slots || prod - r->req_cons > r->nr_slots)
		return -EPROTO;
	if (prod == r->req_cons)
		return 0;

	blk_copy_once(slot, slot_at(r, r->req_cons), l->slot_size);
	ret->entry = r->record ? inflight_take(r->record, r->req_cons, slot, l->slot_size) : 0;
	r->req_cons++;
	return blk_request_decode(r->abi, slot, ret) ? -EINVAL : 1;
}

bool blk_ring_arm(struct blk_ring *r)
{
	store_index(r, OFFSET_REQ_EVENT, r->req_cons + 1);
	/* The front end looks at req_event after it has moved req_prod; we look in the other order. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return load_index(r, OFFSET_REQ_PROD) != r->req_cons;
}

void blk_ring_respond(struct blk_ring *r, unsigned int entry, uint64_t id, uint8_t wire_op,
		      int16_t status)
{
	volatile uint8_t *slot = slot_at(r, r->rsp_prod);
	volatile uint32_t *id_words = (volatile uint32_t *)slot;

	/* id is at 0, operation at 8, status at 10 in both layouts; only the padding differs. */
	id_words[0] = (uint32_t)id;
	id_words[1] = (uint32_t)(id >> 32);
	id_words[2] = wire_op | (uint32_t)(uint16_t)status << 16;
	if (r->record)
		inflight_answer(r->record, entry, r->rsp_prod);
	r->rsp_prod++;
}

bool blk_ring_push(struct blk_ring *r)
{
	uint32_t old = r->rsp_pushed;

	store_index(r, OFFSET_RSP_PROD, r->rsp_prod);
	r->rsp_pushed = r->rsp_prod;
	if (r->record)
		inflight_published(r->record);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return r->rsp_prod - load_index(r, OFFSET_RSP_EVENT) < r->rsp_prod - old;
}

static int check_segments(struct blk_request *req)
{
	unsigned int i;
	uint64_t nr = 0;

	for (i = 0; i < req->nr_segments; i++) {
		const struct blk_segment *s = &req->segments[i];

		if (s->first > s->last || s->last >= BLK_SECTORS_PER_PAGE)
			return -EINVAL;
		nr += (unsigned int)(s->last - s->first) + 1;
	}
	req->nr_sectors = nr;
	return 0;
}

int blk_request_check(struct blk_request *req, const struct blk_limits *limits)
{
	switch (req->op) {
	case BLK_UNKNOWN:
		return -EOPNOTSUPP;
	case BLK_FLUSH:
		return 0;
	case BLK_DISCARD:
		if (!limits->can_discard || req->is_secure)
			return -EOPNOTSUPP;
		if (req->nr_sectors == 0)
			return -EINVAL;
		break;
	case BLK_READ:
	case BLK_WRITE:
		if (check_segments(req))
			return -EINVAL;
		break;
	}
	/* Written so that nothing can overflow. */
	if (req->sector > limits->nr_sectors || req->nr_sectors > limits->nr_sectors - req->sector)
		return -EINVAL;
	if (limits->sector_size > BLK_SECTOR_SIZE &&
	    (req->sector | req->nr_sectors) % (limits->sector_size / BLK_SECTOR_SIZE))
		return -EINVAL;
	if (req->op != BLK_READ && limits->readonly)
		return -EROFS;
	return 0;
}
