/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame table: one record for each frame up to the end of RAM, and the rules of ownership that
 * <hv/frame.h> states. Which frames are free, and where, is buddy.c's business.
 *
 * A frame of a domain comes to life with one reference and dies with the last one. In between,
 * references are taken without a lock: frame_get() first makes the count one more, unless it is
 * zero, and then looks whether it has the frame it meant; if not it takes its step back.
 *
 * Frame 0 is never handed out: hv leaves page 0 unmapped so that a NULL pointer of its own traps.
 */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/buddy.h>
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/panic.h>
#include <hv/string.h>

_Static_assert(FRAME_ORDER_1G == FRAME_ORDER_MAX, "buddy_reserve() takes blocks of 1 GiB");

/* Beyond this many the count is a leak or an attack: no more references are given. */
#define REFS_MAX 0x7fffffffu

static struct buddy buddy;
static uint64_t nr_frames_total; /* RAM that was handed to the allocator, or is hv's */
static uint64_t nr_frames_hv;	 /* atomic */
static uint64_t *shown_hv;	 /* where it is shown to others; NULL: nowhere */

struct frame *frame_of(mfn_t mfn)
{
	return mfn.n < buddy.nr_frames ? &buddy.frames[mfn.n] : NULL;
}

enum frame_type frame_type(mfn_t mfn)
{
	return mfn.n < buddy.nr_frames ? (enum frame_type)READ_ONCE(buddy.frames[mfn.n].type)
				       : FRAME_NONE;
}

/* ---- hv's own ---- */

/* 'more' frames; less if it is a negative number. */
static void count_hv(uint64_t more)
{
	__atomic_fetch_add(&nr_frames_hv, more, __ATOMIC_RELAXED);
	if (shown_hv)
		__atomic_fetch_add(shown_hv, more, __ATOMIC_RELAXED);
}

void frame_show_counts(uint64_t *free, uint64_t *hv)
{
	spin_lock(&buddy.lock);
	buddy.shown_free = free;
	WRITE_ONCE(*free, buddy.nr_free);
	spin_unlock(&buddy.lock);
	*hv = nr_frames_hv;
	shown_hv = hv;
}

int frame_alloc(unsigned int order, mfn_t *ret_mfn)
{
	uint64_t first;
	int err = buddy_alloc(&buddy, order, FRAME_HV, &first);

	if (err)
		return err;
	buddy.frames[first].order = (uint8_t)order;
	count_hv(1ull << order);
	*ret_mfn = mfn_from(first);
	return 0;
}

int frame_alloc_zeroed(unsigned int order, mfn_t *ret_mfn)
{
	int err = frame_alloc(order, ret_mfn);

	if (!err)
		memset(mfn_to_ptr(*ret_mfn), 0, PAGE_SIZE << order);
	return err;
}

void frame_free(mfn_t mfn, unsigned int order)
{
	ASSERT(frame_type(mfn) == FRAME_HV && buddy.frames[mfn.n].order == order);
	count_hv(-(1ull << order));
	buddy_free(&buddy, mfn.n, 1ull << order);
}

void *page_alloc_zeroed(void)
{
	mfn_t mfn;

	return frame_alloc_zeroed(0, &mfn) ? NULL : mfn_to_ptr(mfn);
}

void page_free(void *page)
{
	frame_free(ptr_to_mfn(page), 0);
}

/* ---- domains' ---- */

static void give_to_domain(struct domain *d, uint64_t first, uint64_t nr)
{
	struct frame *f;

	for (f = &buddy.frames[first]; nr; f++, nr--) {
		f->owner = d->id;
		/* From here on frame_get() succeeds. */
		__atomic_store_n(&f->refs, 1, __ATOMIC_RELEASE);
	}
}

int frame_alloc_domain(struct domain *d, unsigned int order, mfn_t *ret_mfn)
{
	uint64_t first, nr = 1ull << order;
	int err;

	if (!domain_charge_frames(d, nr))
		return -E2BIG;
	err = buddy_alloc(&buddy, order, FRAME_DOMAIN, &first);
	if (err) {
		domain_uncharge_frames(d, nr);
		return err;
	}
	memset(mfn_to_ptr(mfn_from(first)), 0, PAGE_SIZE << order);
	give_to_domain(d, first, nr);
	*ret_mfn = mfn_from(first);
	return 0;
}

int frame_large_begin(struct domain *d, mfn_t *ret_mfn)
{
	uint64_t first;
	int err;

	if (!domain_charge_frames(d, 1ull << FRAME_ORDER_1G))
		return -E2BIG;
	err = buddy_reserve(&buddy, &first);
	if (err) {
		domain_uncharge_frames(d, 1ull << FRAME_ORDER_1G);
		return err;
	}
	*ret_mfn = mfn_from(first);
	return 0;
}

void frame_large_prepare(struct domain *d, mfn_t mfn, uint64_t nr)
{
	memset(mfn_to_ptr(mfn), 0, nr << PAGE_SHIFT);
	buddy_take_reserved(&buddy, mfn.n, nr, FRAME_DOMAIN);
	give_to_domain(d, mfn.n, nr);
}

void frame_large_abandon(struct domain *d, mfn_t mfn, uint64_t nr)
{
	buddy_unreserve(&buddy, mfn.n, nr);
	domain_uncharge_frames(d, nr);
}

int frame_claim_domain(struct domain *d, mfn_t first, uint64_t nr)
{
	int err;

	if (!domain_charge_frames(d, nr))
		return -E2BIG;
	err = buddy_claim(&buddy, first.n, nr, FRAME_DOMAIN);
	if (err) {
		domain_uncharge_frames(d, nr);
		return err;
	}
	give_to_domain(d, first.n, nr);
	return 0;
}

static bool get_unless_zero(struct frame *f)
{
	uint32_t refs = __atomic_load_n(&f->refs, __ATOMIC_RELAXED);

	do {
		if (!refs || refs >= REFS_MAX)
			return false;
	} while (!__atomic_compare_exchange_n(&f->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

bool frame_get(mfn_t mfn, const struct domain *owner)
{
	struct frame *f = frame_of(mfn);

	if (!f || READ_ONCE(f->type) != FRAME_DOMAIN || !get_unless_zero(f))
		return false;
	if (f->owner == owner->id)
		return true;
	frame_put(mfn);
	return false;
}

bool frame_get_live(mfn_t mfn)
{
	struct frame *f = frame_of(mfn);

	return f && READ_ONCE(f->type) == FRAME_DOMAIN && get_unless_zero(f);
}

void frame_get_more(mfn_t mfn)
{
	ASSERT(get_unless_zero(frame_of(mfn)));
}

void frame_put(mfn_t mfn)
{
	struct frame *f = frame_of(mfn);
	struct domain *d;
	uint32_t refs;
	domid_t owner;

	ASSERT(f && f->type == FRAME_DOMAIN);
	owner = f->owner;
	refs = __atomic_fetch_sub(&f->refs, 1, __ATOMIC_ACQ_REL);
	ASSERT(refs);
	if (refs > 1)
		return;
	buddy_free(&buddy, mfn.n, 1);
	/* A domain that still has frames is on the list of domains, dying or not. */
	d = domain_get(owner);
	ASSERT(d);
	domain_uncharge_frames(d, 1);
	domain_put(d);
}

/* ---- boot ---- */

void frame_get_stats(struct frame_stats *ret_stats)
{
	ret_stats->total = nr_frames_total;
	ret_stats->free = READ_ONCE(buddy.nr_free);
	ret_stats->hv = __atomic_load_n(&nr_frames_hv, __ATOMIC_RELAXED);
}

int frame_alloc_boot(uint64_t nr_frames, uint64_t align, paddr_t limit, mfn_t *ret_mfn)
{
	uint64_t first;
	int err =
		buddy_claim_below(&buddy, nr_frames, align, limit >> PAGE_SHIFT, FRAME_HV, &first);

	if (err)
		return err;
	count_hv(nr_frames);
	*ret_mfn = mfn_from(first);
	return 0;
}

static uint64_t ram_end(void)
{
	uint64_t end = 0;
	uint32_t i;

	for (i = 0; i < boot_info.nr_regions; i++)
		if (boot_info.regions[i].type == REGION_RAM)
			end = MAX(end, boot_info.regions[i].start + boot_info.regions[i].size);
	return end;
}

/* Does [start, end) touch what is in use before the allocator exists? Then where that begins. */
static bool overlaps_used(paddr_t start, paddr_t end, paddr_t *ret_used_start)
{
	const struct boot_module *m;
	paddr_t image_first, image_last;
	uint32_t i;

	arch_image_range(&image_first, &image_last);
	if (start < image_last && image_first < end) {
		*ret_used_start = image_first;
		return true;
	}
	for (i = 0; i < boot_info.nr_modules; i++) {
		m = &boot_info.modules[i];
		if (start < m->start + m->size && m->start < end) {
			*ret_used_start = m->start;
			return true;
		}
	}
	return false;
}

/* Highest place in RAM for the table itself, among what is mapped now. */
static paddr_t place_table(uint64_t size)
{
	paddr_t limit = arch_boot_mapped_limit(), best = 0, start, end, used;
	const struct boot_region *r;
	uint32_t i;

	for (i = 0; i < boot_info.nr_regions; i++) {
		r = &boot_info.regions[i];
		if (r->type != REGION_RAM)
			continue;
		end = MIN(r->start + r->size, limit);
		while (end > r->start && end - r->start >= size + PAGE_SIZE) {
			start = (end - size) & PAGE_MASK;
			if (!overlaps_used(start, start + size, &used)) {
				best = MAX(best, start);
				break;
			}
			end = used;
		}
	}
	if (best < MIB(1))
		boot_refuse("too little memory: no room for %lu KiB of frame table\n", size >> 10);
	return best;
}

static void mark_used(paddr_t start, uint64_t size)
{
	uint64_t n = start >> PAGE_SHIFT, end = DIV_ROUND_UP(start + size, PAGE_SIZE);

	for (; size && n < end && n < buddy.nr_frames; n++) {
		if (buddy.frames[n].type == FRAME_FREE)
			nr_frames_hv++;
		buddy.frames[n].type = FRAME_HV;
	}
}

/* Whole pages of RAM, but frame 0, are marked free; buddy.c learns of them afterwards. */
static void mark_ram(void)
{
	const struct boot_region *r;
	uint64_t n, end;
	uint32_t i;

	for (i = 0; i < boot_info.nr_regions; i++) {
		r = &boot_info.regions[i];
		if (r->type != REGION_RAM)
			continue;
		n = MAX(ROUND_UP(r->start, PAGE_SIZE) >> PAGE_SHIFT, 1ul);
		end = (r->start + r->size) >> PAGE_SHIFT;
		for (; n < end; n++) {
			buddy.frames[n].type = FRAME_FREE;
			nr_frames_total++;
		}
	}
}

/* Runs of frames that are marked free become the allocator's. */
static void hand_over_free(void)
{
	uint64_t n = 0, first;

	while (n < buddy.nr_frames) {
		for (first = n; n < buddy.nr_frames && buddy.frames[n].type == FRAME_FREE; n++)
			buddy.frames[n].type = FRAME_NONE;
		if (n > first)
			buddy_free(&buddy, first, n - first);
		else
			n++;
	}
}

void frame_init(void)
{
	uint64_t nr = ram_end() >> PAGE_SHIFT, size;
	paddr_t table, image_first, image_last;
	uint32_t i;

	/* Frame numbers in lists have 32 bits. */
	nr = MIN(nr, (uint64_t)BUDDY_NONE);
	size = ROUND_UP(nr * sizeof(struct frame), PAGE_SIZE);
	table = place_table(size);
	memset(paddr_to_ptr(table), 0, size); /* all FRAME_NONE */
	buddy_init(&buddy, paddr_to_ptr(table), nr);

	mark_ram();
	arch_image_range(&image_first, &image_last);
	mark_used(image_first, image_last - image_first);
	mark_used(table, size);
	for (i = 0; i < boot_info.nr_modules; i++)
		mark_used(boot_info.modules[i].start, boot_info.modules[i].size);
	hand_over_free();
	log_info("memory: %lu MiB, of them %lu MiB free; frame table %lu KiB at %lx\n",
		 nr_frames_total >> 8, buddy.nr_free >> 8, size >> 10, table);
}

/* A module's pages, once nobody needs them: they are marked HV without being an allocation. */
static void release_run(paddr_t start, uint64_t size)
{
	uint64_t first = start >> PAGE_SHIFT;
	uint64_t nr = DIV_ROUND_UP(start + size, PAGE_SIZE) - first;

	count_hv(-(nr));
	buddy_free(&buddy, first, nr);
}

void frame_free_boot(mfn_t mfn, uint64_t nr_frames)
{
	release_run(mfn_to_paddr(mfn), nr_frames << PAGE_SHIFT);
}

void boot_release_modules(void)
{
	uint32_t i;

	for (i = 0; i < boot_info.nr_modules; i++)
		if (boot_info.modules[i].size)
			release_run(boot_info.modules[i].start, boot_info.modules[i].size);
	boot_info.nr_modules = 0;
}

/*
 * The control domain's kernel is loaded to where it was linked, low; a module that GRUB happened
 * to put there would be overwritten while it is read. Such modules move up first.
 */
void boot_move_modules(paddr_t above)
{
	struct boot_module *m;
	uint64_t offset;
	mfn_t to;
	uint32_t i;

	for (i = 0; i < boot_info.nr_modules; i++) {
		m = &boot_info.modules[i];
		offset = m->start & ~PAGE_MASK;
		if (m->start >= above || !m->size ||
		    frame_alloc_boot(DIV_ROUND_UP(offset + m->size, PAGE_SIZE), 1, GIB(4), &to))
			continue;
		if (to.n < m->start >> PAGE_SHIFT) {
			release_run(mfn_to_paddr(to) + offset, m->size);
			continue;
		}
		memcpy((char *)mfn_to_ptr(to) + offset, paddr_to_ptr(m->start), m->size);
		release_run(m->start, m->size);
		m->start = mfn_to_paddr(to) + offset;
	}
}
