/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's physical memory; the contract is in layout.h.
 */
#include "domain/layout.h"

#include <errno.h>
#include <stdbool.h>

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/xen.h>

#include "lib/elf.h"
#include "lib/xmem.h"

#define BOOT_END_MAX (1ull << 30)

static uint64_t page_up(uint64_t n)
{
	return (n + LAYOUT_PAGE_SIZE - 1) & ~(LAYOUT_PAGE_SIZE - 1);
}

static uint64_t page_down(uint64_t n)
{
	return n & ~(LAYOUT_PAGE_SIZE - 1);
}

uint64_t layout_nr_frames(uint64_t memory_bytes)
{
	return memory_bytes / LAYOUT_PAGE_SIZE + LAYOUT_SPECIAL_PAGES;
}

/*
 * The highest place of 'size' bytes in [bottom, top) that does not touch the kernel: 0 if there is
 * none (nothing is ever placed at 0).
 */
static uint64_t place_below(uint64_t top, uint64_t bottom, uint64_t size,
			    const struct elf_image *kernel)
{
	uint64_t at;

	size = page_up(size);
	if (top < size || top - size < bottom)
		return 0;
	at = page_down(top - size);
	if (at >= kernel->end || at + size <= kernel->start)
		return at >= bottom ? at : 0;
	/* It would lie on the kernel: below that, then. */
	if (kernel->start < bottom || kernel->start - bottom < size)
		return 0;
	at = page_down(kernel->start - size);
	return at >= bottom ? at : 0;
}

int layout_make(uint64_t memory_bytes, const struct elf_image *kernel, uint64_t initrd_bytes,
		uint64_t boot_bytes, struct layout *ret_layout, char **ret_error)
{
	struct layout l = { .initrd_bytes = initrd_bytes };
	uint64_t low_end, boot_top;

	l.low_bytes = memory_bytes < LAYOUT_HOLE_START ? memory_bytes : LAYOUT_HOLE_START;
	l.high_bytes = memory_bytes - l.low_bytes;
	l.boot_bytes = page_up(boot_bytes);
	low_end = page_down(l.low_bytes);

	if (kernel->end > low_end) {
		*ret_error = xasprintf("the kernel needs memory up to %llu MiB, the domain has %llu MiB",
				       (unsigned long long)((kernel->end + (1 << 20) - 1) >> 20),
				       (unsigned long long)(memory_bytes >> 20));
		return -ENOSPC;
	}
	if (kernel->start < LAYOUT_ISA_END) {
		*ret_error = xasprintf("the kernel wants to be loaded below 1 MiB");
		return -ENOSPC;
	}

	boot_top = low_end < BOOT_END_MAX ? low_end : BOOT_END_MAX;
	l.boot_gpa = place_below(boot_top, LAYOUT_ISA_END, l.boot_bytes, kernel);
	if (!l.boot_gpa) {
		*ret_error = xasprintf("no room for the boot data beside the kernel below 1 GiB");
		return -ENOSPC;
	}
	if (initrd_bytes) {
		/* Beside the boot block if it fits there, else between 1 GiB and the hole. */
		l.initrd_gpa = place_below(l.boot_gpa, LAYOUT_ISA_END, initrd_bytes, kernel);
		if (!l.initrd_gpa && low_end > BOOT_END_MAX)
			l.initrd_gpa = place_below(low_end, BOOT_END_MAX, initrd_bytes, kernel);
		if (!l.initrd_gpa) {
			*ret_error = xasprintf(
				"the initrd (%llu MiB) does not fit beside the kernel in %llu MiB",
				(unsigned long long)((initrd_bytes + (1 << 20) - 1) >> 20),
				(unsigned long long)(memory_bytes >> 20));
			return -ENOSPC;
		}
	}
	*ret_layout = l;
	return 0;
}

static void add(struct hvm_memmap_table_entry *map, unsigned int *n, uint64_t start, uint64_t end,
		uint32_t type)
{
	if (start < end)
		map[(*n)++] = (struct hvm_memmap_table_entry){
			.addr = start,
			.size = end - start,
			.type = type,
		};
}

unsigned int layout_memmap(const struct layout *l, struct hvm_memmap_table_entry *map)
{
	uint64_t special = LAYOUT_CONSOLE_GFN * LAYOUT_PAGE_SIZE;
	unsigned int n = 0;

	add(map, &n, 0, LAYOUT_ISA_START, XEN_HVM_MEMMAP_TYPE_RAM);
	add(map, &n, LAYOUT_ISA_START, LAYOUT_ISA_END, XEN_HVM_MEMMAP_TYPE_RESERVED);
	add(map, &n, LAYOUT_ISA_END, l->boot_gpa, XEN_HVM_MEMMAP_TYPE_RAM);
	/* The tables must outlive the kernel's start, so their pages are not given out as RAM. */
	add(map, &n, l->boot_gpa, l->boot_gpa + l->boot_bytes, XEN_HVM_MEMMAP_TYPE_ACPI);
	add(map, &n, l->boot_gpa + l->boot_bytes, l->low_bytes, XEN_HVM_MEMMAP_TYPE_RAM);
	add(map, &n, special, special + LAYOUT_SPECIAL_PAGES * LAYOUT_PAGE_SIZE,
	    XEN_HVM_MEMMAP_TYPE_RESERVED);
	add(map, &n, LAYOUT_HOLE_END, LAYOUT_HOLE_END + l->high_bytes, XEN_HVM_MEMMAP_TYPE_RAM);
	return n;
}
