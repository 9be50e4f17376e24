/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where things lie in a guest's physical memory.
 *
 *	0          RAM; 0xA0000-0xFFFFF are zero pages that the map calls reserved, because
 *	           kernels look for firmware there
 *	           kernel, where its ELF headers say
 *	           initrd
 *	           boot block: start_info, module list, memory map, command line, ACPI tables; below 1 GiB
 *	           because Linux' entry code reaches no further
 *	LAYOUT_HOLE_START (3.75 GiB)  no RAM; the special pages at 0xfeffe and 0xfefff
 *	4 GiB      the rest of RAM
 *
 * Pure arithmetic: nothing here touches a domain.
 */
#ifndef DOMAIN_LAYOUT_H
#define DOMAIN_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

struct elf_image;
struct hvm_memmap_table_entry;

#define LAYOUT_PAGE_SIZE 4096ull
#define LAYOUT_HOLE_START 0xf0000000ull
#define LAYOUT_HOLE_END (1ull << 32)
#define LAYOUT_CONSOLE_GFN 0xfeffeull
#define LAYOUT_XENSTORE_GFN 0xfefffull
#define LAYOUT_SPECIAL_PAGES 2u
#define LAYOUT_ISA_START 0xa0000ull
#define LAYOUT_ISA_END 0x100000ull
#define LAYOUT_MEMMAP_MAX 8u

struct layout {
	uint64_t low_bytes;  /* RAM from 0 */
	uint64_t high_bytes; /* RAM from 4 GiB */
	uint64_t boot_gpa;   /* the boot block */
	uint64_t boot_bytes; /* whole pages */
	uint64_t initrd_gpa; /* 0: none */
	uint64_t initrd_bytes;
};

/*
 * Lays out a domain of 'memory_bytes' with a kernel, an initrd of 'initrd_bytes' (0: none) and a
 * boot block of 'boot_bytes'. -ENOSPC: '*ret_error' (to be freed) says what does not fit.
 */
int layout_make(uint64_t memory_bytes, const struct elf_image *kernel, uint64_t initrd_bytes,
		uint64_t boot_bytes, struct layout *ret_layout, char **ret_error);

/* Frames that the domain owns: RAM and special pages. */
uint64_t layout_nr_frames(uint64_t memory_bytes);

/* The memory map, at most LAYOUT_MEMMAP_MAX entries; returns how many. */
unsigned int layout_memmap(const struct layout *layout, struct hvm_memmap_table_entry *map);

#endif
