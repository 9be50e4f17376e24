/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirty bits of nested page tables: cleared, counted, set again (who asks, and when: hv/dirty.c).
 *
 * The CPU sets them while this looks on; so hv changes no entry of a live table but by atomic
 * operations on that bit.
 */
#include <arch/pagetable.h>
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/dirty.h>
#include <hv/domain.h>
#include <hv/errno.h>

static uint64_t dirty_bit(void)
{
	bool logs;

	return virt->pte_dirty(&logs);
}

bool arch_dirty_is_there(bool *ret_logs)
{
	return virt->pte_dirty(ret_logs) != 0;
}

static bool is_ram(uint64_t pte)
{
	return (pte & PTE_P) && (pte & TYPE_MASK) >> TYPE_SHIFT == PHYSMAP_RAM;
}

static void skip(gfn_t *gfn, unsigned int level)
{
	gfn->n = ((gfn->n >> level_order(level)) + 1) << level_order(level);
}

/*
 * The first entry at or after *gfn that is of 'level', or a larger leaf; *gfn is moved over the holes
 * before it. NULL: there is none.
 */
static uint64_t *next_entry(struct domain *d, unsigned int level, gfn_t *gfn, unsigned int *ret_level)
{
	while (gfn->n < 1ull << (LEVELS * LEVEL_BITS)) {
		uint64_t *table = mfn_to_ptr(d->physmap.root);
		unsigned int at = LEVELS;
		uint64_t *pte;

		for (; pte = &table[level_index(*gfn, at)], *pte & PTE_P; at--) {
			*ret_level = at;
			if (at == level || is_leaf(*pte, at))
				return pte;
			table = table_of(*pte);
		}
		skip(gfn, at);
	}
	return NULL;
}

int arch_dirty_watch(struct domain *d, gfn_t *gfn)
{
	unsigned int level, i;
	uint64_t *pte = next_entry(d, 2, gfn, &level), *table;
	int err;

	if (!pte)
		return -ENOENT;
	if (is_leaf(*pte, level) && is_ram(*pte)) {
		err = arch_physmap_split(d, *gfn);
		if (err || level > 2)
			return err; /* the next call finds it smaller */
	}
	if (!is_leaf(*pte, level)) {
		table = table_of(*pte);
		for (i = 0; i < ENTRIES; i++)
			if (is_ram(table[i]))
				__atomic_fetch_and(&table[i], ~dirty_bit(), __ATOMIC_SEQ_CST);
	}
	skip(gfn, level);
	return 0;
}

/* A large leaf has come since the start: RAM that the guest was given, all of it cleared by hv. */
static uint64_t pages_written(uint64_t pte, unsigned int level)
{
	return is_ram(pte) && (pte & dirty_bit()) ? 1ull << level_order(level) : 0;
}

int arch_dirty_count(struct domain *d, gfn_t *gfn, uint64_t *pages)
{
	unsigned int level, i;
	const uint64_t *pte = next_entry(d, 2, gfn, &level), *table;

	if (!pte)
		return -ENOENT;
	if (is_leaf(*pte, level)) {
		*pages += pages_written(*pte, level);
	} else {
		table = table_of(*pte);
		for (i = 0; i < ENTRIES; i++)
			*pages += pages_written(READ_ONCE(table[i]), 1);
	}
	skip(gfn, level);
	return 0;
}

/*
 * Do 512 leaves, of one access and type, cover what one larger leaf would? Both formats spell that
 * one like the first of them, with the bit that says "large".
 */
static bool is_whole(const uint64_t *table, unsigned int order)
{
	uint64_t first = table[0];
	unsigned int i;
	mfn_t mfn = paddr_to_mfn(first & PTE_ADDR);

	if (!is_ram(first) || !is_leaf(first, order / LEVEL_BITS) || mfn.n & ((1ull << order) - 1) ||
	    !virt->may_be_leaf(mfn, order))
		return false;
	for (i = 1; i < ENTRIES; i++)
		if (table[i] != first + i * (PAGE_SIZE << (order - LEVEL_BITS)))
			return false;
	return true;
}

int arch_dirty_join(struct domain *d, unsigned int order, gfn_t *gfn, mfn_t *ret_table)
{
	unsigned int level, i;
	uint64_t *pte = next_entry(d, order / LEVEL_BITS + 1, gfn, &level), *table;

	if (!pte)
		return -ENOENT;
	skip(gfn, level);
	if (is_leaf(*pte, level))
		return 0;
	table = table_of(*pte);
	for (i = 0; i < ENTRIES; i++)
		if (is_ram(table[i]) && is_leaf(table[i], level - 1))
			__atomic_fetch_or(&table[i], dirty_bit(), __ATOMIC_SEQ_CST);
	if (!is_whole(table, order))
		return 0;
	*ret_table = ptr_to_mfn(table);
	WRITE_ONCE(*pte, table[0] | PTE_PS);
	pagetable_count_leaves(d, level - 1, -(uint64_t)ENTRIES);
	pagetable_count_leaves(d, level, 1);
	return 1;
}

bool arch_dirty_mark(struct domain *d, const struct physmap_seen *seen)
{
	uint64_t *place = (uint64_t *)(uintptr_t)seen->place, old = seen->value;
	bool logs;
	uint64_t dirty = virt->pte_dirty(&logs);

	if (old & dirty)
		return true;
	if (!__atomic_compare_exchange_n(place, &old, old | dirty, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED))
		return false;
	if (logs)
		dirty_add(d, 1);
	return true;
}
