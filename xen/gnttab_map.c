// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mapping granted pages into the borrower's guest-physical space, and taking them out.
 *
 * Taking out has an order that matters: out of the page tables, flush, and only then the release
 * that may free the frame. Unmaps are done in batches with one flush for all.
 * A handle in the state CHANGING belongs to the one vCPU that put it there.
 */
#include "gnttab.h"

#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/panic.h>
#include <hv/physmap.h>
#include <hv/stats.h>

#include "hypercall.h"
#include "policy.h"

#define NO_HANDLE	  (~0u)
#define MAP_FLAGS_REFUSED (GNTMAP_application_map | GNTMAP_contains_pte)

/* ---- handles; map_lock ---- */

static struct maptrack *track_of(struct gnttab *g, grant_handle_t handle)
{
	uint64_t limit = (uint64_t)g->nr_map_pages * MAPTRACK_PER_PAGE;

	if (handle >= limit)
		return NULL;
	handle = (grant_handle_t)index_nospec(handle, limit);
	return &g->maptrack[handle / MAPTRACK_PER_PAGE][handle % MAPTRACK_PER_PAGE];
}

static struct stats_domain *stats_of(struct gnttab *g)
{
	return container_of(g, struct abi_domain, gnttab)->domain->stats;
}

int gnttab_add_map_page(struct gnttab *g)
{
	struct stats_domain *s = stats_of(g);
	struct maptrack *page;
	uint32_t first = g->nr_map_pages * MAPTRACK_PER_PAGE, i;

	if (g->nr_map_pages == g->max_map_pages)
		return -ENOSPC;
	page = page_alloc_zeroed();
	if (!page)
		return -ENOMEM;
	for (i = 0; i < MAPTRACK_PER_PAGE; i++)
		page[i].next_free = i + 1 < MAPTRACK_PER_PAGE ? first + i + 1 : g->free_handle;
	g->maptrack[g->nr_map_pages++] = page;
	g->free_handle = first;
	if (s)
		WRITE_ONCE(s->grant_map_frames, g->nr_map_pages);
	return 0;
}

/* map_lock held. */
static void count_mappings(struct gnttab *g, uint32_t more)
{
	struct stats_domain *s = stats_of(g);

	if (s)
		WRITE_ONCE(s->grants_mapped, s->grants_mapped + more);
}

static grant_handle_t handle_alloc(struct gnttab *g)
{
	grant_handle_t handle = NO_HANDLE;
	struct maptrack *t;

	spin_lock(&g->map_lock);
	if (g->free_handle != NO_HANDLE || gnttab_add_map_page(g) == 0) {
		handle = g->free_handle;
		t = track_of(g, handle);
		g->free_handle = t->next_free;
		t->state = MAPTRACK_CHANGING;
		count_mappings(g, 1);
	}
	spin_unlock(&g->map_lock);
	return handle;
}

static void handle_free(struct gnttab *g, grant_handle_t handle)
{
	struct maptrack *t;

	spin_lock(&g->map_lock);
	t = track_of(g, handle);
	t->state = MAPTRACK_FREE;
	t->next_free = g->free_handle;
	g->free_handle = handle;
	count_mappings(g, -1u);
	spin_unlock(&g->map_lock);
}

/* ---- map ---- */

/*
 * What may be in the way at the place that the guest chose: nothing, or device memory that was
 * mapped when somebody touched it, and comes back by itself the same way.
 */
static int enter(struct domain *d, gfn_t gfn, mfn_t mfn, bool write)
{
	unsigned int access = PHYSMAP_READ | (write ? PHYSMAP_WRITE : 0);
	struct physmap_entry old;
	bool replaced = false;
	int err = 0;

	spin_lock(&d->physmap_lock);
	if (physmap_lookup(d, gfn, &old)) {
		err = old.type == PHYSMAP_DEVICE ? physmap_unmap(d, gfn, &old) : -EEXIST;
		replaced = !err;
	}
	if (!err)
		err = physmap_map(d, gfn, mfn, 0, PHYSMAP_GRANT, access);
	spin_unlock(&d->physmap_lock);
	if (replaced)
		physmap_flush(d);
	return err;
}

static int16_t map_page(struct hypercall *c, struct gnttab_map_grant_ref *op,
			struct domain *granter, grant_handle_t handle)
{
	bool write = !(op->flags & GNTMAP_readonly);
	struct gnttab *g = &c->d->abi->gnttab;
	struct maptrack *t = track_of(g, handle);
	gfn_t gfn = gpa_to_gfn(op->host_addr);
	struct grant_page page;
	int status;

	status = gnttab_acquire(granter, op->ref, c->d->id, write, &page);
	if (status)
		return (int16_t)status;
	if (page.length != PAGE_SIZE) {
		gnttab_release(granter, op->ref, write); /* a part of a page can only be copied */
		return GNTST_general_error;
	}
	if (enter(c->d, gfn, page.mfn, write)) {
		gnttab_release(granter, op->ref, write);
		return GNTST_bad_virt_addr;
	}
	t->gfn = gfn;
	t->ref = op->ref;
	t->granter = granter->id;
	t->write = write;
	__atomic_store_n(&t->state, (uint8_t)MAPTRACK_MAPPED, __ATOMIC_RELEASE);
	return GNTST_okay;
}

static int16_t map_one(struct hypercall *c, struct gnttab_map_grant_ref *op)
{
	struct gnttab *g = &c->d->abi->gnttab;
	struct domain *granter;
	grant_handle_t handle;
	int16_t status;

	if (!(op->flags & GNTMAP_host_map) || (op->flags & MAP_FLAGS_REFUSED))
		return GNTST_general_error;
	if (op->host_addr & ~PAGE_MASK)
		return GNTST_bad_virt_addr;
	if (policy_get_partner(c->d, op->dom, &granter))
		return GNTST_bad_domain;
	if (READ_ONCE(granter->state) == DOMAIN_DYING) {
		status = GNTST_bad_domain;
		goto out;
	}
	handle = handle_alloc(g);
	if (handle == NO_HANDLE) {
		status = GNTST_no_space;
		goto out;
	}
	status = map_page(c, op, granter, handle);
	if (status)
		handle_free(g, handle);
	else
		op->handle = handle;
	op->dev_bus_addr = 0; /* without an IOMMU no device may be pointed there */
out:
	domain_put(granter);
	return status;
}

static int map_element(struct hypercall *c, uint64_t at)
{
	struct gnttab_map_grant_ref op;

	if (hypercall_read(at, op))
		return -EFAULT;
	op.status = map_one(c, &op);
	return hypercall_write(at, op);
}

int64_t gnttab_op_map(struct hypercall *c)
{
	return hypercall_batch(c, sizeof(struct gnttab_map_grant_ref), map_element);
}

/* ---- unmap ---- */

struct unmap_item {
	grant_handle_t handle; /* NO_HANDLE: this one failed */
	struct maptrack track;
};

/* First half: out of the page tables. */
static int16_t unmap_begin(struct domain *d, grant_handle_t handle, const uint64_t *host_addr,
			   struct unmap_item *item)
{
	struct gnttab *g = &d->abi->gnttab;
	struct physmap_entry old;
	struct maptrack *t;
	int16_t status = GNTST_okay;
	int err;

	item->handle = NO_HANDLE;
	spin_lock(&g->map_lock);
	t = track_of(g, handle);
	if (!t || t->state != MAPTRACK_MAPPED)
		status = GNTST_bad_handle;
	else if (host_addr && *host_addr != gfn_to_gpa(t->gfn))
		status = GNTST_bad_virt_addr;
	else
		t->state = MAPTRACK_CHANGING;
	if (!status)
		item->track = *t;
	spin_unlock(&g->map_lock);
	if (status)
		return status;

	spin_lock(&d->physmap_lock);
	err = physmap_unmap(d, item->track.gfn, &old);
	spin_unlock(&d->physmap_lock);
	/* Nothing else takes out an entry of this type. */
	ASSERT(!err && old.type == PHYSMAP_GRANT);
	item->handle = handle;
	return GNTST_okay;
}

/* Second half, after the flush. */
static void unmap_end(struct domain *d, const struct unmap_item *item)
{
	struct domain *granter;

	if (item->handle == NO_HANDLE)
		return;
	/* It cannot be gone: we hold a reference on a frame of its. */
	granter = domain_get(item->track.granter);
	ASSERT(granter);
	gnttab_release(granter, item->track.ref, item->track.write);
	domain_put(granter);
	handle_free(&d->abi->gnttab, item->handle);
}

static void unmap_finish(struct domain *d, const struct unmap_item *items, uint32_t n)
{
	uint32_t i;

	if (n == 0)
		return;
	physmap_flush(d);
	for (i = 0; i < n; i++)
		unmap_end(d, &items[i]);
}

int64_t gnttab_op_unmap(struct hypercall *c)
{
	uint32_t n = 0, count = (uint32_t)c->args[2];
	struct unmap_item items[HYPERCALL_BATCH];
	struct gnttab_unmap_grant_ref op;
	int64_t err = 0;

	for (n = 0; n < MIN(count, HYPERCALL_BATCH); n++) {
		if (hypercall_read(c->args[1], op)) {
			err = -EFAULT;
			break;
		}
		op.status = unmap_begin(c->d, op.handle, &op.host_addr, &items[n]);
		if (hypercall_write(c->args[1], op)) {
			err = -EFAULT;
			n++; /* this one is out and must be finished */
			break;
		}
		c->args[1] += sizeof(op);
	}
	unmap_finish(c->d, items, n);
	if (err || n == count)
		return err;
	c->args[2] = count - n;
	return -ERESTART;
}

int gnttab_destroy_step(struct domain *d)
{
	struct gnttab *g = &d->abi->gnttab;
	uint32_t limit = g->nr_map_pages * MAPTRACK_PER_PAGE, n = 0, looked = 0;
	struct unmap_item items[HYPERCALL_BATCH];

	for (; g->next_destroy < limit && n < HYPERCALL_BATCH && looked < 4096;
	     g->next_destroy++, looked++) {
		if (unmap_begin(d, g->next_destroy, NULL, &items[n]) == GNTST_okay)
			n++;
	}
	unmap_finish(d, items, n);
	return g->next_destroy < limit ? -EAGAIN : 0;
}
