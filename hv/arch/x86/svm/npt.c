/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nested page-table entries of SVM: ordinary long-mode entries, in which every guest access counts
 * as a user access (APM vol. 2, 15.25.5).
 */
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/physmap.h>

#include "svm.h"

uint64_t npt_leaf(mfn_t mfn, unsigned int access, unsigned int order, bool device)
{
	uint64_t pte = mfn_to_paddr(mfn) | PTE_P | PTE_U | PTE_A | PTE_D;

	/*
	 * Device memory needs no type here: host MTRRs and the guest's own PAT are combined with
	 * the nested type (APM vol. 2, 15.25.8), and a nested write-back leaves them the say.
	 */
	(void)device;
	if (access & PHYSMAP_WRITE)
		pte |= PTE_W;
	if (!(access & PHYSMAP_EXEC))
		pte |= PTE_NX;
	if (order)
		pte |= PTE_PS;
	return pte;
}

uint64_t npt_table(mfn_t mfn)
{
	return mfn_to_paddr(mfn) | PTE_P | PTE_W | PTE_U | PTE_A;
}

unsigned int npt_access(uint64_t pte)
{
	unsigned int access = PHYSMAP_READ;

	if (pte & PTE_W)
		access |= PHYSMAP_WRITE;
	if (!(pte & PTE_NX))
		access |= PHYSMAP_EXEC;
	return access;
}

/* A guest's write sets it, and so does its CPU's walk of its own page tables (APM vol. 2, 15.25.5). */
uint64_t npt_dirty(bool *ret_logs)
{
	*ret_logs = false;
	return PTE_D;
}

/* Host MTRRs hold below nested paging too, page size or not. */
bool npt_may_be_leaf(mfn_t mfn, unsigned int order)
{
	(void)mfn;
	(void)order;
	return true;
}
