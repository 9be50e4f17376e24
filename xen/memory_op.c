// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memory_op: what is behind a domain's guest frames. This file has the table and the small calls;
 * memory_reservation.c gives and takes RAM, memory_foreign.c maps other domains' pages.
 */
#include "memory_op.h"

#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/physmap.h>
#include <hv/slab.h>

#include <xen/memory.h>

#include "hypercall.h"
#include "memory_place.h"
#include "policy.h"
#include "shared_info.h"

#define MAP_BYTES (ABI_MAX_MEMORY_MAP * sizeof(struct abi_e820))

/* ---- add_to_physmap: shared info and grant table ---- */

/*
 * The shared info has one place at a time: the boot loader's mapping goes when the kernel makes
 * its own. What was under it stays a hole.
 */
static int add_shared_info(struct domain *d, gfn_t gfn)
{
	struct shared_info_page *s = &d->abi->shared;
	mfn_t mfn = ptr_to_mfn(s->page);
	bool move;
	gfn_t old;
	int err;

	err = memory_place(d, gfn, mfn, PHYSMAP_SHARED, PHYSMAP_READ | PHYSMAP_WRITE);
	if (err)
		return err;
	spin_lock(&d->abi->lock);
	move = s->is_mapped && s->gfn.n != gfn.n;
	old = s->gfn;
	s->is_mapped = true;
	s->gfn = gfn;
	spin_unlock(&d->abi->lock);
	if (move)
		memory_take_shared(d, old, mfn);
	return 0;
}

static int add_grant_frame(struct domain *d, uint64_t idx, gfn_t gfn)
{
	bool status = idx & XENMAPIDX_grant_table_status;
	mfn_t mfn;
	int err;

	if (idx > UINT32_MAX)
		return -EINVAL;
	idx &= ~(uint64_t)XENMAPIDX_grant_table_status;
	err = gnttab_get_frame(d, (uint32_t)idx, status, &mfn);
	if (err)
		return err;
	return memory_place(d, gfn, mfn, PHYSMAP_SHARED, PHYSMAP_READ | PHYSMAP_WRITE);
}

int memory_add_to_physmap(struct hypercall *c, const struct memory_add *op)
{
	struct domain *d;
	int err;

	err = policy_get_target(c->d, op->domid, &d);
	if (err)
		return err;
	switch (op->space) {
	case XENMAPSPACE_shared_info:
		if (op->idx != 0) {
			err = -EINVAL;
			break;
		}
		if (d == c->d)
			shared_info_latch_layout(c->v);
		err = add_shared_info(d, gfn_from(op->gpfn));
		break;
	case XENMAPSPACE_grant_table:
		err = add_grant_frame(d, op->idx, gfn_from(op->gpfn));
		break;
	default: /* gmfn_foreign comes through the batch call; gmfn aliases are not offered */
		err = -ENOSYS;
		break;
	}
	domain_put(d);
	return err;
}

int memory_remove_from_physmap(struct hypercall *c, domid_t domid, uint64_t gpfn)
{
	uint32_t types = 1u << PHYSMAP_FOREIGN | 1u << PHYSMAP_SHARED;
	struct domain *d;
	int err;

	err = policy_get_target(c->d, domid, &d);
	if (err)
		return err;
	/* The control domain's RAM stays where it is: its addresses are the machine's. */
	if (!domain_is_control(d))
		types |= 1u << PHYSMAP_RAM;
	err = memory_take(d, gfn_from(gpfn), types);
	domain_put(d);
	return err;
}

/* ---- memory map ---- */

int memory_get_map(struct hypercall *c, uint64_t buffer, uint32_t *nr)
{
	struct abi_domain *a = c->d->abi;
	struct abi_e820 entry;
	uint32_t i, n;

	if (!READ_ONCE(a->memory_map))
		return -ENOSYS;
	n = MIN(*nr, READ_ONCE(a->nr_memory_map));
	for (i = 0; i < n; i++) {
		spin_lock(&a->lock);
		entry = a->memory_map[index_nospec(i, ABI_MAX_MEMORY_MAP)];
		spin_unlock(&a->lock);
		if (copy_to_guest(buffer + i * sizeof(entry), &entry, sizeof(entry)))
			return -EFAULT;
	}
	*nr = n;
	return 0;
}

int memory_set_map(struct hypercall *c, domid_t domid, uint64_t buffer, uint32_t nr)
{
	struct abi_e820 *map, *old;
	struct domain *d;
	int err;

	if (nr == 0 || nr > ABI_MAX_MEMORY_MAP)
		return -EINVAL;
	err = policy_get_target(c->d, domid, &d);
	if (err)
		return err;
	map = hv_alloc(MAP_BYTES);
	if (!map) {
		err = -ENOMEM;
		goto out;
	}
	if (copy_from_guest(map, buffer, nr * sizeof(*map))) {
		hv_free(map, MAP_BYTES);
		err = -EFAULT;
		goto out;
	}
	spin_lock(&d->abi->lock);
	old = d->abi->memory_map;
	d->abi->memory_map = map;
	d->abi->nr_memory_map = nr;
	spin_unlock(&d->abi->lock);
	if (old)
		hv_free(old, MAP_BYTES);
out:
	domain_put(d);
	return err;
}

static int64_t op_memory_map(struct hypercall *c)
{
	struct xen_memory_map op;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	err = memory_get_map(c, GUEST_PTR(op.buffer), &op.nr_entries);
	return err ? err : hypercall_write(c->args[1], op);
}

static int64_t op_set_memory_map(struct hypercall *c)
{
	struct xen_foreign_memory_map op;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	return memory_set_map(c, op.domid, GUEST_PTR(op.map.buffer), op.map.nr_entries);
}

/* ---- sizes ---- */

int64_t memory_reservation_info(struct hypercall *c, uint32_t cmd, domid_t domid)
{
	struct domain *d;
	int64_t ret;

	ret = policy_get_target(c->d, domid, &d);
	if (ret)
		return ret;
	switch (cmd) {
	case XENMEM_current_reservation:
		ret = (int64_t)__atomic_load_n(&d->nr_frames, __ATOMIC_RELAXED);
		break;
	case XENMEM_maximum_reservation:
		ret = (int64_t)d->max_frames;
		break;
	default: /* XENMEM_maximum_gpfn */
		ret = (int64_t)d->physmap.max_gfn - 1;
		break;
	}
	domain_put(d);
	return ret;
}

static int64_t maximum_ram_page(void)
{
	struct frame_stats stats;

	/* An upper bound that tells nobody the machine's layout. */
	frame_get_stats(&stats);
	return (int64_t)stats.total;
}

static int64_t op_add_to_physmap(struct hypercall *c)
{
	struct xen_add_to_physmap op;
	struct memory_add add;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	add = (struct memory_add){ op.domid, op.space, op.idx, op.gpfn };
	return memory_add_to_physmap(c, &add);
}

static int64_t op_remove(struct hypercall *c)
{
	struct xen_remove_from_physmap op;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	return memory_remove_from_physmap(c, op.domid, op.gpfn);
}

static int64_t op_reservation_info(struct hypercall *c, uint32_t cmd)
{
	struct xen_memory_domain op;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	return memory_reservation_info(c, cmd, op.domid);
}

int64_t hypercall_memory_op(struct hypercall *c)
{
	uint32_t cmd = (uint32_t)c->args[0] & MEMOP_MASK;

	if (!c->is_64bit)
		return hypercall_memory_op_32(c);
	switch (cmd) {
	case XENMEM_populate_physmap:
		return memory_populate(c);
	case XENMEM_decrease_reservation:
		return memory_decrease(c);
	case XENMEM_add_to_physmap:
		return op_add_to_physmap(c);
	case XENMEM_add_to_physmap_batch:
		return memory_add_batch(c);
	case XENMEM_remove_from_physmap:
		return op_remove(c);
	case XENMEM_acquire_resource:
		return memory_acquire_resource(c);
	case XENMEM_memory_map:
		return op_memory_map(c);
	case XENMEM_set_memory_map:
		return op_set_memory_map(c);
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:
		return op_reservation_info(c, cmd);
	case XENMEM_maximum_ram_page:
		return maximum_ram_page();
	default: /* exchange, machine map, sharing, paging, claims: not for these guests */
		return -ENOSYS;
	}
}
