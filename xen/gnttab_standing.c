// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Standing loans: through two references that no table has, the control domain maps the two pages that
 * it shares with each guest from the start, for console and xenstore, whatever the guest does to its table.
 * Xen's builder writes entries of the table for them instead (GNTTAB_RESERVED_*), which some guests
 * take for their own: GRUB lends its first ring by reference 0.
 */
#include "gnttab.h"

#include <xen/hvm/params.h>

#include <hvabi/control.h>

#include <hv/domain.h>

#include "abi_state.h"

static int claim_standing(struct gnttab *g, grant_ref_t ref, domid_t user, bool write,
			  struct grant_claim *ret_claim)
{
	const struct abi_domain *abi = container_of(g, struct abi_domain, gnttab);
	uint32_t param = ref == HVABI_GRANT_CONSOLE ? HVM_PARAM_CONSOLE_PFN : HVM_PARAM_STORE_PFN;
	uint64_t gfn = READ_ONCE(abi->hvm_params[param]);

	(void)write;
	if (user != control_domain->id || gfn == 0)
		return GNTST_bad_gntref;
	ret_claim->gfn = gfn_from(gfn);
	ret_claim->offset = 0;
	ret_claim->length = PAGE_SIZE;
	return GNTST_okay;
}

static void unclaim_standing(struct gnttab *g, grant_ref_t ref, bool all)
{
	(void)g;
	(void)ref;
	(void)all;
}

/* Without 'swap': these two stay where they are. */
const struct gnttab_format gnttab_standing = {
	.claim = claim_standing,
	.unclaim = unclaim_standing,
};
