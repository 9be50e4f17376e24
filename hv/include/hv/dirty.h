/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many pages does a guest write? Asked while it runs: dirty_start(), now and then dirty_count(),
 * dirty_stop(). A page counts once, from its first write since the start on, whoever's instruction
 * it is: the guest's, or hv's when it answers a call or copies for another domain. What others write
 * to a page that they have mapped is not seen, only that they have mapped it since.
 *
 * The CPU sets a dirty bit in the nested table. The bits of RAM are set in advance, so that it costs
 * nothing while nobody asks; the start clears them, and makes large leaves small, to count in pages
 * of 4 KiB. The stop undoes both. A CPU that logs each bit that it sets counts by itself; else the
 * tables are walked.
 *
 * Each call does a bounded part: -EAGAIN means "call again". One asks at a time; the domain is not
 * the control domain. Callers hold no lock.
 */
#ifndef HV_DIRTY_H
#define HV_DIRTY_H

#include <hv/compiler.h>
#include <hv/types.h>

struct domain;
struct physmap_seen;

enum dirty_phase { DIRTY_OFF, DIRTY_STARTING, DIRTY_ON, DIRTY_COUNTING, DIRTY_STOPPING };

#define DIRTY_STEP 16u /* tables that a step looks at */

struct dirty {
	enum dirty_phase phase; /* d->physmap_lock, as all but pages */
	unsigned int order;	/* of the leaves that are made again */
	gfn_t cursor;		/* how far the phase has come */
	uint64_t pages;		/* counted; atomic */
	/* Tables that have given way to a large leaf. Somebody may be reading them yet. */
	uint32_t nr_left;
	mfn_t left[DIRTY_STEP];
};

/*
 * -EOPNOTSUPP: the CPU sets no dirty bits; -EBUSY: somebody asks already; -ENOMEM: no frames for
 * the tables, or more tables than the domain may have: dirty_stop() undoes what has been done.
 */
int dirty_start(struct domain *d) __must_check;
/* Since the start. -EINVAL: not started. */
int dirty_count(struct domain *d, uint64_t *ret_pages) __must_check;
/* 0 at once if nobody asks. */
int dirty_stop(struct domain *d) __must_check;
/* The domain is gone: frees what a stop that was not finished has left. */
void dirty_fini(struct domain *d);

/* A CPU has logged so many; it must look whenever it has left the guest while this holds. */
bool dirty_is_on(const struct domain *d);
void dirty_add(struct domain *d, uint64_t pages);
/* hv writes to what it has seen. false: it does not stand any more. */
bool dirty_mark(struct domain *d, const struct physmap_seen *seen) __must_check;

#endif
