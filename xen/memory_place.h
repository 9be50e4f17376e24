/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting pages at guest frames that may have something already, and taking them away. */
#ifndef XEN_MEMORY_PLACE_H
#define XEN_MEMORY_PLACE_H

#include <hv/compiler.h>
#include <hv/physmap.h>
#include <hv/types.h>

struct domain;

/*
 * Puts one page at gfn; what was there is taken out and let go (but a granted page: -EBUSY). A
 * reference that 'type' needs is the caller's to give; on failure it keeps it.
 */
int memory_place(struct domain *d, gfn_t gfn, mfn_t mfn, enum physmap_type type,
		 unsigned int access) __must_check;

/* Takes out what is at gfn if it is of a type whose bit (1 << type) is in 'types'. -ENOENT,
 * -EBUSY: another type. */
int memory_take(struct domain *d, gfn_t gfn, uint32_t types) __must_check;

/* The same for hv's page 'mfn' alone: does nothing if something else is there by now. */
void memory_take_shared(struct domain *d, gfn_t gfn, mfn_t mfn);

#endif
