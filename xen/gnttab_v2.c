// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grant entries, version 2: sixteen bytes, with a 64-bit frame and, if wanted, a part of a page;
 * our marks are in an array of their own. The mark is set first and the entry looked at after:
 * a guest that takes the loan back clears the entry first and looks at the mark after, so at
 * least one of the two sees the other.
 *
 * Transitive entries (a loan of a loan) are refused: nobody in the field uses them, and they have
 * been a source of trouble in their time.
 */
#include "gnttab.h"

static union grant_entry_v2 *entry_of(struct gnttab *g, grant_ref_t ref)
{
	union grant_entry_v2 *frame = g->frames[ref / GNTTAB_V2_PER_FRAME];

	return &frame[ref % GNTTAB_V2_PER_FRAME];
}

static grant_status_t *status_of(struct gnttab *g, grant_ref_t ref)
{
	grant_status_t *frame = g->status_frames[ref / GNTTAB_STATUS_PER_FRAME];

	return &frame[ref % GNTTAB_STATUS_PER_FRAME];
}

static int check_head(uint32_t head, domid_t user, bool write)
{
	if ((head & GTF_type_mask) != GTF_permit_access || head >> 16 != user)
		return GNTST_bad_gntref;
	if (write && (head & GTF_readonly))
		return GNTST_general_error;
	return GNTST_okay;
}

static int claim_v2(struct gnttab *g, grant_ref_t ref, domid_t user, bool write,
		    struct grant_claim *ret_claim)
{
	union grant_entry_v2 *e = entry_of(g, ref);
	grant_status_t *status = status_of(g, ref);
	uint32_t *head = (uint32_t *)(void *)&e->hdr;
	uint16_t mark = (uint16_t)(GTF_reading | (write ? GTF_writing : 0));
	uint16_t before;
	uint32_t w;
	int err;

	err = check_head(READ_ONCE(*head), user, write);
	if (err)
		return err;
	before = __atomic_fetch_or(status, mark, __ATOMIC_SEQ_CST);
	smp_mb();
	w = READ_ONCE(*head);
	err = check_head(w, user, write);
	if (err) {
		/* Only the marks that were not there already: other uses go on. */
		__atomic_fetch_and(status, (uint16_t) ~((uint32_t)mark & ~(uint32_t)before),
				   __ATOMIC_SEQ_CST);
		return err;
	}
	ret_claim->gfn = gfn_from(READ_ONCE(e->full_page.frame));
	ret_claim->offset = 0;
	ret_claim->length = PAGE_SIZE;
	if (w & GTF_sub_page) {
		ret_claim->gfn = gfn_from(READ_ONCE(e->sub_page.frame));
		ret_claim->offset = READ_ONCE(e->sub_page.page_off);
		ret_claim->length = READ_ONCE(e->sub_page.length);
	}
	return GNTST_okay;
}

static void unclaim_v2(struct gnttab *g, grant_ref_t ref, bool all)
{
	uint16_t mark = (uint16_t)(GTF_writing | (all ? GTF_reading : 0));

	__atomic_fetch_and(status_of(g, ref), (uint16_t)~mark, __ATOMIC_SEQ_CST);
}

static void swap_v2(struct gnttab *g, grant_ref_t a, grant_ref_t b)
{
	union grant_entry_v2 tmp = *entry_of(g, a);
	grant_status_t status = *status_of(g, a);

	*entry_of(g, a) = *entry_of(g, b);
	*entry_of(g, b) = tmp;
	*status_of(g, a) = *status_of(g, b);
	*status_of(g, b) = status;
}

const struct gnttab_format gnttab_v2 = {
	.per_frame = GNTTAB_V2_PER_FRAME,
	.claim = claim_v2,
	.unclaim = unclaim_v2,
	.swap = swap_v2,
};
