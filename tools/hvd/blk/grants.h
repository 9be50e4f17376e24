/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of the guest that stay mapped here.
 *
 * A front end with persistent grants uses the same pages again and again, under the same references.
 * We map a page when we first see its reference and keep it until the device is disconnected: after
 * a short while a request costs no hypercall at all.
 */
#ifndef BLK_GRANTS_H
#define BLK_GRANTS_H

#include <stdint.h>
#include <xengnttab.h>

struct grant_cache;

/* At most 'max_pages' are ever mapped. */
int grant_cache_create(xengnttab_handle *gnttab, uint16_t domid, unsigned int max_pages,
		       struct grant_cache **ret);

/*
 * Where the pages of 'refs' are, mapping those that are new. -ENOSPC: the cache is full; other
 * errors: the guest has not granted one of them for writing. In both cases nothing has changed, and
 * the caller copies instead. nr is at most BLK_MAX_SEGMENTS.
 */
int grant_cache_get(struct grant_cache *c, const uint32_t *refs, unsigned int nr,
		    void **ret_pages);

/* Unmaps all. NULL is fine. */
void grant_cache_destroy(struct grant_cache *c);

#endif
