/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv's own page tables: machine address = pointer, for all RAM, with the largest pages that fit.
 * RAM is write-back and never executable; hv's code is executable and never writable; page 0 is
 * missing. Devices are mapped where hv uses them, uncached.
 *
 * Only built and extended at boot, by one CPU, and only ever extended: no translation that some
 * CPU may hold is ever changed, so nothing is flushed.
 */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/compiler.h>
#include <hv/console.h>
#include <hv/frame.h>
#include <hv/panic.h>

#include <arch/boot.h>
#include <arch/host_map.h>
#include <arch/x86.h>

#define NR_LEVELS   4u
#define ENTRIES	    512u
#define MAX_ADDRESS BIT(47)

#define PTE_UC	  (PTE_PCD | PTE_PWT)
#define PTE_WC_4K BIT(7) /* PAT entry 4; in larger pages the bit has another place: not used */

/*
 * PAT as after reset but for entry 4, which nobody uses by default: write-combining. Nested page
 * tables select from the same register (APM vol. 2, 15.25.8).
 */
#define HOST_PAT 0x0007040100070406ul

static uint64_t *root; /* NULL: still on the boot assembly's tables */
static bool pages_1g;

/* What arch_map_firmware() promised while the boot tables were still in use. */
static struct {
	paddr_t start, end;
} firmware_ranges[160];
static uint32_t nr_firmware_ranges;

void arch_image_range(paddr_t *ret_start, paddr_t *ret_end)
{
	*ret_start = (uintptr_t)image_start;
	*ret_end = (uintptr_t)image_end;
}

paddr_t arch_boot_mapped_limit(void)
{
	return boot_maps_512g ? GIB(512) : GIB(4);
}

/* Tables below what the boot tables map: they are written before the new ones are in use. */
static uint64_t *new_table(void)
{
	uint64_t *table;
	mfn_t mfn;
	unsigned int i;

	if (frame_alloc_boot(1, 1, arch_boot_mapped_limit(), &mfn))
		return NULL;
	table = mfn_to_ptr(mfn);
	for (i = 0; i < ENTRIES; i++)
		table[i] = 0;
	return table;
}

static uint64_t level_size(unsigned int level)
{
	return PAGE_SIZE << 9 * level;
}

static bool may_be_leaf(unsigned int level, paddr_t at, uint64_t size, uint64_t flags)
{
	if (level == 0)
		return true;
	if (level > (pages_1g ? 2u : 1u) || flags & PTE_WC_4K)
		return false;
	return !(at & (level_size(level) - 1)) && size >= level_size(level);
}

/* Maps what it can with one entry; how many bytes that was, 0: no memory. */
static uint64_t map_one(paddr_t at, uint64_t size, uint64_t flags)
{
	uint64_t *table = root, *entry;
	unsigned int level = NR_LEVELS - 1;
	uint64_t *next;

	for (;; level--) {
		entry = &table[at >> (PAGE_SHIFT + 9 * level) & (ENTRIES - 1)];
		/* Somebody mapped this before: pages of a device, or of tables, that touch. */
		if (*entry & PTE_P && (level == 0 || *entry & PTE_PS))
			return level_size(level) - (at & (level_size(level) - 1));
		if (!(*entry & PTE_P) && may_be_leaf(level, at, size, flags)) {
			*entry = at | flags | PTE_P | PTE_A | PTE_D | (level ? PTE_PS : 0);
			return level_size(level);
		}
		if (!(*entry & PTE_P)) {
			next = new_table();
			if (!next)
				return 0;
			*entry = (uintptr_t)next | PTE_P | PTE_W | PTE_A;
		}
		table = paddr_to_ptr(*entry & PTE_ADDR);
	}
}

static bool map_range(paddr_t start, paddr_t end, uint64_t flags)
{
	uint64_t done;

	start &= PAGE_MASK;
	end = ROUND_UP(end, PAGE_SIZE);
	if (end > MAX_ADDRESS)
		return false;
	while (start < end) {
		done = map_one(start, end - start, flags);
		if (!done)
			return false;
		start += MIN(done, end - start);
	}
	return true;
}

static void must_map(paddr_t start, paddr_t end, uint64_t flags)
{
	if (start < end && !map_range(start, end, flags))
		boot_refuse("too little memory for hv's page tables\n");
}

/* RAM, without hv's image (other rights) and page 0. */
static void map_ram(paddr_t start, paddr_t end)
{
	paddr_t image_first, image_last;

	arch_image_range(&image_first, &image_last);
	/* Frames are whole pages; a region's odd ends belong to no frame. */
	start = MAX(ROUND_UP(start, PAGE_SIZE), PAGE_SIZE);
	end &= PAGE_MASK;
	must_map(start, MIN(end, MAX(image_first, start)), PTE_W | PTE_NX);
	must_map(MAX(start, MIN(image_last, end)), end, PTE_W | PTE_NX);
}

static bool has_1g_pages(void)
{
	return cpuid(0x80000001, 0).edx & BIT(26);
}

void arch_memory_init(void)
{
	const struct boot_region *r;
	uint32_t i;

	pages_1g = has_1g_pages();
	root = new_table();
	if (!root)
		boot_refuse("too little memory for hv's page tables\n");
	must_map((uintptr_t)image_start, (uintptr_t)image_text_end, 0);
	must_map((uintptr_t)image_text_end, (uintptr_t)image_rodata_end, PTE_NX);
	must_map((uintptr_t)image_rodata_end, (uintptr_t)image_end, PTE_W | PTE_NX);
	for (i = 0; i < boot_info.nr_regions; i++) {
		r = &boot_info.regions[i];
		if (r->type == REGION_RAM)
			map_ram(r->start, r->start + r->size);
		else if (r->type == REGION_ACPI || r->type == REGION_NVS)
			must_map(MAX(r->start, PAGE_SIZE), r->start + r->size, PTE_NX);
	}
	/* The tables that were read through the boot tables so far. */
	for (i = 0; i < nr_firmware_ranges; i++)
		must_map(firmware_ranges[i].start, firmware_ranges[i].end, PTE_NX);
	/* The text screen, which may be in use already. */
	must_map(0xb8000, 0xc0000, PTE_W | PTE_NX | PTE_UC);
	host_map_cpu_init();
}

void host_map_cpu_init(void)
{
	wrmsr(MSR_PAT, HOST_PAT);
	write_cr3((uintptr_t)root);
}

const void *arch_map_firmware(paddr_t address, size_t size)
{
	if (!address || size > MAX_ADDRESS - address)
		return NULL;
	if (root)
		return map_range(address, address + size, PTE_NX) ? paddr_to_ptr(address) : NULL;
	if (address + size > arch_boot_mapped_limit() ||
	    nr_firmware_ranges == ARRAY_SIZE(firmware_ranges))
		return NULL;
	firmware_ranges[nr_firmware_ranges].start = address;
	firmware_ranges[nr_firmware_ranges++].end = address + size;
	return paddr_to_ptr(address);
}

void *arch_map_device(paddr_t address, size_t size)
{
	return map_range(address, address + size, PTE_W | PTE_NX | PTE_UC) ? paddr_to_ptr(address)
									   : NULL;
}

void *host_map_framebuffer(paddr_t address, size_t size)
{
	return map_range(address, address + size, PTE_W | PTE_NX | PTE_WC_4K)
		       ? paddr_to_ptr(address)
		       : NULL;
}
