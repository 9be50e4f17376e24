/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest frames and guest page tables: the real x86 tables and walkers over pages of this process
 * (an address is a machine address, in hv as here).
 */
#include <stdlib.h>

#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/physmap.h>
#include <hv/stats.h>
#include <hv/vcpu.h>

#include "../../hv/arch/x86/svm/svm.h"

#include "unit.h"

/* ---- the rest of hv ---- */

struct cpu *cpus[NR_CPUS];
uint32_t nr_cpus;

static unsigned int nr_pages; /* given out and not yet back */
static uint64_t nr_put;
static bool frames_are_dead;

int frame_alloc_zeroed(unsigned int order, mfn_t *ret_mfn)
{
	void *page = aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);

	if (!page)
		return -ENOMEM;
	memset(page, 0, PAGE_SIZE << order);
	nr_pages++;
	*ret_mfn = ptr_to_mfn(page);
	return 0;
}

void page_free(void *page)
{
	nr_pages--;
	free(page);
}

bool frame_get_live(mfn_t mfn)
{
	(void)mfn;
	return !frames_are_dead;
}

void frame_put(mfn_t mfn)
{
	(void)mfn;
	nr_put++;
}

static uint32_t features = ARCH_FEATURE_PAGES_1G;
static unsigned int nr_large_free; /* blocks of 1 GiB */
static uint64_t nr_prepared, nr_abandoned;

uint32_t arch_features(uint32_t *ret_unused)
{
	*ret_unused = 0;
	return features;
}

int frame_large_begin(struct domain *domain, mfn_t *ret_mfn)
{
	(void)domain;
	if (!nr_large_free)
		return -ENOMEM;
	nr_large_free--;
	*ret_mfn = mfn_from(7ull << 18);
	return 0;
}

void frame_large_prepare(struct domain *domain, mfn_t mfn, uint64_t nr)
{
	(void)domain;
	CU_ASSERT_EQUAL(mfn.n, (7ull << 18) + nr_prepared);
	nr_prepared += nr;
}

void frame_large_abandon(struct domain *domain, mfn_t mfn, uint64_t nr)
{
	(void)domain;
	CU_ASSERT_EQUAL(mfn.n, (7ull << 18) + nr_prepared);
	nr_abandoned += nr;
}

bool dirty_mark(struct domain *domain, const struct physmap_seen *seen)
{
	(void)domain;
	(void)seen;
	return true;
}

void arch_send_kick(struct cpu *cpu)
{
	(void)cpu;
}

/* ---- a vCPU whose control registers the test sets ---- */

static uint64_t cr0, cr3, cr4, efer;

static uint64_t get_cr0(struct vcpu *v)
{
	(void)v;
	return cr0;
}

static uint64_t get_cr3(struct vcpu *v)
{
	(void)v;
	return cr3;
}

static uint64_t get_cr4(struct vcpu *v)
{
	(void)v;
	return cr4;
}

static uint64_t get_efer(struct vcpu *v)
{
	(void)v;
	return efer;
}

static mfn_t border; /* memory types change in front of it */

static bool may_be_leaf(mfn_t mfn, unsigned int order)
{
	return border.n <= mfn.n || border.n >= mfn.n + (1ull << order);
}

static const struct virt_ops ops = {
	.get_cr0 = get_cr0,
	.get_cr3 = get_cr3,
	.get_cr4 = get_cr4,
	.get_efer = get_efer,
	.pte_leaf = npt_leaf,
	.pte_table = npt_table,
	.pte_access = npt_access,
	.may_be_leaf = may_be_leaf,
};
const struct virt_ops *virt = &ops;

static struct stats_domain stats;
static struct domain d;
static struct vcpu v = { .domain = &d };

static void start(uint64_t max_frames)
{
	memset(&d, 0, sizeof(d));
	d.id = 1;
	d.max_frames = max_frames;
	memset(&stats, 0, sizeof(stats));
	d.stats = &stats;
	nr_pages = 0;
	nr_put = nr_prepared = nr_abandoned = 0;
	frames_are_dead = false;
	CU_ASSERT_EQUAL_FATAL(physmap_init(&d), 0);
	d.physmap.max_gfn = 1ull << 28;
}

static bool leaves_are(uint64_t small, uint64_t medium, uint64_t large)
{
	return stats.leaves[0] == small && stats.leaves[1] == medium && stats.leaves[2] == large;
}

static void end(void)
{
	while (physmap_destroy_step(&d) == -EAGAIN)
		;
	arch_physmap_free(&d);
	CU_ASSERT_EQUAL(nr_pages, 0);
	CU_ASSERT(leaves_are(0, 0, 0));
}

static uint64_t mfn_at(uint64_t gfn)
{
	struct physmap_entry e;

	return physmap_lookup(&d, gfn_from(gfn), &e) ? e.mfn.n : 0;
}

static int map(uint64_t gfn, uint64_t mfn, unsigned int order, enum physmap_type type)
{
	return physmap_map(&d, gfn_from(gfn), mfn_from(mfn), order, type, PHYSMAP_RWX);
}

/* ---- nested page tables ---- */

static void leaf_of_every_size_translates_and_splits(void)
{
	static const unsigned int orders[] = { 0, 9, 18 };
	struct physmap_entry old;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		uint64_t size = 1ull << orders[i], hole = size / 2 + size / 4;

		start(1 << 20);
		CU_ASSERT_EQUAL_FATAL(map(2ull << 18, 5ull << 18, orders[i], PHYSMAP_RAM), 0);
		CU_ASSERT_EQUAL(map(2ull << 18, 5ull << 18, 0, PHYSMAP_RAM), -EEXIST);
		CU_ASSERT_EQUAL(mfn_at((2ull << 18) + size - 1), (5ull << 18) + size - 1);
		CU_ASSERT_EQUAL(mfn_at((2ull << 18) + size), 0);
		CU_ASSERT_EQUAL(physmap_unmap(&d, gfn_from((2ull << 18) + hole), &old), 0);
		CU_ASSERT_EQUAL(old.mfn.n, (5ull << 18) + hole);
		CU_ASSERT_EQUAL(old.order, 0);
		CU_ASSERT_EQUAL(old.type, PHYSMAP_RAM);
		CU_ASSERT_EQUAL(mfn_at((2ull << 18) + hole), 0);
		if (size > 1) {
			CU_ASSERT_EQUAL(mfn_at((2ull << 18) + hole + 1), (5ull << 18) + hole + 1);
			CU_ASSERT_EQUAL(mfn_at(2ull << 18), 5ull << 18);
		}
		end();
		CU_ASSERT_EQUAL(nr_put, size - 1);
	}
}

/* Only the leaf that the border cuts becomes a table, at each level down to it. */
static void leaf_of_two_memory_types_becomes_a_table(void)
{
	struct physmap_entry e;
	uint64_t tables;

	start(1 << 20);
	border = mfn_from((5ull << 18) + 700);
	CU_ASSERT_EQUAL_FATAL(map(2ull << 18, 5ull << 18, 18, PHYSMAP_DEVICE), 0);
	CU_ASSERT(physmap_lookup(&d, gfn_from((2ull << 18) + 3), &e) && e.order == 9);
	CU_ASSERT(physmap_lookup(&d, gfn_from((2ull << 18) + 700), &e) && e.order == 0);
	CU_ASSERT_EQUAL(e.mfn.n, (5ull << 18) + 700);
	CU_ASSERT_EQUAL(mfn_at((3ull << 18) - 1), (6ull << 18) - 1);
	CU_ASSERT_EQUAL(map(3ull << 18, 6ull << 18, 18, PHYSMAP_DEVICE), 0);
	CU_ASSERT(physmap_lookup(&d, gfn_from(3ull << 18), &e) && e.order == 18);
	end();

	/* Too few tables for it: nothing is there, and none is lost. */
	start(1 << 20);
	CU_ASSERT_EQUAL(map(0, 1, 0, PHYSMAP_RAM), 0);
	tables = d.physmap.nr_tables;
	d.physmap.max_tables = tables + 1;
	CU_ASSERT_EQUAL(map(2ull << 18, 5ull << 18, 18, PHYSMAP_DEVICE), -ENOMEM);
	CU_ASSERT_EQUAL(mfn_at(2ull << 18), 0);
	CU_ASSERT_EQUAL(d.physmap.nr_tables, tables);
	end();
	border = mfn_from(0);
}

static void places_beyond_the_end_and_between_are_refused(void)
{
	start(512);
	CU_ASSERT_EQUAL(map(1ull << 28, 1, 0, PHYSMAP_RAM), -EINVAL);
	CU_ASSERT_EQUAL(map(~0ull, 1, 0, PHYSMAP_RAM), -EINVAL);
	CU_ASSERT_EQUAL(map(1, 512, 9, PHYSMAP_RAM), -EINVAL);
	CU_ASSERT_EQUAL(map(512, 1, 9, PHYSMAP_RAM), -EINVAL);
	CU_ASSERT_EQUAL(map((1ull << 28) - 1, 1, 0, PHYSMAP_RAM), 0);
	CU_ASSERT_EQUAL(mfn_at(1ull << 28), 0);
	end();
}

static void scattered_mappings_end_at_the_quota_of_tables(void)
{
	struct physmap_entry old;
	uint64_t i, limit;
	int err = 0;

	start(512);
	limit = d.physmap.max_tables;
	CU_ASSERT(limit < 1000);
	/* As a guest that moves its shared info page about. */
	for (i = 0; i < 100000 && !err; i++) {
		err = map(i * 512, 7, 0, PHYSMAP_SHARED);
		if (!err)
			CU_ASSERT_EQUAL(physmap_unmap(&d, gfn_from(i * 512), &old), 0);
	}
	CU_ASSERT_EQUAL(err, -ENOMEM);
	CU_ASSERT_EQUAL(d.physmap.nr_tables, limit);
	CU_ASSERT_EQUAL(nr_pages, limit);
	/* Where tables are, it goes on. */
	CU_ASSERT_EQUAL(map(17, 7, 0, PHYSMAP_SHARED), 0);
	end();
}

static void teardown_of_a_huge_leaf_takes_small_steps(void)
{
	uint64_t before, steps = 0;
	int err;

	start(1 << 20);
	CU_ASSERT_EQUAL_FATAL(map(0, 1 << 18, 18, PHYSMAP_RAM), 0);
	CU_ASSERT_EQUAL_FATAL(map(1 << 18, 99, 0, PHYSMAP_SHARED), 0);
	CU_ASSERT_EQUAL_FATAL(map(1 << 20, 77, 0, PHYSMAP_FOREIGN), 0);
	do {
		before = nr_put;
		err = physmap_destroy_step(&d);
		CU_ASSERT(nr_put - before <= 512);
		steps++;
	} while (err == -EAGAIN);
	CU_ASSERT_EQUAL(err, 0);
	CU_ASSERT(steps > 500 && steps < 1000);
	CU_ASSERT_EQUAL(nr_put, (1 << 18) + 1);
	end();
}

#define GIB_OF(n) gfn_from((uint64_t)(n) << 18)

static void gib_is_made_in_small_steps_and_mapped_as_one_leaf(void)
{
	struct physmap_entry e;
	unsigned int steps = 0;
	int err;

	start(1 << 20);
	nr_large_free = 1;
	while ((err = physmap_populate_large(&d, GIB_OF(2))) == -EAGAIN && steps < 1000) {
		CU_ASSERT_EQUAL(nr_prepared, 512ull * ++steps);
		CU_ASSERT_FALSE(physmap_lookup(&d, GIB_OF(2), &e));
	}
	CU_ASSERT_EQUAL(err, 0);
	CU_ASSERT_EQUAL(steps, 512);
	CU_ASSERT(physmap_lookup(&d, gfn_from((3ull << 18) - 1), &e) && e.order == 18);
	CU_ASSERT_EQUAL(e.mfn.n, (8ull << 18) - 1);
	CU_ASSERT_EQUAL(e.type, PHYSMAP_RAM);
	CU_ASSERT_EQUAL(physmap_populate_large(&d, GIB_OF(2)), -EEXIST);
	CU_ASSERT_EQUAL(physmap_populate_large(&d, GIB_OF(3)), -ENOMEM);
	end();
	CU_ASSERT_EQUAL(nr_put, 1ull << 18);
	CU_ASSERT_EQUAL(nr_abandoned, 0);
}

/* Whoever began it may be gone: another place takes what there is, and the teardown the rest. */
static void gib_that_is_not_finished_is_not_lost(void)
{
	unsigned int i;

	start(1 << 20);
	nr_large_free = 1;
	for (i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(physmap_populate_large(&d, GIB_OF(2 + i % 2)), -EAGAIN);
	d.physmap.large_busy = true; /* another CPU is at a piece */
	CU_ASSERT_EQUAL(physmap_populate_large(&d, GIB_OF(2)), -EAGAIN);
	CU_ASSERT_EQUAL(nr_prepared, 10 * 512);
	d.state = DOMAIN_DYING;
	CU_ASSERT_EQUAL(physmap_populate_large(&d, GIB_OF(2)), -ESRCH);
	CU_ASSERT_EQUAL(physmap_destroy_step(&d), -EAGAIN);
	CU_ASSERT_EQUAL(nr_put + nr_abandoned, 0);
	d.physmap.large_busy = false;
	end();
	CU_ASSERT_EQUAL(nr_put, 10 * 512);
	CU_ASSERT_EQUAL(nr_abandoned, (1ull << 18) - 10 * 512);
}

/* Without table for it, it waits for a better place. */
static void gib_that_cannot_be_mapped_stays_the_domains(void)
{
	int err;

	start(1 << 20);
	nr_large_free = 1;
	CU_ASSERT_EQUAL_FATAL(map(0, 1, 0, PHYSMAP_RAM), 0);
	d.physmap.max_tables = d.physmap.nr_tables;
	while ((err = physmap_populate_large(&d, GIB_OF(512))) == -EAGAIN)
		;
	CU_ASSERT_EQUAL(err, -ENOMEM);
	CU_ASSERT_EQUAL(nr_prepared, 1ull << 18);
	CU_ASSERT_EQUAL(physmap_populate_large(&d, GIB_OF(1)), 0);
	CU_ASSERT(leaves_are(1, 0, 1));
	end();
	CU_ASSERT_EQUAL(nr_put, (1ull << 18) + 1);
}

static void gib_has_its_place_and_its_hosts(void)
{
	start(1 << 20);
	nr_large_free = 1;
	CU_ASSERT_EQUAL(physmap_populate_large(&d, gfn_from(512)), -EINVAL);
	CU_ASSERT_EQUAL(physmap_populate_large(&d, gfn_from(1ull << 28)), -EINVAL);
	CU_ASSERT_EQUAL(physmap_populate_large(&d, gfn_from(~0ull << 18)), -EINVAL);
	features = 0;
	CU_ASSERT_EQUAL(physmap_populate_large(&d, GIB_OF(2)), -EINVAL);
	features = ARCH_FEATURE_PAGES_1G;
	CU_ASSERT_EQUAL(nr_large_free, 1);
	end();
}

static void leaves_are_counted_by_size(void)
{
	struct physmap_entry old;

	start(1 << 20);
	CU_ASSERT_EQUAL_FATAL(map(2ull << 18, 5ull << 18, 18, PHYSMAP_RAM), 0);
	CU_ASSERT(leaves_are(0, 0, 1));
	CU_ASSERT_EQUAL_FATAL(physmap_unmap(&d, gfn_from((2ull << 18) + 700), &old), 0);
	CU_ASSERT(leaves_are(511, 511, 0));
	CU_ASSERT_EQUAL_FATAL(map((2ull << 18) + 700, 5, 0, PHYSMAP_RAM), 0);
	CU_ASSERT(leaves_are(512, 511, 0));
	CU_ASSERT_EQUAL(map(2ull << 18, 5, 0, PHYSMAP_RAM), -EEXIST);
	CU_ASSERT(leaves_are(512, 511, 0));
	d.stats = NULL; /* a domain without a record */
	CU_ASSERT_EQUAL(map(0, 5, 0, PHYSMAP_RAM), 0);
	CU_ASSERT_EQUAL(physmap_unmap(&d, gfn_from(0), &old), 0);
	d.stats = &stats;
	end();
}

static void lookup_of_a_frame_that_cannot_be_held_ends(void)
{
	mfn_t mfn;

	start(512);
	CU_ASSERT_EQUAL_FATAL(map(3, 4, 0, PHYSMAP_RAM), 0);
	CU_ASSERT_EQUAL(physmap_get_frame(&d, gfn_from(3), PHYSMAP_READ, &mfn), 0);
	frames_are_dead = true;
	CU_ASSERT_EQUAL(physmap_get_frame(&d, gfn_from(3), PHYSMAP_READ, &mfn), -EINVAL);
	end();
}

static void device_gives_way_to_the_control_domains_pages(void)
{
	start(512);
	d.is_control = true;
	CU_ASSERT_EQUAL_FATAL(map(512, 512, 9, PHYSMAP_DEVICE), 0);
	CU_ASSERT_EQUAL(map(600, 7, 0, PHYSMAP_GRANT), 0);
	CU_ASSERT_EQUAL(mfn_at(600), 7);
	CU_ASSERT_EQUAL(mfn_at(601), 601);
	CU_ASSERT_EQUAL(map(600, 8, 0, PHYSMAP_GRANT), -EEXIST);
	d.is_control = false;
	CU_ASSERT_EQUAL(map(601, 8, 0, PHYSMAP_GRANT), -EEXIST);
	end();
}

/* ---- guest page tables: guest frames 0 .. 7 are pages of the test ---- */

#define NR_GUEST_PAGES 8u

static uint64_t guest[NR_GUEST_PAGES][512] __aligned(4096);

static void start_guest(void)
{
	unsigned int i;

	start(512);
	memset(guest, 0, sizeof(guest));
	for (i = 0; i < NR_GUEST_PAGES; i++)
		CU_ASSERT_EQUAL_FATAL(map(i, ptr_to_mfn(guest[i]).n, 0, PHYSMAP_RAM), 0);
	cr0 = CR0_PE | CR0_PG | CR0_WP;
	cr3 = 0x1000;
	cr4 = CR4_PAE;
	efer = EFER_LME | EFER_LMA;
}

#define RW (PTE_P | PTE_W)

/* Four levels in guest frames 1 .. 4; the page at 0x4000200000 is gpa 0x5000. */
#define LINEAR 0x4000200000ull
static void make_long_tables(void)
{
	guest[1][0] = 0x2000 | RW;
	guest[2][256] = 0x3000 | RW;
	guest[3][1] = 0x4000 | RW;
	guest[4][0] = 0x5000 | RW;
}

static uint64_t walk(uint64_t linear, bool write)
{
	uint64_t gpa;

	return arch_guest_walk(&v, linear, write, &gpa) ? ~0ull : gpa;
}

static void four_levels_translate_and_mark_their_entries(void)
{
	start_guest();
	make_long_tables();
	CU_ASSERT_EQUAL(walk(LINEAR + 0x123, false), 0x5123);
	CU_ASSERT_EQUAL(guest[4][0], 0x5000 | RW | PTE_A);
	CU_ASSERT_EQUAL(walk(LINEAR, true), 0x5000);
	CU_ASSERT_EQUAL(guest[4][0], 0x5000 | RW | PTE_A | PTE_D);
	CU_ASSERT_EQUAL(walk(LINEAR + 0x1000, false), ~0ull);
	CU_ASSERT_EQUAL(walk(0x0000800000000000ull, false), ~0ull);
	CU_ASSERT_EQUAL(walk(LINEAR | 1ull << 63, false), ~0ull);
	guest[4][0] &= ~PTE_W;
	CU_ASSERT_EQUAL(walk(LINEAR, true), ~0ull);
	CU_ASSERT_EQUAL(walk(LINEAR, false), 0x5000);
	end();
}

static void large_pages_and_five_levels(void)
{
	start_guest();
	make_long_tables();
	guest[3][1] = 0x40000000 | RW | PTE_PS;
	CU_ASSERT_EQUAL(walk(LINEAR + 0x12345, false), 0x40012345);
	guest[2][256] = 0x80000000 | RW | PTE_PS;
	CU_ASSERT_EQUAL(walk(LINEAR, false), 0x80200000);
	/* Above those two levels the bit is reserved: no leaf. */
	guest[1][0] |= PTE_PS;
	CU_ASSERT_EQUAL(walk(LINEAR, false), 0x80200000);
	cr4 |= CR4_LA57;
	guest[6][1] = 0x1000 | RW;
	cr3 = 0x6000;
	CU_ASSERT_EQUAL(walk(LINEAR + (1ull << 48), false), 0x80200000);
	end();
}

static void older_modes(void)
{
	uint32_t *table = (uint32_t *)guest[1], *last = (uint32_t *)guest[2];

	start_guest();
	efer = 0;
	cr4 = 0;
	table[1] = 0x2000 | (uint32_t)RW;
	table[2] = 0x00800000 | (uint32_t)(RW | PTE_PS);
	last[3] = 0x5000 | (uint32_t)RW;
	CU_ASSERT_EQUAL(walk(0x403456, true), 0x5456);
	CU_ASSERT_EQUAL(walk(0xabc00403456ull, true), 0x5456); /* 32 bits count */
	CU_ASSERT_EQUAL(walk(0x812345, false), 0x812345);
	cr4 = CR4_PAE;
	memset(guest, 0, sizeof(guest));
	guest[1][4] = 0x2000 | PTE_P; /* four entries at 0x1020 */
	guest[2][1] = 0x3000 | RW;
	guest[3][0] = 0x6000 | RW;
	cr3 = 0x1020;
	CU_ASSERT_EQUAL(walk(0x200777, true), 0x6777);
	cr0 = CR0_PE;
	CU_ASSERT_EQUAL(walk(0x100200777, true), 0x200777);
	end();
}

static void tables_that_lead_anywhere_harm_nobody(void)
{
	unsigned int i, j;

	start_guest();
	for (i = 1; i < NR_GUEST_PAGES; i++)
		for (j = 0; j < 512; j++)
			guest[i][j] = ((uint64_t)random() << 21 ^ (uint64_t)random()) | PTE_P;
	for (i = 0; i < 10000; i++) {
		cr3 = (uint64_t)random() << 12 & 0xf000;
		cr4 = random() & 1 ? CR4_PAE : CR4_PAE | CR4_LA57;
		(void)walk((uint64_t)random() << 17, random() & 1);
	}
	CU_ASSERT_EQUAL(guest[0][0], 0);
	end();
}

/* What another domain has lent read-only stays as it is, also under hv's hands. */
static void walk_does_not_write_to_a_page_lent_read_only(void)
{
	static uint64_t foreign[512] __aligned(4096);
	struct physmap_entry old;

	start_guest();
	make_long_tables();
	foreign[0] = 0x5000 | RW;
	CU_ASSERT_EQUAL_FATAL(physmap_unmap(&d, gfn_from(4), &old), 0);
	CU_ASSERT_EQUAL_FATAL(
		physmap_map(&d, gfn_from(4), ptr_to_mfn(foreign), 0, PHYSMAP_GRANT, PHYSMAP_READ),
		0);
	CU_ASSERT_EQUAL(walk(LINEAR, false), ~0ull);
	CU_ASSERT_EQUAL(foreign[0], 0x5000 | RW);
	end();
}

UNIT_MAIN("physmap", UNIT_TEST(leaf_of_every_size_translates_and_splits),
	  UNIT_TEST(leaf_of_two_memory_types_becomes_a_table),
	  UNIT_TEST(places_beyond_the_end_and_between_are_refused),
	  UNIT_TEST(scattered_mappings_end_at_the_quota_of_tables),
	  UNIT_TEST(teardown_of_a_huge_leaf_takes_small_steps),
	  UNIT_TEST(gib_is_made_in_small_steps_and_mapped_as_one_leaf),
	  UNIT_TEST(gib_that_is_not_finished_is_not_lost),
	  UNIT_TEST(gib_that_cannot_be_mapped_stays_the_domains),
	  UNIT_TEST(gib_has_its_place_and_its_hosts), UNIT_TEST(leaves_are_counted_by_size),
	  UNIT_TEST(lookup_of_a_frame_that_cannot_be_held_ends),
	  UNIT_TEST(device_gives_way_to_the_control_domains_pages),
	  UNIT_TEST(four_levels_translate_and_mark_their_entries),
	  UNIT_TEST(large_pages_and_five_levels), UNIT_TEST(older_modes),
	  UNIT_TEST(tables_that_lead_anywhere_harm_nobody),
	  UNIT_TEST(walk_does_not_write_to_a_page_lent_read_only))
