/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making of the boot block; the contract is in start_info.h.
 */
#include "domain/start_info.h"

#include <string.h>

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

#include "domain/acpi.h"
#include "domain/layout.h"

struct boot_block {
	struct hvm_start_info info;
	uint64_t pad;
	struct hvm_modlist_entry module;
	struct hvm_memmap_table_entry memmap[LAYOUT_MEMMAP_MAX];
};

static size_t align16(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

static size_t cmdline_at(void)
{
	return align16(sizeof(struct boot_block));
}

static size_t acpi_at(const char *cmdline)
{
	return align16(cmdline_at() + strlen(cmdline) + 1);
}

size_t start_info_size(const char *cmdline, unsigned int nr_vcpus)
{
	return acpi_at(cmdline) + acpi_size(nr_vcpus);
}

void start_info_make(void *to, const struct layout *l, const char *cmdline, unsigned int nr_vcpus,
		     unsigned int nr_online)
{
	struct boot_block *b = to;

	memset(to, 0, start_info_size(cmdline, nr_vcpus));
	b->info.magic = XEN_HVM_START_MAGIC_VALUE;
	b->info.version = 1;
	b->info.cmdline_paddr = l->boot_gpa + cmdline_at();
	b->info.rsdp_paddr = l->boot_gpa + acpi_at(cmdline);
	b->info.memmap_paddr = l->boot_gpa + offsetof(struct boot_block, memmap);
	b->info.memmap_entries = layout_memmap(l, b->memmap);
	if (l->initrd_bytes) {
		b->info.nr_modules = 1;
		b->info.modlist_paddr = l->boot_gpa + offsetof(struct boot_block, module);
		b->module.paddr = l->initrd_gpa;
		b->module.size = l->initrd_bytes;
	}
	memcpy((char *)to + cmdline_at(), cmdline, strlen(cmdline) + 1);
	acpi_make((char *)to + acpi_at(cmdline), b->info.rsdp_paddr, nr_vcpus, nr_online);
}
