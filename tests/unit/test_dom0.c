/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control domain's kernel image, damaged in many ways; its memory and the map it is shown. */
#include <stdlib.h>
#include <string.h>

#include <hv/boot.h>
#include <hv/domain.h>
#include <hv/physmap.h>

#include <arch/fake.h>

#include "abi_world.h"
#include "dom0.h"
#include "unit.h"

/* A small kernel: one segment with the note in it, as 'struct image' lays it out. */
struct image {
	struct {
		uint8_t ident[16];
		uint16_t type, machine;
		uint32_t version;
		uint64_t entry, phoff, shoff;
		uint32_t flags;
		uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
	} h;
	struct {
		uint32_t type, flags;
		uint64_t offset, vaddr, paddr, filesz, memsz, align;
	} ph[2];
	struct {
		uint32_t namesz, descsz, type;
		char name[4];
		uint32_t desc;
	} notes[2];
	uint8_t text[64];
};

static struct image good(void)
{
	struct image i;

	memset(&i, 0, sizeof(i));
	memcpy(i.h.ident, "\177ELF\2\1\1", 7);
	i.h.type = 2;
	i.h.machine = 62;
	i.h.phoff = offsetof(struct image, ph);
	i.h.phentsize = sizeof(i.ph[0]);
	i.h.phnum = 2;
	i.ph[0].type = 1;
	i.ph[0].offset = offsetof(struct image, text);
	i.ph[0].paddr = 0x1000000;
	i.ph[0].filesz = 64;
	i.ph[0].memsz = 0x3000;
	i.ph[1].type = 4;
	i.ph[1].offset = offsetof(struct image, notes);
	i.ph[1].filesz = sizeof(i.notes);
	i.notes[0].namesz = i.notes[1].namesz = 4;
	i.notes[0].descsz = i.notes[1].descsz = 4;
	memcpy(i.notes[0].name, "Xen", 4);
	memcpy(i.notes[1].name, "Xen", 4);
	i.notes[0].type = 18;
	i.notes[0].desc = 0x1000100;
	i.notes[1].type = 17;
	i.notes[1].desc = 1u << 11;
	return i;
}

static const char *parse(const struct image *i, uint64_t size, struct dom0_kernel *k)
{
	/* From the heap, in its exact size: one byte too far is found. */
	void *copy = malloc(size);
	const char *wrong;

	memcpy(copy, i, size);
	wrong = dom0_elf_parse(copy, size, k);
	free(copy);
	return wrong;
}

static void good_kernel_is_understood(void)
{
	struct image i = good();
	struct dom0_kernel k;

	CU_ASSERT_PTR_NULL(parse(&i, sizeof(i), &k));
	CU_ASSERT_EQUAL(k.entry, 0x1000100);
	CU_ASSERT_EQUAL(k.start, 0x1000000);
	CU_ASSERT_EQUAL(k.end, 0x1003000);
	CU_ASSERT_EQUAL(k.nr_segments, 1);
}

static void damaged_kernels_are_named(void)
{
	struct dom0_kernel k;
	struct image i;

#define BAD(change, text)                                                                          \
	do {                                                                                       \
		const char *wrong;                                                                 \
		i = good();                                                                        \
		change;                                                                            \
		wrong = parse(&i, sizeof(i), &k);                                                  \
		CU_ASSERT_PTR_NOT_NULL_FATAL(wrong);                                               \
		CU_ASSERT_PTR_NOT_NULL(strstr(wrong, text));                                       \
	} while (0)
	BAD(i.h.ident[0] = 'M', "no ELF");
	BAD(i.h.ident[4] = 1, "64-bit");
	BAD(i.h.machine = 3, "64-bit");
	BAD(i.h.phoff = ~0ul, "outside");
	BAD(i.h.phnum = 0xffff, "outside");
	BAD(i.h.phentsize = 3, "outside");
	BAD(i.ph[0].offset = sizeof(i), "cut off");
	BAD(i.ph[0].filesz = ~0ul, "cut off");
	BAD(i.ph[0].memsz = 32, "sizes");
	BAD(i.ph[0].paddr = ~0ul - 10, "sizes");
	BAD(i.ph[0].type = 7, "nothing to load");
	BAD(i.notes[0].type = 1, "PVH");
	BAD(i.notes[0].namesz = 0xffffffff, "PVH");
	BAD(i.notes[0].descsz = 0xfffffff0, "PVH");
	BAD(i.notes[0].desc = 0x5, "entry");
	BAD(i.notes[1].desc = 0, "control domain");
#undef BAD
}

static void every_shorter_file_is_refused(void)
{
	struct image i = good();
	struct dom0_kernel k;
	uint64_t n;

	for (n = 0; n < sizeof(i); n++)
		CU_ASSERT_PTR_NOT_NULL(parse(&i, n, &k));
}

static void flipped_bits_do_no_harm(void)
{
	struct dom0_kernel k;
	struct image i;
	uint32_t bit;

	for (bit = 0; bit < 8 * offsetof(struct image, text); bit++) {
		i = good();
		((uint8_t *)&i)[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		if (parse(&i, sizeof(i), &k) == NULL)
			CU_ASSERT(k.entry >= k.start && k.entry < k.end);
	}
}

/* ---- memory ---- */

static struct dom0_memory m;

static void claim(uint64_t size)
{
	memset(&m, 0, sizeof(m));
	m.d = world_guest(1);
	m.d->max_frames = 100000;
	dom0_memory_claim(&m, size);
}

static void claimed_memory_is_mapped_one_to_one(void)
{
	struct physmap_entry e;
	uint64_t i, sum = 0;

	claim(MIB(16));
	for (i = 0; i < m.nr_runs; i++)
		sum += m.runs[i].nr;
	CU_ASSERT_EQUAL(sum, m.nr_frames);
	CU_ASSERT_EQUAL(m.nr_frames, MIB(16) >> PAGE_SHIFT);
	CU_ASSERT(physmap_lookup(m.d, gfn_from(m.runs[0].first), &e));
	CU_ASSERT_EQUAL(e.mfn.n, m.runs[0].first);
	CU_ASSERT(world_destroy(m.d));
}

static void places_do_not_overlap(void)
{
	paddr_t a, b, first;

	claim(MIB(16));
	first = m.runs[0].first << PAGE_SHIFT;
	CU_ASSERT(dom0_memory_take(&m, first + MIB(2), first + MIB(3)));
	CU_ASSERT(!dom0_memory_take(&m, first + MIB(2) + 5, first + MIB(2) + 6));
	CU_ASSERT(!dom0_memory_take(&m, 0x1000, 0x2000));
	a = dom0_memory_find(&m, MIB(4), MIB(2), GIB(4));
	b = dom0_memory_find(&m, MIB(4), MIB(2), GIB(4));
	CU_ASSERT(a != 0 && b != 0);
	CU_ASSERT(a >= b + MIB(4) || b >= a + MIB(4));
	CU_ASSERT(a >= first + MIB(3) || a + MIB(4) <= first + MIB(2));
	CU_ASSERT_EQUAL(dom0_memory_find(&m, MIB(64), PAGE_SIZE, GIB(4)), 0);
	CU_ASSERT_EQUAL(dom0_memory_find(&m, PAGE_SIZE, PAGE_SIZE, first), 0);
	CU_ASSERT(world_destroy(m.d));
}

static void map_is_sorted_and_has_no_overlaps(void)
{
	uint64_t ram = 0;
	paddr_t acpi;
	uint32_t i;

	claim(MIB(16));
	acpi = dom0_memory_find(&m, 2 * PAGE_SIZE, PAGE_SIZE, GIB(4));
	boot_info.regions[1] = (struct boot_region){ 0xfee00000, 0x1000, REGION_RESERVED };
	boot_info.nr_regions = 2;
	dom0_memory_make_map(&m, acpi, 2 * PAGE_SIZE);
	for (i = 0; i < m.nr_map; i++) {
		if (i)
			CU_ASSERT(m.map[i].addr >= m.map[i - 1].addr + m.map[i - 1].size);
		if (m.map[i].type == REGION_RAM)
			ram += m.map[i].size;
		if (m.map[i].type == REGION_ACPI)
			CU_ASSERT_EQUAL(m.map[i].addr, acpi);
	}
	CU_ASSERT_EQUAL(ram, (m.nr_frames - 2) << PAGE_SHIFT);
	CU_ASSERT_EQUAL(m.map[m.nr_map - 1].addr, 0xfee00000);
	boot_info.nr_regions = 1;
	CU_ASSERT(world_destroy(m.d));
}

static void size_stays_within_what_there_is(void)
{
	CU_ASSERT(dom0_memory_size(0) < MIB(64));
	CU_ASSERT(dom0_memory_size(GIB(100)) < MIB(64));
}

static void world_comes_up(void)
{
	world_start();
	CU_ASSERT_PTR_NOT_NULL(control_domain);
}

UNIT_MAIN("dom0", UNIT_TEST(world_comes_up), UNIT_TEST(good_kernel_is_understood),
	  UNIT_TEST(damaged_kernels_are_named), UNIT_TEST(every_shorter_file_is_refused),
	  UNIT_TEST(flipped_bits_do_no_harm), UNIT_TEST(claimed_memory_is_mapped_one_to_one),
	  UNIT_TEST(places_do_not_overlap), UNIT_TEST(map_is_sorted_and_has_no_overlaps),
	  UNIT_TEST(size_stays_within_what_there_is))
