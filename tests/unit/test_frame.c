/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ownership of frames, and slabs on top of them, on a pretended machine with real memory. */
#include <hv/boot.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/slab.h>
#include <hv/timer.h>

#include <arch/fake.h>

#include "unit.h"

#define RAM (64ul << 20)

static struct domain d = { .id = 5 }, other = { .id = 6 };

/* domain.c's part, as far as frames need it. */
struct domain *domain_get(domid_t id)
{
	return id == 5 ? &d : id == 6 ? &other : NULL;
}

void domain_put(struct domain *domain)
{
	(void)domain;
}

bool domain_charge_frames(struct domain *domain, uint64_t nr)
{
	if (domain->nr_frames + nr > domain->max_frames)
		return false;
	domain->nr_frames += nr;
	return true;
}

void domain_uncharge_frames(struct domain *domain, uint64_t nr)
{
	domain->nr_frames -= nr;
}

static void start(void)
{
	fake_machine(RAM, 1);
	d.nr_frames = other.nr_frames = 0;
	d.max_frames = other.max_frames = 10000;
	frame_init();
}

static uint64_t free_frames(void)
{
	struct frame_stats stats;

	frame_get_stats(&stats);
	return stats.free;
}

static void firmware_and_modules_are_never_handed_out(void)
{
	struct frame_stats stats;
	mfn_t mfn;

	fake_machine(RAM, 1);
	boot_info.regions[0].size = RAM / 2 + 100;
	boot_info.regions[1] =
		(struct boot_region){ FAKE_RAM + RAM / 2 + 100, RAM / 2 - 100, REGION_RESERVED };
	boot_info.nr_regions = 2;
	boot_info.modules[0].start = FAKE_RAM + 0x10010;
	boot_info.modules[0].size = 0x3000;
	boot_info.nr_modules = 1;
	frame_init();
	CU_ASSERT_EQUAL(frame_type(paddr_to_mfn(FAKE_RAM + 0x10000)), FRAME_HV);
	CU_ASSERT_EQUAL(frame_type(paddr_to_mfn(FAKE_RAM + 0x13000)), FRAME_HV);
	CU_ASSERT_EQUAL(frame_type(paddr_to_mfn(FAKE_RAM + 0x14000)), FRAME_FREE);
	CU_ASSERT_EQUAL(frame_type(paddr_to_mfn(FAKE_RAM + RAM / 2)), FRAME_NONE);
	CU_ASSERT_EQUAL(frame_type(paddr_to_mfn(FAKE_RAM - PAGE_SIZE)), FRAME_NONE);
	CU_ASSERT_EQUAL(frame_type(mfn_from(0)), FRAME_NONE);
	CU_ASSERT_EQUAL(frame_type(mfn_from(UINT64_MAX)), FRAME_NONE);
	while (!frame_alloc(0, &mfn)) {
		CU_ASSERT(mfn_to_paddr(mfn) < FAKE_RAM + 0x10000 ||
			  mfn_to_paddr(mfn) >= FAKE_RAM + 0x14000);
		CU_ASSERT(mfn_to_paddr(mfn) < FAKE_RAM + RAM / 2);
	}
	frame_get_stats(&stats);
	CU_ASSERT_EQUAL(stats.hv, stats.total);
	boot_release_modules();
	CU_ASSERT_EQUAL(free_frames(), 4);
	frame_get_stats(&stats);
	CU_ASSERT_EQUAL(stats.hv + 4, stats.total);
}

static void modules_move_up_with_their_content(void)
{
	struct boot_module *m = &boot_info.modules[0];
	paddr_t before = FAKE_RAM + 0x100100;

	fake_machine(RAM, 1);
	m->start = before;
	m->size = 0x2345;
	boot_info.nr_modules = 1;
	memcpy((void *)before, "begin", 5);
	memcpy((void *)(before + m->size - 3), "end", 3);
	frame_init();
	boot_move_modules(FAKE_RAM + RAM / 2);
	CU_ASSERT(m->start >= FAKE_RAM + RAM / 2);
	CU_ASSERT(!memcmp((void *)m->start, "begin", 5));
	CU_ASSERT(!memcmp((void *)(m->start + m->size - 3), "end", 3));
	CU_ASSERT_EQUAL(frame_type(paddr_to_mfn(before)), FRAME_FREE);
}

static void domain_gets_cleared_frames_within_its_quota(void)
{
	uint64_t before;
	mfn_t mfn;

	start();
	before = free_frames();
	CU_ASSERT_EQUAL_FATAL(frame_alloc(0, &mfn), 0);
	memset(mfn_to_ptr(mfn), 0x55, PAGE_SIZE);
	frame_free(mfn, 0);
	CU_ASSERT_EQUAL_FATAL(frame_alloc_domain(&d, 0, &mfn), 0);
	CU_ASSERT_EQUAL(*(uint64_t *)mfn_to_ptr(mfn), 0);
	CU_ASSERT_EQUAL(d.nr_frames, 1);
	d.max_frames = 512;
	CU_ASSERT_EQUAL(frame_alloc_domain(&d, 9, &mfn), -E2BIG);
	CU_ASSERT_EQUAL(d.nr_frames, 1);
	CU_ASSERT_EQUAL(free_frames(), before - 1);
}

static void last_reference_frees_the_frame_and_the_charge(void)
{
	uint64_t before;
	mfn_t mfn;

	start();
	before = free_frames();
	CU_ASSERT_EQUAL_FATAL(frame_alloc_domain(&d, 9, &mfn), 0);
	CU_ASSERT(frame_get(mfn, &d));
	CU_ASSERT_EQUAL(frame_of(mfn)->refs, 2);
	CU_ASSERT(!frame_get(mfn, &other));
	CU_ASSERT(frame_get_live(mfn));
	frame_put(mfn);
	frame_put(mfn);
	CU_ASSERT_EQUAL(d.nr_frames, 512);
	frame_put(mfn);
	CU_ASSERT_EQUAL(d.nr_frames, 511);
	CU_ASSERT_EQUAL(frame_type(mfn), FRAME_FREE);
	CU_ASSERT(!frame_get(mfn, &d));
	CU_ASSERT(!frame_get_live(mfn));
	CU_ASSERT_EQUAL(free_frames(), before - 511);
}

/* Who looked the frame up a moment ago finds it gone, whatever it has become since. */
static void what_was_a_guests_frame_gives_no_reference_to_late_comers(void)
{
	static struct slab s = SLAB_INIT("some", struct timer);
	void *objects[3];
	size_t i;

	start();
	for (i = 0; i < 3; i++) {
		objects[i] = slab_alloc(&s);
		CU_ASSERT_PTR_NOT_NULL_FATAL(objects[i]);
		CU_ASSERT_EQUAL(frame_of(ptr_to_mfn(objects[i]))->refs, 0);
	}
	for (i = 0; i < 3; i++)
		slab_free(&s, objects[i]);
}

static void references_have_an_end(void)
{
	mfn_t mfn;

	start();
	CU_ASSERT_EQUAL_FATAL(frame_alloc_domain(&d, 0, &mfn), 0);
	frame_of(mfn)->refs = 0x7fffffff;
	CU_ASSERT(!frame_get(mfn, &d));
	CU_ASSERT(!frame_get_live(mfn));
}

static void hv_frames_have_no_owner(void)
{
	mfn_t mfn;

	start();
	CU_ASSERT_EQUAL_FATAL(frame_alloc(0, &mfn), 0);
	CU_ASSERT(!frame_get(mfn, &d));
	CU_ASSERT(!frame_get_live(mfn));
}

static void claim_gives_frames_at_fixed_places(void)
{
	mfn_t mfn = paddr_to_mfn(FAKE_RAM + 0x200000);

	start();
	CU_ASSERT_EQUAL(frame_claim_domain(&d, mfn, 1000), 0);
	CU_ASSERT_EQUAL(d.nr_frames, 1000);
	CU_ASSERT(frame_get(mfn_add(mfn, 999), &d));
	CU_ASSERT_EQUAL(frame_claim_domain(&other, mfn_add(mfn, 999), 2), -EBUSY);
	CU_ASSERT_EQUAL(other.nr_frames, 0);
	CU_ASSERT_EQUAL(frame_type(mfn_add(mfn, 1000)), FRAME_FREE);
}

/* ---- slabs ---- */

struct thing {
	char bytes[600];
};

static void slab_returns_every_page(void)
{
	static struct slab s = SLAB_INIT("thing", struct thing);
	static struct thing *things[1000];
	uint64_t before;
	unsigned int i;

	start();
	before = free_frames();
	for (i = 0; i < 1000; i++) {
		things[i] = slab_alloc(&s);
		CU_ASSERT_PTR_NOT_NULL_FATAL(things[i]);
		CU_ASSERT(!things[i]->bytes[0] && !things[i]->bytes[599]);
		memset(things[i], 0xaa, sizeof(struct thing));
	}
	CU_ASSERT_EQUAL(s.nr_used, 1000);
	for (i = 0; i < 1000; i++)
		slab_free(&s, things[(i * 7) % 1000]);
	CU_ASSERT_EQUAL(s.nr_used, 0);
	CU_ASSERT_EQUAL(s.nr_free, 0);
	CU_ASSERT_EQUAL(free_frames(), before);
}

static void slab_uses_freed_places_again(void)
{
	static struct slab s = SLAB_INIT("thing", struct thing);
	struct thing *a, *b, *c;

	start();
	a = slab_alloc(&s);
	b = slab_alloc(&s);
	slab_free(&s, a);
	c = slab_alloc(&s);
	CU_ASSERT_PTR_EQUAL(a, c);
	slab_free(&s, b);
	slab_free(&s, c);
}

static void bytes_by_size_come_cleared_and_go_without_trace(void)
{
	static const size_t sizes[] = { 1, 16, 33, 2048, 2049, 4096, 4097, 100000 };
	void *p[ARRAY_SIZE(sizes)];
	uint64_t before;
	size_t i;

	start();
	before = free_frames();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p[i] = hv_alloc(sizes[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(p[i]);
		CU_ASSERT_EQUAL(((char *)p[i])[sizes[i] - 1], 0);
		memset(p[i], 0xff, sizes[i]);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		hv_free(p[i], sizes[i]);
	CU_ASSERT_EQUAL(free_frames(), before);
	hv_free(NULL, 10);
}

static void no_memory_is_null(void)
{
	mfn_t mfn;

	start();
	while (!frame_alloc(0, &mfn))
		;
	CU_ASSERT_PTR_NULL(hv_alloc(10));
	CU_ASSERT_PTR_NULL(hv_alloc(10000));
	CU_ASSERT_PTR_NULL(page_alloc_zeroed());
	CU_ASSERT_EQUAL(frame_alloc_domain(&d, 0, &mfn), -ENOMEM);
	CU_ASSERT_EQUAL(d.nr_frames, 0);
}

UNIT_MAIN("frame", UNIT_TEST(firmware_and_modules_are_never_handed_out),
	  UNIT_TEST(modules_move_up_with_their_content),
	  UNIT_TEST(domain_gets_cleared_frames_within_its_quota),
	  UNIT_TEST(last_reference_frees_the_frame_and_the_charge),
	  UNIT_TEST(what_was_a_guests_frame_gives_no_reference_to_late_comers),
	  UNIT_TEST(references_have_an_end), UNIT_TEST(hv_frames_have_no_owner),
	  UNIT_TEST(claim_gives_frames_at_fixed_places), UNIT_TEST(slab_returns_every_page),
	  UNIT_TEST(slab_uses_freed_places_again),
	  UNIT_TEST(bytes_by_size_come_cleared_and_go_without_trace), UNIT_TEST(no_memory_is_null))
