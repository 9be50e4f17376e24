// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control domain's memory. Its guest-physical addresses are the machine's, so its drivers can
 * let devices reach its RAM with or without an IOMMU: it gets free frames where they are, lowest
 * first, because old devices reach low addresses only.
 *
 * What is hv's or will be guests' is not in the map that the kernel sees. Such a hole is where
 * Linux puts foreign and granted pages (the lowest range of 128 MiB that no resource claims), so
 * at least one is left below 4 GiB: docs/memory.md.
 */
#include "dom0.h"

#include <hv/arch.h>
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/panic.h>
#include <hv/physmap.h>

#define CHUNK	   (1ull << FRAME_ORDER_2M)
#define LOW_END	   (KIB(640) >> PAGE_SHIFT)
#define HIGH_START (MIB(1) >> PAGE_SHIFT)
#define HOLE_SIZE  (MIB(128) >> PAGE_SHIFT)
#define HOLE_WORTH (MIB(768) >> PAGE_SHIFT) /* with less RAM than that none is kept free */
#define FOUR_GIB   (GIB(4) >> PAGE_SHIFT)
#define RESERVE	   MIB(64) /* for hv's own tables */
#define SHARE_MIN  MIB(512)

uint64_t dom0_memory_size(uint64_t wanted)
{
	struct frame_stats stats;
	uint64_t have;

	frame_get_stats(&stats);
	have = stats.free << PAGE_SHIFT;
	have = have > RESERVE ? have - RESERVE : 0;
	if (!wanted)
		wanted = MAX(have / 4, MIN(SHARE_MIN, have / 2));
	if (wanted > have) {
		log_warning("dom0_mem=%lu MiB is more than there is: %lu MiB\n", wanted >> 20,
			    have >> 20);
		wanted = have;
	}
	return wanted;
}

/* ---- claiming ---- */

static void add_run(struct dom0_memory *m, uint64_t first, uint64_t nr)
{
	struct dom0_run *last = m->nr_runs ? &m->runs[m->nr_runs - 1] : NULL;

	m->nr_frames += nr;
	if (last && last->first + last->nr == first)
		last->nr += nr;
	else
		m->runs[m->nr_runs++] = (struct dom0_run){ first, nr };
}

/* false: no room to note another run, or nothing there. */
static bool claim(struct dom0_memory *m, uint64_t first, uint64_t nr)
{
	struct dom0_run *last = m->nr_runs ? &m->runs[m->nr_runs - 1] : NULL;

	if (m->nr_runs == DOM0_MAX_RUNS && last->first + last->nr != first)
		return false;
	if (frame_claim_domain(m->d, mfn_from(first), nr))
		return false;
	add_run(m, first, nr);
	return true;
}

static void claim_pages(struct dom0_memory *m, uint64_t first, uint64_t end)
{
	for (; first < end; first++) {
		if (frame_type(mfn_from(first)) == FRAME_FREE)
			claim(m, first, 1);
	}
}

static uint64_t ram_end(uint64_t limit)
{
	uint64_t end = 0, e;
	uint32_t i;

	for (i = 0; i < boot_info.nr_regions; i++) {
		const struct boot_region *r = &boot_info.regions[i];

		e = (r->start + r->size) >> PAGE_SHIFT;
		if (r->type == REGION_RAM && e <= limit)
			end = MAX(end, e);
	}
	return end;
}

static void claim_range(struct dom0_memory *m, uint64_t first, uint64_t end, uint64_t want)
{
	uint64_t low = ram_end(FOUR_GIB), hole = ~0ull, n;

	if (low >= HOLE_WORTH)
		hole = ROUND_DOWN(low, HOLE_SIZE) - HOLE_SIZE;
	for (; first < end && m->nr_frames < want; first += n) {
		n = CHUNK - (first & (CHUNK - 1));
		n = MIN(n, MIN(end - first, want - m->nr_frames));
		if (first >= hole && first < hole + HOLE_SIZE)
			continue;
		if (!claim(m, first, n))
			claim_pages(m, first, first + n);
	}
}

/* Leaves as large as place and hardware allow. */
static void map_run(struct domain *d, uint64_t first, uint64_t nr)
{
	uint32_t unused;
	bool has_1g = arch_features(&unused) & ARCH_FEATURE_PAGES_1G;
	unsigned int order;

	for (; nr; first += 1ull << order, nr -= 1ull << order) {
		if (has_1g && !(first & ((1ull << FRAME_ORDER_1G) - 1)) && nr >> FRAME_ORDER_1G)
			order = FRAME_ORDER_1G;
		else if (!(first & (CHUNK - 1)) && nr >> FRAME_ORDER_2M)
			order = FRAME_ORDER_2M;
		else
			order = 0;
		if (physmap_map(d, gfn_from(first), mfn_from(first), order, PHYSMAP_RAM,
				PHYSMAP_RWX))
			boot_refuse("too little memory for the control domain's page tables\n");
	}
}

void dom0_memory_claim(struct dom0_memory *m, uint64_t size)
{
	uint64_t want = size >> PAGE_SHIFT;
	uint32_t i;

	claim_pages(m, 0, LOW_END);
	claim_range(m, HIGH_START, ram_end(~0ull), want);
	spin_lock(&m->d->physmap_lock);
	for (i = 0; i < m->nr_runs; i++)
		map_run(m->d, m->runs[i].first, m->runs[i].nr);
	spin_unlock(&m->d->physmap_lock);
}

/* ---- places ---- */

static bool is_free(const struct dom0_memory *m, uint64_t first, uint64_t end, uint64_t *ret_next)
{
	uint32_t i;

	for (i = 0; i < m->nr_taken; i++) {
		const struct dom0_run *t = &m->taken[i];

		if (first < t->first + t->nr && t->first < end) {
			*ret_next = t->first + t->nr;
			return false;
		}
	}
	return true;
}

static void mark_taken(struct dom0_memory *m, uint64_t first, uint64_t end)
{
	ASSERT(m->nr_taken < DOM0_MAX_TAKEN);
	m->taken[m->nr_taken++] = (struct dom0_run){ first, end - first };
}

bool dom0_memory_take(struct dom0_memory *m, paddr_t start, paddr_t end_address)
{
	uint64_t first = start >> PAGE_SHIFT, end = DIV_ROUND_UP(end_address, PAGE_SIZE), next;
	uint32_t i;

	for (i = 0; i < m->nr_runs; i++) {
		const struct dom0_run *r = &m->runs[i];

		if (first >= r->first && end <= r->first + r->nr && is_free(m, first, end, &next)) {
			mark_taken(m, first, end);
			return true;
		}
	}
	return false;
}

paddr_t dom0_memory_find(struct dom0_memory *m, uint64_t size, uint64_t align, paddr_t limit)
{
	uint64_t nr = DIV_ROUND_UP(size, PAGE_SIZE), pages = align >> PAGE_SHIFT, first, next;
	uint32_t i;

	for (i = 0; i < m->nr_runs; i++) {
		const struct dom0_run *r = &m->runs[i];

		first = ROUND_UP(MAX(r->first, HIGH_START), pages);
		while (first + nr <= MIN(r->first + r->nr, limit >> PAGE_SHIFT)) {
			if (is_free(m, first, first + nr, &next)) {
				mark_taken(m, first, first + nr);
				return first << PAGE_SHIFT;
			}
			first = ROUND_UP(next, pages);
		}
	}
	return 0;
}

/* ---- the map that the kernel sees ---- */

static void add_entry(struct dom0_memory *m, uint64_t addr, uint64_t size, uint32_t type)
{
	struct dom0_map_entry *e;
	uint32_t i;

	if (size == 0)
		return;
	if (m->nr_map == DOM0_MAX_MAP) {
		log_warning("control domain: no room in its memory map for %lx+%lx\n", addr, size);
		return;
	}
	for (i = m->nr_map++; i > 0 && m->map[i - 1].addr > addr; i--)
		m->map[i] = m->map[i - 1];
	e = &m->map[i];
	*e = (struct dom0_map_entry){ addr, size, type };
}

static void add_ram(struct dom0_memory *m, uint64_t start, uint64_t end, paddr_t acpi,
		    uint64_t acpi_size)
{
	if (acpi >= start && acpi + acpi_size <= end) {
		add_entry(m, start, acpi - start, REGION_RAM);
		add_entry(m, acpi, acpi_size, REGION_ACPI);
		add_entry(m, acpi + acpi_size, end - acpi - acpi_size, REGION_RAM);
	} else {
		add_entry(m, start, end - start, REGION_RAM);
	}
}

void dom0_memory_make_map(struct dom0_memory *m, paddr_t acpi, uint64_t acpi_size)
{
	uint32_t i;

	m->nr_map = 0;
	for (i = 0; i < m->nr_runs; i++)
		add_ram(m, m->runs[i].first << PAGE_SHIFT,
			(m->runs[i].first + m->runs[i].nr) << PAGE_SHIFT, acpi, acpi_size);
	for (i = 0; i < boot_info.nr_regions; i++) {
		const struct boot_region *r = &boot_info.regions[i];

		if (r->type != REGION_RAM)
			add_entry(m, r->start, r->size, (uint32_t)r->type);
	}
}
