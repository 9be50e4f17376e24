/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of extended page tables (Intel SDM vol. 3, 29.3.2). Host MTRRs do not count for what a
 * guest accesses: the type in the leaf takes their place, and is combined with the guest's PAT
 * (29.3.7.2). So each leaf gets the type that the MTRRs give to its memory, RAM and devices alike,
 * and memory of several types gets several leaves.
 */
#include <arch/virt.h>
#include <hv/compiler.h>
#include <hv/physmap.h>

#include "vmx.h"

#define EPT_READ BIT(0)
#define EPT_WRITE BIT(1)
#define EPT_EXEC BIT(2)
#define EPT_TYPE_SHIFT 3
#define EPT_LARGE BIT(7)
/*
 * Set from the start: a CPU that keeps them then never has to write, unless somebody counts what a
 * guest writes (hv/dirty.h).
 * Turning them on makes the CPU treat its reading of a guest's page tables as writes, as AMD's
 * does always: a page lent read-only holds no page table on either.
 */
#define EPT_ACCESSED BIT(8)

static struct mtrrs mtrrs;
static bool mtrrs_are_read;

/* The control domain cannot change them: what the firmware left stays. */
static const struct mtrrs *host_mtrrs(void)
{
	if (!mtrrs_are_read)
		mtrr_read(&mtrrs);
	mtrrs_are_read = true;
	return &mtrrs;
}

uint64_t ept_leaf(mfn_t mfn, unsigned int access, unsigned int order, bool device)
{
	paddr_t end;
	uint64_t type = mtrr_type(host_mtrrs(), mfn_to_paddr(mfn), &end);
	uint64_t pte = mfn_to_paddr(mfn) | type << EPT_TYPE_SHIFT | EPT_READ | EPT_ACCESSED |
		       EPT_DIRTY;

	(void)device;
	if (access & PHYSMAP_WRITE)
		pte |= EPT_WRITE;
	if (access & PHYSMAP_EXEC)
		pte |= EPT_EXEC;
	if (order)
		pte |= EPT_LARGE;
	return pte;
}

bool ept_may_be_leaf(mfn_t mfn, unsigned int order)
{
	paddr_t start = mfn_to_paddr(mfn), end;
	paddr_t last = start + (PAGE_SIZE << order);
	unsigned int type = mtrr_type(host_mtrrs(), start, &end);

	while (end < last)
		if (mtrr_type(host_mtrrs(), end, &end) != type)
			return false;
	return true;
}

uint64_t ept_table(mfn_t mfn)
{
	return mfn_to_paddr(mfn) | EPT_READ | EPT_WRITE | EPT_EXEC | EPT_ACCESSED;
}

unsigned int ept_access(uint64_t pte)
{
	unsigned int access = PHYSMAP_READ;

	if (pte & EPT_WRITE)
		access |= PHYSMAP_WRITE;
	if (pte & EPT_EXEC)
		access |= PHYSMAP_EXEC;
	return access;
}
