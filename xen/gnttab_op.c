// SPDX-License-Identifier: GPL-2.0-or-later
/* The grant table hypercall: which operation, and those about the table as a whole. */
#include "gnttab.h"

#include <hv/errno.h>

#include "abi_state.h"
#include "hypercall.h"
#include "policy.h"

static int16_t status_of_error(int err)
{
	return err == -EPERM ? GNTST_permission_denied : GNTST_bad_domain;
}

static int op_query_size(struct hypercall *c)
{
	struct gnttab_query_size op;
	struct domain *d;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	err = policy_get_target(c->d, op.dom, &d);
	if (err) {
		op.status = status_of_error(err);
	} else {
		op.nr_frames = READ_ONCE(d->abi->gnttab.nr_frames);
		op.max_nr_frames = d->abi->gnttab.max_frames;
		op.status = GNTST_okay;
		domain_put(d);
	}
	return hypercall_write(c->args[1], op);
}

/* Older kernels size the table by this call; the frame list means nothing to a translated guest. */
static int op_setup_table(struct hypercall *c)
{
	struct gnttab_setup_table op = { 0 };
	struct {
		uint16_t dom, pad;
		uint32_t nr_frames;
		int16_t status, pad2;
		uint32_t frame_list;
	} op32;
	uint64_t status_at;
	int16_t status;
	struct domain *d;
	mfn_t mfn;
	int err;

	if (c->is_64bit) {
		if (hypercall_read(c->args[1], op))
			return -EFAULT;
		status_at = c->args[1] + offsetof(struct gnttab_setup_table, status);
	} else {
		if (hypercall_read(c->args[1], op32))
			return -EFAULT;
		op.dom = op32.dom;
		op.nr_frames = op32.nr_frames;
		status_at = c->args[1] + 8;
	}
	err = policy_get_target(c->d, op.dom, &d);
	if (err) {
		status = status_of_error(err);
	} else {
		status = GNTST_okay;
		if (op.nr_frames && gnttab_get_frame(d, op.nr_frames - 1, false, &mfn))
			status = GNTST_general_error;
		domain_put(d);
	}
	return hypercall_write(status_at, status);
}

static int op_set_version(struct hypercall *c)
{
	struct gnttab *g = &c->d->abi->gnttab;
	struct gnttab_set_version op;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	spin_lock(&g->lock);
	err = gnttab_set_version(g, op.version);
	op.version = g->version;
	spin_unlock(&g->lock);
	if (hypercall_write(c->args[1], op))
		return -EFAULT;
	return err;
}

static int op_get_version(struct hypercall *c)
{
	struct gnttab_get_version op;
	struct domain *d;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	err = policy_get_target(c->d, op.dom, &d);
	if (err)
		return err;
	op.version = READ_ONCE(d->abi->gnttab.version);
	domain_put(d);
	return hypercall_write(c->args[1], op);
}

static int swap_one(struct hypercall *c, uint64_t at)
{
	struct gnttab_swap_grant_ref op;

	if (hypercall_read(at, op))
		return -EFAULT;
	op.status = gnttab_swap(&c->d->abi->gnttab, op.ref_a, op.ref_b);
	return hypercall_write(at, op);
}

/* Giving pages away would break what the other domain believes of its memory map: refused. */
static int transfer_one(struct hypercall *c, uint64_t at)
{
	struct gnttab_transfer op;

	(void)c;
	if (hypercall_read(at, op))
		return -EFAULT;
	op.status = GNTST_general_error;
	return hypercall_write(at, op);
}

/* x86 caches are coherent with whatever reads the page: there is nothing to do but to check. */
static int cache_flush_one(struct hypercall *c, uint64_t at)
{
	struct gnttab_cache_flush op;

	(void)c;
	if (hypercall_read(at, op))
		return -EFAULT;
	return op.offset < PAGE_SIZE && op.offset + (uint32_t)op.length <= PAGE_SIZE ? 0 : -EINVAL;
}

static int64_t hypercall_grant_table_op_32(struct hypercall *c)
{
	switch ((uint32_t)c->args[0]) {
	case GNTTABOP_query_size:
		return op_query_size(c);
	case GNTTABOP_setup_table:
		return op_setup_table(c);
	case GNTTABOP_set_version:
		return op_set_version(c);
	case GNTTABOP_get_version:
		return op_get_version(c);
	default:
		return -ENOSYS;
	}
}

int64_t hypercall_grant_table_op(struct hypercall *c)
{
	if (!c->is_64bit)
		return hypercall_grant_table_op_32(c);
	switch ((uint32_t)c->args[0]) {
	case GNTTABOP_map_grant_ref:
		return gnttab_op_map(c);
	case GNTTABOP_unmap_grant_ref:
		return gnttab_op_unmap(c);
	case GNTTABOP_copy:
		return gnttab_op_copy(c);
	case GNTTABOP_query_size:
		return op_query_size(c);
	case GNTTABOP_setup_table:
		return op_setup_table(c);
	case GNTTABOP_set_version:
		return op_set_version(c);
	case GNTTABOP_get_version:
		return op_get_version(c);
	case GNTTABOP_swap_grant_ref:
		return hypercall_batch(c, sizeof(struct gnttab_swap_grant_ref), swap_one);
	case GNTTABOP_transfer:
		return hypercall_batch(c, sizeof(struct gnttab_transfer), transfer_one);
	case GNTTABOP_cache_flush:
		return hypercall_batch(c, sizeof(struct gnttab_cache_flush), cache_flush_one);
	default: /* unmap_and_replace, get_status_frames, dump_table: for PV guests */
		return -ENOSYS;
	}
}
