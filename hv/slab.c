/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slabs: a page is cut into objects of one size. A page's free objects are chained through their
 * first word by index; how many are in use and which is the first free one stand in the page's
 * frame record, as do the links of the list of pages that have a free object. (Not in its 'refs':
 * somebody may still try to take a reference on the guest's frame that the page was before, and
 * must find none.) A page whose last
 * object is freed goes back to frame.c at once, so that what was created and destroyed leaves no
 * trace in the count of free frames.
 */
#include <hv/buddy.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/panic.h>
#include <hv/slab.h>
#include <hv/string.h>

#define NO_OBJECT 0xffu

/* The frame record's 'owner' of a slab page: first free object << 8 | objects in use. */
static domid_t page_state(uint32_t first, uint32_t used)
{
	return (domid_t)(first << 8 | used);
}

static uint32_t first_free(const struct frame *f)
{
	return f->owner >> 8;
}

static uint32_t nr_used(const struct frame *f)
{
	return f->owner & 0xff;
}

static uint32_t objects_per_page(const struct slab *s)
{
	return (uint32_t)MIN(PAGE_SIZE / s->size, (uint64_t)NO_OBJECT);
}

static uint32_t *object_link(const struct slab *s, uint64_t page, uint32_t index)
{
	return (uint32_t *)(void *)((char *)mfn_to_ptr(mfn_from(page)) + (size_t)index * s->size);
}

static void partial_add(struct slab *s, uint64_t page)
{
	struct frame *f = frame_of(mfn_from(page));

	f->prev = 0;
	f->next = s->partial;
	if (s->partial)
		frame_of(mfn_from(s->partial))->prev = (uint32_t)page;
	s->partial = (uint32_t)page;
}

static void partial_remove(struct slab *s, uint64_t page)
{
	struct frame *f = frame_of(mfn_from(page));

	if (f->next)
		frame_of(mfn_from(f->next))->prev = f->prev;
	if (f->prev)
		frame_of(mfn_from(f->prev))->next = f->next;
	else
		s->partial = f->next;
}

static int add_page(struct slab *s)
{
	uint32_t i, nr = objects_per_page(s);
	mfn_t page;
	int err = frame_alloc(0, &page);

	if (err)
		return err;
	for (i = 0; i < nr; i++)
		*object_link(s, page.n, i) = i + 1 < nr ? i + 1 : NO_OBJECT;
	frame_of(page)->owner = page_state(0, 0);
	partial_add(s, page.n);
	s->nr_free += nr;
	return 0;
}

void *slab_alloc(struct slab *s)
{
	struct frame *f;
	uint32_t index, next;
	uint64_t page;
	void *object;

	ASSERT(s->size && s->size <= PAGE_SIZE);
	spin_lock(&s->lock);
	if (!s->partial && add_page(s)) {
		spin_unlock(&s->lock);
		return NULL;
	}
	page = s->partial;
	f = frame_of(mfn_from(page));
	index = first_free(f);
	object = object_link(s, page, index);
	next = *object_link(s, page, index);
	f->owner = page_state(next, nr_used(f) + 1);
	if (next == NO_OBJECT)
		partial_remove(s, page);
	s->nr_used++;
	s->nr_free--;
	spin_unlock(&s->lock);
	memset(object, 0, s->size);
	return object;
}

void slab_free(struct slab *s, void *object)
{
	uintptr_t offset = (uintptr_t)object & ~PAGE_MASK;
	uint64_t page = ptr_to_mfn(object).n;
	uint32_t index = (uint32_t)(offset / s->size);
	struct frame *f = frame_of(mfn_from(page));

	if (!object)
		return;
	ASSERT(f && f->type == FRAME_HV && offset % s->size == 0);
	spin_lock(&s->lock);
	ASSERT(nr_used(f));
	*object_link(s, page, index) = first_free(f);
	if (first_free(f) == NO_OBJECT)
		partial_add(s, page);
	f->owner = page_state(index, nr_used(f) - 1);
	s->nr_used--;
	s->nr_free++;
	if (nr_used(f) == 0) {
		partial_remove(s, page);
		s->nr_free -= objects_per_page(s);
		frame_free(mfn_from(page), 0);
	}
	spin_unlock(&s->lock);
}

/* ---- memory by size ---- */

#define SIZE_CLASS(n)                                                                              \
	{                                                                                          \
		.name = "bytes-" #n, .size = n, .lock = SPINLOCK_INIT                              \
	}
static struct slab by_size[] = {
	SIZE_CLASS(32),	 SIZE_CLASS(64),   SIZE_CLASS(128),  SIZE_CLASS(256),
	SIZE_CLASS(512), SIZE_CLASS(1024), SIZE_CLASS(2048),
};

static struct slab *slab_for(size_t size)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(by_size); i++)
		if (size <= by_size[i].size)
			return &by_size[i];
	return NULL;
}

static unsigned int order_for(size_t size)
{
	unsigned int order = 0;

	while (order <= FRAME_ORDER_MAX && PAGE_SIZE << order < size)
		order++;
	return order;
}

void *hv_alloc(size_t size)
{
	struct slab *s = slab_for(size);
	mfn_t mfn;

	if (s)
		return slab_alloc(s);
	if (frame_alloc_zeroed(order_for(size), &mfn))
		return NULL;
	return mfn_to_ptr(mfn);
}

void hv_free(void *p, size_t size)
{
	struct slab *s = slab_for(size);

	if (!p)
		return;
	if (s)
		slab_free(s, p);
	else
		frame_free(ptr_to_mfn(p), order_for(size));
}
