/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed objects of hv: equal sizes from whole pages, cleared. For objects up to a page; larger
 * ones come from frame_alloc. Nothing on an exit path allocates.
 */
#ifndef HV_SLAB_H
#define HV_SLAB_H

#include <hv/list.h>
#include <hv/spinlock.h>
#include <hv/types.h>

struct slab {
	const char *name;
	uint32_t size;		/* bytes an object, rounded up to 16 */
	struct spinlock lock;
	uint32_t partial;	/* first page with a free object (frame number), 0: none */
	uint32_t nr_used, nr_free;
};

#define SLAB_INIT(name_, type) { .name = (name_), .size = ROUND_UP((uint32_t)sizeof(type), 16u), .lock = SPINLOCK_INIT }

/* Cleared object, or NULL: no memory. */
void *slab_alloc(struct slab *s);
void slab_free(struct slab *s, void *object);

/*
 * Arrays whose length is known at run time: cleared, page-granular above a page. NULL: no memory.
 * 'size' must be given back on free.
 */
void *hv_alloc(size_t size);
void hv_free(void *p, size_t size);

#endif
