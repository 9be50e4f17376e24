/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the firmware's tables. Each is built at the end of an allocation: ASan sees one byte
 * more. */
#include <stdlib.h>

#include <hv/acpi.h>
#include <hv/boot.h>
#include <hv/errno.h>

#include <arch/fake.h>

#include "unit.h"

static uint8_t *table;
static size_t size;

static void table_begin(const char *signature)
{
	free(table);
	size = sizeof(struct acpi_header);
	table = calloc(1, size);
	memcpy(table, signature, 4);
}

static void add(const void *bytes, size_t n)
{
	table = realloc(table, size + n);
	memcpy(table + size, bytes, n);
	size += n;
}

#define ADD(...)                                                                                   \
	do {                                                                                       \
		static const uint8_t bytes[] = { __VA_ARGS__ };                                    \
		add(bytes, sizeof(bytes));                                                         \
	} while (0)

static struct acpi_header *table_end(void)
{
	struct acpi_header *h = (struct acpi_header *)table;
	uint8_t sum = 0;
	size_t i;

	h->length = (uint32_t)size;
	h->checksum = 0;
	for (i = 0; i < size; i++)
		sum = (uint8_t)(sum + table[i]);
	h->checksum = (uint8_t)-sum;
	return h;
}

static void madt_begin(void)
{
	table_begin("APIC");
	ADD(0, 0, 0xe0, 0xfe, 1, 0, 0, 0);
}

static void cpus_are_found_enabled_first(void)
{
	struct acpi_info info = { 0 };

	madt_begin();
	ADD(0, 8, 0, 0, 1, 0, 0, 0);
	ADD(0, 8, 1, 2, 0, 0, 0, 0);
	ADD(0, 8, 2, 4, 1, 0, 0, 0);
	ADD(9, 16, 0, 0, 0x00, 1, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0);
	ADD(9, 16, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0); /* once more */
	ADD(0, 8, 9, 0xff, 1, 0, 0, 0);			      /* no id */
	CU_ASSERT_EQUAL(acpi_parse_madt(table_end(), &info), 0);
	CU_ASSERT_EQUAL(info.lapic_address, 0xfee00000);
	CU_ASSERT_EQUAL(info.nr_cpus, 4);
	CU_ASSERT_EQUAL(info.nr_enabled, 3);
	CU_ASSERT_EQUAL(info.cpus[0].apic_id, 0);
	CU_ASSERT_EQUAL(info.cpus[1].apic_id, 4);
	CU_ASSERT_EQUAL(info.cpus[2].apic_id, 0x100);
	CU_ASSERT_EQUAL(info.cpus[3].apic_id, 2);
	CU_ASSERT(!info.cpus[3].enabled);
}

static void io_entries_are_kept_as_they_are(void)
{
	static const uint8_t kept[] = {
		1, 12, 0,    0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0, /* I/O APIC */
		2, 10, 0,    0, 2, 0, 0,    0,	  0, 0,	      /* override */
		4, 6,  0xff, 0, 0, 1,			      /* NMI of all CPUs */
	};
	struct acpi_info info = { 0 };

	madt_begin();
	ADD(0, 8, 0, 0, 1, 0, 0, 0);
	add(kept, 12);
	ADD(4, 6, 1, 0, 0, 1); /* of one CPU */
	add(kept + 12, sizeof(kept) - 12);
	ADD(5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0);
	CU_ASSERT_EQUAL(acpi_parse_madt(table_end(), &info), 0);
	CU_ASSERT_EQUAL(info.madt_io_size, sizeof(kept));
	CU_ASSERT(!memcmp(info.madt_io_entries, kept, sizeof(kept)));
	CU_ASSERT_EQUAL(info.lapic_address, 0x1fee00000);
	CU_ASSERT_EQUAL(info.madt_flags, 1);
}

static void malformed_madt_is_refused(void)
{
	struct acpi_info info = { 0 };

	madt_begin(); /* no CPU at all */
	CU_ASSERT_EQUAL(acpi_parse_madt(table_end(), &info), -EINVAL);
	madt_begin();
	ADD(0, 8, 0, 0, 1, 0, 0, 0);
	ADD(0, 0); /* would never end */
	CU_ASSERT_EQUAL(acpi_parse_madt(table_end(), &info), -EINVAL);
	madt_begin();
	ADD(0, 8, 0, 0, 1, 0, 0, 0);
	ADD(0, 8, 1, 1); /* cut off */
	CU_ASSERT_EQUAL(acpi_parse_madt(table_end(), &info), -EINVAL);
	madt_begin();
	ADD(0, 8, 0, 0, 1, 0, 0, 0);
	ADD(0); /* half a head */
	CU_ASSERT_EQUAL(acpi_parse_madt(table_end(), &info), -EINVAL);
	madt_begin();
	ADD(9, 8, 0, 0, 1, 0, 0, 0); /* shorter than its type */
	CU_ASSERT_EQUAL(acpi_parse_madt(table_end(), &info), -EINVAL);
	table_begin("APIC");
	ADD(1, 2, 3);
	CU_ASSERT_EQUAL(acpi_parse_madt(table_end(), &info), -EINVAL);
}

static void more_cpus_than_there_is_room_for_are_dropped(void)
{
	static struct acpi_info info;
	uint8_t entry[16] = { 9, 16, 0, 0, 0, 0, 0, 0, 1 };
	unsigned int i;

	madt_begin();
	for (i = 0; i < ACPI_MAX_CPUS + 10; i++) {
		entry[4] = (uint8_t)i;
		entry[5] = (uint8_t)(i >> 8);
		entry[8] = i % 3 != 0;
		add(entry, 16);
	}
	CU_ASSERT_EQUAL(acpi_parse_madt(table_end(), &info), 0);
	CU_ASSERT_EQUAL(info.nr_cpus, ACPI_MAX_CPUS);
	for (i = 0; i < info.nr_cpus; i++)
		CU_ASSERT_EQUAL(info.cpus[i].enabled, i < info.nr_enabled);
}

static void fadt_begin(size_t length)
{
	static const uint8_t zeros[300];

	table_begin("FACP");
	add(zeros, length - size);
}

static void fadt_tells_reset_register_and_timer(void)
{
	struct acpi_info info = { 0 };

	fadt_begin(244);
	table[76] = 0x08;
	table[77] = 0x06;
	table[91] = 4;
	table[113] = 0x05; /* reset register, 32-bit timer */
	table[116] = 1;
	table[120] = 0xf9;
	table[121] = 0x0c;
	table[128] = 0x0f;
	CU_ASSERT_EQUAL(acpi_parse_fadt(table_end(), &info), 0);
	CU_ASSERT_EQUAL(info.pm_timer_port, 0x608);
	CU_ASSERT(info.pm_timer_32bit);
	CU_ASSERT_EQUAL(info.reset_space, 1);
	CU_ASSERT_EQUAL(info.reset_address, 0xcf9);
	CU_ASSERT_EQUAL(info.reset_value, 0x0f);
	/* The 64-bit field is preferred, if it names a port. */
	table[208] = 1;
	table[212] = 0x08;
	table[213] = 0x18;
	CU_ASSERT_EQUAL(acpi_parse_fadt(table_end(), &info), 0);
	CU_ASSERT_EQUAL(info.pm_timer_port, 0x1808);
	table[114] = 0x10; /* hardware-reduced: no such timer */
	CU_ASSERT_EQUAL(acpi_parse_fadt(table_end(), &info), 0);
	CU_ASSERT_EQUAL(info.pm_timer_port, 0);
	CU_ASSERT(info.hw_reduced);
}

static void short_fadt_has_what_fits(void)
{
	struct acpi_info info = { 0 };

	fadt_begin(116);
	table[113] = 0x04;
	CU_ASSERT_EQUAL(acpi_parse_fadt(table_end(), &info), 0);
	CU_ASSERT_EQUAL(info.reset_space, ACPI_NO_RESET);
	fadt_begin(100);
	CU_ASSERT_EQUAL(acpi_parse_fadt(table_end(), &info), -EINVAL);
}

static void srat_gives_cpus_their_node(void)
{
	struct acpi_info info = { 0 };

	madt_begin();
	ADD(0, 8, 0, 3, 1, 0, 0, 0);
	ADD(9, 16, 0, 0, 0x00, 1, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0);
	CU_ASSERT_EQUAL(acpi_parse_madt(table_end(), &info), 0);
	table_begin("SRAT");
	ADD(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	ADD(0, 16, 2, 3, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0);
	ADD(2, 24, 0, 0, 5, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	ADD(1, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	CU_ASSERT_EQUAL(acpi_parse_srat(table_end(), &info), 0);
	CU_ASSERT_EQUAL(info.cpus[0].node, 0x102);
	CU_ASSERT_EQUAL(info.cpus[1].node, 5);
	ADD(2, 20, 0);
	CU_ASSERT_EQUAL(acpi_parse_srat(table_end(), &info), -EINVAL);
}

/* ---- the way from the RSDP, in pretended memory ---- */

static void put_table(paddr_t at)
{
	struct acpi_header *h = table_end();

	memcpy((void *)at, h, size);
}

static void put_rsdp(paddr_t at, uint8_t revision, uint64_t root)
{
	uint8_t r[36] = { 'R', 'S', 'D', ' ', 'P', 'T', 'R', ' ' };
	uint8_t sum = 0;
	size_t i;

	r[15] = revision;
	memcpy(r + (revision >= 2 ? 24 : 16), &root, revision >= 2 ? 8 : 4);
	for (i = 0; i < 20; i++)
		sum = (uint8_t)(sum + r[i]);
	r[8] = (uint8_t)-sum;
	memcpy((void *)at, r, sizeof(r));
	boot_info.rsdp = at;
}

static void init(void *arg)
{
	(void)arg;
	acpi_init();
}

static void tables_are_found_from_the_rsdp(void)
{
	uint64_t addresses[] = { FAKE_RAM + 0x1000, 0, FAKE_RAM + 0x2000 };
	paddr_t address;

	fake_machine(1 << 20, 1);
	madt_begin();
	ADD(0, 8, 0, 0, 1, 0, 0, 0);
	put_table(FAKE_RAM + 0x1000);
	table_begin("SSDT");
	put_table(FAKE_RAM + 0x2000);
	table_begin("XSDT");
	add(addresses, sizeof(addresses));
	put_table(FAKE_RAM + 0x3000);
	put_rsdp(FAKE_RAM + 0x100, 2, FAKE_RAM + 0x3000);
	acpi_init();
	CU_ASSERT_EQUAL(acpi_info.nr_enabled, 1);
	CU_ASSERT_PTR_NOT_NULL(acpi_find_table("SSDT", 0));
	CU_ASSERT_PTR_NULL(acpi_find_table("SSDT", 1));
	CU_ASSERT_PTR_NULL(acpi_find_table("HPET", 0));
	CU_ASSERT_PTR_EQUAL(acpi_table_at(1, &address), (void *)(FAKE_RAM + 0x2000));
	CU_ASSERT_EQUAL(address, FAKE_RAM + 0x2000);
	CU_ASSERT_PTR_NULL(acpi_table_at(2, &address));
	*(uint8_t *)(FAKE_RAM + 0x2000 + 9) ^= 1; /* its checksum */
	CU_ASSERT_PTR_NULL(acpi_find_table("SSDT", 0));
}

static void host_without_usable_tables_is_refused(void)
{
	fake_machine(1 << 20, 1);
	boot_info.efi = true; /* no BIOS area to search */
	CU_ASSERT(fake_panics(init, NULL));
	put_rsdp(FAKE_RAM + 0x100, 2, FAKE_RAM + 0x3000); /* leads nowhere */
	CU_ASSERT(fake_panics(init, NULL));
	free(table);
	table = NULL;
}

UNIT_MAIN("acpi", UNIT_TEST(cpus_are_found_enabled_first),
	  UNIT_TEST(io_entries_are_kept_as_they_are), UNIT_TEST(malformed_madt_is_refused),
	  UNIT_TEST(more_cpus_than_there_is_room_for_are_dropped),
	  UNIT_TEST(fadt_tells_reset_register_and_timer), UNIT_TEST(short_fadt_has_what_fits),
	  UNIT_TEST(srat_gives_cpus_their_node), UNIT_TEST(tables_are_found_from_the_rsdp),
	  UNIT_TEST(host_without_usable_tables_is_refused))
