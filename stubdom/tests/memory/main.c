/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory operations, and what they do to the nested page tables: large leaves that are broken up, holes,
 * pages given up and taken back, pages of others; and the guest's own tables over all that.
 */
#include "memory.h"
#include "rt.h"
#include "tap.h"

#include <xen/errno.h>

#define SIZE_2M 0x200000ul
#define PTE_P 0x1ul
#define PTE_W 0x2ul
#define PTE_U 0x4ul
#define PTE_A 0x20ul
#define PTE_D 0x40ul
#define PTE_PS 0x80ul
#define PTE_NX (1ul << 63)
#define DOMID_OF_NOBODY 0x7123

/* Memory from 16 MiB on is free in a guest of 64 MiB: the program is below, boot data are above. */
#define AREA 0x1000000ul
#define BEYOND 0x80000000ul /* no memory there, but entry.S maps it */

extern uint64_t rt_directories[2048];
static uint64_t table[512] __attribute__((aligned(4096)));

static void test_ballooning(void)
{
	uint64_t i, wrong = 0;
	long before = memory_owned();

	/* A word in each page of a 2 MiB leaf; then a page in the middle goes. */
	for (i = 0; i < 512; i++)
		*at(AREA + i * 4096) = i + 1;
	tap_is(memory_give_up(AREA + 100 * 4096), 1, "a page in the middle of 2 MiB is given up");
	tap_is(memory_owned(), before - 1, "it counts");
	for (i = 0; i < 512; i++)
		if (i != 100 && *at(AREA + i * 4096) != i + 1)
			wrong++;
	tap_is((long)wrong, 0, "its neighbours keep what they hold");
	tap_is(memory_give_up(AREA + 100 * 4096), 0, "it cannot be given up twice");
	tap_is(memory_take_back(AREA + 100 * 4096, 0), 1, "it is taken back");
	tap_is((long)*at(AREA + 100 * 4096), 0, "empty");
	*at(AREA + 100 * 4096) = 7;
	tap_is((long)*at(AREA + 100 * 4096), 7, "and can be used");
	tap_is(memory_owned(), before, "it counts again");
	tap_is(memory_take_back(AREA + 100 * 4096, 0), 0, "where there is memory, none can be put");
	tap_is((long)*at(AREA + 100 * 4096), 7, "and what is there stays");

	/* All of it goes and comes back as one. */
	for (i = 0; i < 512; i++)
		if (memory_give_up(AREA + SIZE_2M + i * 4096) != 1)
			wrong++;
	tap_is((long)wrong, 0, "2 MiB given up page by page");
	tap_is(memory_owned(), before - 512, "all of them");
	tap_is(memory_take_back(AREA + SIZE_2M, 9), 1, "come back as one");
	for (i = 0; i < 512; i++)
		if (*at(AREA + SIZE_2M + i * 4096))
			wrong++;
	tap_is((long)wrong, 0, "empty to the last page");
	tap_is(memory_owned(), before, "the sum is right");
	for (i = 0; i < 16 && memory_take_back(BEYOND + 0x100000 + i * 4096, 0) == 1; i++)
		;
	tap_is((long)(memory_owned() - before), (long)i, "what is below the limit can be had");
	tap_ok(i < 16, "more cannot");
	while (i-- > 0)
		memory_give_up(BEYOND + 0x100000 + i * 4096);

	/* A page moves to where there was none: beyond a 1 GiB boundary. */
	tap_is(memory_give_up(AREA), 1, "a page goes");
	tap_is(memory_take_back(BEYOND + 4096, 0), 1, "and comes back above 2 GiB");
	*at(BEYOND + 4096) = 0x55;
	tap_is((long)*at(BEYOND + 4096), 0x55, "where it can be used");
	tap_is(memory_give_up(BEYOND + 4096), 1, "and goes again");
	tap_is(memory_take_back(0xbffff000, 0), 1, "to the last page below 3 GiB");
	*at(0xbffff000 + 4088) = 0x66;
	tap_is((long)*at(0xbffff000 + 4088), 0x66, "to its last word");
	tap_is(memory_give_up(0xbffff000), 1, "and goes");
	tap_is(memory_take_back(AREA, 0), 1, "home");
	tap_is(memory_owned(), before, "nothing is lost");
}

static void test_refusals(void)
{
	struct xen_add_to_physmap add = { .domid = DOMID_SELF };
	struct xen_memory_map map = { .nr_entries = 32 };
	tap_is(memory_reservation(XENMEM_populate_physmap, AREA, 0, 0), -XEN_EPERM,
	       "another domain's memory is not ours");
	tap_ok(memory_reservation(XENMEM_decrease_reservation, AREA, 0, DOMID_OF_NOBODY) < 0, "nor nobody's");
	tap_ok(memory_reservation(XENMEM_populate_physmap, AREA, 60, DOMID_SELF) <= 0, "an order of 60");
	tap_is(memory_take_back(0x8000000000000ul, 0), 0, "an address beyond all");
	tap_is(memory_op(XENMEM_populate_physmap, (void *)0x700000000000), -XEN_EFAULT, "arguments from nowhere");
	add.space = XENMAPSPACE_shared_info;
	add.idx = 1;
	tap_is(memory_op(XENMEM_add_to_physmap, &add), -XEN_EINVAL, "there is one shared page");
	add.space = 77;
	tap_is(memory_op(XENMEM_add_to_physmap, &add), -XEN_ENOSYS, "an unknown space");
	tap_is(memory_op(60, &add), -XEN_ENOSYS, "an unknown operation");
	set_xen_guest_handle(map.buffer, (void *)AREA);
	tap_is(memory_op(XENMEM_memory_map, &map), 0, "the memory map");
	tap_ok(map.nr_entries >= 2 && map.nr_entries <= 8, "has some entries");
	tap_is((long)*at(AREA), 0, "the first begins at zero");
}

static void test_shared_page(void)
{
	struct xen_add_to_physmap add = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
		.gpfn = AREA >> 12,
	};
	struct xen_remove_from_physmap remove = { .domid = DOMID_SELF, .gpfn = AREA >> 12 };
	const volatile struct shared_info *s = (void *)AREA;
	long before = memory_owned();

	rt_irq_disable();
	tap_is(memory_op(XENMEM_add_to_physmap, &add), 0, "the shared page moves");
	tap_ok(s->wc_sec > 1500000000, "and is seen at its new place");
	tap_is(memory_op(XENMEM_remove_from_physmap, &remove), 0, "it is taken out");
	tap_is(memory_take_back(AREA, 0), 1, "memory comes to its place");
	tap_is((long)*at(AREA), 0, "with nothing of it");
	add.gpfn = (uintptr_t)&rt_shared >> 12;
	tap_is(memory_op(XENMEM_add_to_physmap, &add), 0, "back where it was");
	tap_ok(rt_shared.wc_sec > 1500000000, "it is seen there");
	tap_ok(memory_owned() <= before, "what it hid was given up: no frame counts twice");
}

/* ---- the guest's own tables ---- */

static void use_table(void) /* 4 KiB pages for AREA's second 2 MiB */
{
	uint64_t i;

	for (i = 0; i < 512; i++)
		table[i] = (AREA + SIZE_2M + i * 4096) | PTE_P | PTE_W | PTE_U;
	rt_directories[(AREA + SIZE_2M) / SIZE_2M] = (uintptr_t)table | PTE_P | PTE_W | PTE_U;
	rt_invlpg(at(AREA + SIZE_2M));
}

static void test_guest_tables(void)
{
	uint64_t base = AREA + SIZE_2M, value = 0;

	use_table();
	(void)*at(base);
	tap_ok((table[0] & PTE_A) && !(table[0] & PTE_D), "a read sets the accessed bit");
	*at(base) = 5;
	tap_ok(table[0] & PTE_D, "a write the dirty bit");
	tap_ok(!(table[1] & PTE_A), "of that page alone");

	table[2] &= ~PTE_W;
	rt_invlpg(at(base + 0x2000));
	tap_is(rt_try("movq $1, (%0)", : "r"(base + 0x2000)), PF, "a write to what may be read");
	tap_is((long)rt_trap.error, 3, "is the guest's own page fault");
	rt_wrmsr(MSR_EFER, rt_rdmsr(MSR_EFER) | 1ul << 11);
	table[3] |= PTE_NX;
	rt_invlpg(at(base + 0x3000));
	*at(base + 0x3000) = 0xc3;
	tap_is(rt_try("jmp *%0", : "r"(base + 0x3000)), PF, "code where none may be");
	tap_ok(rt_trap.error & 16, "says so");

	/* Two pages change places: INVLPG is enough. */
	*at(base + 0x4000) = 44;
	*at(base + 0x5000) = 55;
	table[4] = (base + 0x5000) | PTE_P | PTE_W;
	rt_invlpg(at(base + 0x4000));
	tap_is((long)*at(base + 0x4000), 55, "a changed entry holds after INVLPG");
	table[4] = (base + 0x4000) | PTE_P | PTE_W;
	__asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "+r"(value)::"memory");
	tap_is((long)*at(base + 0x4000), 44, "and after CR3 is loaded");

	/* hv reads arguments through these tables too: a page boundary with two far apart behind it. */
	{
		uint64_t far = base + 0x7000 - 8;
		struct xen_memory_domain *self = (void *)far;

		self->domid = DOMID_SELF;
		tap_ok(memory_op(XENMEM_current_reservation, self) > 0, "an argument at a page's end");
		table[6] &= ~PTE_P;
		rt_invlpg(at(base + 0x6000));
		tap_is(memory_op(XENMEM_current_reservation, self), -XEN_EFAULT, "one whose page is gone");
	}
}

/* A page that another vCPU uses is given up under it: translations there must end. */
static volatile uint32_t second_runs, second_stop, second_stopped;

static void second(void)
{
	while (!second_stop) {
		(void)*at(AREA + 3 * SIZE_2M + 4096);
		second_runs++;
	}
	second_stopped = 1;
}

static void test_other_cpu(void)
{
	uint64_t page = AREA + 3 * SIZE_2M;
	unsigned int i, failed = 0;

	*at(page) = 1;
	*at(page + 4096) = 2;
	rt_cpu_start(1, second);
	rt_wait_for(&second_runs, 1);
	/* Its neighbour comes and goes; the leaf they share is broken up under the other's feet. */
	for (i = 0; i < 50; i++) {
		if (memory_give_up(page) != 1 || memory_take_back(page, 0) != 1 || *at(page) != 0)
			failed++;
		*at(page) = i + 1;
	}
	second_stop = 1;
	tap_is((long)failed, 0, "pages come and go while another vCPU is near");
	tap_ok(rt_wait_for(&second_stopped, 1), "which does not mind");
}

void rt_main(void)
{
	test_ballooning();
	test_refusals();
	test_shared_page();
	test_guest_tables();
	test_other_cpu();
	tap_done();
}
