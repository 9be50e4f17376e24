/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting the pages that a guest writes: the real tables and phases. The test plays the guest's
 * CPU, which sets dirty bits, and the host's, which come by their loops.
 */
#include <stdlib.h>

#include <arch/pagetable.h>
#include <arch/virt.h>
#include <hv/arch.h>
#include <hv/cpu.h>
#include <hv/dirty.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/physmap.h>
#include <hv/vcpu.h>

#include "../../hv/arch/x86/svm/svm.h"

#include "unit.h"

/* ---- the rest of hv ---- */

struct cpu *cpus[NR_CPUS];
uint32_t nr_cpus = 2;

static struct cpu two_cpus[2];
static unsigned int nr_pages; /* given out and not yet back */
static unsigned int frames_left;
static unsigned int nr_holds;
static bool cpus_loop; /* at once, when they are asked to */
static bool logs, sets_dirty;

int frame_alloc_zeroed(unsigned int order, mfn_t *ret_mfn)
{
	void *page = frames_left ? aligned_alloc(PAGE_SIZE, PAGE_SIZE << order) : NULL;

	if (!page)
		return -ENOMEM;
	memset(page, 0, PAGE_SIZE << order);
	frames_left--;
	nr_pages++;
	*ret_mfn = ptr_to_mfn(page);
	return 0;
}

void page_free(void *page)
{
	nr_pages--;
	free(page);
}

/* No extent of 1 GiB is made here. */
int frame_large_begin(struct domain *domain, mfn_t *ret_mfn)
{
	(void)domain;
	(void)ret_mfn;
	return -ENOMEM;
}

void frame_large_prepare(struct domain *domain, mfn_t mfn, uint64_t nr)
{
	(void)domain;
	(void)mfn;
	(void)nr;
}

void frame_large_abandon(struct domain *domain, mfn_t mfn, uint64_t nr)
{
	(void)domain;
	(void)mfn;
	(void)nr;
}

bool frame_get_live(mfn_t mfn)
{
	(void)mfn;
	return true;
}

void frame_put(mfn_t mfn)
{
	(void)mfn;
}

void arch_send_kick(struct cpu *cpu)
{
	(void)cpu;
}

uint32_t arch_features(uint32_t *ret_unused)
{
	*ret_unused = 0;
	return ARCH_FEATURE_PAGES_1G;
}

void vcpu_pause(struct vcpu *v)
{
	(void)v;
	nr_holds++;
}

void vcpu_unpause(struct vcpu *v)
{
	(void)v;
	nr_holds--;
}

void cpu_kick(struct cpu *cpu, uint32_t work)
{
	if (!cpus_loop)
		cpu->work |= work;
}

static uint64_t pte_dirty(bool *ret_logs)
{
	*ret_logs = logs;
	return sets_dirty ? PTE_D : 0;
}

static const struct virt_ops ops = {
	.pte_leaf = npt_leaf,
	.pte_table = npt_table,
	.pte_access = npt_access,
	.may_be_leaf = npt_may_be_leaf,
	.pte_dirty = pte_dirty,
};
const struct virt_ops *virt = &ops;

static struct vcpu v, *vcpus[1] = { &v };
static struct domain d;

static void start(void)
{
	memset(&d, 0, sizeof(d));
	d.id = 1;
	d.max_frames = 1 << 20;
	d.vcpus = vcpus;
	d.nr_vcpus = 1;
	cpus[0] = &two_cpus[0];
	cpus[1] = &two_cpus[1];
	two_cpus[0].work = two_cpus[1].work = 0;
	nr_pages = 0;
	frames_left = 100000;
	nr_holds = 0;
	cpus_loop = true;
	logs = false;
	sets_dirty = true;
	CU_ASSERT_EQUAL_FATAL(physmap_init(&d), 0);
	d.physmap.max_gfn = 1ull << 28;
}

static void end(void)
{
	while (physmap_destroy_step(&d) == -EAGAIN)
		;
	dirty_fini(&d);
	arch_physmap_free(&d);
	CU_ASSERT_EQUAL(nr_pages, 0);
	CU_ASSERT_EQUAL(nr_holds, 0);
}

static void map(uint64_t gfn, uint64_t mfn, unsigned int order, enum physmap_type type,
		unsigned int access)
{
	CU_ASSERT_EQUAL_FATAL(physmap_map(&d, gfn_from(gfn), mfn_from(mfn), order, type, access), 0);
}

static void ram(uint64_t gfn, uint64_t mfn, unsigned int order)
{
	map(gfn, mfn, order, PHYSMAP_RAM, PHYSMAP_RWX);
}

static struct physmap_seen seen_at(uint64_t gfn)
{
	struct physmap_seen seen = { 0 };
	struct physmap_entry e;

	CU_ASSERT_FATAL(arch_physmap_see(&d, gfn_from(gfn), &e, &seen));
	return seen;
}

static unsigned int order_at(uint64_t gfn)
{
	struct physmap_entry e = { .order = 99 };

	CU_ASSERT(physmap_lookup(&d, gfn_from(gfn), &e));
	return e.order;
}

static bool is_dirty(uint64_t gfn)
{
	return seen_at(gfn).value & PTE_D;
}

/* What the CPU does when the guest writes. */
static void guest_writes(uint64_t gfn)
{
	uint64_t *pte = (uint64_t *)(uintptr_t)seen_at(gfn).place;

	if (logs && !(*pte & PTE_D))
		dirty_add(&d, 1);
	*pte |= PTE_D;
}

/* Calls again as often as it is told to; then what came of it. */
static unsigned int nr_calls;

static int begin(void)
{
	int err;

	nr_calls = 0;
	do {
		err = dirty_start(&d);
		nr_calls++;
	} while (err == -EAGAIN);
	return err;
}

static uint64_t count(void)
{
	uint64_t pages = ~0ull;
	int err;

	do
		err = dirty_count(&d, &pages);
	while (err == -EAGAIN);
	CU_ASSERT_EQUAL(err, 0);
	return pages;
}

static void stop(void)
{
	int err;

	do
		err = dirty_stop(&d);
	while (err == -EAGAIN);
	CU_ASSERT_EQUAL(err, 0);
	CU_ASSERT(!dirty_is_on(&d));
}

/* ---- tests ---- */

static void each_page_counts_once(void)
{
	start();
	ram(0x200, 0x10200, 9);
	ram(0x1000, 0x5001, 0);
	CU_ASSERT(is_dirty(0x200) && is_dirty(0x1000));
	CU_ASSERT_EQUAL(begin(), 0);
	CU_ASSERT_EQUAL(count(), 0);
	CU_ASSERT_EQUAL(order_at(0x234), 0);
	guest_writes(0x200);
	guest_writes(0x3ff);
	guest_writes(0x3ff);
	guest_writes(0x1000);
	CU_ASSERT_EQUAL(count(), 3);
	guest_writes(0x300);
	CU_ASSERT_EQUAL(count(), 4);
	stop();
	end();
}

static void a_log_counts_by_itself(void)
{
	start();
	ram(0x200, 0x10200, 9);
	logs = true;
	CU_ASSERT_EQUAL(begin(), 0);
	guest_writes(0x200);
	guest_writes(0x200);
	guest_writes(0x300);
	CU_ASSERT_EQUAL(count(), 2);
	stop();
	guest_writes(0x200);
	CU_ASSERT_EQUAL(begin(), 0);
	CU_ASSERT_EQUAL(count(), 0); /* from this start on */
	stop();
	end();
}

static void hv_itself_counts_when_it_writes(void)
{
	unsigned int logged;
	mfn_t mfn;

	for (logged = 0; logged < 2; logged++) {
		start();
		ram(0x200, 0x10200, 9);
		logs = logged;
			CU_ASSERT_EQUAL(begin(), 0);
		CU_ASSERT_EQUAL(physmap_get_frame(&d, gfn_from(0x210), PHYSMAP_READ, &mfn), 0);
		CU_ASSERT_EQUAL(count(), 0);
		CU_ASSERT_EQUAL(physmap_get_frame(&d, gfn_from(0x210), PHYSMAP_WRITE, &mfn), 0);
		CU_ASSERT_EQUAL(physmap_get_frame(&d, gfn_from(0x210), PHYSMAP_WRITE, &mfn), 0);
		CU_ASSERT_EQUAL(count(), 1);
		guest_writes(0x210);
		CU_ASSERT_EQUAL(count(), 1);
		stop();
		end();
	}
}

static void stop_makes_everything_as_it_was(void)
{
	unsigned int before, pages;

	start();
	ram(0x200, 0x10200, 9);
	ram(1 << 18, 5 << 18, 18);
	ram(0x1000, 0x5001, 0);
	before = nr_pages;
	CU_ASSERT_EQUAL(begin(), 0);
	pages = nr_pages;
	CU_ASSERT_EQUAL(pages, before + 1 + 513);
	CU_ASSERT_EQUAL(order_at((1 << 18) + 70000), 0);
	guest_writes((1 << 18) + 70000);
	CU_ASSERT_EQUAL(count(), 1);
	stop();
	CU_ASSERT_EQUAL(nr_pages, before);
	CU_ASSERT_EQUAL(d.physmap.nr_tables, before);
	CU_ASSERT_EQUAL(order_at(0x200), 9);
	CU_ASSERT_EQUAL(order_at((1 << 18) + 70000), 18);
	CU_ASSERT_EQUAL(order_at(0x1000), 0);
	CU_ASSERT(is_dirty(0x200) && is_dirty(1 << 18) && is_dirty(0x1000));
	end();
}

/* Leaves that are not one: another frame, another right, a page lent, one that is not there. */
static void what_does_not_fit_stays_small(void)
{
	struct physmap_entry old;
	unsigned int i;

	start();
	for (i = 0; i < 5; i++)
		ram(0x1000 + i * 0x200, 0x20000 + i * 0x200, 9);
	for (i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(physmap_unmap(&d, gfn_from(0x1000 + i * 0x200 + 7), &old), 0);
	ram(0x1007, 0x555, 0);
	map(0x1207, 0x20207, 0, PHYSMAP_RAM, PHYSMAP_READ);
	map(0x1407, 0x20407, 0, PHYSMAP_GRANT, PHYSMAP_RWX);
	CU_ASSERT_EQUAL(begin(), 0);
	CU_ASSERT(is_dirty(0x1407) && !is_dirty(0x1408)); /* somebody else's page */
	CU_ASSERT_EQUAL(count(), 0);
	stop();
	for (i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(order_at(0x1000 + i * 0x200), 0);
	CU_ASSERT_EQUAL(order_at(0x1800), 9);
	CU_ASSERT(is_dirty(0x1000) && is_dirty(0x1207) && is_dirty(0x1606));
	end();
}

static void frames_are_taken_or_given_meanwhile(void)
{
	struct physmap_entry old;

	start();
	ram(0x200, 0x10200, 9);
	CU_ASSERT_EQUAL(begin(), 0);
	guest_writes(0x201);
	CU_ASSERT_EQUAL(physmap_unmap(&d, gfn_from(0x201), &old), 0);
	CU_ASSERT_EQUAL(old.mfn.n, 0x10201);
	ram(0x400, 0x10400, 9);
	CU_ASSERT_EQUAL(count(), 512);
	stop();
	CU_ASSERT_EQUAL(order_at(0x200), 0);
	CU_ASSERT_EQUAL(order_at(0x400), 9);
	end();
}

static void steps_are_bounded(void)
{
	uint64_t pages;
	unsigned int i;

	start();
	for (i = 0; i < 200; i++)
		ram(i * 0x200ull, 0x100000 + i * 0x200ull, 9);
	ram((1ull << 28) - 0x200, 0x200, 9); /* far away, behind nothing */
	CU_ASSERT_EQUAL(begin(), 0);
	CU_ASSERT_EQUAL(nr_calls, 201 / DIRTY_STEP + 1);
	CU_ASSERT_EQUAL(dirty_count(&d, &pages), -EAGAIN);
	guest_writes((1ull << 28) - 1);
	CU_ASSERT_EQUAL(count(), 1);
	CU_ASSERT_EQUAL(dirty_stop(&d), -EAGAIN);
	stop();
	CU_ASSERT_EQUAL(d.physmap.nr_tables, nr_pages);
	end();
}

static void one_asks_at_a_time(void)
{
	uint64_t pages;

	start();
	ram(0x200, 0x10200, 9);
	CU_ASSERT_EQUAL(dirty_count(&d, &pages), -EINVAL);
	CU_ASSERT_EQUAL(dirty_stop(&d), 0);
	CU_ASSERT_EQUAL(begin(), 0);
	CU_ASSERT_EQUAL(begin(), -EBUSY);
	CU_ASSERT_EQUAL(count(), 0);
	stop();
	CU_ASSERT_EQUAL(dirty_count(&d, &pages), -EINVAL);
	sets_dirty = false;
	CU_ASSERT_EQUAL(begin(), -EOPNOTSUPP);
	end();
}

static void without_memory_the_stop_undoes_it(void)
{
	unsigned int before, i;

	for (i = 0; i < 2; i++) {
		start();
		ram(0x200, 0x10200, 9);
		ram(0x400, 0x10400, 9);
		before = nr_pages;
		if (i)
			frames_left = 1;
		else
			d.physmap.max_tables = d.physmap.nr_tables + 1;
		CU_ASSERT_EQUAL(begin(), -ENOMEM);
		stop();
		CU_ASSERT_EQUAL(nr_pages, before);
		CU_ASSERT_EQUAL(order_at(0x200), 9);
		CU_ASSERT(is_dirty(0x200));
		end();
	}
}

/* A CPU may be reading a table that has given way; what it has seen there does not stand. */
static void tables_live_while_somebody_may_read_them(void)
{
	struct physmap_seen seen;
	unsigned int before, with;

	start();
	ram(0x200, 0x10200, 9);
	before = nr_pages;
	CU_ASSERT_EQUAL(begin(), 0);
	with = nr_pages;
	guest_writes(0x205);
	seen = seen_at(0x205);
	CU_ASSERT(physmap_seen_stands(&d.physmap, &seen));
	cpus_loop = false;
	CU_ASSERT_EQUAL(dirty_stop(&d), -EAGAIN);
	CU_ASSERT_EQUAL(order_at(0x205), 9);
	CU_ASSERT_EQUAL(*seen.place, seen.value); /* it can be read, and nobody has changed it */
	CU_ASSERT(!physmap_seen_stands(&d.physmap, &seen));
	CU_ASSERT_EQUAL(nr_pages, with);
	cpus[0]->work = 0;
	CU_ASSERT_EQUAL(dirty_stop(&d), -EAGAIN);
	CU_ASSERT_EQUAL(nr_pages, with);
	cpus[1]->work = 0;
	stop();
	CU_ASSERT_EQUAL(nr_pages, before);
	end();
}

static void the_domain_may_end_at_any_time(void)
{
	start();
	ram(0x200, 0x10200, 9);
	CU_ASSERT_EQUAL(begin(), 0);
	end();
	start();
	ram(0x200, 0x10200, 9);
	CU_ASSERT_EQUAL(begin(), 0);
	cpus_loop = false;
	CU_ASSERT_EQUAL(dirty_stop(&d), -EAGAIN);
	end();
}

UNIT_MAIN("dirty", UNIT_TEST(each_page_counts_once), UNIT_TEST(a_log_counts_by_itself),
	  UNIT_TEST(hv_itself_counts_when_it_writes), UNIT_TEST(stop_makes_everything_as_it_was),
	  UNIT_TEST(what_does_not_fit_stays_small), UNIT_TEST(frames_are_taken_or_given_meanwhile),
	  UNIT_TEST(steps_are_bounded), UNIT_TEST(one_asks_at_a_time),
	  UNIT_TEST(without_memory_the_stop_undoes_it),
	  UNIT_TEST(tables_live_while_somebody_may_read_them),
	  UNIT_TEST(the_domain_may_end_at_any_time))
