/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How nested page tables are laid out, whoever's they are: see hv/arch/x86/pagetable.c. */
#ifndef ARCH_PAGETABLE_H
#define ARCH_PAGETABLE_H

#include <arch/x86.h>
#include <hv/types.h>

struct domain;

#define LEVELS 4u
#define LEVEL_BITS 9u
#define ENTRIES 512u
#define TYPE_SHIFT 52
#define TYPE_MASK (7ull << TYPE_SHIFT)

static inline unsigned int level_order(unsigned int level)
{
	return (level - 1) * LEVEL_BITS;
}

static inline unsigned int level_index(gfn_t gfn, unsigned int level)
{
	return (unsigned int)(gfn.n >> level_order(level)) & (ENTRIES - 1);
}

static inline uint64_t *table_of(uint64_t pte)
{
	return mfn_to_ptr(paddr_to_mfn(pte & PTE_ADDR));
}

static inline bool is_leaf(uint64_t pte, unsigned int level)
{
	return level == 1 || (pte & PTE_PS);
}

/* For the statistics: 'nr' leaves more at a level; less if it is a negative number. Under the lock. */
void pagetable_count_leaves(struct domain *d, unsigned int level, uint64_t nr);

#endif
