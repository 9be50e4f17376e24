/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest finds at its start: memory layout and map, start_info, ACPI tables.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

#include "domain/acpi.h"
#include "domain/layout.h"
#include "domain/start_info.h"
#include "lib/elf.h"
#include "unit.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

static const struct elf_image kernel = { .start = MIB(16), .end = MIB(60), .pvh_entry = MIB(16) };

static struct layout must_fit(uint64_t memory, uint64_t initrd)
{
	struct layout l = { 0 };
	char *error = NULL;

	CU_ASSERT_EQUAL_FATAL(layout_make(memory, &kernel, initrd, 10000, &l, &error), 0);
	return l;
}

static bool apart(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a + a_size <= b || b + b_size <= a;
}

static void nothing_overlaps_at_any_size(void)
{
	static const uint64_t sizes[] = { MIB(64), MIB(128), MIB(129), MIB(1023), GIB(1), MIB(1025),
					  MIB(3839), MIB(3840), MIB(3841), GIB(4), GIB(64) };

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct layout l = must_fit(sizes[i], MIB(3) + 17);

		CU_ASSERT_EQUAL(l.low_bytes + l.high_bytes, sizes[i]);
		CU_ASSERT(l.low_bytes <= LAYOUT_HOLE_START);
		CU_ASSERT(l.boot_gpa + l.boot_bytes <= l.low_bytes);
		CU_ASSERT(l.boot_gpa + l.boot_bytes <= GIB(1)); /* Linux' entry code reaches no further */
		CU_ASSERT(l.initrd_gpa + l.initrd_bytes <= l.low_bytes);
		CU_ASSERT(l.initrd_gpa >= MIB(1) && l.initrd_gpa % 4096 == 0);
		CU_ASSERT(apart(l.boot_gpa, l.boot_bytes, kernel.start, kernel.end - kernel.start));
		CU_ASSERT(apart(l.initrd_gpa, l.initrd_bytes, kernel.start, kernel.end - kernel.start));
		CU_ASSERT(apart(l.initrd_gpa, l.initrd_bytes, l.boot_gpa, l.boot_bytes));
	}
}

static void a_large_initrd_goes_above_one_gib(void)
{
	struct layout l = must_fit(GIB(3), MIB(1200));

	CU_ASSERT(l.initrd_gpa >= GIB(1));
	CU_ASSERT(l.initrd_gpa + l.initrd_bytes <= GIB(3));
}

static void an_initrd_may_lie_below_a_high_kernel(void)
{
	struct elf_image high = { .start = MIB(40), .end = MIB(63) };
	struct layout l;
	char *error = NULL;

	CU_ASSERT_EQUAL(layout_make(MIB(64), &high, MIB(20), 10000, &l, &error), 0);
	CU_ASSERT(l.initrd_gpa + MIB(20) <= MIB(40));
}

static void what_does_not_fit_is_said(void)
{
	struct elf_image low = { .start = 0x8000, .end = 0x9000 };
	struct layout l;
	char *error = NULL;

	CU_ASSERT(layout_make(MIB(32), &kernel, 0, 10000, &l, &error) < 0);
	CU_ASSERT_STRING_EQUAL(error, "the kernel needs memory up to 60 MiB, the domain has 32 MiB");
	free(error);
	CU_ASSERT(layout_make(MIB(128), &kernel, MIB(100), 10000, &l, &error) < 0);
	CU_ASSERT_STRING_EQUAL(error,
			       "the initrd (100 MiB) does not fit beside the kernel in 128 MiB");
	free(error);
	CU_ASSERT(layout_make(MIB(128), &low, 0, 10000, &l, &error) < 0);
	free(error);
}

static void the_map_is_sorted_and_complete(void)
{
	static const uint64_t sizes[] = { MIB(128), GIB(2), GIB(8) };

	for (unsigned int i = 0; i < 3; i++) {
		struct hvm_memmap_table_entry map[LAYOUT_MEMMAP_MAX];
		struct layout l = must_fit(sizes[i], MIB(1));
		unsigned int n = layout_memmap(&l, map);
		uint64_t ram = 0, at = 0;

		for (unsigned int k = 0; k < n; k++) {
			CU_ASSERT(map[k].addr >= at);
			at = map[k].addr + map[k].size;
			if (map[k].type == XEN_HVM_MEMMAP_TYPE_RAM)
				ram += map[k].size;
		}
		/* All but the legacy hole and the boot block is RAM. */
		CU_ASSERT_EQUAL(ram, sizes[i] - 0x60000 - l.boot_bytes);
		CU_ASSERT_EQUAL(layout_nr_frames(sizes[i]), sizes[i] / 4096 + 2);
	}
}

/* ---- start_info and ACPI ---- */

static uint8_t sum(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *b++);
	return s;
}

static uint32_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static void start_info_points_to_what_is_there(void)
{
	const char *cmdline = "console=hvc0 quiet";
	struct layout l = must_fit(MIB(256), MIB(2));
	size_t size = start_info_size(cmdline, 4);
	uint8_t *block = malloc(size);
	struct hvm_start_info *info = (void *)block;
	struct hvm_modlist_entry *mod;
	struct hvm_memmap_table_entry *map;

	start_info_make(block, &l, cmdline, 4, 2);
	CU_ASSERT(info->magic == XEN_HVM_START_MAGIC_VALUE && info->version == 1);
	CU_ASSERT_EQUAL(info->flags, 0);
	CU_ASSERT_STRING_EQUAL((char *)block + (info->cmdline_paddr - l.boot_gpa), cmdline);
	CU_ASSERT_EQUAL_FATAL(info->nr_modules, 1);
	mod = (void *)(block + (info->modlist_paddr - l.boot_gpa));
	CU_ASSERT(mod->paddr == l.initrd_gpa && mod->size == MIB(2));
	map = (void *)(block + (info->memmap_paddr - l.boot_gpa));
	CU_ASSERT(info->memmap_entries >= 5 && info->memmap_entries <= LAYOUT_MEMMAP_MAX);
	CU_ASSERT(map[0].addr == 0 && map[0].size == 0xa0000);
	CU_ASSERT_EQUAL(memcmp(block + (info->rsdp_paddr - l.boot_gpa), "RSD PTR ", 8), 0);
	CU_ASSERT_EQUAL(info->rsdp_paddr % 16, 0);
	free(block);

	l = must_fit(MIB(256), 0);
	block = malloc(start_info_size("", 1));
	start_info_make(block, &l, "", 1, 1);
	CU_ASSERT_EQUAL(((struct hvm_start_info *)(void *)block)->nr_modules, 0);
	free(block);
}

#define ACPI_GPA 0x3fff0000ull

static const uint8_t *table(const uint8_t *base, uint64_t gpa, const char *signature)
{
	const uint8_t *t = base + (gpa - ACPI_GPA);

	CU_ASSERT_EQUAL(memcmp(t, signature, 4), 0);
	CU_ASSERT_EQUAL(sum(t, le32(t + 4)), 0);
	return t;
}

static void every_checksum_is_right(void)
{
	for (unsigned int n = 1; n <= 128; n += 127) {
		uint8_t *base = malloc(acpi_size(n));
		const uint8_t *xsdt, *fadt, *madt;

		acpi_make(base, ACPI_GPA, n, n);
		CU_ASSERT(!sum(base, 20) && !sum(base, 36) && base[15] == 2);
		xsdt = table(base, le64(base + 24), "XSDT");
		fadt = table(base, le64(xsdt + 36), "FACP");
		madt = table(base, le64(xsdt + 44), "APIC");
		table(base, le64(fadt + 140), "DSDT");
		CU_ASSERT_EQUAL(le32(fadt + 40), le64(fadt + 140));
		CU_ASSERT_EQUAL(le32(madt + 4), 44 + 8 * n);
		free(base);
	}
}

static void the_madt_lists_vcpus_in_order(void)
{
	uint8_t *base = malloc(acpi_size(4));
	const uint8_t *madt;

	acpi_make(base, ACPI_GPA, 4, 3);
	madt = table(base, le64(table(base, le64(base + 24), "XSDT") + 44), "APIC");
	CU_ASSERT_EQUAL(le32(madt + 40), 0); /* no PC-AT PIC */
	for (unsigned int i = 0; i < 4; i++) {
		const uint8_t *e = madt + 44 + 8 * i;

		CU_ASSERT(e[0] == 0 && e[1] == 8 && e[2] == i && e[3] == i);
		CU_ASSERT_EQUAL(le32(e + 4), i < 3 ? 1 : 2);
	}
	free(base);
}

static void the_fadt_has_the_power_ports(void)
{
	uint8_t *base = malloc(acpi_size(1));
	const uint8_t *fadt;

	acpi_make(base, ACPI_GPA, 1, 1);
	fadt = table(base, le64(table(base, le64(base + 24), "XSDT") + 36), "FACP");
	CU_ASSERT(le32(fadt + 112) & 1u << 20); /* hardware-reduced */
	CU_ASSERT(fadt[116] == 1 && le64(fadt + 120) == 0x602 && fadt[128] == 1);
	CU_ASSERT(fadt[244] == 1 && le64(fadt + 248) == 0x600);
	CU_ASSERT(fadt[256] == 1 && le64(fadt + 260) == 0x601);
	free(base);
}

/* ACPICA's own reader, where it is installed. */
static void iasl_understands_the_tables(void)
{
	static const char *const names[] = { "XSDT", "FACP", "APIC", "DSDT" };
	char dir[] = "/tmp/acpi-XXXXXX", command[256];
	const uint8_t *tables[4];
	uint8_t *base;

	if (system("command -v iasl >/dev/null 2>&1")) {
		fputs("no iasl (acpica-tools): not tried ", stderr);
		return;
	}
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	base = malloc(acpi_size(4));
	acpi_make(base, ACPI_GPA, 4, 4);
	tables[0] = table(base, le64(base + 24), "XSDT");
	tables[1] = table(base, le64(tables[0] + 36), "FACP");
	tables[2] = table(base, le64(tables[0] + 44), "APIC");
	tables[3] = table(base, le64(tables[1] + 140), "DSDT");
	for (unsigned int i = 0; i < 4; i++) {
		FILE *f;

		snprintf(command, sizeof(command), "%s/%s.dat", dir, names[i]);
		f = fopen(command, "w");
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		CU_ASSERT_EQUAL(fwrite(tables[i], 1, le32(tables[i] + 4), f), le32(tables[i] + 4));
		fclose(f);
		snprintf(command, sizeof(command),
			 "cd %s && iasl -d %s.dat >out 2>&1 && ! grep -iE 'error|warning|invalid|incorrect' out"
			 " && ! grep -iE 'error|invalid|should be' %s.dsl", dir, names[i], names[i]);
		CU_ASSERT_EQUAL(system(command), 0);
	}
	snprintf(command, sizeof(command), "grep -q '_S5' %s/DSDT.dsl && rm -r %s", dir, dir);
	CU_ASSERT_EQUAL(system(command), 0);
	free(base);
}

UNIT_MAIN("boot_data", UNIT_TEST(nothing_overlaps_at_any_size),
	  UNIT_TEST(a_large_initrd_goes_above_one_gib),
	  UNIT_TEST(an_initrd_may_lie_below_a_high_kernel), UNIT_TEST(what_does_not_fit_is_said),
	  UNIT_TEST(the_map_is_sorted_and_complete), UNIT_TEST(start_info_points_to_what_is_there),
	  UNIT_TEST(every_checksum_is_right), UNIT_TEST(the_madt_lists_vcpus_in_order),
	  UNIT_TEST(the_fadt_has_the_power_ports), UNIT_TEST(iasl_understands_the_tables))
