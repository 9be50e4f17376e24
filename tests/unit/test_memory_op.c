/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_op: RAM given and taken, hv's pages placed, others' pages mapped, by those who may. */
#include <string.h>

#include <xen/memory.h>

#include "abi_world.h"
#include "unit.h"

#define MEM(cmd, op) CALL_WITH(__HYPERVISOR_memory_op, cmd, op)
#define LIST	     0x2000ul

static int64_t add(domid_t domid, uint32_t space, uint64_t idx, uint64_t gpfn)
{
	struct xen_add_to_physmap op = { .domid = domid, .space = space, .idx = idx, .gpfn = gpfn };

	return MEM(XENMEM_add_to_physmap, op);
}

static int64_t reservation(uint32_t cmd, domid_t domid, uint64_t gfn, uint64_t n, uint32_t order)
{
	struct xen_memory_reservation r = { .nr_extents = n,
					    .extent_order = order,
					    .domid = domid };
	uint64_t i, *list = world_ptr(current_vcpu()->domain, LIST);

	for (i = 0; i < n; i++)
		list[i] = gfn + (i << order);
	r.extent_start.p = (void *)LIST;
	return CALL_WITH(__HYPERVISOR_memory_op, cmd, r);
}

static void shared_info_has_one_place(void)
{
	struct domain *a = world_guest(1);
	uint64_t frames = a->nr_frames;

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 40), 0);
	CU_ASSERT_PTR_EQUAL(world_ptr(a, 40 << PAGE_SHIFT), a->abi->shared.page);
	CU_ASSERT_EQUAL(a->nr_frames, frames - 1); /* the RAM under it went */
	CU_ASSERT_EQUAL(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 0x5000), 0);
	CU_ASSERT_PTR_EQUAL(world_ptr(a, 0x5000 << PAGE_SHIFT), a->abi->shared.page);
	CU_ASSERT_PTR_NULL(world_ptr(a, 40 << PAGE_SHIFT));
	CU_ASSERT_EQUAL(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 0x5000), 0); /* again there */
	CU_ASSERT_PTR_NOT_NULL(world_ptr(a, 0x5000 << PAGE_SHIFT));
	CU_ASSERT_EQUAL(add(DOMID_SELF, XENMAPSPACE_shared_info, 1, 0x5000), -EINVAL);
	CU_ASSERT_EQUAL(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 1ul << 50), -EINVAL);
	CU_ASSERT_EQUAL(add(DOMID_SELF, XENMAPSPACE_gmfn, 1, 0x5001), -ENOSYS);
	CU_ASSERT_EQUAL(add(0, XENMAPSPACE_shared_info, 0, 0x5000), -EPERM);
	CU_ASSERT_EQUAL(add(0x7fef, XENMAPSPACE_shared_info, 0, 0x5000), -EPERM);
	CU_ASSERT(world_destroy(a));
}

static void page_in_the_way_comes_back_when_placing_fails(void)
{
	struct domain *a = world_guest(1);
	void *before;

	world_run(a->vcpus[0]);
	before = world_ptr(a, 40 << PAGE_SHIFT);
	CU_ASSERT_EQUAL(add(DOMID_SELF, XENMAPSPACE_grant_table, 99, 40), -EINVAL);
	CU_ASSERT_PTR_EQUAL(world_ptr(a, 40 << PAGE_SHIFT), before);
	CU_ASSERT(world_destroy(a));
}

static void populate_and_decrease_count_extents(void)
{
	struct domain *a = world_guest(1);
	uint64_t frames = a->nr_frames;

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 0x100, 100, 0), 100);
	CU_ASSERT_EQUAL(a->nr_frames, frames + 100);
	/* something is there already: as far as it went */
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 0xf0, 20, 0), 16);
	CU_ASSERT_EQUAL(a->nr_frames, frames + 116);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 0x400, 1, 9), 1);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 0x601, 1, 9), 0);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 0x40000, 1, 18), 0);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 0x40000, 1, 19), -EINVAL);
	CU_ASSERT_EQUAL(a->nr_frames, frames + 116 + 512);
	CU_ASSERT_EQUAL(reservation(XENMEM_decrease_reservation, DOMID_SELF, 0x410, 3, 0), 3);
	CU_ASSERT_EQUAL(a->nr_frames, frames + 113 + 512);
	CU_ASSERT_EQUAL(reservation(XENMEM_decrease_reservation, DOMID_SELF, 0x410, 3, 0), 0);
	CU_ASSERT_EQUAL(reservation(XENMEM_decrease_reservation, DOMID_SELF, 0x100, 100, 0), 100);
	CU_ASSERT_EQUAL(a->nr_frames, frames + 13 + 512);
	CU_ASSERT(world_destroy(a));
}

/* What physmap.c does with 1 GiB is test_physmap's; the pretended host has not so much memory. */
int __wrap_physmap_populate_large(struct domain *d, gfn_t gfn);
static unsigned int nr_steps, nr_blocks;

int __wrap_physmap_populate_large(struct domain *d, gfn_t gfn)
{
	if (gfn.n & 0x3ffff)
		return -EINVAL;
	if (!nr_blocks)
		return -ENOMEM;
	nr_steps++;
	d->physmap.nr_large_ready = nr_steps % 513 * 512ull;
	if (nr_steps % 513)
		return -EAGAIN;
	nr_blocks--;
	return 0;
}

static void gib_is_one_extent_and_many_calls(void)
{
	struct domain *a = world_guest(1);
	unsigned int calls = 0;
	int64_t n;

	world_run(a->vcpus[0]);
	nr_steps = 0;
	nr_blocks = 1;
	do {
		n = reservation(XENMEM_populate_physmap, DOMID_SELF, 1 << 18, 1, 18);
		CU_ASSERT(nr_steps <= 16 * ++calls || n == 1);
	} while (n == -EAGAIN && calls < 1000);
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT_EQUAL(nr_steps, 513);
	CU_ASSERT_EQUAL(calls, 33); /* 32 stretches of 16 steps, and the one that maps */
	/* Of two there is one: that is told as soon as the second asks for patience. */
	nr_steps = 0;
	nr_blocks = 1;
	while ((n = reservation(XENMEM_populate_physmap, DOMID_SELF, 0, 2, 18)) == -EAGAIN)
		;
	CU_ASSERT_EQUAL(n, 1);
	nr_blocks = 1;
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 512, 1, 18), 0);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 0, 1, 17), 0);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 0, 1, 10), 0);
	CU_ASSERT_EQUAL(reservation(XENMEM_decrease_reservation, DOMID_SELF, 0, 1, 18), 0);
	world_run(control_domain->vcpus[0]);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 1 << 18, 1, 18), 0);
	CU_ASSERT_EQUAL(nr_blocks, 1);
	CU_ASSERT(world_destroy(a));
	nr_blocks = 0;
}

static void quota_stops_a_guest(void)
{
	struct domain *a = world_guest(1);
	int64_t n;

	world_run(a->vcpus[0]);
	n = reservation(XENMEM_populate_physmap, DOMID_SELF, 0x1000, 20, 9);
	CU_ASSERT_EQUAL(n, 7); /* 4096 frames, 64 are taken */
	CU_ASSERT(a->nr_frames <= a->max_frames);
	CU_ASSERT(world_destroy(a));
}

static void builder_populates_others_guest_does_not(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, b->id, 0x100, 4, 0), -EPERM);
	world_run(control_domain->vcpus[0]);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, b->id, 0x100, 4, 0), 4);
	CU_ASSERT_PTR_NOT_NULL(world_ptr(b, 0x103 << PAGE_SHIFT));
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, 999, 0x100, 4, 0), -ESRCH);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static void control_domain_keeps_its_ram(void)
{
	uint64_t frames = control_domain->nr_frames;

	world_run(control_domain->vcpus[0]);
	CU_ASSERT_EQUAL(reservation(XENMEM_decrease_reservation, DOMID_SELF, 30, 1, 0), 0);
	CU_ASSERT_EQUAL(reservation(XENMEM_populate_physmap, DOMID_SELF, 0x100, 1, 0), 0);
	CU_ASSERT_EQUAL(control_domain->nr_frames, frames);
}

static int64_t map_foreign(domid_t owner, uint64_t from, uint64_t to, int *ret_err)
{
	struct xen_add_to_physmap_batch op = { .domid = DOMID_SELF,
					       .size = 1,
					       .space = XENMAPSPACE_gmfn_foreign };
	uint64_t *list = world_ptr(current_vcpu()->domain, LIST);
	int64_t ret;

	op.u.foreign_domid = owner;
	list[0] = from;
	list[1] = to;
	op.idxs.p = (void *)LIST;
	op.gpfns.p = (void *)(LIST + 8);
	op.errs.p = (void *)(LIST + 16);
	ret = MEM(XENMEM_add_to_physmap_batch, op);
	*ret_err = (int)list[2];
	return ret;
}

static void foreign_pages_outlive_their_owner(void)
{
	struct xen_remove_from_physmap rm = { .domid = DOMID_SELF, .gpfn = 0x9000 };
	struct domain *a = world_guest(1);
	int err;

	strcpy(world_ptr(a, 20 << PAGE_SHIFT), "foreign");
	world_run(control_domain->vcpus[0]);
	CU_ASSERT_EQUAL(map_foreign(a->id, 20, 0x9000, &err), 0);
	CU_ASSERT_EQUAL(err, 0);
	CU_ASSERT_STRING_EQUAL(world_ptr(control_domain, 0x9000ul << PAGE_SHIFT), "foreign");
	CU_ASSERT_EQUAL(map_foreign(a->id, 0x7777, 0x9001, &err), 0);
	CU_ASSERT_EQUAL(err, -EINVAL);
	CU_ASSERT(!world_destroy(a));
	CU_ASSERT_STRING_EQUAL(world_ptr(control_domain, 0x9000ul << PAGE_SHIFT), "foreign");
	CU_ASSERT_EQUAL(MEM(XENMEM_remove_from_physmap, rm), 0);
	CU_ASSERT_EQUAL(domain_count(), 1);
	CU_ASSERT_EQUAL(MEM(XENMEM_remove_from_physmap, rm), -ENOENT);
}

static void guests_map_nobody(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	int err;

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(map_foreign(b->id, 20, 0x9000, &err), -EPERM);
	CU_ASSERT_EQUAL(map_foreign(a->id, 20, 0x9000, &err), -EPERM);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static void resource_is_taken_back_when_its_owner_goes(void)
{
	struct xen_mem_acquire_resource op = { .type = XENMEM_resource_grant_table,
					       .nr_frames = 1 };
	struct domain *a = world_guest(1);
	uint64_t *list;

	op.domid = a->id;
	world_run(control_domain->vcpus[0]);
	list = world_ptr(control_domain, LIST);
	list[0] = 0x9100;
	op.frame_list.p = (void *)LIST;
	CU_ASSERT_EQUAL(MEM(XENMEM_acquire_resource, op), 0);
	CU_ASSERT_PTR_EQUAL(world_ptr(control_domain, 0x9100ul << PAGE_SHIFT),
			    a->abi->gnttab.frames[0]);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT_PTR_NULL(world_ptr(control_domain, 0x9100ul << PAGE_SHIFT));
}

/* Its pages would be freed under the mapping. */
static void resource_of_the_dying_is_not_mapped(void)
{
	struct xen_mem_acquire_resource op = { .type = XENMEM_resource_grant_table,
					       .nr_frames = 1 };
	struct domain *a = world_guest(1);
	domid_t id = a->id;
	uint64_t *list;
	mfn_t held;

	world_run(control_domain->vcpus[0]);
	CU_ASSERT_EQUAL_FATAL(physmap_get_frame(a, gfn_from(0), PHYSMAP_READ, &held), 0);
	CU_ASSERT(!world_destroy(a));
	op.domid = id;
	list = world_ptr(control_domain, LIST);
	list[0] = 0x9100;
	op.frame_list.p = (void *)LIST;
	CU_ASSERT_EQUAL(MEM(XENMEM_acquire_resource, op), -ESRCH);
	CU_ASSERT_PTR_NULL(world_ptr(control_domain, 0x9100ul << PAGE_SHIFT));
	frame_put(held);
	CU_ASSERT_PTR_NULL(domain_get(id));
}

static void memory_map_is_kept_and_bounded(void)
{
	struct domain *a = world_guest(1);
	struct xen_foreign_memory_map set = { .domid = a->id };
	struct xen_memory_map get = { .nr_entries = 128 };
	struct abi_e820 *e;

	world_run(a->vcpus[0]);
	get.buffer.p = (void *)0x4000;
	CU_ASSERT_EQUAL(MEM(XENMEM_memory_map, get), -ENOSYS);
	world_run(control_domain->vcpus[0]);
	e = world_ptr(control_domain, LIST);
	e[0] = (struct abi_e820){ 0, 0xa0000, 1 };
	e[1] = (struct abi_e820){ 0x100000, 0x4000000, 1 };
	set.map.buffer.p = (void *)LIST;
	set.map.nr_entries = 129;
	CU_ASSERT_EQUAL(MEM(XENMEM_set_memory_map, set), -EINVAL);
	set.map.nr_entries = 2;
	CU_ASSERT_EQUAL(MEM(XENMEM_set_memory_map, set), 0);
	CU_ASSERT_EQUAL(MEM(XENMEM_set_memory_map, set), 0);
	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(MEM(XENMEM_memory_map, get), 0);
	CU_ASSERT_EQUAL(get.nr_entries, 2);
	e = world_ptr(a, 0x4000);
	CU_ASSERT_EQUAL(e[1].size, 0x4000000);
	CU_ASSERT(world_destroy(a));
}

/* A boot loader in 32-bit mode maps the shared info; the kernel after it in 64-bit mode. */
static void layouts_of_32_bit_callers(void)
{
	struct domain *a = world_guest(1);
	struct {
		uint16_t domid, size;
		uint32_t space, idx, gpfn;
	} add32 = { .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info, .gpfn = 0x5000 };
	struct {
		uint32_t nr, buffer;
	} map32 = { 128, 0x4000 };

	world_run(a->vcpus[0]);
	world_is_64bit = false;
	CU_ASSERT_EQUAL(MEM(XENMEM_add_to_physmap, add32), 0);
	CU_ASSERT(a->abi->shared.is_32bit);
	CU_ASSERT_EQUAL(MEM(XENMEM_memory_map, map32), -ENOSYS);
	CU_ASSERT_EQUAL(world_call(__HYPERVISOR_memory_op, XENMEM_populate_physmap, WORLD_ARGS, 0),
			-ENOSYS);
	world_is_64bit = true;
	CU_ASSERT_EQUAL(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 0x5001), 0);
	CU_ASSERT(!a->abi->shared.is_32bit);
	CU_ASSERT_PTR_NULL(world_ptr(a, 0x5000 << PAGE_SHIFT));
	CU_ASSERT(world_destroy(a));
}

static void bad_pointers_are_efault(void)
{
	struct domain *a = world_guest(1);

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(world_call(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, 0x77770000, 0),
			-EFAULT);
	CU_ASSERT_EQUAL(world_call(__HYPERVISOR_memory_op, XENMEM_populate_physmap, ~0ul - 3, 0),
			-EFAULT);
	CU_ASSERT_EQUAL(world_call(__HYPERVISOR_memory_op, 61, WORLD_ARGS, 0), -ENOSYS);
	CU_ASSERT_EQUAL(world_call(1000, 0, 0, 0), -ENOSYS);
	CU_ASSERT_EQUAL(world_call(__HYPERVISOR_mmu_update, 0, 0, 0), -ENOSYS);
	CU_ASSERT(world_destroy(a));
}

static void world_comes_up(void)
{
	world_start();
	CU_ASSERT_PTR_NOT_NULL(control_domain);
}

UNIT_MAIN("memory_op", UNIT_TEST(world_comes_up), UNIT_TEST(shared_info_has_one_place),
	  UNIT_TEST(page_in_the_way_comes_back_when_placing_fails),
	  UNIT_TEST(populate_and_decrease_count_extents), UNIT_TEST(gib_is_one_extent_and_many_calls),
	  UNIT_TEST(quota_stops_a_guest),
	  UNIT_TEST(builder_populates_others_guest_does_not),
	  UNIT_TEST(control_domain_keeps_its_ram), UNIT_TEST(foreign_pages_outlive_their_owner),
	  UNIT_TEST(guests_map_nobody), UNIT_TEST(resource_is_taken_back_when_its_owner_goes),
	  UNIT_TEST(resource_of_the_dying_is_not_mapped), UNIT_TEST(memory_map_is_kept_and_bounded),
	  UNIT_TEST(layouts_of_32_bit_callers), UNIT_TEST(bad_pointers_are_efault))
