// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages of another domain in the caller's guest-physical space: its RAM (add_to_physmap_batch)
 * and hv's pages that belong to it (acquire_resource). Privileged.
 *
 * RAM carries a reference and may outlive its owner. hv's pages do not: where they are mapped is
 * noted with their owner, and they are taken out there before they are freed.
 */
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/physmap.h>
#include <hv/stats.h>

#include <hvabi/stats.h>
#include <xen/memory.h>

#include "hypercall.h"
#include "memory_op.h"
#include "memory_place.h"
#include "policy.h"

#define RESOURCE_MAX_FRAMES 32u

/* ---- RAM ---- */

static int map_foreign(struct domain *d, struct domain *owner, gfn_t from, gfn_t to)
{
	mfn_t mfn;
	int err;

	err = physmap_get_frame(owner, from, PHYSMAP_READ | PHYSMAP_WRITE, &mfn);
	if (err)
		return err;
	err = memory_place(d, to, mfn, PHYSMAP_FOREIGN, PHYSMAP_READ | PHYSMAP_WRITE);
	if (err)
		frame_put(mfn);
	return err;
}

static int batch_one(struct hypercall *c, struct domain *d, struct domain *owner,
		     const struct xen_add_to_physmap_batch *op, uint64_t i)
{
	struct memory_add add = { .domid = op->domid, .space = op->space };
	int err;

	if (copy_from_guest(&add.idx, GUEST_PTR(op->idxs) + i * 8, 8) ||
	    copy_from_guest(&add.gpfn, GUEST_PTR(op->gpfns) + i * 8, 8))
		return -EFAULT;
	if (owner)
		err = map_foreign(d, owner, gfn_from(add.idx), gfn_from(add.gpfn));
	else
		err = memory_add_to_physmap(c, &add);
	return copy_to_guest(GUEST_PTR(op->errs) + i * sizeof(err), &err, sizeof(err));
}

int64_t memory_add_batch(struct hypercall *c)
{
	struct xen_add_to_physmap_batch op;
	struct domain *d, *owner = NULL;
	uint64_t i, end;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	i = c->args[0] >> MEMOP_SHIFT;
	if (i > op.size)
		return -EINVAL;
	err = policy_get_target(c->d, op.domid, &d);
	if (err)
		return err;
	if (op.space == XENMAPSPACE_gmfn_foreign) {
		if (!policy_is_privileged(c->d))
			err = -EPERM;
		else
			err = policy_get_partner(c->d, op.u.foreign_domid, &owner);
		/* Itself: no page may be foreign and its own at once. */
		if (!err && owner == d)
			err = -EINVAL;
	}
	end = MIN(op.size, i + HYPERCALL_BATCH);
	for (; !err && i < end; i++)
		err = batch_one(c, d, owner, &op, i);
	if (owner)
		domain_put(owner);
	domain_put(d);
	if (err || i == op.size)
		return err;
	c->args[0] = (c->args[0] & MEMOP_MASK) | i << MEMOP_SHIFT;
	return -ERESTART;
}

/* ---- hv's pages ---- */

/* A free note; those whose mapping is gone by now count as free. The owner's abi lock is held. */
static struct resource_map *note_alloc(struct domain *owner)
{
	struct resource_map *m;
	uint32_t i;

	for (i = 0; i < ABI_RESOURCE_MAPS; i++) {
		m = &owner->abi->resource_maps[i];
		if (m->mapper == DOMID_NONE)
			return m;
	}
	return NULL;
}

/* Forgets notes about mappings that the mapper has removed itself. */
static void notes_prune(struct domain *owner, struct domain *mapper)
{
	struct physmap_entry e;
	struct resource_map *m;
	uint32_t i;

	for (i = 0; i < ABI_RESOURCE_MAPS; i++) {
		m = &owner->abi->resource_maps[i];
		if (m->mapper != mapper->id)
			continue;
		spin_lock(&mapper->physmap_lock);
		if (!physmap_lookup(mapper, m->gfn, &e) || e.mfn.n != m->mfn.n)
			m->mapper = DOMID_NONE;
		spin_unlock(&mapper->physmap_lock);
	}
}

/*
 * Note and mapping come under one lock, which the end of the owner takes as well: a note is never
 * pruned before its mapping is there, and no page is mapped after those that were are taken out.
 */
static int map_resource(struct domain *d, struct domain *owner, mfn_t mfn, gfn_t gfn)
{
	struct resource_map *m;
	int err;

	spin_lock(&owner->abi->lock);
	notes_prune(owner, d);
	m = note_alloc(owner);
	if (READ_ONCE(owner->state) == DOMAIN_DYING)
		err = -ESRCH;
	else if (!m)
		err = -ENOSPC;
	else
		err = memory_place(d, gfn, mfn, PHYSMAP_SHARED, PHYSMAP_READ | PHYSMAP_WRITE);
	if (!err)
		*m = (struct resource_map){ d->id, gfn, mfn };
	spin_unlock(&owner->abi->lock);
	return err;
}

static int grant_frames(struct hypercall *c, struct domain *owner,
			const struct xen_mem_acquire_resource *op)
{
	bool status = op->id == XENMEM_resource_grant_table_id_status;
	uint64_t i, gfn;
	mfn_t mfn;
	int err;

	if (op->id > XENMEM_resource_grant_table_id_status || op->frame > GNTTAB_FRAMES_MAX)
		return -EINVAL;
	for (i = 0; i < op->nr_frames; i++) {
		if (copy_from_guest(&gfn, GUEST_PTR(op->frame_list) + i * sizeof(gfn), sizeof(gfn)))
			return -EFAULT;
		err = gnttab_get_frame(owner, (uint32_t)(op->frame + i), status, &mfn);
		if (!err)
			err = map_resource(c->d, owner, mfn, gfn_from(gfn));
		if (err)
			return err;
	}
	return 0;
}

/*
 * The statistics pages, read-only. hv never takes them back, so nobody has to find out where they
 * are mapped. There may be more of them than fit into one round.
 */
static int64_t stats_frames(struct hypercall *c, struct xen_mem_acquire_resource *op)
{
	uint64_t i = c->args[0] >> MEMOP_SHIFT, end, gfn;
	mfn_t mfn;
	int err;

	if (op->id || (op->domid != DOMID_SELF && op->domid != c->d->id))
		return -EINVAL;
	if (op->nr_frames == 0 && GUEST_PTR(op->frame_list) == 0) {
		op->nr_frames = stats_nr_frames();
		return hypercall_write(c->args[1], *op);
	}
	if (i > op->nr_frames || op->nr_frames > HVABI_STATS_PAGES_MAX ||
	    op->frame > HVABI_STATS_PAGES_MAX)
		return -EINVAL;
	for (end = MIN(op->nr_frames, i + HYPERCALL_BATCH); i < end; i++) {
		if (copy_from_guest(&gfn, GUEST_PTR(op->frame_list) + i * sizeof(gfn), sizeof(gfn)))
			return -EFAULT;
		err = stats_get_frame(op->frame + i, &mfn);
		if (!err)
			err = memory_place(c->d, gfn_from(gfn), mfn, PHYSMAP_SHARED, PHYSMAP_READ);
		if (err)
			return err;
	}
	if (i == op->nr_frames)
		return 0;
	c->args[0] = (c->args[0] & MEMOP_MASK) | i << MEMOP_SHIFT;
	return -ERESTART;
}

int64_t memory_acquire_resource(struct hypercall *c)
{
	struct xen_mem_acquire_resource op;
	struct domain *owner;
	int err;

	if (!policy_is_privileged(c->d))
		return -EPERM;
	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	if (op.pad != 0)
		return -EINVAL;
	if (op.type == HVABI_RESOURCE_STATS)
		return stats_frames(c, &op);
	if (op.nr_frames > RESOURCE_MAX_FRAMES)
		return -EINVAL;
	if (op.type != XENMEM_resource_grant_table)
		return -EOPNOTSUPP;
	err = policy_get_partner(c->d, op.domid, &owner);
	if (err)
		return err;
	if (owner == c->d) {
		err = -EPERM;
	} else if (op.nr_frames == 0 && GUEST_PTR(op.frame_list) == 0) {
		op.nr_frames = owner->abi->gnttab.max_frames; /* the question "how large?" */
		err = hypercall_write(c->args[1], op);
	} else {
		err = grant_frames(c, owner, &op);
	}
	domain_put(owner);
	return err;
}

void memory_resources_revoke(struct domain *d)
{
	struct resource_map *m;
	struct domain *mapper;
	uint32_t i;

	spin_lock(&d->abi->lock);
	for (i = 0; i < ABI_RESOURCE_MAPS; i++) {
		m = &d->abi->resource_maps[i];
		if (m->mapper == DOMID_NONE)
			continue;
		mapper = domain_get(m->mapper);
		if (mapper) {
			memory_take_shared(mapper, m->gfn, m->mfn);
			domain_put(mapper);
		}
		m->mapper = DOMID_NONE;
	}
	spin_unlock(&d->abi->lock);
}
