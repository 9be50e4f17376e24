// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GNTTABOP_copy: hv copies between two pages, each named by a grant reference or by the caller's
 * own frame number. Both stay acquired while bytes move, so neither can go away meanwhile.
 */
#include "gnttab.h"

#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/physmap.h>
#include <hv/string.h>

#include "hypercall.h"
#include "policy.h"

struct copy_side {
	struct domain *d; /* with a reference */
	bool is_grant, write;
	grant_ref_t ref;
	mfn_t mfn;
};

static int16_t open_by_grant(struct hypercall *c, struct copy_side *s, uint32_t first, uint32_t n)
{
	struct grant_page page;
	int status;

	status = gnttab_acquire(s->d, s->ref, c->d->id, s->write, &page);
	if (status)
		return (int16_t)status;
	if (first < page.offset || first + n > (uint32_t)page.offset + page.length) {
		gnttab_release(s->d, s->ref, s->write);
		return GNTST_general_error;
	}
	s->mfn = page.mfn;
	return GNTST_okay;
}

/* GNTST_okay: s is open, close_side() it. */
static int16_t open_side(struct hypercall *c, struct copy_side *s, domid_t domid, bool is_grant,
			 uint64_t ref_or_gfn, uint32_t first, uint32_t n)
{
	int16_t status = GNTST_okay;

	s->is_grant = is_grant;
	if (!is_grant && domid != DOMID_SELF && domid != c->d->id)
		return GNTST_permission_denied;
	if (policy_get_partner(c->d, domid, &s->d))
		return GNTST_bad_domain;
	if (is_grant && READ_ONCE(s->d->state) == DOMAIN_DYING) {
		/* As for mappings: what it lent ends with it, though its memory may live on a while. */
		status = GNTST_bad_domain;
	} else if (is_grant) {
		s->ref = (grant_ref_t)ref_or_gfn;
		status = open_by_grant(c, s, first, n);
	} else if (physmap_get_frame(s->d, gfn_from(ref_or_gfn),
				     PHYSMAP_READ | (s->write ? PHYSMAP_WRITE : 0), &s->mfn)) {
		status = GNTST_bad_page;
	}
	if (status)
		domain_put(s->d);
	return status;
}

static void close_side(struct copy_side *s)
{
	if (s->is_grant)
		gnttab_release(s->d, s->ref, s->write);
	else
		frame_put(s->mfn);
	domain_put(s->d);
}

static int16_t copy_one(struct hypercall *c, const struct gnttab_copy *op)
{
	struct copy_side src = { .write = false }, dst = { .write = true };
	bool src_grant = op->flags & GNTCOPY_source_gref;
	bool dst_grant = op->flags & GNTCOPY_dest_gref;
	int16_t status;

	if (op->source.offset + (uint32_t)op->len > PAGE_SIZE ||
	    op->dest.offset + (uint32_t)op->len > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	status = open_side(c, &src, op->source.domid, src_grant,
			   src_grant ? op->source.u.ref : op->source.u.gmfn, op->source.offset,
			   op->len);
	if (status)
		return status;
	status = open_side(c, &dst, op->dest.domid, dst_grant,
			   dst_grant ? op->dest.u.ref : op->dest.u.gmfn, op->dest.offset, op->len);
	if (!status) {
		/* Source and destination may be one page. */
		memmove((uint8_t *)mfn_to_ptr(dst.mfn) + op->dest.offset,
			(const uint8_t *)mfn_to_ptr(src.mfn) + op->source.offset, op->len);
		close_side(&dst);
	}
	close_side(&src);
	return status;
}

static int copy_element(struct hypercall *c, uint64_t at)
{
	struct gnttab_copy op;

	if (hypercall_read(at, op))
		return -EFAULT;
	op.status = copy_one(c, &op);
	return hypercall_write(at + offsetof(struct gnttab_copy, status), op.status);
}

int64_t gnttab_op_copy(struct hypercall *c)
{
	return hypercall_batch(c, sizeof(struct gnttab_copy), copy_element);
}
