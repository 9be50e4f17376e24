/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of several GiB, which a host that can maps by leaves of 1 GiB: what is at their edges, one
 * that is broken up, a page of it that is lent. Ends by a triple fault, so that its memory stays to be
 * looked at.
 */
#include "memory.h"
#include "rt.h"
#include "tap.h"

#include <xen/grant_table.h>

#define GIB 0x40000000ul
#define MIDDLE (GIB + 0x12345000ul)
#define LENT (GIB + 0x30000000ul)
#define BORROWED (LENT + 0x1000ul)
#define REF 20u

static grant_entry_v1_t table[4096 / sizeof(grant_entry_v1_t)] __attribute__((aligned(4096)));

static void test_edges(void)
{
	static const uint64_t edges[] = {
		GIB - 8, GIB, GIB + 0x200000 - 8, GIB + 0x200000, MIDDLE, 2 * GIB - 8, 2 * GIB, 2 * GIB + GIB / 2 - 8,
	};
	const unsigned int nr = sizeof(edges) / sizeof(edges[0]);
	unsigned int i, dirty = 0, wrong = 0;

	for (i = 0; i < nr; i++)
		dirty += *at(edges[i]) != 0;
	tap_is((long)dirty, 0, "memory comes clean, at the edges and between");
	for (i = 0; i < nr; i++)
		*at(edges[i]) = edges[i];
	for (i = 0; i < nr; i++)
		wrong += *at(edges[i]) != edges[i];
	tap_is((long)wrong, 0, "and each place is its own");
}

static void test_page_in_the_middle(void)
{
	long before = memory_owned();

	*at(MIDDLE - 8) = 1;
	*at(MIDDLE + 4096) = 2;
	tap_is(memory_give_up(MIDDLE), 1, "a page in the middle of 1 GiB is given up");
	tap_is(memory_owned(), before - 1, "one page");
	tap_ok(*at(MIDDLE - 8) == 1 && *at(MIDDLE + 4096) == 2, "its neighbours keep what they hold");
	tap_ok(*at(GIB) == GIB && *at(2 * GIB - 8) == 2 * GIB - 8, "so do the ends");
	tap_is(memory_take_back(MIDDLE, 0), 1, "it is taken back");
	tap_is((long)*at(MIDDLE), 0, "empty");
	*at(MIDDLE) = 7;
	tap_is((long)*at(MIDDLE), 7, "and can be used");
	tap_is(memory_owned(), before, "it counts again");
	tap_is(memory_take_back(GIB, 18), 0, "a GiB cannot be put where memory is");
	tap_is(memory_take_back(4 * GIB, 18), 0, "nor beyond what is the guest's");
	tap_is(memory_take_back(4 * GIB, 10), 0, "4 MiB are no extent");
	tap_is(memory_owned(), before, "nothing is lost by that");
}

static void test_lent_page(void)
{
	struct gnttab_map_grant_ref map = { .host_addr = BORROWED, .flags = GNTMAP_host_map, .ref = REF };
	struct gnttab_unmap_grant_ref unmap = { .host_addr = BORROWED };
	uint32_t leaf[4];

	rt_cpuid(0x40000004, leaf);
	tap_is(memory_place(XENMAPSPACE_grant_table, 0, table), 0, "the grant table is mapped");
	table[REF].domid = map.dom = (uint16_t)leaf[2];
	table[REF].frame = LENT >> 12;
	__atomic_store_n(&table[REF].flags, (uint16_t)GTF_permit_access, __ATOMIC_SEQ_CST);
	*at(LENT + 16) = 99;
	tap_is(memory_give_up(BORROWED), 1, "a place for a page of a large leaf");
	rt_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, (uintptr_t)&map, 1);
	tap_is(map.status, GNTST_okay, "which is lent, and mapped there");
	tap_is((long)*at(BORROWED + 16), 99, "it is the page");
	*at(BORROWED + 24) = 98;
	tap_is((long)*at(LENT + 24), 98, "both ways");
	unmap.handle = map.handle;
	rt_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, (uintptr_t)&unmap, 1);
	tap_is(unmap.status, GNTST_okay, "and unmapped");
	tap_is(memory_take_back(BORROWED, 0), 1, "memory comes back to its place");
}

void rt_main(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none;

	test_edges();
	test_page_in_the_middle();
	test_lent_page();
	tap_done();
	__asm__ volatile("lidt %0; ud2" ::"m"(none));
}
