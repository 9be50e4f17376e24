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
};

/*
 * Reads an entry, and sets its accessed bit (and dirty, in a leaf that is written) like a CPU. Like
 * a CPU it therefore wants tables in memory that the guest may write: a page that was lent to it
 * read-only is none (APM vol. 2, 15.25.5).
 */
static int read_entry(const struct walk *w, uint64_t gpa, uint64_t *ret_pte, uint64_t set_if_leaf)
{
	mfn_t mfn;
	void *p;
	uint64_t pte, set = PTE_A;
	int err = physmap_get_frame(w->d, gpa_to_gfn(gpa), PHYSMAP_READ | PHYSMAP_WRITE, &mfn);

	if (err)
		return -EFAULT;
	p = (char *)mfn_to_ptr(mfn) + (gpa & ~PAGE_MASK);
	pte = w->entry_size == 8 ? READ_ONCE(*(uint64_t *)p) : READ_ONCE(*(uint32_t *)p);
	if ((pte & PTE_P) && w->write)
		set |= set_if_leaf;
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
			/* PAE: four entries at a 32-byte boundary, without permission bits. */
			err = read_entry(&(struct walk){ .d = w->d, .entry_size = 8 },
					 (table & ~0x1full & 0xffffffe0ull) + (index & 3) * 8, &pte, 0);
			if (err || !(pte & PTE_P))
				return -EFAULT;
			table = pte & PTE_ADDR;
			continue;
		}
		err = read_entry(w, (table & PTE_ADDR) + index * w->entry_size, &pte,
				 level == 1 ? PTE_D : 0);
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
