/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot loader told us; above all the memory map, made sane. */
#include <hv/boot.h>
#include <hv/console.h>

struct boot_info boot_info;

/* Which type counts where two entries overlap: the one that allows less. */
static unsigned int strictness(enum region_type type)
{
	switch (type) {
	case REGION_RAM:
		return 0;
	case REGION_ACPI:
		return 1;
	case REGION_NVS:
		return 2;
	case REGION_PMEM:
		return 3;
	case REGION_RESERVED:
		return 4;
	case REGION_UNUSABLE:
		return 5;
	}
	return 4;
}

static paddr_t region_end(const struct boot_region *r)
{
	return r->size > UINT64_MAX - r->start ? UINT64_MAX : r->start + r->size;
}

/*
 * From 'at' on: the strictest entry that covers it (NULL: none), and up to where nothing begins or
 * ends.
 */
static const struct boot_region *region_at(const struct boot_region *raw, uint32_t nr_raw,
					   paddr_t at, paddr_t *ret_end)
{
	const struct boot_region *found = NULL;
	paddr_t end = UINT64_MAX;
	uint32_t i;

	for (i = 0; i < nr_raw; i++) {
		if (raw[i].start > at)
			end = MIN(end, raw[i].start);
		else if (region_end(&raw[i]) > at)
			end = MIN(end, region_end(&raw[i]));
		else
			continue;
		if (raw[i].start <= at &&
		    (!found || strictness(raw[i].type) > strictness(found->type)))
			found = &raw[i];
	}
	*ret_end = end;
	return found;
}

static void append_region(paddr_t start, paddr_t end, enum region_type type)
{
	struct boot_region *last;

	if (boot_info.nr_regions) {
		last = &boot_info.regions[boot_info.nr_regions - 1];
		if (last->type == type && region_end(last) == start) {
			last->size = end - last->start;
			return;
		}
	}
	if (boot_info.nr_regions == BOOT_MAX_REGIONS) {
		log_warning("memory map: more than %u entries, %lx-%lx ignored\n", BOOT_MAX_REGIONS,
			    start, end);
		return;
	}
	boot_info.regions[boot_info.nr_regions++] =
		(struct boot_region){ start, end - start, type };
}

void boot_set_regions(const struct boot_region *raw, uint32_t nr_raw)
{
	const struct boot_region *r;
	paddr_t at = 0, end;

	boot_info.nr_regions = 0;
	while (at != UINT64_MAX) {
		r = region_at(raw, nr_raw, at, &end);
		if (r)
			append_region(at, end, r->type);
		at = end;
	}
}
