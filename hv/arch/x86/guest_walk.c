/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's own page tables, read the way its CPU would: none, 32-bit, PAE, 4 or 5 levels. Only
 * presence and writability are checked: the caller is the guest's kernel, whose hypercalls may
 * point to user memory (privcmd does that with EFLAGS.AC set).
 */
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/physmap.h>
#include <hv/vcpu.h>

struct walk {
	struct domain *d;
	unsigned int entry_size; /* 4 or 8 */
	bool write;
	bool check_write; /* CR0.WP, or a write at all */
	bool no_flags;	  /* the entries have no accessed and dirty bits */
};

/* What a CPU would set in this entry: accessed, and dirty in a leaf that is written. */
static uint64_t bits_to_set(const struct walk *w, uint64_t pte, unsigned int level)
{
	bool is_leaf = level == 1 || (pte & PTE_PS);

	if (w->no_flags)
		return 0;
	return PTE_A | (is_leaf && w->write ? PTE_D : 0);
}

static uint64_t load_entry(const struct walk *w, const void *p)
{
	return w->entry_size == 8 ? READ_ONCE(*(const uint64_t *)p) :
				    READ_ONCE(*(const uint32_t *)p);
}

/*
 * Nearly always nothing is to be set. Then no reference on the table's frame is needed: if its
 * mapping still stands after the read, what was read is the guest's; else it is thrown away.
 */
static bool peek_entry(const struct walk *w, uint64_t gpa, unsigned int level, uint64_t *ret_pte)
{
	struct physmap_entry e;
	struct physmap_seen seen;
	uint64_t pte;

	if (!arch_physmap_see(w->d, gpa_to_gfn(gpa), &e, &seen) || e.type != PHYSMAP_RAM ||
	    !(e.access & PHYSMAP_WRITE))
		return false;
	pte = load_entry(w, (char *)mfn_to_ptr(e.mfn) + (gpa & ~PAGE_MASK));
	smp_rmb();
	if (!physmap_seen_stands(&w->d->physmap, &seen) || ((pte & PTE_P) && (~pte & bits_to_set(w, pte, level))))
		return false;
	*ret_pte = pte;
	return true;
}

/*
 * Reads an entry, and sets its accessed and dirty bits like a CPU. Like a CPU it therefore wants
 * tables in memory that the guest may write: a page that was lent to it read-only is none (APM
 * vol. 2, 15.25.5).
 */
static int read_entry(const struct walk *w, uint64_t gpa, unsigned int level, uint64_t *ret_pte)
{
	mfn_t mfn;
	void *p;
	uint64_t pte, set;

	if (peek_entry(w, gpa, level, ret_pte))
		return 0;
	if (physmap_get_frame(w->d, gpa_to_gfn(gpa), PHYSMAP_READ | PHYSMAP_WRITE, &mfn))
		return -EFAULT;
	p = (char *)mfn_to_ptr(mfn) + (gpa & ~PAGE_MASK);
	pte = load_entry(w, p);
	set = bits_to_set(w, pte, level);
	/* One byte holds both bits; an atomic OR loses no other CPU's bits. */
	if ((pte & PTE_P) && (pte & set) != set)
		__atomic_fetch_or((uint8_t *)p, (uint8_t)set, __ATOMIC_RELAXED);
	frame_put(mfn);
	*ret_pte = pte;
	return 0;
}

static int walk_levels(const struct walk *w, uint64_t table, uint64_t linear, unsigned int levels,
		       uint64_t *ret_gpa)
{
	unsigned int index_bits = w->entry_size == 8 ? 9 : 10, level;

	for (level = levels; level > 0; level--) {
		unsigned int shift = PAGE_SHIFT + (level - 1) * index_bits;
		uint64_t index = linear >> shift & ((1u << index_bits) - 1);
		bool may_be_large = level == 2 || (level == 3 && w->entry_size == 8);
		uint64_t pte, mask;
		int err;

		if (w->entry_size == 8 && levels == 3 && level == 3) {
			/*
			 * PAE: four entries at a 32-byte boundary. Their accessed and permission
			 * bits are reserved (APM vol. 2, 5.2.3): the next load of CR3 would fault.
			 */
			err = read_entry(&(struct walk){ .d = w->d, .entry_size = 8, .no_flags = true },
					 (table & 0xffffffe0ull) + (index & 3) * 8, level, &pte);
			if (err || !(pte & PTE_P))
				return -EFAULT;
			table = pte & PTE_ADDR;
			continue;
		}
		err = read_entry(w, (table & PTE_ADDR) + index * w->entry_size, level, &pte);
		if (err || !(pte & PTE_P) || (w->check_write && !(pte & PTE_W)))
			return -EFAULT;
		mask = (1ull << shift) - 1;
		if (level == 1 || (may_be_large && (pte & PTE_PS))) {
			*ret_gpa = (pte & PTE_ADDR & ~mask) | (linear & mask);
			return 0;
		}
		table = pte;
	}
	return -EFAULT;
}

int arch_guest_walk(struct vcpu *v, uint64_t linear, bool write, uint64_t *ret_gpa)
{
	uint64_t cr3 = virt->get_cr3(v), cr4 = virt->get_cr4(v);
	struct walk w = { .d = v->domain, .entry_size = 8, .write = write, .check_write = write };
	unsigned int levels = 4;

	if (!(virt->get_cr0(v) & CR0_PG)) {
		*ret_gpa = linear & 0xffffffffu;
		return 0;
	}
	if (virt->get_efer(v) & EFER_LMA) {
		unsigned int bits = 48;

		if (cr4 & CR4_LA57) {
			levels = 5;
			bits = 57;
		}
		/* Canonical: all upper bits equal to the highest that is translated. */
		if ((int64_t)(linear << (64 - bits)) >> (64 - bits) != (int64_t)linear)
			return -EFAULT;
	} else {
		linear &= 0xffffffffu;
		levels = cr4 & CR4_PAE ? 3 : 2;
		w.entry_size = cr4 & CR4_PAE ? 8 : 4;
	}
	return walk_levels(&w, cr3, linear, levels, ret_gpa);
}
