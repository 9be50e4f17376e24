/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grants: what a lender allows and nothing else, and nothing is left when either side goes. */
#include <string.h>

#include <xen/grant_table.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>

#include <hvabi/control.h>

#include "abi_world.h"
#include "gnttab.h"
#include "unit.h"

#define GNTTAB(cmd, op) CALL_WITH(__HYPERVISOR_grant_table_op, cmd, op)
#define TABLE_GFN	0x8000u
#define MAP_GFN		0x9000u
#define PAGE_GFN	30u

/* Maps frame 0 of its table where the guest (and the test) can write entries. */
static void map_table(struct domain *d)
{
	struct xen_add_to_physmap op = {
		.domid = DOMID_SELF, .space = XENMAPSPACE_grant_table, .idx = 0, .gpfn = TABLE_GFN
	};

	world_run(d->vcpus[0]);
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, op), 0);
}

static struct grant_entry_v1 *entry(struct domain *d, grant_ref_t ref)
{
	return (struct grant_entry_v1 *)world_ptr(d, TABLE_GFN << PAGE_SHIFT) + ref;
}

static void lend(struct domain *d, grant_ref_t ref, struct domain *to, uint32_t gfn, uint16_t flags)
{
	*entry(d, ref) = (struct grant_entry_v1){ .flags = (uint16_t)(GTF_permit_access | flags),
						  .domid = to->id,
						  .frame = gfn };
}

static int16_t map(struct domain *by, struct domain *from, grant_ref_t ref, uint32_t flags,
		   uint64_t gfn, uint32_t *handle)
{
	struct gnttab_map_grant_ref op = { .host_addr = gfn << PAGE_SHIFT,
					   .flags = GNTMAP_host_map | flags,
					   .ref = ref,
					   .dom = from->id };

	world_run(by->vcpus[0]);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_map_grant_ref, op), 0);
	if (handle)
		*handle = op.handle;
	return op.status;
}

static int16_t unmap(struct domain *by, uint64_t gfn, uint32_t handle)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = gfn << PAGE_SHIFT, .handle = handle };

	world_run(by->vcpus[0]);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_unmap_grant_ref, op), 0);
	return op.status;
}

static void mapping_shows_the_page_and_marks_the_entry(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	uint32_t h;

	map_table(a);
	lend(a, 9, b, PAGE_GFN, 0);
	strcpy(world_ptr(a, PAGE_GFN << PAGE_SHIFT), "hello");
	CU_ASSERT_EQUAL(map(b, a, 9, 0, MAP_GFN, &h), GNTST_okay);
	CU_ASSERT_STRING_EQUAL(world_ptr(b, MAP_GFN << PAGE_SHIFT), "hello");
	CU_ASSERT_EQUAL(entry(a, 9)->flags, GTF_permit_access | GTF_reading | GTF_writing);
	CU_ASSERT_EQUAL(unmap(b, MAP_GFN + 1, h), GNTST_bad_virt_addr);
	CU_ASSERT_EQUAL(unmap(b, MAP_GFN, h), GNTST_okay);
	CU_ASSERT_EQUAL(entry(a, 9)->flags, GTF_permit_access);
	CU_ASSERT_PTR_NULL(world_ptr(b, MAP_GFN << PAGE_SHIFT));
	CU_ASSERT_EQUAL(unmap(b, MAP_GFN, h), GNTST_bad_handle); /* twice */
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static void reader_and_writer_marks_go_one_by_one(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	uint32_t reader, writer;

	map_table(a);
	lend(a, 9, b, PAGE_GFN, 0);
	CU_ASSERT_EQUAL(map(b, a, 9, GNTMAP_readonly, MAP_GFN, &reader), GNTST_okay);
	CU_ASSERT_EQUAL(entry(a, 9)->flags, GTF_permit_access | GTF_reading);
	CU_ASSERT_EQUAL(map(b, a, 9, 0, MAP_GFN + 1, &writer), GNTST_okay);
	CU_ASSERT_EQUAL(entry(a, 9)->flags, GTF_permit_access | GTF_reading | GTF_writing);
	CU_ASSERT_EQUAL(unmap(b, MAP_GFN + 1, writer), GNTST_okay);
	CU_ASSERT_EQUAL(entry(a, 9)->flags, GTF_permit_access | GTF_reading);
	CU_ASSERT_EQUAL(unmap(b, MAP_GFN, reader), GNTST_okay);
	CU_ASSERT_EQUAL(entry(a, 9)->flags, GTF_permit_access);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static void what_is_not_lent_is_refused(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1), *c = world_guest(1);

	map_table(a);
	lend(a, 9, b, PAGE_GFN, GTF_readonly);
	CU_ASSERT_EQUAL(map(c, a, 9, GNTMAP_readonly, MAP_GFN, NULL), GNTST_bad_gntref);
	CU_ASSERT_EQUAL(map(b, a, 9, 0, MAP_GFN, NULL), GNTST_general_error);
	CU_ASSERT_EQUAL(map(b, a, 10, 0, MAP_GFN, NULL), GNTST_bad_gntref);
	CU_ASSERT_EQUAL(map(b, a, 512, 0, MAP_GFN, NULL), GNTST_bad_gntref);
	CU_ASSERT_EQUAL(map(b, a, 0xffffffff, 0, MAP_GFN, NULL), GNTST_bad_gntref);
	CU_ASSERT_EQUAL(map(b, a, 9, GNTMAP_readonly | GNTMAP_contains_pte, MAP_GFN, NULL),
			GNTST_general_error);
	/* over RAM of its own; beyond what can be mapped */
	CU_ASSERT_EQUAL(map(b, a, 9, GNTMAP_readonly, 3, NULL), GNTST_bad_virt_addr);
	CU_ASSERT_EQUAL(map(b, a, 9, GNTMAP_readonly, 1ul << 40, NULL), GNTST_bad_virt_addr);
	CU_ASSERT_EQUAL(entry(a, 9)->flags, GTF_permit_access | GTF_readonly);
	entry(a, 9)->frame = 0x7fffff; /* nothing there */
	CU_ASSERT_EQUAL(map(b, a, 9, GNTMAP_readonly, MAP_GFN, NULL), GNTST_bad_page);
	entry(a, 9)->frame = TABLE_GFN; /* hv's page */
	CU_ASSERT_EQUAL(map(b, a, 9, GNTMAP_readonly, MAP_GFN, NULL), GNTST_bad_page);
	CU_ASSERT_EQUAL(entry(a, 9)->flags, GTF_permit_access | GTF_readonly);
	CU_ASSERT_EQUAL(a->abi->gnttab.nr_uses, 0);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
	CU_ASSERT(world_destroy(c));
}

static void borrowed_pages_are_not_lent_on(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1), *c = world_guest(1);
	uint32_t h;

	map_table(a);
	map_table(b);
	lend(a, 9, b, PAGE_GFN, 0);
	CU_ASSERT_EQUAL(map(b, a, 9, 0, MAP_GFN, &h), GNTST_okay);
	lend(b, 9, c, MAP_GFN, 0);
	CU_ASSERT_EQUAL(map(c, b, 9, 0, MAP_GFN, NULL), GNTST_bad_page);
	CU_ASSERT(world_destroy(b));
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(c));
}

static void lender_goes_first_and_page_stays(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	uint64_t before;
	uint32_t h;

	map_table(a);
	lend(a, 9, b, PAGE_GFN, 0);
	strcpy(world_ptr(a, PAGE_GFN << PAGE_SHIFT), "still");
	CU_ASSERT_EQUAL(map(b, a, 9, 0, MAP_GFN, &h), GNTST_okay);
	CU_ASSERT(!world_destroy(a)); /* dying: one frame is held */
	before = world_free_frames();
	CU_ASSERT_STRING_EQUAL(world_ptr(b, MAP_GFN << PAGE_SHIFT), "still");
	CU_ASSERT_EQUAL(unmap(b, MAP_GFN, h), GNTST_okay);
	CU_ASSERT(world_free_frames() > before);
	CU_ASSERT(world_destroy(b));
}

static void borrower_goes_and_gives_back(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	uint32_t i;

	map_table(a);
	for (i = 0; i < 100; i++) {
		lend(a, 9 + i, b, PAGE_GFN, 0);
		CU_ASSERT_EQUAL(map(b, a, 9 + i, 0, MAP_GFN + i, NULL), GNTST_okay);
	}
	CU_ASSERT(world_destroy(b));
	CU_ASSERT_EQUAL(a->abi->gnttab.nr_uses, 0);
	CU_ASSERT_EQUAL(entry(a, 9)->flags, GTF_permit_access);
	CU_ASSERT(world_destroy(a));
}

static void page_given_up_while_lent_stays_alive(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	uint32_t h;

	map_table(a);
	lend(a, 9, b, PAGE_GFN, 0);
	CU_ASSERT_EQUAL(map(b, a, 9, 0, MAP_GFN, &h), GNTST_okay);
	world_run(a->vcpus[0]);
	*(uint64_t *)world_ptr(a, 0x2000) = PAGE_GFN;
	r.extent_start.p = (void *)0x2000;
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, r), 1);
	CU_ASSERT_PTR_NULL(world_ptr(a, PAGE_GFN << PAGE_SHIFT));
	CU_ASSERT_PTR_NOT_NULL(world_ptr(b, MAP_GFN << PAGE_SHIFT));
	CU_ASSERT_EQUAL(unmap(b, MAP_GFN, h), GNTST_okay);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

/* Nothing but the unmap takes a mapping out: the page tables and the account would part. */
static void mapping_cannot_be_replaced_or_removed(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	struct xen_remove_from_physmap rm = { .domid = DOMID_SELF, .gpfn = MAP_GFN };
	struct xen_add_to_physmap add = { .domid = DOMID_SELF,
					  .space = XENMAPSPACE_shared_info,
					  .gpfn = MAP_GFN };
	uint32_t h;

	map_table(a);
	lend(a, 9, b, PAGE_GFN, 0);
	CU_ASSERT_EQUAL(map(b, a, 9, 0, MAP_GFN, &h), GNTST_okay);
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, rm), -EBUSY);
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, add), -EBUSY);
	CU_ASSERT_EQUAL(map(b, a, 9, 0, MAP_GFN, NULL), GNTST_bad_virt_addr);
	CU_ASSERT_EQUAL(unmap(b, MAP_GFN, h), GNTST_okay);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static struct gnttab_copy copy_from(struct domain *from, grant_ref_t ref, uint16_t from_offset,
				    uint64_t to_gfn, uint16_t to_offset, uint16_t len)
{
	struct gnttab_copy op = { .len = len, .flags = GNTCOPY_source_gref };

	op.source.u.ref = ref;
	op.source.domid = from->id;
	op.source.offset = from_offset;
	op.dest.u.gmfn = to_gfn;
	op.dest.domid = DOMID_SELF;
	op.dest.offset = to_offset;
	return op;
}

static void copy_moves_bytes_and_checks_both_sides(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	struct gnttab_copy op = copy_from(a, 9, 100, 12, 50, 6);

	map_table(a);
	lend(a, 9, b, PAGE_GFN, GTF_readonly);
	strcpy((char *)world_ptr(a, PAGE_GFN << PAGE_SHIFT) + 100, "bytes");
	world_run(b->vcpus[0]);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_copy, op), 0);
	CU_ASSERT_EQUAL(op.status, GNTST_okay);
	CU_ASSERT_STRING_EQUAL((char *)world_ptr(b, 12 << PAGE_SHIFT) + 50, "bytes");
	CU_ASSERT_EQUAL(entry(a, 9)->flags, GTF_permit_access | GTF_readonly);

	op = copy_from(a, 9, PAGE_SIZE - 5, 12, 50, 6);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_copy, op), 0);
	CU_ASSERT_EQUAL(op.status, GNTST_bad_copy_arg);
	op = copy_from(a, 9, 0, 0x7000, 0, 6);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_copy, op), 0);
	CU_ASSERT_EQUAL(op.status, GNTST_bad_page);
	op = copy_from(a, 9, 0, 12, 0, 6);
	op.dest.domid = a->id; /* another's page by number */
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_copy, op), 0);
	CU_ASSERT_EQUAL(op.status, GNTST_permission_denied);
	op = copy_from(a, 9, 0, 12, 0, 6);
	op.flags |= GNTCOPY_dest_gref; /* a read-only loan as destination */
	op.dest.domid = a->id;
	op.dest.u.ref = 9;
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_copy, op), 0);
	CU_ASSERT_EQUAL(op.status, GNTST_general_error);
	CU_ASSERT_EQUAL(a->abi->gnttab.nr_uses, 0);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static void version_2_lends_parts_for_copies_only(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	struct gnttab_set_version v2 = { .version = 2 };
	struct gnttab_copy op = copy_from(a, 9, 64, 12, 0, 6);
	union grant_entry_v2 *e;

	map_table(a);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_set_version, v2), 0);
	e = (union grant_entry_v2 *)world_ptr(a, TABLE_GFN << PAGE_SHIFT) + 9;
	e->sub_page.page_off = 64;
	e->sub_page.length = 8;
	e->sub_page.frame = PAGE_GFN;
	e->hdr.domid = b->id;
	e->hdr.flags = GTF_permit_access | GTF_sub_page;
	CU_ASSERT_EQUAL(map(b, a, 9, 0, MAP_GFN, NULL), GNTST_general_error);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_copy, op), 0);
	CU_ASSERT_EQUAL(op.status, GNTST_okay);
	op.len = 9;
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_copy, op), 0);
	CU_ASSERT_EQUAL(op.status, GNTST_general_error);
	e->hdr.flags = GTF_transitive;
	op.len = 1;
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_copy, op), 0);
	CU_ASSERT_EQUAL(op.status, GNTST_bad_gntref);
	CU_ASSERT_EQUAL(((uint16_t *)a->abi->gnttab.status_frames[0])[9], 0);
	CU_ASSERT_EQUAL(a->abi->gnttab.nr_uses, 0);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static void version_cannot_change_while_in_use(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	struct gnttab_set_version v2 = { .version = 2 }, v7 = { .version = 7 };
	uint32_t h;

	map_table(a);
	lend(a, 9, b, PAGE_GFN, 0);
	CU_ASSERT_EQUAL(map(b, a, 9, 0, MAP_GFN, &h), GNTST_okay);
	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_set_version, v2), -EBUSY);
	CU_ASSERT_EQUAL(v2.version, 1);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_set_version, v7), -EINVAL);
	CU_ASSERT_EQUAL(unmap(b, MAP_GFN, h), GNTST_okay);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

/* Console and xenstore: the control domain's, and nobody else's, whatever the guest does to its table. */
static void standing_loans_need_no_table(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	struct gnttab_set_version v2 = { .version = 2 };
	struct gnttab_swap_grant_ref swap = { .ref_a = HVABI_GRANT_XENSTORE, .ref_b = 9 };
	uint32_t h, again;

	CU_ASSERT_EQUAL(map(control_domain, a, HVABI_GRANT_XENSTORE, 0, MAP_GFN, NULL), GNTST_bad_gntref);
	a->abi->hvm_params[HVM_PARAM_STORE_PFN] = PAGE_GFN;
	strcpy(world_ptr(a, PAGE_GFN << PAGE_SHIFT), "store");
	CU_ASSERT_EQUAL(map(control_domain, a, HVABI_GRANT_XENSTORE, 0, MAP_GFN, &h), GNTST_okay);
	CU_ASSERT_STRING_EQUAL(world_ptr(control_domain, MAP_GFN << PAGE_SHIFT), "store");
	CU_ASSERT_EQUAL(map(control_domain, a, HVABI_GRANT_CONSOLE, 0, MAP_GFN + 1, NULL), GNTST_bad_gntref);
	CU_ASSERT_EQUAL(map(b, a, HVABI_GRANT_XENSTORE, 0, MAP_GFN, NULL), GNTST_bad_gntref);

	/* What the guest does to its table is its own business: GRUB lends by entries 0 and 1. */
	map_table(a);
	lend(a, GNTTAB_RESERVED_CONSOLE, b, PAGE_GFN, 0);
	CU_ASSERT_EQUAL(map(b, a, GNTTAB_RESERVED_CONSOLE, 0, MAP_GFN, &again), GNTST_okay);
	CU_ASSERT_EQUAL(unmap(b, MAP_GFN, again), GNTST_okay);
	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_swap_grant_ref, swap), 0);
	CU_ASSERT_EQUAL(swap.status, GNTST_bad_gntref);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_set_version, v2), 0);
	CU_ASSERT_EQUAL(map(control_domain, a, HVABI_GRANT_XENSTORE, 0, MAP_GFN + 1, &again), GNTST_okay);
	CU_ASSERT_STRING_EQUAL(world_ptr(control_domain, (MAP_GFN + 1) << PAGE_SHIFT), "store");
	CU_ASSERT_EQUAL(unmap(control_domain, MAP_GFN, h), GNTST_okay);

	/* It holds the page of a guest that is gone, to the last. */
	CU_ASSERT_FALSE(world_destroy(a));
	CU_ASSERT_STRING_EQUAL(world_ptr(control_domain, (MAP_GFN + 1) << PAGE_SHIFT), "store");
	CU_ASSERT_EQUAL(unmap(control_domain, MAP_GFN + 1, again), GNTST_okay);
	CU_ASSERT(world_destroy(b));
}

static void table_has_a_limit(void)
{
	struct domain *a = world_guest(1);
	struct xen_add_to_physmap op = { .domid = DOMID_SELF,
					 .space = XENMAPSPACE_grant_table,
					 .gpfn = TABLE_GFN };
	struct gnttab_query_size size = { .dom = DOMID_SELF };

	world_run(a->vcpus[0]);
	op.idx = 4;
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, op), -EINVAL);
	op.idx = 3; /* Linux begins at the end */
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, op), 0);
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_query_size, size), 0);
	CU_ASSERT_EQUAL(size.nr_frames, 4);
	CU_ASSERT_EQUAL(size.max_nr_frames, 4);
	size.dom = 0;
	CU_ASSERT_EQUAL(GNTTAB(GNTTABOP_query_size, size), 0);
	CU_ASSERT_EQUAL(size.status, GNTST_permission_denied);
	CU_ASSERT(world_destroy(a));
}

static void long_lists_are_done_in_parts(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	struct gnttab_map_grant_ref ops[100];
	struct gnttab_unmap_grant_ref un[100];
	uint32_t i;

	map_table(a);
	memset(ops, 0, sizeof(ops));
	memset(un, 0, sizeof(un));
	for (i = 0; i < 100; i++) {
		lend(a, 9 + i, b, PAGE_GFN, 0);
		ops[i] = (struct gnttab_map_grant_ref){ .host_addr = (MAP_GFN + i) << PAGE_SHIFT,
							.flags = GNTMAP_host_map,
							.ref = 9 + i,
							.dom = a->id };
	}
	ops[50].ref = 511; /* one bad one does not stop the others */
	world_run(b->vcpus[0]);
	CU_ASSERT_EQUAL(copy_to_gpa(b, 0x5000, ops, sizeof(ops)), 0);
	CU_ASSERT_EQUAL(
		world_call(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, 0x5000, 100), 0);
	CU_ASSERT_EQUAL(copy_from_gpa(b, ops, 0x5000, sizeof(ops)), 0);
	for (i = 0; i < 100; i++) {
		CU_ASSERT_EQUAL(ops[i].status, i == 50 ? GNTST_bad_gntref : GNTST_okay);
		un[i].host_addr = ops[i].host_addr;
		un[i].handle = ops[i].handle;
	}
	CU_ASSERT_EQUAL(a->abi->gnttab.nr_uses, 99);
	CU_ASSERT_EQUAL(copy_to_gpa(b, 0x5000, un, sizeof(un)), 0);
	CU_ASSERT_EQUAL(
		world_call(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, 0x5000, 100), 0);
	CU_ASSERT_EQUAL(a->abi->gnttab.nr_uses, 0);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static void nothing_leaks(void)
{
	uint64_t before;
	struct domain *a, *b;
	int i;

	world_destroy(world_guest(1));
	before = world_free_frames();
	for (i = 0; i < 10; i++) {
		a = world_guest(1);
		b = world_guest(1);
		map_table(a);
		lend(a, 9, b, PAGE_GFN, 0);
		map(b, a, 9, 0, MAP_GFN, NULL);
		if (i & 1) {
			CU_ASSERT(world_destroy(b));
			CU_ASSERT(world_destroy(a));
		} else {
			CU_ASSERT(!world_destroy(a));
			CU_ASSERT(world_destroy(b)); /* and a with it */
		}
	}
	CU_ASSERT_EQUAL(world_free_frames(), before);
	CU_ASSERT_EQUAL(domain_count(), 1);
}

static void world_comes_up(void)
{
	world_start();
	CU_ASSERT_PTR_NOT_NULL(control_domain);
}

UNIT_MAIN("gnttab", UNIT_TEST(world_comes_up),
	  UNIT_TEST(mapping_shows_the_page_and_marks_the_entry),
	  UNIT_TEST(reader_and_writer_marks_go_one_by_one), UNIT_TEST(what_is_not_lent_is_refused),
	  UNIT_TEST(borrowed_pages_are_not_lent_on), UNIT_TEST(lender_goes_first_and_page_stays),
	  UNIT_TEST(borrower_goes_and_gives_back), UNIT_TEST(page_given_up_while_lent_stays_alive),
	  UNIT_TEST(mapping_cannot_be_replaced_or_removed),
	  UNIT_TEST(copy_moves_bytes_and_checks_both_sides),
	  UNIT_TEST(version_2_lends_parts_for_copies_only),
	  UNIT_TEST(version_cannot_change_while_in_use),
	  UNIT_TEST(standing_loans_need_no_table), UNIT_TEST(table_has_a_limit),
	  UNIT_TEST(long_lists_are_done_in_parts), UNIT_TEST(nothing_leaks))
