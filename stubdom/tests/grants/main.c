/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grants, both versions of their table: lent to oneself, mapped, copied, taken back, and misused. */
#include "memory.h"
#include "rt.h"
#include "tap.h"

#include <xen/errno.h>
#include <xen/grant_table.h>

#define DOMID_OF_NOBODY 0x7123
#define REF 20u	 /* of the page that is lent */
#define REF2 21u /* of another */
#define BORROWED 0x3000000ul /* 48 MiB: the guest gives its own page there up first */

static grant_entry_v1_t table[4096 / sizeof(grant_entry_v1_t)] __attribute__((aligned(4096)));
static grant_entry_v2_t *const table2 = (grant_entry_v2_t *)(void *)table;
static grant_status_t statuses[4096 / sizeof(grant_status_t)] __attribute__((aligned(4096)));
static uint8_t page[4096] __attribute__((aligned(4096)));
static uint8_t other[4096] __attribute__((aligned(4096)));
static uint16_t self;
static int version = 1;

static long gnttab_op(unsigned int cmd, void *arg, unsigned int n)
{
	return rt_hypercall(__HYPERVISOR_grant_table_op, cmd, (uintptr_t)arg, n);
}

static void lend(unsigned int ref, const void *p, uint16_t to, uint16_t flags)
{
	if (version == 1) {
		table[ref].domid = to;
		table[ref].frame = (uint32_t)((uintptr_t)p >> 12);
		__atomic_store_n(&table[ref].flags, (uint16_t)(GTF_permit_access | flags), __ATOMIC_SEQ_CST);
	} else {
		table2[ref].hdr.domid = to;
		table2[ref].full_page.frame = (uintptr_t)p >> 12;
		__atomic_store_n(&table2[ref].hdr.flags, (uint16_t)(GTF_permit_access | flags),
				 __ATOMIC_SEQ_CST);
	}
}

static uint16_t marks(unsigned int ref)
{
	return (uint16_t)((version == 1 ? __atomic_load_n(&table[ref].flags, __ATOMIC_SEQ_CST)
					: __atomic_load_n(&statuses[ref], __ATOMIC_SEQ_CST)) &
			  (GTF_reading | GTF_writing));
}

static void take_back(unsigned int ref)
{
	__atomic_store_n(version == 1 ? &table[ref].flags : &table2[ref].hdr.flags, (uint16_t)0, __ATOMIC_SEQ_CST);
}

static int map(unsigned int ref, uint16_t dom, uint32_t flags, uint64_t address, grant_handle_t *ret_handle)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = address,
		.flags = flags,
		.ref = ref,
		.dom = dom,
	};

	*ret_handle = 0;
	if (gnttab_op(GNTTABOP_map_grant_ref, &op, 1))
		return 1000;
	*ret_handle = op.handle;
	return op.status;
}

static int unmap(grant_handle_t handle, uint64_t address)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = address, .handle = handle };

	return gnttab_op(GNTTABOP_unmap_grant_ref, &op, 1) ? 1000 : op.status;
}

static int copy(unsigned int ref, uint16_t from_offset, uint16_t len)
{
	struct gnttab_copy op = {
		.source = { .u.ref = ref, .domid = self, .offset = from_offset },
		.dest = { .u.gmfn = (uintptr_t)other >> 12, .domid = DOMID_SELF, .offset = 8 },
		.len = len,
		.flags = GNTCOPY_source_gref,
	};

	return gnttab_op(GNTTABOP_copy, &op, 1) ? 1000 : op.status;
}

static void place_table(bool with_status)
{
	tap_is(memory_place(XENMAPSPACE_grant_table, 0, table), 0, "v%d: the table is mapped", version);
	if (with_status)
		tap_is(memory_place(XENMAPSPACE_grant_table, XENMAPIDX_grant_table_status, statuses), 0,
		       "v%d: and its status page", version);
}

static void test_mapping(void)
{
	volatile uint8_t *borrowed = (volatile uint8_t *)BORROWED;
	grant_handle_t handle, second, none;

	page[5] = 77;
	lend(REF, page, self, 0);
	tap_is(map(REF, self, GNTMAP_host_map, BORROWED, &handle), GNTST_okay, "v%d: mapped", version);
	tap_is(borrowed[5], 77, "v%d: it is the page", version);
	borrowed[6] = 88;
	tap_is(page[6], 88, "v%d: both ways", version);
	tap_is(marks(REF), GTF_reading | GTF_writing, "v%d: it is marked as used", version);
	tap_is(map(REF, self, GNTMAP_host_map, BORROWED, &none), GNTST_bad_virt_addr,
	       "v%d: not where something is", version);
	tap_is(map(REF, self, GNTMAP_host_map | GNTMAP_readonly, BORROWED + 4096, &second), GNTST_okay,
	       "v%d: a second time, to be read", version);
	tap_is(unmap(handle, BORROWED + 4096), GNTST_bad_virt_addr, "v%d: the wrong address", version);
	tap_is(unmap(handle, BORROWED), GNTST_okay, "v%d: unmapped", version);
	tap_is(marks(REF), GTF_reading, "v%d: one that reads is left", version);
	tap_is(unmap(handle, BORROWED), GNTST_bad_handle, "v%d: once only", version);
	tap_is(unmap(second, BORROWED + 4096), GNTST_okay, "v%d: the other too", version);
	tap_is(marks(REF), 0, "v%d: then no mark is left", version);

	take_back(REF);
	tap_is(map(REF, self, GNTMAP_host_map, BORROWED, &none), GNTST_bad_gntref,
	       "v%d: taken back, it cannot be mapped", version);
	lend(REF, page, self, GTF_readonly);
	tap_ok(map(REF, self, GNTMAP_host_map, BORROWED, &none) < 0, "v%d: lent to be read: not to be written",
	       version);
	tap_is(map(REF, self, GNTMAP_host_map | GNTMAP_readonly, BORROWED, &handle), GNTST_okay,
	       "v%d: but read", version);
	tap_is(borrowed[5], 77, "v%d: which works", version);
	unmap(handle, BORROWED);
	lend(REF, page, 0, 0);
	tap_is(map(REF, self, GNTMAP_host_map, BORROWED, &none), GNTST_bad_gntref,
	       "v%d: lent to another", version);
	tap_is(marks(REF), 0, "v%d: leaves no mark", version);
	lend(REF, (void *)0x7f0000000, self, 0);
	tap_ok(map(REF, self, GNTMAP_host_map, BORROWED, &none) < 0, "v%d: a frame that is not there", version);
	take_back(REF);
}

static void test_misuse(void)
{
	grant_handle_t none;

	lend(REF, page, self, 0);
	tap_is(map(1u << 20, self, GNTMAP_host_map, BORROWED, &none), GNTST_bad_gntref,
	       "v%d: a reference beyond the table", version);
	tap_is(map(REF, DOMID_OF_NOBODY, GNTMAP_host_map, BORROWED, &none), GNTST_bad_domain,
	       "v%d: nobody lends", version);
	tap_is(map(REF, self, 0, BORROWED, &none), GNTST_general_error, "v%d: mapped for nobody", version);
	tap_is(map(REF, self, GNTMAP_host_map, BORROWED + 1, &none), GNTST_bad_virt_addr,
	       "v%d: inside a page", version);
	tap_ok(map(REF, self, GNTMAP_host_map, 1ul << 60, &none) < 0, "v%d: beyond all addresses", version);
	tap_is(unmap(0x12345678, BORROWED), GNTST_bad_handle, "v%d: a handle of nothing", version);
	tap_is(gnttab_op(GNTTABOP_map_grant_ref, (void *)0x700000000000, 1), -XEN_EFAULT,
	       "v%d: arguments from nowhere", version);
	tap_is(gnttab_op(55, &none, 1), -XEN_ENOSYS, "v%d: an unknown operation", version);
	take_back(REF);
}

static void test_copying(void)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < 4096; i++)
		page[i] = (uint8_t)(i * 7);
	lend(REF, page, self, GTF_readonly);
	tap_is(copy(REF, 100, 2000), GNTST_okay, "v%d: a copy", version);
	for (i = 0; i < 2000; i++)
		if (other[8 + i] != (uint8_t)((100 + i) * 7))
			wrong++;
	tap_is((long)wrong, 0, "v%d: of every byte", version);
	tap_ok(other[7] == 0 && other[2008] == 0, "v%d: and no more", version);
	tap_is(copy(REF, 100, 4000), GNTST_bad_copy_arg, "v%d: not beyond the page", version);
	take_back(REF);
	tap_is(copy(REF, 0, 8), GNTST_bad_gntref, "v%d: not after it was taken back", version);
	tap_is(marks(REF), 0, "v%d: no mark is left", version);
	{
		struct gnttab_copy op = {
			.source = { .u.gmfn = 1, .domid = 0 },
			.dest = { .u.gmfn = (uintptr_t)other >> 12, .domid = DOMID_SELF },
			.len = 8,
		};

		gnttab_op(GNTTABOP_copy, &op, 1);
		tap_is(op.status, GNTST_permission_denied, "v%d: nor from what nobody lent", version);
	}
	for (i = 0; i < 4096; i++)
		other[i] = 0;
}

static void test_sub_page(void)
{
	grant_handle_t none;

	table2[REF2].hdr.domid = self;
	table2[REF2].sub_page.frame = (uint32_t)((uintptr_t)page >> 12);
	table2[REF2].sub_page.page_off = 64;
	table2[REF2].sub_page.length = 32;
	__atomic_store_n(&table2[REF2].hdr.flags, (uint16_t)(GTF_permit_access | GTF_sub_page),
			 __ATOMIC_SEQ_CST);
	tap_is(copy(REF2, 64, 32), GNTST_okay, "v2: a part of a page can be copied");
	tap_ok(copy(REF2, 64, 33) < 0 && copy(REF2, 63, 2) < 0, "v2: and no byte beside it");
	tap_ok(map(REF2, self, GNTMAP_host_map, BORROWED, &none) < 0, "v2: nor can it be mapped");
	tap_is(marks(REF2), 0, "v2: no mark is left");
	__atomic_store_n(&table2[REF2].hdr.flags, (uint16_t)GTF_transitive, __ATOMIC_SEQ_CST);
	tap_ok(copy(REF2, 0, 8) < 0, "v2: a loan of a loan is refused");
	take_back(REF2);
}

static int set_version(unsigned int to)
{
	struct gnttab_set_version op = { .version = to };
	long err = gnttab_op(GNTTABOP_set_version, &op, 1);

	return err ? (int)err : (int)op.version;
}

void rt_main(void)
{
	struct gnttab_query_size size = { .dom = DOMID_SELF };
	uint32_t leaf[4];
	uint64_t i;

	rt_cpuid(0x40000004, leaf);
	self = (uint16_t)leaf[2];
	for (i = 0; i < 2; i++)
		memory_give_up(BORROWED + i * 4096);

	tap_is(gnttab_op(GNTTABOP_query_size, &size, 1), 0, "the table's size");
	tap_ok(size.nr_frames <= size.max_nr_frames && size.max_nr_frames == 64, "is that of its making");
	if (size.max_nr_frames != 64)
		rt_printf("# %u of %u\n", size.nr_frames, size.max_nr_frames);
	place_table(false);
	test_mapping();
	test_misuse();
	test_copying();

	tap_is(set_version(3), -XEN_EINVAL, "there is no version 3");
	tap_is(set_version(2), 2, "version 2");
	version = 2;
	place_table(true);
	test_mapping();
	test_misuse();
	test_copying();
	test_sub_page();
	/* Its pages are free again, and the table can go back. */
	tap_is(set_version(1), 1, "and back to version 1");
	version = 1;
	test_copying();
	tap_done();
}
