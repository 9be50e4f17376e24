/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding the firmware's tables: RSDP -> XSDT (or RSDT) -> each table. The addresses are taken
 * once, checked, and kept; the tables themselves stay where the firmware put them.
 */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/console.h>
#include <hv/panic.h>
#include <hv/string.h>

#define MAX_TABLES 64u
/* Longer than any table that firmware has: a broken length must not lead us through all memory. */
#define MAX_TABLE_SIZE MIB(16)

struct acpi_info acpi_info;

struct rsdp {
	char signature[8]; /* "RSD PTR " */
	uint8_t checksum;  /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	/* revision 2: */
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} __packed;
#define RSDP_SIZE_V1 20u

static struct {
	const struct acpi_header *table;
	paddr_t address;
} tables[MAX_TABLES];
static uint32_t nr_tables;

bool acpi_checksum_is_good(const void *table, size_t size)
{
	const uint8_t *p = table;
	uint8_t sum = 0;

	while (size--)
		sum = (uint8_t)(sum + *p++);
	return sum == 0;
}

static bool is_rsdp(const struct rsdp *r)
{
	return !memcmp(r->signature, "RSD PTR ", 8) && acpi_checksum_is_good(r, RSDP_SIZE_V1);
}

/* On paragraphs of the BIOS area, or in the first KiB of the extended BIOS data area. */
static const struct rsdp *search_range(paddr_t start, paddr_t end)
{
	const struct rsdp *r;
	paddr_t at;

	for (at = start; at + sizeof(*r) <= end; at += 16) {
		r = paddr_to_ptr(at);
		if (is_rsdp(r))
			return r;
	}
	return NULL;
}

static const struct rsdp *find_rsdp(void)
{
	const struct rsdp *r;

	if (boot_info.rsdp) {
		r = paddr_to_ptr(boot_info.rsdp);
		if (is_rsdp(r))
			return r;
		log_warning("acpi: the boot loader's RSDP is malformed\n");
	}
	if (boot_info.efi)
		return NULL;
	return search_range(0xe0000, 0x100000);
}

/* Checked and mapped. NULL: unusable. */
static const struct acpi_header *open_table(paddr_t address)
{
	const struct acpi_header *h;
	uint32_t length;

	h = arch_map_firmware(address, sizeof(*h));
	if (!address || !h)
		return NULL;
	length = h->length;
	if (length < sizeof(*h) || length > MAX_TABLE_SIZE)
		return NULL;
	return arch_map_firmware(address, length);
}

static void add_table(paddr_t address)
{
	const struct acpi_header *h = open_table(address);

	if (!h) {
		log_warning("acpi: table at %lx is malformed, ignored\n", address);
		return;
	}
	if (nr_tables == MAX_TABLES) {
		log_warning("acpi: more than %u tables, %.4s ignored\n", MAX_TABLES, h->signature);
		return;
	}
	tables[nr_tables].table = h;
	tables[nr_tables++].address = address;
}

static void read_root(paddr_t address, const char *signature, size_t entry_size)
{
	const struct acpi_header *root = open_table(address);
	const uint8_t *entries;
	uint64_t entry;
	size_t i, nr;

	if (!root || memcmp(root->signature, signature, 4) ||
	    !acpi_checksum_is_good(root, root->length))
		boot_refuse("ACPI: the %s at %lx is malformed\n", signature, address);
	entries = (const uint8_t *)(root + 1);
	nr = (root->length - sizeof(*root)) / entry_size;
	for (i = 0; i < nr; i++) {
		entry = 0;
		memcpy(&entry, entries + i * entry_size, entry_size);
		if (entry)
			add_table(entry);
	}
}

const struct acpi_header *acpi_table_at(unsigned int index, paddr_t *ret_address)
{
	if (index >= nr_tables)
		return NULL;
	*ret_address = tables[index].address;
	return tables[index].table;
}

const struct acpi_header *acpi_find_table(const char signature[4], unsigned int n)
{
	uint32_t i;

	for (i = 0; i < nr_tables; i++) {
		if (memcmp(tables[i].table->signature, signature, 4))
			continue;
		if (!acpi_checksum_is_good(tables[i].table, tables[i].table->length)) {
			log_warning("acpi: %.4s has a bad checksum, ignored\n", signature);
			continue;
		}
		if (!n--)
			return tables[i].table;
	}
	return NULL;
}

static void log_tables(void)
{
	char text[MAX_TABLES * 5 + 1];
	uint32_t i;
	int n = 0;

	text[0] = 0;
	for (i = 0; i < nr_tables; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %.4s",
			      tables[i].table->signature);
	log_info("acpi:%s\n", text);
}

void acpi_init(void)
{
	const struct acpi_header *t;
	const struct rsdp *r = find_rsdp();

	if (!r)
		boot_refuse(
			"the firmware has no ACPI tables (no RSDP), which hv needs to find CPUs\n");
	if (r->revision >= 2 && r->xsdt)
		read_root(r->xsdt, "XSDT", 8);
	else
		read_root(r->rsdt, "RSDT", 4);
	log_tables();

	acpi_info.reset_space = ACPI_NO_RESET;
	t = acpi_find_table("APIC", 0);
	if (!t || acpi_parse_madt(t, &acpi_info))
		boot_refuse("ACPI: the MADT, which lists the CPUs, is %s\n",
			    t ? "malformed" : "missing");
	t = acpi_find_table("FACP", 0);
	if (!t || acpi_parse_fadt(t, &acpi_info))
		log_warning("acpi: FADT %s: no reset register, no PM timer\n",
			    t ? "malformed" : "missing");
	t = acpi_find_table("SRAT", 0);
	if (t && acpi_parse_srat(t, &acpi_info))
		log_warning("acpi: SRAT malformed: all CPUs in one node\n");
	log_info("acpi: %u CPUs usable, %s, PM timer %x\n", acpi_info.nr_enabled,
		 acpi_find_table("MCFG", 0) ? "MCFG" : "no MCFG", acpi_info.pm_timer_port);
}
