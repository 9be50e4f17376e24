// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RAM for a domain, and RAM given back: populate_physmap and decrease_reservation.
 *
 * Both work through a list of extents and answer how many were done; what is done stays done.
 * Clearing takes long: after 2 MiB, of several extents or of one, interrupts have their turn. An
 * extent of 1 GiB takes many such steps, and after some of them the caller gets -EAGAIN and calls
 * again: a kernel that does not switch tasks during a hypercall can do so then.
 */
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/physmap.h>

#include <xen/memory.h>

#include "hypercall.h"
#include "memory_op.h"
#include "policy.h"

struct extents {
	struct xen_memory_reservation r;
	struct domain *d;
	uint64_t first; /* that this step begins with */
};

/* -errno; 0: e is filled, with a reference on e->d. */
static int extents_open(struct hypercall *c, struct extents *e)
{
	if (hypercall_read(c->args[1], e->r))
		return -EFAULT;
	e->first = c->args[0] >> MEMOP_SHIFT;
	if (e->r.extent_order > FRAME_ORDER_MAX || e->r.nr_extents > UINT32_MAX ||
	    e->first > e->r.nr_extents)
		return -EINVAL;
	return policy_get_target(c->d, e->r.domid, &e->d);
}

static uint64_t batch_of(const struct extents *e)
{
	unsigned int order = MIN(e->r.extent_order, FRAME_ORDER_2M);

	return MIN((uint64_t)HYPERCALL_BATCH, 1ull << (FRAME_ORDER_2M - order));
}

static int64_t continue_at(struct hypercall *c, uint64_t done)
{
	c->args[0] = (c->args[0] & MEMOP_MASK) | done << MEMOP_SHIFT;
	return -ERESTART;
}

static int read_gfn(const struct extents *e, uint64_t i, gfn_t *ret_gfn)
{
	return copy_from_guest(&ret_gfn->n, GUEST_PTR(e->r.extent_start) + i * sizeof(xen_pfn_t),
			       sizeof(ret_gfn->n));
}

/*
 * Runs 'one' on the next extents. The control domain is refused by zero extents done: its RAM is
 * where the machine's is, there is no new one, and a page that it gave up could come back only if
 * exactly this machine frame were free again. Its balloon driver leaves it at that.
 *
 * -EAGAIN of 'one': more of this extent is to do; without an extent done the caller hears it.
 */
static int64_t for_extents(struct hypercall *c, unsigned int max_order,
			   int (*one)(struct domain *d, gfn_t gfn, unsigned int order))
{
	struct extents e;
	uint64_t i, end;
	gfn_t gfn;
	int err;

	err = extents_open(c, &e);
	if (err)
		return err;
	if (domain_is_control(e.d) || e.r.extent_order > max_order)
		err = -EPERM;
	end = MIN(e.r.nr_extents, e.first + batch_of(&e));
	for (i = e.first; !err && i < end;) {
		err = read_gfn(&e, i, &gfn);
		if (!err)
			err = one(e.d, gfn, e.r.extent_order);
		if (!err)
			i++;
	}
	domain_put(e.d);
	if (err == -EAGAIN && !i)
		return err;
	return (!err || err == -ERESTART) && i < e.r.nr_extents ? continue_at(c, i) : (int64_t)i;
}

/* ---- populate ---- */

/* Largest leaf order, at most 'max', that place and frame are both aligned to. */
static unsigned int leaf_order(gfn_t gfn, mfn_t mfn, uint64_t nr, unsigned int max)
{
	static const unsigned int orders[] = { FRAME_ORDER_1G, FRAME_ORDER_2M };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		uint64_t size = 1ull << orders[i];

		if (orders[i] <= max && nr >= size && ((gfn.n | mfn.n) & (size - 1)) == 0)
			return orders[i];
	}
	return 0;
}

/* Takes out again the first 'nr' of a run that could not be mapped as a whole. */
static void unmap_run(struct domain *d, gfn_t gfn, uint64_t nr)
{
	struct physmap_entry old;
	uint64_t i;

	for (i = 0; i < nr; i++) {
		if (physmap_unmap(d, gfn_add(gfn, i), &old))
			domain_crash(d, "no memory to undo a reservation");
	}
}

/* Maps a run of fresh frames with leaves as large as the port can do. */
static int map_run(struct domain *d, gfn_t gfn, mfn_t mfn, uint64_t nr)
{
	unsigned int max = FRAME_ORDER_MAX, order;
	uint64_t done = 0;
	int err = 0;

	spin_lock(&d->physmap_lock);
	if (READ_ONCE(d->state) == DOMAIN_DYING)
		err = -ESRCH; /* its tables are, or were already, taken apart */
	while (!err && done < nr) {
		order = leaf_order(gfn_add(gfn, done), mfn_add(mfn, done), nr - done, max);
		err = physmap_map(d, gfn_add(gfn, done), mfn_add(mfn, done), order, PHYSMAP_RAM,
				  PHYSMAP_RWX);
		if (!err) {
			done += 1ull << order;
		} else if (order) {
			/* No such leaf here, or small ones are in the way: try smaller. */
			max = order == FRAME_ORDER_1G ? FRAME_ORDER_2M : 0;
			err = 0;
		}
	}
	if (err)
		unmap_run(d, gfn, done);
	spin_unlock(&d->physmap_lock);
	if (err)
		physmap_flush(d);
	return err;
}

/* One step; the caller is asked to call again each time that so much is ready. */
#define LARGE_STRETCH (16ull << FRAME_ORDER_2M)

static int populate_large(struct domain *d, gfn_t gfn)
{
	int err = physmap_populate_large(d, gfn);

	if (err != -EAGAIN)
		return err;
	return READ_ONCE(d->physmap.nr_large_ready) % LARGE_STRETCH ? -ERESTART : -EAGAIN;
}

static int populate_one(struct domain *d, gfn_t gfn, unsigned int order)
{
	uint64_t nr = 1ull << order, i;
	mfn_t mfn;
	int err;

	if (order == FRAME_ORDER_1G)
		return populate_large(d, gfn);
	if (order > FRAME_ORDER_2M)
		return -EINVAL; /* cleared for too long, and no leaf has that size */
	if (gfn.n & (nr - 1) || gfn.n >= d->physmap.max_gfn || d->physmap.max_gfn - gfn.n < nr)
		return -EINVAL;
	err = frame_alloc_domain(d, order, &mfn);
	if (err)
		return err;
	err = map_run(d, gfn, mfn, nr);
	if (err) {
		for (i = 0; i < nr; i++)
			frame_put(mfn_add(mfn, i));
	}
	return err;
}

int64_t memory_populate(struct hypercall *c)
{
	return for_extents(c, FRAME_ORDER_1G, populate_one);
}

/* ---- decrease ---- */

/* One extent's pages out of the tables, one flush, and only then back to the free lists. */
static int release_pages(struct domain *d, gfn_t gfn, uint64_t nr)
{
	struct physmap_entry old[HYPERCALL_BATCH];
	uint64_t i, n = 0;
	int err = 0;

	spin_lock(&d->physmap_lock);
	for (i = 0; i < nr && !err; i++) {
		if (!physmap_lookup(d, gfn_add(gfn, i), &old[n]) || old[n].type != PHYSMAP_RAM)
			err = -EINVAL;
		else
			err = physmap_unmap(d, gfn_add(gfn, i), &old[n]);
		if (!err)
			n++;
	}
	spin_unlock(&d->physmap_lock);
	physmap_flush(d);
	for (i = 0; i < n; i++)
		frame_put(old[i].mfn);
	return err;
}

static int decrease_one(struct domain *d, gfn_t gfn, unsigned int order)
{
	uint64_t nr = 1ull << order, done, n;
	int err;

	for (done = 0; done < nr; done += n) {
		n = MIN(nr - done, HYPERCALL_BATCH);
		err = release_pages(d, gfn_add(gfn, done), n);
		if (err)
			return err;
	}
	return 0;
}

int64_t memory_decrease(struct hypercall *c)
{
	return for_extents(c, FRAME_ORDER_2M, decrease_one);
}
