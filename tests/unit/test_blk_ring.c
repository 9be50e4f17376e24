/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tools/hvd/blk/ring.c: two layouts, and what a hostile guest may write. */
#include "unit.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <xen/xen.h>

#include <xen/io/blkif.h>

#include "blk/ring.h"

/* The 32-bit layout as that guest's compiler makes it, to check our table against. */
#pragma pack(push, 4)
struct request32 {
	uint8_t operation, nr_segments;
	uint16_t handle;
	uint64_t id, sector_number;
	struct blkif_request_segment seg[11];
};
struct indirect32 {
	uint8_t operation, indirect_op;
	uint16_t nr_segments;
	uint64_t id, sector_number;
	uint16_t handle;
	uint32_t grefs[8];
	uint64_t pad;
};
struct discard32 {
	uint8_t operation, flag;
	uint16_t handle;
	uint64_t id, sector_number, nr_sectors;
};
struct response32 {
	uint64_t id;
	uint8_t operation;
	int16_t status;
};
#pragma pack(pop)

struct fixture {
	_Alignas(4096) uint8_t memory[BLK_MAX_RING_PAGES * BLK_PAGE_SIZE];
	struct blk_ring ring;
	struct blk_request req;
};

static struct fixture *setup(enum blk_abi abi, unsigned int nr_pages)
{
	struct fixture *f = aligned_alloc(4096, sizeof(*f));

	memset(f, 0, sizeof(*f));
	blk_ring_init(&f->ring, f->memory, abi, nr_pages);
	return f;
}

static uint32_t *word(struct fixture *f, unsigned int i)
{
	return (uint32_t *)f->memory + i;
}

static void set_prod(struct fixture *f, uint32_t v)
{
	*word(f, 0) = v;
}

static const struct blk_limits limits = { .nr_sectors = 1000, .can_discard = true };

static void layouts_have_the_sizes_of_both_compilers(void)
{
	CU_ASSERT_EQUAL(sizeof(struct request32), 108);
	CU_ASSERT_EQUAL(sizeof(struct indirect32), 64);
	CU_ASSERT_EQUAL(sizeof(struct response32), 12);
	CU_ASSERT_EQUAL(blk_ring_nr_slots(BLK_ABI_X86_64, 1), 32);
	CU_ASSERT_EQUAL(blk_ring_nr_slots(BLK_ABI_X86_32, 1), 32);
	CU_ASSERT_EQUAL(blk_ring_nr_slots(BLK_ABI_X86_64, 16), 512);
	CU_ASSERT_EQUAL(blk_ring_nr_slots(BLK_ABI_X86_32, 16), 512);
}

static void direct_request_reads_alike_in_both_layouts(void)
{
	struct fixture *f = setup(BLK_ABI_X86_64, 1);
	struct fixture *g = setup(BLK_ABI_X86_32, 1);
	struct blkif_request *r = (void *)(f->memory + 64);
	struct request32 *r32 = (void *)(g->memory + 64);
	unsigned int i;

	r->operation = r32->operation = BLKIF_OP_WRITE;
	r->nr_segments = r32->nr_segments = 11;
	r->id = r32->id = 0x1122334455667788;
	r->sector_number = r32->sector_number = 100;
	for (i = 0; i < 11; i++) {
		r->seg[i].gref = r32->seg[i].gref = 7 + i;
		r->seg[i].first_sect = r32->seg[i].first_sect = (uint8_t)(i % 4);
		r->seg[i].last_sect = r32->seg[i].last_sect = 7;
	}
	set_prod(f, 1);
	set_prod(g, 1);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 1);
	CU_ASSERT_EQUAL(blk_ring_next(&g->ring, &g->req), 1);
	CU_ASSERT_EQUAL(f->req.op, BLK_WRITE);
	CU_ASSERT_EQUAL(f->req.id, 0x1122334455667788);
	CU_ASSERT_EQUAL(g->req.id, f->req.id);
	CU_ASSERT_EQUAL(g->req.sector, 100);
	CU_ASSERT_EQUAL(f->req.segments[10].gref, 17);
	CU_ASSERT_EQUAL(f->req.nr_segments, 11);
	CU_ASSERT_EQUAL(memcmp(f->req.segments, g->req.segments, 11 * sizeof(f->req.segments[0])),
			0);
	CU_ASSERT_EQUAL(blk_request_check(&f->req, &limits), 0);
	CU_ASSERT_EQUAL(f->req.nr_sectors, 11 * 8 - (0 + 1 + 2 + 3) * 2 - 0 - 1 - 2);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 0);
	free(f);
	free(g);
}

static void second_slot_lies_where_each_layout_puts_it(void)
{
	struct fixture *f = setup(BLK_ABI_X86_32, 1);
	struct request32 *r32 = (void *)(f->memory + 64);

	r32[0].operation = BLKIF_OP_FLUSH_DISKCACHE;
	r32[1].operation = BLKIF_OP_FLUSH_DISKCACHE;
	r32[1].id = 99;
	set_prod(f, 2);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 1);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 1);
	CU_ASSERT_EQUAL(f->req.id, 99);
	CU_ASSERT_EQUAL(f->req.op, BLK_FLUSH);
	free(f);
}

static void discard_reads_alike_in_both_layouts(void)
{
	struct fixture *f = setup(BLK_ABI_X86_64, 1);
	struct fixture *g = setup(BLK_ABI_X86_32, 1);
	struct blkif_request_discard *r = (void *)(f->memory + 64);
	struct discard32 *r32 = (void *)(g->memory + 64);

	r->operation = r32->operation = BLKIF_OP_DISCARD;
	r->sector_number = r32->sector_number = 900;
	r->nr_sectors = r32->nr_sectors = 100;
	set_prod(f, 1);
	set_prod(g, 1);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 1);
	CU_ASSERT_EQUAL(blk_ring_next(&g->ring, &g->req), 1);
	CU_ASSERT_EQUAL(f->req.nr_sectors, 100);
	CU_ASSERT_EQUAL(g->req.nr_sectors, 100);
	CU_ASSERT_EQUAL(blk_request_check(&f->req, &limits), 0);
	f->req.nr_sectors = 101;
	CU_ASSERT_EQUAL(blk_request_check(&f->req, &limits), -EINVAL);
	free(f);
	free(g);
}

static void indirect_request_takes_its_segments_from_the_page(void)
{
	struct fixture *f = setup(BLK_ABI_X86_64, 1);
	struct fixture *g = setup(BLK_ABI_X86_32, 1);
	struct blkif_request_indirect *r = (void *)(f->memory + 64);
	struct indirect32 *r32 = (void *)(g->memory + 64);
	static struct blkif_request_segment page[512];
	unsigned int i;

	r->operation = r32->operation = BLKIF_OP_INDIRECT;
	r->indirect_op = r32->indirect_op = BLKIF_OP_READ;
	r->nr_segments = r32->nr_segments = 100;
	r->indirect_grefs[0] = r32->grefs[0] = 4711;
	for (i = 0; i < 512; i++)
		page[i] = (struct blkif_request_segment){ .gref = i, .last_sect = 0 };
	set_prod(f, 1);
	set_prod(g, 1);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 1);
	CU_ASSERT_EQUAL(blk_ring_next(&g->ring, &g->req), 1);
	CU_ASSERT_TRUE(f->req.is_indirect);
	CU_ASSERT_EQUAL(f->req.indirect_gref, 4711);
	CU_ASSERT_EQUAL(g->req.indirect_gref, 4711);
	CU_ASSERT_EQUAL(f->req.wire_op, BLKIF_OP_READ);
	blk_request_decode_indirect(&f->req, (const uint8_t *)page);
	CU_ASSERT_EQUAL(f->req.segments[99].gref, 99);
	CU_ASSERT_EQUAL(blk_request_check(&f->req, &limits), 0);
	CU_ASSERT_EQUAL(f->req.nr_sectors, 100);
	free(f);
	free(g);
}

static void expect_invalid(void (*spoil)(struct blkif_request *r))
{
	struct fixture *f = setup(BLK_ABI_X86_64, 1);
	struct blkif_request *r = (void *)(f->memory + 64);

	r->operation = BLKIF_OP_READ;
	r->nr_segments = 1;
	r->id = 5;
	spoil(r);
	set_prod(f, 1);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), -EINVAL);
	CU_ASSERT_EQUAL(f->req.id, 5);
	free(f);
}

static void no_segments(struct blkif_request *r) { r->nr_segments = 0; }
static void too_many(struct blkif_request *r) { r->nr_segments = 12; }
static void very_many(struct blkif_request *r) { r->nr_segments = 255; }
static void flush_data(struct blkif_request *r) { r->operation = BLKIF_OP_FLUSH_DISKCACHE; }
static void indirect_none(struct blkif_request *r)
{
	r->operation = BLKIF_OP_INDIRECT;
	((struct blkif_request_indirect *)r)->indirect_op = BLKIF_OP_READ;
	((struct blkif_request_indirect *)r)->nr_segments = 0;
}
static void indirect_many(struct blkif_request *r)
{
	indirect_none(r);
	((struct blkif_request_indirect *)r)->nr_segments = BLK_MAX_SEGMENTS + 1;
}
static void indirect_in_indirect(struct blkif_request *r)
{
	indirect_none(r);
	((struct blkif_request_indirect *)r)->nr_segments = 1;
	((struct blkif_request_indirect *)r)->indirect_op = BLKIF_OP_INDIRECT;
}

static void segment_counts_out_of_range_are_refused(void)
{
	expect_invalid(no_segments);
	expect_invalid(too_many);
	expect_invalid(very_many);
	expect_invalid(flush_data);
	expect_invalid(indirect_none);
	expect_invalid(indirect_many);
	expect_invalid(indirect_in_indirect);
}

static int check_rw(enum blk_op op, uint64_t sector, uint8_t first, uint8_t last,
		    const struct blk_limits *l)
{
	struct blk_request req = { .op = op, .sector = sector, .nr_segments = 1 };

	req.segments[0].first = first;
	req.segments[0].last = last;
	return blk_request_check(&req, l);
}

static void sectors_out_of_range_are_refused(void)
{
	static const struct blk_limits ro = { .nr_sectors = 1000, .readonly = true };

	CU_ASSERT_EQUAL(check_rw(BLK_READ, 992, 0, 7, &limits), 0);
	CU_ASSERT_EQUAL(check_rw(BLK_READ, 993, 0, 7, &limits), -EINVAL);
	CU_ASSERT_EQUAL(check_rw(BLK_READ, 1000, 0, 0, &limits), -EINVAL);
	CU_ASSERT_EQUAL(check_rw(BLK_READ, UINT64_MAX, 0, 7, &limits), -EINVAL);
	CU_ASSERT_EQUAL(check_rw(BLK_READ, UINT64_MAX - 7, 0, 7, &limits), -EINVAL);
	CU_ASSERT_EQUAL(check_rw(BLK_READ, 1ull << 55, 0, 7, &limits), -EINVAL);
	CU_ASSERT_EQUAL(check_rw(BLK_READ, 0, 0, 8, &limits), -EINVAL);
	CU_ASSERT_EQUAL(check_rw(BLK_READ, 0, 4, 3, &limits), -EINVAL);
	CU_ASSERT_EQUAL(check_rw(BLK_READ, 0, 255, 255, &limits), -EINVAL);
	CU_ASSERT_EQUAL(check_rw(BLK_WRITE, 0, 0, 7, &ro), -EROFS);
	CU_ASSERT_EQUAL(check_rw(BLK_READ, 0, 0, 7, &ro), 0);
	CU_ASSERT_EQUAL(check_rw(BLK_UNKNOWN, 0, 0, 7, &limits), -EOPNOTSUPP);
}

static void discard_range_cannot_overflow(void)
{
	struct blk_request req = { .op = BLK_DISCARD, .sector = 2, .nr_sectors = UINT64_MAX };
	static const struct blk_limits none = { .nr_sectors = 1000 };

	CU_ASSERT_EQUAL(blk_request_check(&req, &limits), -EINVAL);
	req.nr_sectors = 0;
	CU_ASSERT_EQUAL(blk_request_check(&req, &limits), -EINVAL);
	req.nr_sectors = 1;
	CU_ASSERT_EQUAL(blk_request_check(&req, &none), -EOPNOTSUPP);
}

/* A guest that was not offered it may ask all the same: what it wants gone must not be said to be. */
static void secure_discard_is_not_to_be_had(void)
{
	struct fixture *f = setup(BLK_ABI_X86_64, 1);
	struct fixture *g = setup(BLK_ABI_X86_32, 1);
	struct blkif_request_discard *r = (void *)(f->memory + 64);
	struct discard32 *r32 = (void *)(g->memory + 64);

	r->operation = r32->operation = BLKIF_OP_DISCARD;
	r->flag = r32->flag = BLKIF_DISCARD_SECURE;
	r->nr_sectors = r32->nr_sectors = 8;
	set_prod(f, 1);
	set_prod(g, 1);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 1);
	CU_ASSERT_EQUAL(blk_ring_next(&g->ring, &g->req), 1);
	CU_ASSERT_EQUAL(blk_request_check(&f->req, &limits), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(blk_request_check(&g->req, &limits), -EOPNOTSUPP);
	f->req.is_secure = false;
	CU_ASSERT_EQUAL(blk_request_check(&f->req, &limits), 0);
	free(f);
	free(g);
}

static void producer_too_far_ahead_is_a_protocol_error(void)
{
	struct fixture *f = setup(BLK_ABI_X86_64, 1);
	unsigned int i;

	set_prod(f, 33);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), -EPROTO);
	set_prod(f, UINT32_MAX);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), -EPROTO);
	/* A full ring is fine, but not one more while none is answered. */
	set_prod(f, 32);
	for (i = 0; i < 32; i++)
		CU_ASSERT_NOT_EQUAL(blk_ring_next(&f->ring, &f->req), -EPROTO);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 0);
	set_prod(f, 33);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), -EPROTO);
	free(f);
}

static void indices_wrap_around(void)
{
	struct fixture *f = setup(BLK_ABI_X86_64, 1);
	struct blkif_request *r = (void *)(f->memory + 64);

	*word(f, 2) = UINT32_MAX; /* rsp_prod of a ring that was taken up */
	blk_ring_init(&f->ring, f->memory, BLK_ABI_X86_64, 1);
	r[31].operation = BLKIF_OP_FLUSH_DISKCACHE;
	r[31].id = 1;
	r[0].operation = BLKIF_OP_FLUSH_DISKCACHE;
	r[0].id = 2;
	set_prod(f, 1);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 1);
	CU_ASSERT_EQUAL(f->req.id, 1);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 1);
	CU_ASSERT_EQUAL(f->req.id, 2);
	CU_ASSERT_EQUAL(blk_ring_next(&f->ring, &f->req), 0);
	free(f);
}

static void responses_lie_where_both_layouts_want_them(void)
{
	struct fixture *f = setup(BLK_ABI_X86_64, 1);
	struct fixture *g = setup(BLK_ABI_X86_32, 1);
	struct blkif_response *r = (void *)(f->memory + 64 + 112);
	struct response32 *r32 = (void *)(g->memory + 64 + 108);

	blk_ring_respond(&f->ring, 0, 1, 0, 0);
	blk_ring_respond(&f->ring, 0, 0x8877665544332211, BLKIF_OP_DISCARD, BLKIF_RSP_EOPNOTSUPP);
	blk_ring_respond(&g->ring, 0, 1, 0, 0);
	blk_ring_respond(&g->ring, 0, 0x8877665544332211, BLKIF_OP_DISCARD, BLKIF_RSP_EOPNOTSUPP);
	CU_ASSERT_EQUAL(r->id, 0x8877665544332211);
	CU_ASSERT_EQUAL(r->operation, BLKIF_OP_DISCARD);
	CU_ASSERT_EQUAL(r->status, BLKIF_RSP_EOPNOTSUPP);
	CU_ASSERT_EQUAL(r32->id, r->id);
	CU_ASSERT_EQUAL(r32->operation, r->operation);
	CU_ASSERT_EQUAL(r32->status, r->status);
	CU_ASSERT_EQUAL(*word(f, 2), 0);
	*word(f, 3) = 1;
	CU_ASSERT_TRUE(blk_ring_push(&f->ring));
	CU_ASSERT_EQUAL(*word(f, 2), 2);
	*word(f, 3) = 100;
	blk_ring_respond(&f->ring, 0, 1, 0, 0);
	CU_ASSERT_FALSE(blk_ring_push(&f->ring));
	free(f);
	free(g);
}

static void arming_sees_a_request_that_came_meanwhile(void)
{
	struct fixture *f = setup(BLK_ABI_X86_64, 1);

	CU_ASSERT_FALSE(blk_ring_arm(&f->ring));
	CU_ASSERT_EQUAL(*word(f, 1), 1);
	set_prod(f, 1);
	CU_ASSERT_TRUE(blk_ring_arm(&f->ring));
	free(f);
}

static void random_slots_never_pass_unchecked(void)
{
	struct fixture *f = setup(BLK_ABI_X86_32, 1);
	unsigned int round, i;
	int rc;

	srand(1);
	for (round = 0; round < 20000; round++) {
		for (i = 64; i < 64 + 108; i++)
			f->memory[i] = (uint8_t)rand();
		f->memory[64] %= 8; /* most are real operations */
		f->memory[65] %= 16;
		/* Small sector numbers in both layouts, or nothing would ever get through. */
		memset(f->memory + 64 + 14, 0, 18);
		f->memory[64 + 12] = f->memory[64 + 16] = (uint8_t)rand();
		blk_ring_init(&f->ring, f->memory, round & 1 ? BLK_ABI_X86_32 : BLK_ABI_X86_64, 1);
		set_prod(f, f->ring.req_cons + 1);
		rc = blk_ring_next(&f->ring, &f->req);
		if (rc != 1 || f->req.is_indirect || blk_request_check(&f->req, &limits))
			continue;
		CU_ASSERT_TRUE(f->req.op == BLK_FLUSH ||
			       f->req.sector + f->req.nr_sectors <= limits.nr_sectors);
		for (i = 0; i < f->req.nr_segments; i++)
			CU_ASSERT_TRUE(f->req.segments[i].first <= f->req.segments[i].last &&
				       f->req.segments[i].last < 8);
	}
	free(f);
}

UNIT_MAIN("blk_ring",
	  UNIT_TEST(layouts_have_the_sizes_of_both_compilers),
	  UNIT_TEST(direct_request_reads_alike_in_both_layouts),
	  UNIT_TEST(second_slot_lies_where_each_layout_puts_it),
	  UNIT_TEST(discard_reads_alike_in_both_layouts),
	  UNIT_TEST(indirect_request_takes_its_segments_from_the_page),
	  UNIT_TEST(segment_counts_out_of_range_are_refused),
	  UNIT_TEST(sectors_out_of_range_are_refused),
	  UNIT_TEST(discard_range_cannot_overflow),
	  UNIT_TEST(secure_discard_is_not_to_be_had),
	  UNIT_TEST(producer_too_far_ahead_is_a_protocol_error),
	  UNIT_TEST(indices_wrap_around),
	  UNIT_TEST(responses_lie_where_both_layouts_want_them),
	  UNIT_TEST(arming_sees_a_request_that_came_meanwhile),
	  UNIT_TEST(random_slots_never_pass_unchecked))
