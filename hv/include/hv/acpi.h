/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hv takes from the firmware's ACPI tables. It interprets no AML: the control domain does.
 */
#ifndef HV_ACPI_H
#define HV_ACPI_H

#include <hv/compiler.h>
#include <hv/types.h>

#include <arch/limits.h> /* ACPI_MAX_CPUS etc. */

struct acpi_header {
	char signature[4];
	uint32_t length; /* bytes, header included */
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __packed;

struct acpi_cpu {
	uint32_t apic_id;
	uint32_t node; /* NUMA node from SRAT, else 0 */
	bool enabled;
};

struct acpi_info {
	uint32_t nr_cpus;    /* entries of cpus[], enabled ones first */
	uint32_t nr_enabled; /* of them */
	struct acpi_cpu cpus[ACPI_MAX_CPUS];
	paddr_t lapic_address;
	/* The MADT's entries that the control domain gets unchanged: I/O APICs, overrides, NMIs. */
	const uint8_t *madt_io_entries; /* copied, packed */
	uint32_t madt_io_size;
	uint32_t madt_flags;
	uint32_t pm_timer_port;		 /* I/O port, 0: none */
	bool pm_timer_32bit;
	uint64_t reset_address;		 /* FADT reset register */
	uint8_t reset_space, reset_value; /* reset_space ACPI_NO_RESET: none */
	bool hw_reduced;
};
#define ACPI_NO_RESET 0xffu
extern struct acpi_info acpi_info;

/* Boot: finds and checks the tables. Refuses to boot (boot_refuse) without RSDP, or MADT. */
void acpi_init(void);

/* n-th table with this signature (n from 0), checksum good; NULL: none. Mapped for good. */
const struct acpi_header *acpi_find_table(const char signature[4], unsigned int n);

/* All tables of XSDT or RSDT in order: NULL at the end. For the control domain's own XSDT. */
const struct acpi_header *acpi_table_at(unsigned int index, paddr_t *ret_address);

/* Pure parsers, for tests: -EINVAL names a malformed table. */
int acpi_parse_madt(const struct acpi_header *madt, struct acpi_info *info);
int acpi_parse_fadt(const struct acpi_header *fadt, struct acpi_info *info);
int acpi_parse_srat(const struct acpi_header *srat, struct acpi_info *info);
bool acpi_checksum_is_good(const void *table, size_t size);

#endif
