/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of the guest that stay mapped here: see grants.h.
 *
 * An open-addressed table from reference to address. Entries are only ever added, except that a
 * failed attempt takes back the ones that it has just added, last first: then no probe sequence
 * can run through a gap.
 */
#include "blk/grants.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "blk/ring.h"

struct grant_slot {
	uint32_t ref;
	bool used;
	void *page;
};

/* What one hypercall has mapped must be unmapped together. */
struct grant_mapping {
	struct grant_mapping *next;
	void *start;
	unsigned int nr;
};

struct grant_cache {
	xengnttab_handle *gnttab;
	uint16_t domid;
	unsigned int nr_pages, max_pages;
	unsigned int mask;
	struct grant_mapping *mappings;
	struct grant_slot entries[];
};

int grant_cache_create(xengnttab_handle *gnttab, uint16_t domid, unsigned int max_pages,
		       struct grant_cache **ret)
{
	struct grant_cache *c;
	unsigned int size = 16;

	while (size < 2 * max_pages)
		size *= 2;
	c = calloc(1, sizeof(*c) + size * sizeof(c->entries[0]));
	if (!c)
		return -ENOMEM;
	c->gnttab = gnttab;
	c->domid = domid;
	c->max_pages = max_pages;
	c->mask = size - 1;
	*ret = c;
	return 0;
}

/* The entry of 'ref', or the free one where it belongs. The table is never more than half full. */
static struct grant_slot *grant_cache_find(struct grant_cache *c, uint32_t ref)
{
	unsigned int i = (ref * 2654435761u) & c->mask;

	while (c->entries[i].used && c->entries[i].ref != ref)
		i = (i + 1) & c->mask;
	return &c->entries[i];
}

static int grant_cache_map(struct grant_cache *c, uint32_t *refs, struct grant_slot **added,
			   unsigned int nr)
{
	struct grant_mapping *m = malloc(sizeof(*m));
	unsigned int i;

	if (!m)
		return -ENOMEM;
	m->start = xengnttab_map_domain_grant_refs(c->gnttab, nr, c->domid, refs,
						   PROT_READ | PROT_WRITE);
	if (!m->start) {
		free(m);
		return -EFAULT;
	}
	m->nr = nr;
	m->next = c->mappings;
	c->mappings = m;
	for (i = 0; i < nr; i++)
		added[i]->page = (char *)m->start + (size_t)i * BLK_PAGE_SIZE;
	c->nr_pages += nr;
	return 0;
}

int grant_cache_get(struct grant_cache *c, const uint32_t *refs, unsigned int nr,
		    void **ret_pages)
{
	struct grant_slot *added[BLK_MAX_SEGMENTS];
	uint32_t new_refs[BLK_MAX_SEGMENTS];
	unsigned int i, nr_new = 0;
	struct grant_slot *e;
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		e = grant_cache_find(c, refs[i]);
		if (e->used)
			continue;
		if (c->nr_pages + nr_new >= c->max_pages) {
			err = -ENOSPC;
			break;
		}
		e->used = true;
		e->ref = refs[i];
		e->page = NULL;
		added[nr_new] = e;
		new_refs[nr_new++] = refs[i];
	}
	if (!err && nr_new)
		err = grant_cache_map(c, new_refs, added, nr_new);
	if (err) {
		while (nr_new)
			added[--nr_new]->used = false;
		return err;
	}
	for (i = 0; i < nr; i++)
		ret_pages[i] = grant_cache_find(c, refs[i])->page;
	return 0;
}

void grant_cache_destroy(struct grant_cache *c)
{
	struct grant_mapping *m;

	if (!c)
		return;
	while ((m = c->mappings)) {
		c->mappings = m->next;
		xengnttab_unmap(c->gnttab, m->start, m->nr);
		free(m);
	}
	free(c);
}
