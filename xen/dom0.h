/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building the control domain: shared by the dom0_*.c files, at boot only. */
#ifndef XEN_DOM0_H
#define XEN_DOM0_H

#include <hv/boot.h>
#include <hv/compiler.h>
#include <hv/types.h>

struct domain;

/* ---- dom0_elf.c: the kernel image; pure ---- */
#define DOM0_MAX_SEGMENTS 16u
struct dom0_segment {
	paddr_t paddr;
	uint64_t file_size, mem_size;
	const uint8_t *data;
};
struct dom0_kernel {
	struct dom0_segment segments[DOM0_MAX_SEGMENTS];
	uint32_t nr_segments;
	paddr_t start, end; /* of all segments */
	paddr_t entry;
};
/* NULL: good; else what is wrong with the image, for people. */
const char *dom0_elf_parse(const void *image, uint64_t size, struct dom0_kernel *ret_kernel);

/* ---- dom0_memory.c ---- */
#define DOM0_MAX_RUNS  100u
#define DOM0_MAX_MAP   126u /* Linux copies without a bound into a table of 128 */
#define DOM0_MAX_TAKEN 8u

struct dom0_run {
	uint64_t first, nr; /* frames */
};

struct dom0_map_entry {
	uint64_t addr, size;
	uint32_t type; /* enum region_type */
};

struct dom0_memory {
	struct domain *d;
	struct dom0_run runs[DOM0_MAX_RUNS]; /* its RAM, sorted */
	uint32_t nr_runs;
	uint64_t nr_frames;
	struct dom0_run taken[DOM0_MAX_TAKEN]; /* where something was put already */
	uint32_t nr_taken;
	struct dom0_map_entry map[DOM0_MAX_MAP];
	uint32_t nr_map;
};

/* How much the control domain gets: what dom0_mem= says, or a share, within what there is. */
uint64_t dom0_memory_size(uint64_t wanted);
/* Takes about 'size' bytes of RAM for m->d, lowest first, and maps it one to one. */
void dom0_memory_claim(struct dom0_memory *m, uint64_t size);
/* Is [start, end) RAM of the control domain as a whole, and free? Then it is taken. */
bool dom0_memory_take(struct dom0_memory *m, paddr_t start, paddr_t end);
/* Free RAM of its for 'size' bytes in one piece below 'limit': taken. 0: none. */
paddr_t dom0_memory_find(struct dom0_memory *m, uint64_t size, uint64_t align, paddr_t limit);
/* Fills m->map: its RAM, with [acpi, acpi + acpi_size) as ACPI tables, and what firmware keeps. */
void dom0_memory_make_map(struct dom0_memory *m, paddr_t acpi, uint64_t acpi_size);

/* ---- dom0_acpi.c ---- */
/* Bytes that dom0_acpi_build() will need. */
uint64_t dom0_acpi_size(const struct domain *d);
/* Makes MADT, XSDT and RSDP at 'at'; returns the address of the RSDP. */
paddr_t dom0_acpi_build(const struct domain *d, paddr_t at, uint64_t size);

#endif
