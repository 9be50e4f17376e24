// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One guest frame changes what is behind it. The order is always the same: out of the tables,
 * flush without a lock, drop the reference.
 */
#include "memory_place.h"

#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>

static bool holds_reference(enum physmap_type type)
{
	return type == PHYSMAP_RAM || type == PHYSMAP_FOREIGN;
}

static void let_go(struct domain *d, const struct physmap_entry *old)
{
	physmap_flush(d);
	if (holds_reference(old->type))
		frame_put(old->mfn);
}

int memory_place(struct domain *d, gfn_t gfn, mfn_t mfn, enum physmap_type type,
		 unsigned int access)
{
	struct physmap_entry old;
	bool found;
	int err = 0, again;

	spin_lock(&d->physmap_lock);
	found = physmap_lookup(d, gfn, &old);
	if (READ_ONCE(d->state) == DOMAIN_DYING)
		err = -ESRCH; /* its tables are, or were already, taken apart */
	else if (found && old.type == PHYSMAP_GRANT)
		err = -EBUSY; /* only its unmap may take it out */
	else if (found)
		err = physmap_unmap(d, gfn, &old);
	if (err) {
		spin_unlock(&d->physmap_lock);
		return err;
	}
	err = physmap_map(d, gfn, mfn, 0, type, access);
	if (err && found) {
		/* The tables for this place exist, so this cannot fail for want of memory. */
		again = physmap_map(d, gfn, old.mfn, 0, old.type, old.access);
		found = again != 0;
	}
	spin_unlock(&d->physmap_lock);
	if (found)
		let_go(d, &old);
	return err;
}

int memory_take(struct domain *d, gfn_t gfn, uint32_t types)
{
	struct physmap_entry old;
	int err = 0;

	spin_lock(&d->physmap_lock);
	if (!physmap_lookup(d, gfn, &old))
		err = -ENOENT;
	else if (!(types & (1u << old.type)))
		err = -EBUSY;
	else
		err = physmap_unmap(d, gfn, &old);
	spin_unlock(&d->physmap_lock);
	if (!err)
		let_go(d, &old);
	return err;
}

void memory_take_shared(struct domain *d, gfn_t gfn, mfn_t mfn)
{
	struct physmap_entry old;
	bool found;

	spin_lock(&d->physmap_lock);
	found = physmap_lookup(d, gfn, &old) && old.type == PHYSMAP_SHARED && old.mfn.n == mfn.n &&
		physmap_unmap(d, gfn, &old) == 0;
	spin_unlock(&d->physmap_lock);
	if (found)
		physmap_flush(d);
}
