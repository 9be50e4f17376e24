/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading single tables (ACPI 6.4, chapter 5.2). Pure: bytes in, acpi_info out. The caller has
 * checked that 'length' bytes can be read; everything inside is checked here.
 */
#include <hv/acpi.h>
#include <hv/errno.h>
#include <hv/string.h>

#define MADT_LOCAL_APIC	   0
#define MADT_IO_APIC	   1
#define MADT_OVERRIDE	   2
#define MADT_NMI_SOURCE	   3
#define MADT_LOCAL_NMI	   4
#define MADT_LAPIC_ADDRESS 5
#define MADT_X2APIC	   9
#define MADT_CPU_ENABLED   1u
#define MADT_ALL_CPUS	   0xffu

#define SRAT_LOCAL_APIC 0
#define SRAT_X2APIC	2
#define SRAT_ENABLED	1u

/* FADT: offsets of the fields used (table 5.9). */
#define FADT_PM_TIMER_BLOCK   76u
#define FADT_PM_TIMER_LENGTH  91u
#define FADT_FLAGS	      112u
#define FADT_RESET_REGISTER   116u /* space, width, offset, access, address */
#define FADT_RESET_VALUE      128u
#define FADT_X_PM_TIMER_BLOCK 208u
#define FADT_FLAG_TIMER_32BIT BIT(8)
#define FADT_FLAG_RESET	      BIT(10)
#define FADT_FLAG_HW_REDUCED  BIT(20)
#define SPACE_IO	      1u

static uint8_t io_entries[4096];

struct subtable {
	uint8_t type, length;
} __packed;

static uint64_t field(const void *table, size_t offset, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)table + offset, size);
	return value;
}

/* The next entry of a table that is a list of them; NULL: the end, or -EINVAL in *err. */
static const struct subtable *next_entry(const struct acpi_header *h, uint32_t *offset, int *err)
{
	const struct subtable *e;

	if (*offset == h->length)
		return NULL;
	e = (const struct subtable *)((const uint8_t *)h + *offset);
	if (h->length - *offset < sizeof(*e) || e->length < sizeof(*e) ||
	    e->length > h->length - *offset) {
		*err = -EINVAL;
		return NULL;
	}
	*offset += e->length;
	return e;
}

static struct acpi_cpu *find_cpu(struct acpi_info *info, uint32_t apic_id)
{
	uint32_t i;

	for (i = 0; i < info->nr_cpus; i++)
		if (info->cpus[i].apic_id == apic_id)
			return &info->cpus[i];
	return NULL;
}

/* Enabled ones first. A CPU may be listed twice, as APIC and as x2APIC. */
static void add_cpu(struct acpi_info *info, uint32_t apic_id, bool enabled)
{
	struct acpi_cpu cpu = { .apic_id = apic_id, .enabled = enabled };

	if (info->nr_cpus == ACPI_MAX_CPUS || find_cpu(info, apic_id))
		return;
	if (enabled && info->nr_enabled < info->nr_cpus) {
		info->cpus[info->nr_cpus++] = info->cpus[info->nr_enabled];
		info->cpus[info->nr_enabled++] = cpu;
		return;
	}
	info->cpus[info->nr_cpus++] = cpu;
	if (enabled)
		info->nr_enabled++;
}

static void keep_io_entry(struct acpi_info *info, const struct subtable *e)
{
	if (info->madt_io_size + e->length > sizeof(io_entries))
		return;
	memcpy(io_entries + info->madt_io_size, e, e->length);
	info->madt_io_size += e->length;
}

static int parse_madt_entry(const struct subtable *e, struct acpi_info *info)
{
	switch (e->type) {
	case MADT_LOCAL_APIC:
		if (e->length < 8)
			return -EINVAL;
		if (field(e, 3, 1) != 0xff)
			add_cpu(info, (uint32_t)field(e, 3, 1), field(e, 4, 4) & MADT_CPU_ENABLED);
		return 0;
	case MADT_X2APIC:
		if (e->length < 16)
			return -EINVAL;
		if (field(e, 4, 4) != 0xffffffff)
			add_cpu(info, (uint32_t)field(e, 4, 4), field(e, 8, 4) & MADT_CPU_ENABLED);
		return 0;
	case MADT_IO_APIC:
		if (e->length < 12)
			return -EINVAL;
		keep_io_entry(info, e);
		return 0;
	case MADT_OVERRIDE:
		if (e->length < 10)
			return -EINVAL;
		keep_io_entry(info, e);
		return 0;
	case MADT_NMI_SOURCE:
		if (e->length < 8)
			return -EINVAL;
		keep_io_entry(info, e);
		return 0;
	case MADT_LOCAL_NMI:
		if (e->length < 6)
			return -EINVAL;
		/* One CPU's would name it by the firmware's ids, which the domain does not see. */
		if (field(e, 2, 1) == MADT_ALL_CPUS)
			keep_io_entry(info, e);
		return 0;
	case MADT_LAPIC_ADDRESS:
		if (e->length < 12)
			return -EINVAL;
		info->lapic_address = field(e, 4, 8);
		return 0;
	default:
		return 0;
	}
}

int acpi_parse_madt(const struct acpi_header *madt, struct acpi_info *info)
{
	uint32_t offset = sizeof(*madt) + 8;
	const struct subtable *e;
	int err = 0;

	if (madt->length < offset)
		return -EINVAL;
	info->lapic_address = field(madt, sizeof(*madt), 4);
	info->madt_flags = (uint32_t)field(madt, sizeof(*madt) + 4, 4);
	info->nr_cpus = 0;
	info->nr_enabled = 0;
	info->madt_io_entries = io_entries;
	info->madt_io_size = 0;
	while (!err && (e = next_entry(madt, &offset, &err)))
		err = parse_madt_entry(e, info);
	return err ? err : info->nr_enabled ? 0 : -EINVAL;
}

static void parse_fadt_pm_timer(const struct acpi_header *fadt, struct acpi_info *info)
{
	uint64_t port = field(fadt, FADT_PM_TIMER_BLOCK, 4);

	if (fadt->length >= FADT_X_PM_TIMER_BLOCK + 12 &&
	    field(fadt, FADT_X_PM_TIMER_BLOCK, 1) == SPACE_IO &&
	    field(fadt, FADT_X_PM_TIMER_BLOCK + 4, 8))
		port = field(fadt, FADT_X_PM_TIMER_BLOCK + 4, 8);
	if (port <= 0xfffc && field(fadt, FADT_PM_TIMER_LENGTH, 1) == 4)
		info->pm_timer_port = (uint32_t)port;
}

int acpi_parse_fadt(const struct acpi_header *fadt, struct acpi_info *info)
{
	uint64_t flags;

	if (fadt->length < FADT_FLAGS + 4)
		return -EINVAL;
	flags = field(fadt, FADT_FLAGS, 4);
	info->hw_reduced = flags & FADT_FLAG_HW_REDUCED;
	info->pm_timer_port = 0;
	info->pm_timer_32bit = flags & FADT_FLAG_TIMER_32BIT;
	if (!info->hw_reduced)
		parse_fadt_pm_timer(fadt, info);
	info->reset_space = ACPI_NO_RESET;
	if (flags & FADT_FLAG_RESET && fadt->length > FADT_RESET_VALUE) {
		info->reset_space = (uint8_t)field(fadt, FADT_RESET_REGISTER, 1);
		info->reset_address = field(fadt, FADT_RESET_REGISTER + 4, 8);
		info->reset_value = (uint8_t)field(fadt, FADT_RESET_VALUE, 1);
	}
	return 0;
}

static int parse_srat_entry(const struct subtable *e, struct acpi_info *info)
{
	struct acpi_cpu *cpu = NULL;
	uint64_t node = 0;

	if (e->type == SRAT_LOCAL_APIC) {
		if (e->length < 16)
			return -EINVAL;
		if (!(field(e, 4, 4) & SRAT_ENABLED))
			return 0;
		cpu = find_cpu(info, (uint32_t)field(e, 3, 1));
		node = field(e, 2, 1) | field(e, 9, 3) << 8;
	} else if (e->type == SRAT_X2APIC) {
		if (e->length < 24)
			return -EINVAL;
		if (!(field(e, 12, 4) & SRAT_ENABLED))
			return 0;
		cpu = find_cpu(info, (uint32_t)field(e, 8, 4));
		node = field(e, 4, 4);
	}
	if (cpu)
		cpu->node = (uint32_t)node;
	return 0;
}

int acpi_parse_srat(const struct acpi_header *srat, struct acpi_info *info)
{
	uint32_t offset = sizeof(*srat) + 12;
	const struct subtable *e;
	int err = 0;

	if (srat->length < offset)
		return -EINVAL;
	while (!err && (e = next_entry(srat, &offset, &err)))
		err = parse_srat_entry(e, info);
	return err;
}
