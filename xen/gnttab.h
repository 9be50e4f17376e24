/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables: a domain lends pages to others.
 *
 * The granter describes each loan in an entry of a table that it shares with hv. Here are the
 * table's pages, our own record of which entries are in use ("active"), and, on the borrower's
 * side, which of its mappings came from where ("maptrack").
 *
 * Locks: gnttab.lock of the granter (table, active entries), then the granter's physmap_lock.
 * gnttab.map_lock of the borrower (maptrack) is taken alone.
 */
#ifndef XEN_GNTTAB_H
#define XEN_GNTTAB_H

#include <hv/compiler.h>
#include <hv/spinlock.h>
#include <hv/types.h>

#include <xen/grant_table.h>
#include <xen/xen.h>

struct domain;
struct hypercall;

#define GNTTAB_FRAMES_DEFAULT	64u
#define GNTTAB_FRAMES_MAX	1024u
#define GNTTAB_V1_PER_FRAME	512u
#define GNTTAB_V2_PER_FRAME	256u
#define GNTTAB_STATUS_PER_FRAME 2048u
#define GNTTAB_NR_STANDING	2u /* HVABI_GRANT_*: gnttab_standing.c */
#define MAPTRACK_PER_PAGE	128u
#define MAPTRACK_PAGES_GUEST	64u
#define MAPTRACK_PAGES_CONTROL	2048u

/* One entry in use. 'readers' and 'writers' count mappings and copies under way. */
struct grant_active {
	mfn_t mfn; /* with one reference, while somebody uses it */
	uint16_t readers, writers;
	domid_t user;	 /* who */
	uint16_t offset; /* the part of the page that is lent */
	uint16_t length;
};

/* One mapping of a borrower. */
struct maptrack {
	gfn_t gfn; /* where */
	grant_ref_t ref;
	domid_t granter;
	uint8_t state; /* enum maptrack_state */
	bool write;
	uint32_t next_free;
};
enum maptrack_state { MAPTRACK_FREE = 0, MAPTRACK_MAPPED, MAPTRACK_CHANGING };

struct gnttab {
	struct spinlock lock;
	uint32_t version; /* 1 or 2 */
	uint32_t nr_frames, max_frames;
	uint32_t nr_status_frames;
	uint32_t nr_uses;	      /* sum of readers and writers of all the table's entries */
	void **frames;		      /* hv's pages, shared with the guest */
	void **status_frames;	      /* the same, version 2 */
	struct grant_active **active; /* one array per frame, V1_PER_FRAME long */
	struct grant_active standing[GNTTAB_NR_STANDING];

	struct spinlock map_lock;
	struct maptrack **maptrack; /* pages */
	uint32_t nr_map_pages, max_map_pages;
	uint32_t free_handle; /* head of the list, ~0: empty */
	uint32_t next_destroy;
};

int gnttab_domain_init(struct domain *d) __must_check;
/* Gives back what d has borrowed: -EAGAIN until all is done. Its vCPUs do not run. */
int gnttab_destroy_step(struct domain *d);
void gnttab_domain_free(struct domain *d); /* nobody uses its entries any more */

/* hv's page number idx of the table (or of the status array), grown if needed. -EINVAL, -ENOMEM. */
int gnttab_get_frame(struct domain *d, uint32_t idx, bool status, mfn_t *ret_mfn) __must_check;

/* Lock held. -EBUSY while entries are in use, -ENOMEM. */
int gnttab_set_version(struct gnttab *g, uint32_t version) __must_check;
int16_t gnttab_swap(struct gnttab *g, grant_ref_t a, grant_ref_t b); /* GNTST_* */

/* ---- using an entry; results are GNTST_* ---- */
struct grant_page {
	mfn_t mfn;
	uint16_t offset, length;
};
int gnttab_acquire(struct domain *granter, grant_ref_t ref, domid_t user, bool write,
		   struct grant_page *ret_page) __must_check;
void gnttab_release(struct domain *granter, grant_ref_t ref, bool write);

/* ---- entry formats: gnttab_{v1,v2,standing}.c; granter's lock held ---- */
struct grant_claim {
	gfn_t gfn;
	uint16_t offset, length;
};
struct gnttab_format {
	uint32_t per_frame;
	/* Marks the entry as used if it permits this use. GNTST_*. */
	int (*claim)(struct gnttab *g, grant_ref_t ref, domid_t user, bool write,
		     struct grant_claim *ret_claim);
	/* Takes the marks back: that of writers, or all. */
	void (*unclaim)(struct gnttab *g, grant_ref_t ref, bool all);
	void (*swap)(struct gnttab *g, grant_ref_t a, grant_ref_t b);
};
extern const struct gnttab_format gnttab_v1;
extern const struct gnttab_format gnttab_v2;
extern const struct gnttab_format gnttab_standing;
const struct gnttab_format *gnttab_format_of(const struct gnttab *g);
uint32_t gnttab_nr_entries(const struct gnttab *g);

/* A page more of maptrack. map_lock held. -ENOSPC: the borrower has all it may; -ENOMEM. */
int gnttab_add_map_page(struct gnttab *g) __must_check;

/* ---- hypercall parts ---- */
int64_t gnttab_op_copy(struct hypercall *c);
int64_t gnttab_op_map(struct hypercall *c);
int64_t gnttab_op_unmap(struct hypercall *c);

#endif
