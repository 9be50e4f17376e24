/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot2's information (specification 2.0, 3.6): everything of use is copied into boot_info,
 * so that its memory need not be kept. GRUB wrote it, and what it says about memory comes from the
 * firmware: lengths are checked, the memory map is sorted by boot_set_regions().
 */
#include <hv/acpi.h>
#include <hv/boot.h>
#include <hv/compiler.h>
#include <hv/cpu.h>
#include <hv/main.h>
#include <hv/string.h>

#include <arch/boot.h>

#define TAG_END		0u
#define TAG_CMDLINE	1u
#define TAG_MODULE	3u
#define TAG_MEMORY_MAP	6u
#define TAG_FRAMEBUFFER 8u
#define TAG_EFI32	11u
#define TAG_EFI64	12u
#define TAG_RSDP_V1	14u
#define TAG_RSDP_V2	15u

struct tag {
	uint32_t type, size;
};

struct tag_string {
	struct tag tag;
	char text[];
};

struct tag_module {
	struct tag tag;
	uint32_t start, end;
	char cmdline[];
};

struct tag_memory_map {
	struct tag tag;
	uint32_t entry_size, entry_version;
	uint8_t entries[];
};

struct memory_entry {
	uint64_t start, size;
	uint32_t type, zero;
};

struct tag_framebuffer {
	struct tag tag;
	uint64_t address;
	uint32_t pitch, width, height;
	uint8_t bpp, type;
	uint16_t reserved;
	uint8_t red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
};

struct tag_efi64 {
	struct tag tag;
	uint64_t system_table;
};

/* The loader gives a copy of the RSDP, which lies in its own memory. */
static uint8_t rsdp_copy[64] __aligned(16);

/* Text of a tag from 'offset' to its end. */
static void copy_text(char *dst, size_t dst_size, const struct tag *t, size_t offset)
{
	const char *text = (const char *)t + offset;

	if (t->size > offset)
		strcopy(dst, text, MIN(dst_size, strnlen(text, t->size - offset) + 1));
}

static void read_module(const struct tag_module *t)
{
	struct boot_module *m;

	if (boot_info.nr_modules == BOOT_MAX_MODULES || t->end < t->start)
		return;
	m = &boot_info.modules[boot_info.nr_modules++];
	m->start = t->start;
	m->size = t->end - t->start;
	copy_text(m->cmdline, sizeof(m->cmdline), &t->tag, offsetof(struct tag_module, cmdline));
}

static enum region_type region_type(uint32_t type)
{
	switch (type) {
	case REGION_RAM:
	case REGION_ACPI:
	case REGION_NVS:
	case REGION_UNUSABLE:
	case REGION_PMEM:
		return (enum region_type)type;
	default:
		return REGION_RESERVED;
	}
}

static void read_memory_map(const struct tag_memory_map *t)
{
	static struct boot_region raw[BOOT_MAX_REGIONS];
	const struct memory_entry *e;
	uint32_t offset, nr = 0;

	if (t->entry_size < sizeof(*e))
		return;
	for (offset = sizeof(*t); t->tag.size - offset >= t->entry_size && nr < BOOT_MAX_REGIONS;
	     offset += t->entry_size) {
		e = (const struct memory_entry *)((const char *)t + offset);
		if (e->size)
			raw[nr++] = (struct boot_region){ e->start, e->size, region_type(e->type) };
	}
	boot_set_regions(raw, nr);
}

static void read_framebuffer(const struct tag_framebuffer *t)
{
	struct boot_framebuffer *fb = &boot_info.framebuffer;

	fb->address = t->address;
	fb->pitch = t->pitch;
	fb->width = t->width;
	fb->height = t->height;
	fb->bpp = t->bpp;
	fb->type = t->type;
	if (t->type != 1)
		return;
	fb->red_pos = t->red_pos;
	fb->red_size = t->red_size;
	fb->green_pos = t->green_pos;
	fb->green_size = t->green_size;
	fb->blue_pos = t->blue_pos;
	fb->blue_size = t->blue_size;
}

static void read_rsdp(const struct tag *t)
{
	/* Version 2 follows version 1 when both are there, and is preferred. */
	if (boot_info.rsdp && t->type == TAG_RSDP_V1)
		return;
	memset(rsdp_copy, 0, sizeof(rsdp_copy));
	memcpy(rsdp_copy, t + 1, MIN(t->size - sizeof(*t), sizeof(rsdp_copy)));
	boot_info.rsdp = (paddr_t)(uintptr_t)rsdp_copy;
}

static void read_tag(const struct tag *t)
{
	switch (t->type) {
	case TAG_CMDLINE:
		copy_text(boot_info.cmdline, sizeof(boot_info.cmdline), t,
			  offsetof(struct tag_string, text));
		break;
	case TAG_MODULE:
		if (t->size >= sizeof(struct tag_module))
			read_module((const struct tag_module *)t);
		break;
	case TAG_MEMORY_MAP:
		if (t->size >= sizeof(struct tag_memory_map))
			read_memory_map((const struct tag_memory_map *)t);
		break;
	case TAG_FRAMEBUFFER:
		if (t->size >= sizeof(struct tag_framebuffer) - 6)
			read_framebuffer((const struct tag_framebuffer *)t);
		break;
	case TAG_EFI32:
		boot_info.efi = true;
		break;
	case TAG_EFI64:
		boot_info.efi = true;
		if (t->size >= sizeof(struct tag_efi64))
			boot_info.efi_system_table = ((const struct tag_efi64 *)t)->system_table;
		break;
	case TAG_RSDP_V1:
	case TAG_RSDP_V2:
		read_rsdp(t);
		break;
	default:
		break;
	}
}

void multiboot2_parse(uint32_t information)
{
	const char *start = paddr_to_ptr(information);
	uint32_t total = *(const uint32_t *)start, offset = 8;
	const struct tag *t;

	while (offset <= total - sizeof(*t)) {
		t = (const struct tag *)(start + offset);
		if (t->type == TAG_END || t->size < sizeof(*t) || t->size > total - offset)
			break;
		read_tag(t);
		offset += ROUND_UP(t->size, 8u);
	}
}

/* Called by head.S; its own stack, minimal page tables. */
noreturn void boot_main(uint32_t information)
{
	multiboot2_parse(information);
	hv_main();
}
