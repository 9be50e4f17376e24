/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's guest frames (see hv/physmap.h for the promise). This file knows what kinds of
 * mappings there are and what they hold; the tables are arch's.
 */
#include <hv/arch.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/physmap.h>

/* How many entries or frames a step of the teardown lets go: some 100 us of work. */
#define DESTROY_BATCH 512u

/*
 * Tables beyond those that all of its RAM in 4 KiB pages needs: as many once more, for RAM that
 * moved, and some for grants and shared pages at places of their own.
 */
#define SPARE_TABLES 256u

static uint64_t table_quota(const struct domain *d)
{
	return domain_is_control(d) ? UINT64_MAX : d->max_frames / 256 + SPARE_TABLES;
}

int physmap_init(struct domain *d)
{
	spin_init(&d->physmap_lock);
	d->physmap.generation = 1;
	d->physmap.max_tables = table_quota(d);
	return arch_physmap_init(d);
}

/*
 * The control domain maps what it likes at guest frames behind which a device, touched before, was
 * identity-mapped: it gives way. When the new entry goes, the next touch maps the device again.
 */
static int displace_device(struct domain *d, gfn_t gfn, unsigned int order)
{
	struct physmap_entry e;
	uint64_t i;
	int err;

	for (i = 0; i < 1ull << order; i++) {
		if (!arch_physmap_get(d, gfn_add(gfn, i), &e))
			continue;
		if (e.type != PHYSMAP_DEVICE)
			return -EEXIST;
		while (e.order > order) {
			err = arch_physmap_split(d, gfn_add(gfn, i));
			if (err)
				return err;
			if (!arch_physmap_get(d, gfn_add(gfn, i), &e))
				break;
		}
		arch_physmap_clear(d, gfn_add(gfn, i));
	}
	physmap_flush(d);
	return 0;
}

int physmap_map(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order, enum physmap_type type,
		unsigned int access)
{
	struct physmap_entry e = { .mfn = mfn, .type = type, .access = access, .order = order };
	uint64_t low_bits = (1ull << order) - 1;
	int err;

	if ((gfn.n | mfn.n) & low_bits || gfn.n >= d->physmap.max_gfn ||
	    d->physmap.max_gfn - gfn.n < 1ull << order)
		return -EINVAL;
	err = arch_physmap_set(d, gfn, &e);
	if (err == -EEXIST && domain_is_control(d) && type != PHYSMAP_DEVICE) {
		err = displace_device(d, gfn, order);
		if (!err)
			err = arch_physmap_set(d, gfn, &e);
	}
	return err;
}

int physmap_unmap(struct domain *d, gfn_t gfn, struct physmap_entry *ret_old)
{
	struct physmap_entry e;

	if (!arch_physmap_get(d, gfn, &e))
		return -ENOENT;
	while (e.order > 0) {
		int err = arch_physmap_split(d, gfn);

		if (err)
			return err;
		if (!arch_physmap_get(d, gfn, &e))
			return -ENOENT;
	}
	arch_physmap_clear(d, gfn);
	*ret_old = e;
	return 0;
}

bool physmap_lookup(struct domain *d, gfn_t gfn, struct physmap_entry *ret_entry)
{
	return arch_physmap_get(d, gfn, ret_entry);
}

/*
 * A CPU that enters d's guest code publishes so, then looks at the generation (arch_vcpu_run). So
 * either it sees the new number, or we see it inside with an older one, and drive it out. CPUs in
 * hv are not waited for: they will look before they enter. Hence no deadlock, whatever locks are
 * held on either side.
 */
void physmap_flush(struct domain *d)
{
	uint64_t generation = __atomic_add_fetch(&d->physmap.generation, 1, __ATOMIC_SEQ_CST);
	uint32_t i;

	smp_mb();
	for (i = 0; i < nr_cpus; i++) {
		struct cpu *cpu = cpus[i];
		bool kicked = false;

		while (READ_ONCE(cpu->in_guest) == d &&
		       READ_ONCE(cpu->in_guest_generation) < generation) {
			if (!kicked)
				arch_send_kick(cpu);
			kicked = true;
			__builtin_ia32_pause();
		}
	}
}

static bool holds_reference(const struct physmap_entry *e)
{
	/* Grants keep their own account (guest ABI). */
	return e->type == PHYSMAP_RAM || e->type == PHYSMAP_FOREIGN;
}

int physmap_remove(struct domain *d, gfn_t gfn)
{
	struct physmap_entry old;
	int err;

	spin_lock(&d->physmap_lock);
	err = physmap_unmap(d, gfn, &old);
	spin_unlock(&d->physmap_lock);
	if (err)
		return err;
	physmap_flush(d);
	if (holds_reference(&old))
		frame_put(old.mfn);
	return 0;
}

/* Who changes an entry all the time, or has used up a frame's references, gets no answer. */
#define LOOKUP_TRIES 64u

/*
 * Without a lock: the frame may be taken out and freed between the look and the reference. So look
 * again once the reference is held; if the entry still stands, the reference is good. The second
 * look is one load: this is the way of every argument that a hypercall reads, several times each
 * (the guest's own page tables are read this way too).
 */
int physmap_get_frame(struct domain *d, gfn_t gfn, unsigned int access, mfn_t *ret_mfn)
{
	struct physmap_entry e;
	struct physmap_seen seen;
	unsigned int tries;

	for (tries = 0; tries < LOOKUP_TRIES && arch_physmap_see(d, gfn, &e, &seen); tries++) {
		if (e.type != PHYSMAP_RAM && e.type != PHYSMAP_FOREIGN && e.type != PHYSMAP_GRANT)
			return -EINVAL;
		if ((e.access & access) != access)
			return -EACCES;
		if (!frame_get_live(e.mfn))
			continue;
		if (physmap_seen_stands(&d->physmap, &seen) &&
		    (!(access & PHYSMAP_WRITE) || dirty_mark(d, &seen))) {
			*ret_mfn = e.mfn;
			return 0;
		}
		frame_put(e.mfn);
	}
	return -EINVAL;
}

/* ---- 1 GiB at once, piece by piece ---- */

#define LARGE (1ull << FRAME_ORDER_1G)
#define PIECE (1ull << FRAME_ORDER_2M)

/*
 * d->physmap_lock is held. 0: all is ready and mapped. -EAGAIN: *ret_piece is to be made ready by the
 * caller alone (large_busy), or somebody else is at one (ret_piece->n is 0).
 */
static int large_step(struct domain *d, gfn_t gfn, mfn_t *ret_piece)
{
	struct physmap *p = &d->physmap;
	struct physmap_entry e;
	int err;

	ret_piece->n = 0;
	if (READ_ONCE(d->state) == DOMAIN_DYING)
		return -ESRCH;
	if (p->large_busy)
		return -EAGAIN;
	if (physmap_lookup(d, gfn, &e))
		return -EEXIST;
	if (!p->has_large) {
		err = frame_large_begin(d, &p->large);
		if (err)
			return err;
		p->has_large = true;
		p->nr_large_ready = 0;
	}
	if (p->nr_large_ready < LARGE) {
		*ret_piece = mfn_add(p->large, p->nr_large_ready);
		p->large_busy = true;
		return -EAGAIN;
	}
	err = physmap_map(d, gfn, p->large, FRAME_ORDER_1G, PHYSMAP_RAM, PHYSMAP_RWX);
	if (!err)
		p->has_large = false;
	return err;
}

int physmap_populate_large(struct domain *d, gfn_t gfn)
{
	struct physmap *p = &d->physmap;
	uint32_t unused;
	mfn_t piece;
	int err;

	if (gfn.n & (LARGE - 1) || gfn.n >= p->max_gfn || p->max_gfn - gfn.n < LARGE ||
	    !(arch_features(&unused) & ARCH_FEATURE_PAGES_1G))
		return -EINVAL;
	spin_lock(&d->physmap_lock);
	err = large_step(d, gfn, &piece);
	spin_unlock(&d->physmap_lock);
	if (err != -EAGAIN || !piece.n)
		return err;
	frame_large_prepare(d, piece, PIECE);
	spin_lock(&d->physmap_lock);
	p->nr_large_ready += PIECE;
	p->large_busy = false;
	spin_unlock(&d->physmap_lock);
	return -EAGAIN;
}

/* What of 1 GiB was never mapped. -EAGAIN: a CPU is at it. d is dying: no other will begin. */
static int let_large_go(struct domain *d)
{
	struct physmap *p = &d->physmap;
	int err = 0;

	spin_lock(&d->physmap_lock);
	if (p->large_busy) {
		err = -EAGAIN;
	} else if (p->has_large) {
		p->has_large = false;
		p->leaving = p->large;
		p->nr_leaving = p->nr_large_ready;
		frame_large_abandon(d, mfn_add(p->large, p->nr_large_ready), LARGE - p->nr_large_ready);
	}
	spin_unlock(&d->physmap_lock);
	return err;
}

/* false: nothing is left. No flush: none of its vCPUs will ever enter again. */
static bool take_next(struct domain *d)
{
	struct physmap *p = &d->physmap;
	struct physmap_entry old;
	bool found;

	spin_lock(&d->physmap_lock);
	found = arch_physmap_take_next(d, &p->teardown, &old);
	spin_unlock(&d->physmap_lock);
	if (found) {
		p->leaving = old.mfn;
		p->nr_leaving = holds_reference(&old) ? 1ull << old.order : 0;
	}
	return found;
}

/* One caller at a time (domain_destroy_step). A leaf of 1 GiB takes many steps. */
int physmap_destroy_step(struct domain *d)
{
	struct physmap *p = &d->physmap;
	uint64_t budget = DESTROY_BATCH;

	if (!p->nr_leaving && let_large_go(d))
		return -EAGAIN;
	while (budget) {
		if (!p->nr_leaving) {
			if (!take_next(d))
				return 0;
			budget--;
		}
		for (; budget && p->nr_leaving; budget--, p->nr_leaving--) {
			frame_put(p->leaving);
			p->leaving = mfn_add(p->leaving, 1);
		}
	}
	return -EAGAIN;
}
