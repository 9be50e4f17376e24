/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's guest frames: which machine frame is behind each, of which kind, with what access.
 * The nested page table itself is the only record; the kind lies in bits that hardware ignores.
 *
 * References: an entry of type RAM or FOREIGN or GRANT holds one reference on its frame (each
 * frame of a large leaf its own), which the caller of physmap_map gives to it. Entries that are
 * taken out come back to the caller, who drops the reference after physmap_flush(): never before,
 * or a CPU with an old translation writes into somebody else's memory.
 *
 * Lock: d->physmap_lock for map, unmap and the teardown; lookups and flushes take none.
 */
#ifndef HV_PHYSMAP_H
#define HV_PHYSMAP_H

#include <hv/compiler.h>
#include <hv/dirty.h>
#include <hv/types.h>

struct domain;
struct cpu;

enum physmap_type {
	PHYSMAP_NONE = 0,
	PHYSMAP_RAM,	 /* the domain's own frame */
	PHYSMAP_FOREIGN, /* another domain's frame, mapped by a privileged one */
	PHYSMAP_GRANT,	 /* another domain's frame, by grant; its reference is the grant's */
	PHYSMAP_SHARED,	 /* hv's frame: shared info, grant table, resources; no reference */
	PHYSMAP_DEVICE,	 /* device memory and firmware tables, identity; no reference */
};

#define PHYSMAP_READ 1u
#define PHYSMAP_WRITE 2u
#define PHYSMAP_EXEC 4u
#define PHYSMAP_RWX 7u

struct physmap_entry {
	mfn_t mfn;
	enum physmap_type type;
	unsigned int access; /* PHYSMAP_READ | .. */
	unsigned int order;  /* of the leaf: 0, 9, 18 */
};

/*
 * Where an entry was found, and how it read. A table lives as long as the domain, or, if a large leaf
 * takes its place, until every CPU has been at its loop again: so the place may be read again, without
 * a lock and without a walk.
 */
struct physmap_seen {
	const uint64_t *place;
	uint64_t value;
	uint64_t joins; /* before the walk */
};

struct physmap {
	mfn_t root;	     /* arch's top table */
	uint64_t nr_tables;  /* frames used for tables */
	uint64_t max_tables; /* a guest that scatters its mappings may not use up hv's memory */
	uint64_t max_gfn;    /* first gfn that cannot be mapped */
	uint64_t generation; /* raised by each flush; atomic */
	uint64_t joins;	     /* raised when tables have given way to large leaves; atomic */
	struct dirty dirty;
	/* physmap_destroy_step(): how far it has come, and what it has taken out, not yet let go. */
	gfn_t teardown;
	mfn_t leaving;
	uint64_t nr_leaving;
	/* physmap_populate_large(): 1 GiB that is being made ready, and how much of it is. */
	mfn_t large;
	uint64_t nr_large_ready;
	bool has_large;
	bool large_busy; /* a CPU is at the next piece */
};

static inline bool physmap_seen_stands(const struct physmap *p, const struct physmap_seen *seen)
{
	return READ_ONCE(*seen->place) == seen->value && READ_ONCE(p->joins) == seen->joins;
}

int physmap_init(struct domain *d);

/*
 * Maps 2^order frames (order 0, 9 or 18, gfn and mfn aligned to it). -EEXIST: something is there;
 * -ENOMEM: no frame for a table, or too many tables; -EINVAL: alignment, or gfn beyond max_gfn. Nothing changed then.
 */
int physmap_map(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order, enum physmap_type type,
		unsigned int access) __must_check;

/*
 * Fresh memory of 1 GiB at gfn, as one leaf. Each call makes some 100 us of the work: -EAGAIN, call
 * again. What is half done is the domain's, not this place's: the next call goes on with it, wherever,
 * and the teardown lets it go. 0: it is there. -EINVAL: alignment, beyond max_gfn, or this host's nested
 * paging has no such leaves; -EEXIST: something is there; -ENOMEM: no free block of 1 GiB; -E2BIG:
 * quota; -ESRCH: d is being torn down. Takes d->physmap_lock.
 */
int physmap_populate_large(struct domain *d, gfn_t gfn) __must_check;

/*
 * Takes out the 4 KiB entry at gfn, breaking up a large leaf around it if need be, and tells what
 * it was. -ENOENT: nothing there; -ENOMEM: no frame to break up the leaf.
 */
int physmap_unmap(struct domain *d, gfn_t gfn, struct physmap_entry *ret_old) __must_check;

/* What is at gfn (mfn of exactly that gfn, also inside a large leaf). false: nothing. */
bool physmap_lookup(struct domain *d, gfn_t gfn, struct physmap_entry *ret_entry);

/*
 * Afterwards no CPU uses a translation of d's that was taken out before the call. Waits only for
 * CPUs that execute d's guest code; holding locks is fine.
 */
void physmap_flush(struct domain *d);

/* unmap + flush + drop of the reference that the entry held (RAM, FOREIGN). */
int physmap_remove(struct domain *d, gfn_t gfn);

/*
 * Looks up gfn and takes a reference on the frame behind it, whoever owns it (RAM, FOREIGN and
 * GRANT), if it allows 'access'. The caller drops it with frame_put(). Takes no lock. With
 * PHYSMAP_WRITE the page counts as written (hv/dirty.h).
 * -EINVAL: nothing there, device or hv's page; -EACCES: access.
 */
int physmap_get_frame(struct domain *d, gfn_t gfn, unsigned int access, mfn_t *ret_mfn) __must_check;

/* Tears down in bounded steps, dropping references: -EAGAIN until all is gone, then 0. */
int physmap_destroy_step(struct domain *d);

#endif
