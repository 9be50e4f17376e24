// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grant entries, version 1: flags, domain and frame in eight bytes. Flags and domain are one
 * 32-bit word, checked and marked by one compare-and-exchange: the guest cannot slip another
 * domain in between.
 */
#include "gnttab.h"

#define CLAIM_TRIES 5

static struct grant_entry_v1 *entry_of(struct gnttab *g, grant_ref_t ref)
{
	struct grant_entry_v1 *frame = g->frames[ref / GNTTAB_V1_PER_FRAME];

	return &frame[ref % GNTTAB_V1_PER_FRAME];
}

static int claim_v1(struct gnttab *g, grant_ref_t ref, domid_t user, bool write,
		    struct grant_claim *ret_claim)
{
	struct grant_entry_v1 *e = entry_of(g, ref);
	uint32_t *head = (uint32_t *)(void *)e;
	uint32_t mark = GTF_reading | (write ? GTF_writing : 0);
	uint32_t w = READ_ONCE(*head);
	int i;

	for (i = 0; i < CLAIM_TRIES; i++) {
		if ((w & GTF_type_mask) != GTF_permit_access || w >> 16 != user)
			return GNTST_bad_gntref;
		if (write && (w & GTF_readonly))
			return GNTST_general_error;
		if (__atomic_compare_exchange_n(head, &w, w | mark, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST)) {
			ret_claim->gfn = gfn_from(READ_ONCE(e->frame));
			ret_claim->offset = 0;
			ret_claim->length = PAGE_SIZE;
			return GNTST_okay;
		}
	}
	return GNTST_general_error; /* the guest keeps changing it */
}

static void unclaim_v1(struct gnttab *g, grant_ref_t ref, bool all)
{
	uint32_t *head = (uint32_t *)(void *)entry_of(g, ref);
	uint32_t mark = GTF_writing | (all ? GTF_reading : 0);

	__atomic_fetch_and(head, ~mark, __ATOMIC_SEQ_CST);
}

static void swap_v1(struct gnttab *g, grant_ref_t a, grant_ref_t b)
{
	struct grant_entry_v1 tmp = *entry_of(g, a);

	*entry_of(g, a) = *entry_of(g, b);
	*entry_of(g, b) = tmp;
}

const struct gnttab_format gnttab_v1 = {
	.per_frame = GNTTAB_V1_PER_FRAME,
	.claim = claim_v1,
	.unclaim = unclaim_v1,
	.swap = swap_v1,
};
