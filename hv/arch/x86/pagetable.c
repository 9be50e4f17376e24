/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The radix walker for nested page tables: four levels of 512 entries, leaves of 4 KiB, 2 MiB and
 * 1 GiB. How an entry is spelled is the back end's affair (pte_leaf()); what both formats share is that
 * bit 0 says "present", bit 7 "large leaf", and that hardware ignores bits 54:52, where the kind
 * of the mapping is kept.
 *
 * Writers hold d->physmap_lock. Readers need not: entries are written in one store, a new table is
 * complete before it is linked, and tables live as long as the domain; but for those that give way
 * to a large leaf (hv/dirty.c), which live until nobody can be reading them.
 */
#include <arch/pagetable.h>
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/stats.h>

void pagetable_count_leaves(struct domain *d, unsigned int level, uint64_t nr)
{
	if (d->stats)
		stats_add(&d->stats->leaves[level - 1], nr);
}

static uint64_t make_leaf(const struct physmap_entry *e, unsigned int order)
{
	return virt->pte_leaf(e->mfn, e->access, order, e->type == PHYSMAP_DEVICE) |
	       (uint64_t)e->type << TYPE_SHIFT;
}

static void read_leaf(uint64_t pte, unsigned int level, struct physmap_entry *ret)
{
	ret->order = level_order(level);
	/* In a large leaf bit 12 is the PAT bit; frames of one are aligned to it anyway. */
	ret->mfn = mfn_from((pte & PTE_ADDR) >> PAGE_SHIFT & ~((1ull << ret->order) - 1));
	ret->type = (enum physmap_type)((pte & TYPE_MASK) >> TYPE_SHIFT);
	ret->access = virt->pte_access(pte);
}

unsigned int arch_physmap_address_bits(void)
{
	unsigned int bits = cpuid(0x80000008, 0).eax & 0xff;

	return MIN(bits, PAGE_SHIFT + LEVELS * LEVEL_BITS);
}

int arch_physmap_init(struct domain *d)
{
	int err = frame_alloc_zeroed(0, &d->physmap.root);

	if (err)
		return err;
	d->physmap.nr_tables = 1;
	d->physmap.max_gfn = 1ull << (arch_physmap_address_bits() - PAGE_SHIFT);
	return 0;
}

static int table_alloc(struct domain *d, mfn_t *ret_mfn)
{
	int err;

	if (d->physmap.nr_tables >= d->physmap.max_tables)
		return -ENOMEM;
	err = frame_alloc_zeroed(0, ret_mfn);
	if (!err)
		d->physmap.nr_tables++;
	return err;
}

static void free_table(struct domain *d, uint64_t *table, unsigned int level);

/*
 * The entry for 'e' at a level: a leaf, or, where the back end cannot have so large a one, a table
 * of smaller ones. -ENOMEM: nothing is left behind.
 */
static int make_entry(struct domain *d, const struct physmap_entry *e, unsigned int level,
		      uint64_t *ret_pte)
{
	struct physmap_entry part = *e;
	uint64_t *table;
	unsigned int i;
	mfn_t mfn;
	int err;

	if (level == 1 || virt->may_be_leaf(e->mfn, level_order(level))) {
		*ret_pte = make_leaf(e, level_order(level));
		pagetable_count_leaves(d, level, 1);
		return 0;
	}
	err = table_alloc(d, &mfn);
	if (err)
		return err;
	table = mfn_to_ptr(mfn);
	for (i = 0; i < ENTRIES && !err; i++) {
		err = make_entry(d, &part, level - 1, &table[i]);
		part.mfn = mfn_add(part.mfn, 1ull << level_order(level - 1));
	}
	if (err)
		free_table(d, table, level - 1);
	else
		*ret_pte = virt->pte_table(mfn);
	return err;
}

int arch_physmap_set(struct domain *d, gfn_t gfn, const struct physmap_entry *e)
{
	uint64_t *table = mfn_to_ptr(d->physmap.root);
	unsigned int level, last = e->order / LEVEL_BITS + 1;
	uint64_t entry;
	int err;

	for (level = LEVELS; level > last; level--) {
		uint64_t *pte = &table[level_index(gfn, level)];

		if (!(*pte & PTE_P)) {
			mfn_t mfn;

			err = table_alloc(d, &mfn);
			if (err)
				return err;
			WRITE_ONCE(*pte, virt->pte_table(mfn));
		} else if (is_leaf(*pte, level)) {
			return -EEXIST;
		}
		table = table_of(*pte);
	}
	table += level_index(gfn, last);
	if (*table & PTE_P)
		return -EEXIST;
	err = make_entry(d, e, last, &entry);
	if (!err)
		WRITE_ONCE(*table, entry);
	return err;
}

bool arch_physmap_see(struct domain *d, gfn_t gfn, struct physmap_entry *ret_entry,
		      struct physmap_seen *ret_seen)
{
	uint64_t *table = mfn_to_ptr(d->physmap.root), joins = READ_ONCE(d->physmap.joins);
	unsigned int level;

	if (gfn.n >= d->physmap.max_gfn)
		return false;
	smp_rmb();
	for (level = LEVELS; level > 0; level--) {
		const uint64_t *place = &table[level_index(gfn, level)];
		uint64_t pte = READ_ONCE(*place);

		if (!(pte & PTE_P))
			return false;
		if (is_leaf(pte, level)) {
			read_leaf(pte, level, ret_entry);
			ret_entry->mfn = mfn_add(ret_entry->mfn,
						 gfn.n & ((1ull << ret_entry->order) - 1));
			*ret_seen = (struct physmap_seen){ place, pte, joins };
			return true;
		}
		table = table_of(pte);
	}
	return false;
}

bool arch_physmap_get(struct domain *d, gfn_t gfn, struct physmap_entry *ret_entry)
{
	struct physmap_seen seen;

	return arch_physmap_see(d, gfn, ret_entry, &seen);
}

/* The entry that is the leaf for gfn; NULL: none. */
static uint64_t *find_leaf(struct domain *d, gfn_t gfn, unsigned int *ret_level)
{
	uint64_t *table = mfn_to_ptr(d->physmap.root);
	unsigned int level;

	for (level = LEVELS; level > 0; level--) {
		uint64_t *pte = &table[level_index(gfn, level)];

		if (!(*pte & PTE_P))
			return NULL;
		if (is_leaf(*pte, level)) {
			*ret_level = level;
			return pte;
		}
		table = table_of(*pte);
	}
	return NULL;
}

int arch_physmap_split(struct domain *d, gfn_t gfn)
{
	struct physmap_entry e;
	unsigned int level, i;
	uint64_t *pte = find_leaf(d, gfn, &level), *table;
	mfn_t mfn;
	int err;

	if (!pte || level == 1)
		return 0;
	err = table_alloc(d, &mfn);
	if (err)
		return err;
	read_leaf(*pte, level, &e);
	table = mfn_to_ptr(mfn);
	for (i = 0; i < ENTRIES; i++) {
		table[i] = make_leaf(&e, level_order(level - 1));
		e.mfn = mfn_add(e.mfn, 1ull << level_order(level - 1));
	}
	pagetable_count_leaves(d, level, -1ull);
	pagetable_count_leaves(d, level - 1, ENTRIES);
	/* The same translations, spelled finer: old ones in a TLB do no harm. */
	WRITE_ONCE(*pte, virt->pte_table(mfn));
	return 0;
}

void arch_physmap_clear(struct domain *d, gfn_t gfn)
{
	unsigned int level;
	uint64_t *pte = find_leaf(d, gfn, &level);

	if (!pte)
		return;
	WRITE_ONCE(*pte, 0);
	pagetable_count_leaves(d, level, -1ull);
}

/* First leaf at or after *gfn below 'table'; *gfn is moved behind what was looked at. */
static bool take_next(struct domain *d, uint64_t *table, unsigned int level, gfn_t *gfn,
		      struct physmap_entry *ret)
{
	unsigned int order = level_order(level), i;

	for (i = level_index(*gfn, level); i < ENTRIES; i++) {
		if (table[i] & PTE_P) {
			if (is_leaf(table[i], level)) {
				read_leaf(table[i], level, ret);
				WRITE_ONCE(table[i], 0);
				pagetable_count_leaves(d, level, -1ull);
				*gfn = gfn_from(((gfn->n >> order) + 1) << order);
				return true;
			}
			if (take_next(d, table_of(table[i]), level - 1, gfn, ret))
				return true;
			/* The recursion has moved gfn to the start of the next entry. */
			continue;
		}
		*gfn = gfn_from(((gfn->n >> order) + 1) << order);
	}
	return false;
}

bool arch_physmap_take_next(struct domain *d, gfn_t *gfn, struct physmap_entry *ret_old)
{
	if (gfn->n >= 1ull << (LEVELS * LEVEL_BITS))
		return false;
	return take_next(d, mfn_to_ptr(d->physmap.root), LEVELS, gfn, ret_old);
}

static void free_table(struct domain *d, uint64_t *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++) {
		if (!(table[i] & PTE_P))
			continue;
		if (is_leaf(table[i], level))
			pagetable_count_leaves(d, level, -1ull); /* of an entry that was not finished */
		else
			free_table(d, table_of(table[i]), level - 1);
	}
	page_free(table);
	d->physmap.nr_tables--;
}

void arch_physmap_free(struct domain *d)
{
	free_table(d, mfn_to_ptr(d->physmap.root), LEVELS);
}
