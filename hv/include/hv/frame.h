/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine frames and who owns them. One record per 4 KiB frame: type, owner, references.
 *
 * A domain's frame is charged to its quota when it is allocated, with one reference, which the
 * domain's physmap entry holds. Grant mappings, foreign mappings and pages that hv keeps at hand
 * (vcpu_info, event arrays) hold more. The frame is free again, and no longer charged, when the
 * last reference goes. Its content is cleared before the next owner sees it.
 *
 * Frame 0 is never handed out, neither to hv (page 0 is unmapped: NULL traps) nor to a domain.
 *
 * Lock: one per NUMA node for the free lists (inside buddy.c); reference counts are atomic.
 */
#ifndef HV_FRAME_H
#define HV_FRAME_H

#include <hv/compiler.h>
#include <hv/types.h>

struct domain;

enum frame_type {
	FRAME_NONE,   /* not RAM, or RAM that firmware keeps */
	FRAME_FREE,   /* on a free list */
	FRAME_HV,     /* hv's own: code, tables, objects, pages shared with guests */
	FRAME_DOMAIN, /* a domain's memory: 'owner' and 'refs' count */
};

struct frame {
	uint32_t refs;	/* FRAME_DOMAIN: atomic. Others: 0, for whoever comes too late to take one */
	domid_t owner;	/* FRAME_DOMAIN: constant while refs > 0. Slab pages: objects in use */
	uint8_t type;	/* enum frame_type */
	uint8_t order;	/* of the free block that starts here; or of hv's allocation */
	uint32_t next, prev; /* free list; hv's users may use them while they own the frame */
};

/* The largest block that the allocator keeps together: 1 GiB. */
#define FRAME_ORDER_MAX 18u
#define FRAME_ORDER_2M 9u
#define FRAME_ORDER_1G 18u

/* NULL beyond the frame table (device memory above the last RAM). */
struct frame *frame_of(mfn_t mfn);
enum frame_type frame_type(mfn_t mfn); /* FRAME_NONE beyond the table */

/*
 * hv's own memory, 2^order frames, not cleared unless _zeroed. -ENOMEM when there is none.
 * Freed with the same order. Pages for slabs, page tables, stacks.
 */
int frame_alloc(unsigned int order, mfn_t *ret_mfn) __must_check;
int frame_alloc_zeroed(unsigned int order, mfn_t *ret_mfn) __must_check;
void frame_free(mfn_t mfn, unsigned int order);

/* Pointer shorthands for single pages. NULL: no memory. */
void *page_alloc_zeroed(void);
void page_free(void *page);

/*
 * 2^order cleared frames for domain 'd', each with one reference (the caller's, meant for the
 * physmap). -ENOMEM: none free; -E2BIG: over the domain's quota.
 */
int frame_alloc_domain(struct domain *d, unsigned int order, mfn_t *ret_mfn) __must_check;

/*
 * 1 GiB for domain 'd', made ready piece by piece: to clear all of it, or only to write its records,
 * would keep interrupts off for too long. _begin charges all and takes a block that is nobody else's
 * from then on (-ENOMEM, -E2BIG as above); _prepare makes the next 'nr' frames of it what
 * frame_alloc_domain() would have given; _abandon gives back, and takes off the account, frames that
 * were not prepared. Prepared ones go like all others.
 */
int frame_large_begin(struct domain *d, mfn_t *ret_mfn) __must_check;
void frame_large_prepare(struct domain *d, mfn_t mfn, uint64_t nr);
void frame_large_abandon(struct domain *d, mfn_t mfn, uint64_t nr);

/*
 * Makes frames that are free at fixed places the domain's (the identity-mapped control domain),
 * not cleared. -EBUSY: one of them is not free; nothing has changed then. Boot only.
 */
int frame_claim_domain(struct domain *d, mfn_t first, uint64_t nr_frames) __must_check;

/* One more reference, if the frame is RAM of 'owner' (alive: refs > 0). false: it is not. */
bool frame_get(mfn_t mfn, const struct domain *owner) __must_check;
/* The same whoever owns it; the caller makes sure afterwards that it is still the frame it meant. */
bool frame_get_live(mfn_t mfn) __must_check;
/* One more reference where the caller holds one already. */
void frame_get_more(mfn_t mfn);
/* Drops one; the last one frees the frame and takes it off the owner's account. */
void frame_put(mfn_t mfn);

struct frame_stats {
	uint64_t total; /* RAM that hv may use, frames */
	uint64_t free;
	uint64_t hv;
};
void frame_get_stats(struct frame_stats *ret_stats);
/* Boot: from here on free and hv stand there, too. */
void frame_show_counts(uint64_t *free, uint64_t *hv);

/* Boot: makes the frame table from boot_info's memory map and hands free RAM to the allocator. */
void frame_init(void);
/*
 * Boot: finds 'nr_frames' of free RAM below 'limit' as a run, aligned to 'align' frames, highest
 * place first, and takes it for hv. -ENOMEM.
 */
int frame_alloc_boot(uint64_t nr_frames, uint64_t align, paddr_t limit, mfn_t *ret_mfn) __must_check;
void frame_free_boot(mfn_t mfn, uint64_t nr_frames);

#endif
