// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grant tables: the tables themselves, and the use of entries.
 *
 * An entry is in use from the first acquire to the last release. In between hv holds one
 * reference on the frame, whatever the guest writes into the entry; the entry is read anew only
 * when the kind of use grows (first use, first writer).
 * The hypercall is in gnttab_op.c, mapping in gnttab_map.c, copying in gnttab_copy.c.
 */
#include "gnttab.h"

#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/panic.h>
#include <hv/physmap.h>
#include <hv/slab.h>
#include <hv/stats.h>
#include <hv/string.h>

#include <hvabi/control.h>

#include "abi_state.h"
#include "hypercall.h"
#include "policy.h"

#define ACTIVE_SIZE (GNTTAB_V1_PER_FRAME * sizeof(struct grant_active))

const struct gnttab_format *gnttab_format_of(const struct gnttab *g)
{
	return g->version == 2 ? &gnttab_v2 : &gnttab_v1;
}

uint32_t gnttab_nr_entries(const struct gnttab *g)
{
	return g->nr_frames * gnttab_format_of(g)->per_frame;
}

static bool is_used(const struct grant_active *act)
{
	return act->readers || act->writers;
}

/* ---- tables ---- */

int gnttab_domain_init(struct domain *d)
{
	struct gnttab *g = &d->abi->gnttab;

	spin_init(&g->lock);
	spin_init(&g->map_lock);
	g->version = 1;
	g->max_frames =
		d->limits.max_grant_frames ? d->limits.max_grant_frames : GNTTAB_FRAMES_DEFAULT;
	g->max_frames = MIN(g->max_frames, GNTTAB_FRAMES_MAX);
	g->max_map_pages = domain_is_control(d) ? MAPTRACK_PAGES_CONTROL : MAPTRACK_PAGES_GUEST;
	g->free_handle = ~0u;
	g->frames = hv_alloc(g->max_frames * sizeof(*g->frames));
	g->status_frames = hv_alloc(g->max_frames * sizeof(*g->status_frames));
	g->active = hv_alloc(g->max_frames * sizeof(*g->active));
	g->maptrack = hv_alloc(g->max_map_pages * sizeof(*g->maptrack));
	if (d->stats) {
		d->stats->grant_frames_max = g->max_frames;
		d->stats->grants_mapped_max = g->max_map_pages * MAPTRACK_PER_PAGE;
	}
	/* On failure the caller frees the domain's part as a whole. */
	if (!g->frames || !g->status_frames || !g->active || !g->maptrack)
		return -ENOMEM;
	/* It maps two pages of each guest from the first one on, and a table never shrinks. */
	return domain_is_control(d) ? gnttab_add_map_page(g) : 0;
}

static void free_array(void **array, uint32_t max)
{
	if (array)
		hv_free(array, max * sizeof(*array));
}

void gnttab_domain_free(struct domain *d)
{
	struct gnttab *g = &d->abi->gnttab;
	uint32_t i;

	ASSERT(g->nr_uses == 0);
	for (i = 0; i < GNTTAB_NR_STANDING; i++)
		ASSERT(!is_used(&g->standing[i]));
	for (i = 0; i < g->nr_frames; i++) {
		page_free(g->frames[i]);
		hv_free(g->active[i], ACTIVE_SIZE);
	}
	for (i = 0; i < g->nr_status_frames; i++)
		page_free(g->status_frames[i]);
	for (i = 0; i < g->nr_map_pages; i++)
		page_free(g->maptrack[i]);
	free_array(g->frames, g->max_frames);
	free_array(g->status_frames, g->max_frames);
	free_array((void **)g->active, g->max_frames);
	free_array((void **)g->maptrack, g->max_map_pages);
	memset(g, 0, sizeof(*g));
}

/* Lock held. What was added before a failure stays and is counted. */
static int grow_status(struct gnttab *g)
{
	uint32_t want = DIV_ROUND_UP(g->nr_frames * GNTTAB_V2_PER_FRAME, GNTTAB_STATUS_PER_FRAME);

	while (g->version == 2 && g->nr_status_frames < want) {
		g->status_frames[g->nr_status_frames] = page_alloc_zeroed();
		if (!g->status_frames[g->nr_status_frames])
			return -ENOMEM;
		g->nr_status_frames++;
	}
	return 0;
}

/* Lock held. */
static void show(struct domain *d)
{
	const struct gnttab *g = &d->abi->gnttab;

	if (!d->stats)
		return;
	WRITE_ONCE(d->stats->grant_frames, g->nr_frames);
	WRITE_ONCE(d->stats->grants_used, g->nr_uses);
}

static int grow(struct gnttab *g, uint32_t nr_frames)
{
	while (g->nr_frames < nr_frames) {
		uint32_t i = g->nr_frames;

		g->active[i] = hv_alloc(ACTIVE_SIZE);
		if (!g->active[i])
			return -ENOMEM;
		g->frames[i] = page_alloc_zeroed();
		if (!g->frames[i]) {
			hv_free(g->active[i], ACTIVE_SIZE);
			g->active[i] = NULL;
			return -ENOMEM;
		}
		g->nr_frames++;
		if (grow_status(g)) {
			/* An entry without status must not exist. */
			g->nr_frames--;
			page_free(g->frames[i]);
			hv_free(g->active[i], ACTIVE_SIZE);
			return -ENOMEM;
		}
	}
	return 0;
}

int gnttab_get_frame(struct domain *d, uint32_t idx, bool status, mfn_t *ret_mfn)
{
	struct gnttab *g = &d->abi->gnttab;
	uint64_t i;
	int err = 0;

	spin_lock(&g->lock);
	if (status) {
		if (g->version != 2 || idx >= g->nr_status_frames) {
			err = -EINVAL;
			goto out;
		}
		i = index_nospec(idx, g->nr_status_frames);
		*ret_mfn = ptr_to_mfn(g->status_frames[i]);
		goto out;
	}
	if (idx >= g->max_frames) {
		err = -EINVAL;
		goto out;
	}
	err = grow(g, idx + 1);
	if (!err)
		*ret_mfn = ptr_to_mfn(g->frames[index_nospec(idx, g->nr_frames)]);
	show(d);
out:
	spin_unlock(&g->lock);
	return err;
}

/* ---- use ---- */

static bool is_standing(grant_ref_t ref)
{
	return ref - HVABI_GRANT_CONSOLE < GNTTAB_NR_STANDING;
}

static const struct gnttab_format *format_of_entry(const struct gnttab *g, grant_ref_t ref)
{
	return is_standing(ref) ? &gnttab_standing : gnttab_format_of(g);
}

static struct grant_active *active_of(struct gnttab *g, grant_ref_t ref)
{
	uint32_t per_frame = gnttab_format_of(g)->per_frame;

	if (is_standing(ref))
		return &g->standing[index_nospec(ref - HVABI_GRANT_CONSOLE, GNTTAB_NR_STANDING)];
	return &g->active[ref / per_frame][ref % per_frame];
}

/*
 * The page behind a granter's frame, with a reference. Only RAM of its own: what it has borrowed
 * itself is not its to lend.
 */
static int own_page(struct domain *granter, gfn_t gfn, bool write, mfn_t *ret_mfn)
{
	mfn_t mfn;

	if (physmap_get_frame(granter, gfn, PHYSMAP_READ | (write ? PHYSMAP_WRITE : 0), &mfn))
		return -EINVAL;
	if (frame_of(mfn)->owner != granter->id) {
		frame_put(mfn);
		return -EINVAL;
	}
	*ret_mfn = mfn;
	return 0;
}

/* The entry permits it by what it says now, and its page exists. Lock held. */
static int claim_entry(struct domain *granter, struct gnttab *g, struct grant_active *act,
		       grant_ref_t ref, domid_t user, bool write)
{
	const struct gnttab_format *format = format_of_entry(g, ref);
	struct grant_claim claim;
	int status;

	status = format->claim(g, ref, user, write, &claim);
	if (status)
		return status;
	if (is_used(act))
		return GNTST_okay; /* a first writer: the page is the one that we hold already */

	if (claim.offset + (uint32_t)claim.length > PAGE_SIZE ||
	    own_page(granter, claim.gfn, write, &act->mfn)) {
		format->unclaim(g, ref, true);
		return GNTST_bad_page;
	}
	act->user = user;
	act->offset = claim.offset;
	act->length = claim.length;
	return GNTST_okay;
}

int gnttab_acquire(struct domain *granter, grant_ref_t ref, domid_t user, bool write,
		   struct grant_page *ret_page)
{
	struct gnttab *g = &granter->abi->gnttab;
	struct grant_active *act;
	int status = GNTST_okay;

	spin_lock(&g->lock);
	if (!is_standing(ref)) {
		if (ref >= gnttab_nr_entries(g)) {
			status = GNTST_bad_gntref;
			goto out;
		}
		ref = (grant_ref_t)index_nospec(ref, gnttab_nr_entries(g));
	}
	act = active_of(g, ref);
	if (is_used(act) && act->user != user) {
		status = GNTST_bad_gntref;
		goto out;
	}
	if (act->readers == UINT16_MAX || act->writers == UINT16_MAX) {
		status = GNTST_no_space;
		goto out;
	}
	if (!is_used(act) || (write && !act->writers)) {
		status = claim_entry(granter, g, act, ref, user, write);
		if (status)
			goto out;
	}
	if (write)
		act->writers++;
	else
		act->readers++;
	if (!is_standing(ref))
		g->nr_uses++;
	show(granter);
	ret_page->mfn = act->mfn;
	ret_page->offset = act->offset;
	ret_page->length = act->length;
out:
	spin_unlock(&g->lock);
	return status;
}

void gnttab_release(struct domain *granter, grant_ref_t ref, bool write)
{
	struct gnttab *g = &granter->abi->gnttab;
	struct grant_active *act;
	bool last = false;
	mfn_t mfn = mfn_from(0);

	spin_lock(&g->lock);
	act = active_of(g, ref);
	ASSERT(write ? act->writers : act->readers);
	if (write)
		act->writers--;
	else
		act->readers--;
	if (!is_standing(ref))
		g->nr_uses--;
	show(granter);
	last = !is_used(act);
	if (last)
		mfn = act->mfn;
	if (last || !act->writers)
		format_of_entry(g, ref)->unclaim(g, ref, last);
	spin_unlock(&g->lock);
	/* The frame may be the domain's last: not under a lock that goes with it. */
	if (last)
		frame_put(mfn);
}

/* ---- changes to the table as a whole ---- */

int gnttab_set_version(struct gnttab *g, uint32_t version)
{
	uint32_t old = g->version, i;

	if (version != 1 && version != 2)
		return -EINVAL;
	if (version == old)
		return 0;
	if (g->nr_uses)
		return -EBUSY;
	g->version = version;
	if (grow_status(g)) {
		g->version = old;
		return -ENOMEM;
	}
	for (i = 0; i < g->nr_frames; i++)
		memset(g->frames[i], 0, PAGE_SIZE);
	/* Status pages may be mapped in the guest: they stay ours until the domain is gone. */
	return 0;
}

int16_t gnttab_swap(struct gnttab *g, grant_ref_t a, grant_ref_t b)
{
	int16_t status = GNTST_okay;

	spin_lock(&g->lock);
	if (a >= gnttab_nr_entries(g) || b >= gnttab_nr_entries(g)) {
		status = GNTST_bad_gntref;
	} else {
		a = (grant_ref_t)index_nospec(a, gnttab_nr_entries(g));
		b = (grant_ref_t)index_nospec(b, gnttab_nr_entries(g));
		if (is_used(active_of(g, a)) || is_used(active_of(g, b)))
			status = GNTST_eagain;
		else if (a != b)
			gnttab_format_of(g)->swap(g, a, b);
	}
	spin_unlock(&g->lock);
	return status;
}
