// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shared info, vcpu_info, clock and run state.
 *
 * All of it is memory that the guest may change at any time; hv only writes (events are in
 * evtchn_2l.c) and believes nothing it reads there. Pages of the guest's own are pinned when they
 * are registered and let go with the domain: from then on no lookup, and no lock of the physmap,
 * is needed on the way into the guest.
 *
 * Clock pages carry a version: odd while we write, so that a reader on another CPU tries again.
 */
#include "shared_info.h"

#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/cpu.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/guest_copy.h>
#include <hv/string.h>

#include <xen/vcpu.h>
#include <xen/xen.h>

#include "abi_state.h"

/* The 32-bit layout, as <xen/foreign/x86_32.h> has it (abi_check.c compares). */
#define PENDING_OFFSET 2048u
#define MASK_OFFSET_64 2560u
#define MASK_OFFSET_32 2176u
#define WALL_OFFSET_64 3072u
#define WALL_OFFSET_32 2304u
#define WALL_SEC_HI_64 12u /* behind wc_version, wc_sec, wc_nsec */
#define WALL_SEC_HI_32 36u
#define MASK_SIZE_64   512u
#define MASK_SIZE_32   128u

void *shared_info_pending_bits(struct domain *d)
{
	return (uint8_t *)d->abi->shared.page + PENDING_OFFSET;
}

void *shared_info_mask_bits(struct domain *d)
{
	struct shared_info_page *s = &d->abi->shared;

	return (uint8_t *)s->page + (s->is_32bit ? MASK_OFFSET_32 : MASK_OFFSET_64);
}

static void mask_all(struct domain *d)
{
	memset(shared_info_mask_bits(d), 0xff,
	       d->abi->shared.is_32bit ? MASK_SIZE_32 : MASK_SIZE_64);
}

int shared_info_domain_init(struct domain *d)
{
	struct shared_info_page *s = &d->abi->shared;

	s->page = page_alloc_zeroed();
	if (!s->page)
		return -ENOMEM;
	mask_all(d);
	shared_info_show_wall_clock(d);
	return 0;
}

void shared_info_domain_free(struct domain *d)
{
	if (d->abi->shared.page)
		page_free(d->abi->shared.page);
	d->abi->shared.page = NULL;
}

void shared_info_latch_layout(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct shared_info_page *s = &d->abi->shared;
	bool is_32bit = !arch_vcpu_is_64bit(v);

	if (s->is_32bit == is_32bit)
		return;
	s->is_32bit = is_32bit;
	/* Whoever was here before in the other mode is gone; its masks mean nothing now. */
	mask_all(d);
	shared_info_show_wall_clock(d);
}

/* ---- vcpu_info ---- */

void shared_info_vcpu_init(struct vcpu *v)
{
	struct abi_vcpu *a = v->abi;
	uint8_t *page = v->domain->abi->shared.page;

	if (v->id < XEN_LEGACY_MAX_VCPUS)
		a->info = (struct vcpu_info *)(void *)(page + v->id * sizeof(struct vcpu_info));
	else
		a->info = &a->private_info;
}

static void area_release(struct guest_area *area)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (area->page[i])
			guest_page_put(area->page[i]);
		area->page[i] = NULL;
	}
}

void shared_info_vcpu_free(struct vcpu *v)
{
	struct abi_vcpu *a = v->abi;

	void *page = a->info_page;

	a->info_page = NULL;
	__atomic_store_n(&a->info, &a->private_info, __ATOMIC_SEQ_CST);
	if (page)
		guest_page_put(page);
	spin_lock(&a->area_lock);
	area_release(&a->runstate_area);
	area_release(&a->time_area);
	spin_unlock(&a->area_lock);
}

static bool claim_info_page(struct abi_vcpu *a, void *page)
{
	void *none = NULL;

	return __atomic_compare_exchange_n(&a->info_page, &none, page, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

int vcpu_info_register(struct vcpu *v, gfn_t gfn, uint32_t offset)
{
	struct abi_vcpu *a = v->abi;
	struct vcpu_info *info;
	void *page;
	int err;

	if (offset > PAGE_SIZE - sizeof(struct vcpu_info) || offset % sizeof(uint64_t))
		return -EINVAL;
	err = guest_page_get(v->domain, gfn, &page);
	if (err)
		return err;
	/* Once and for all: two vCPUs may try at the same time, and one page only is let go. */
	if (!claim_info_page(a, page)) {
		guest_page_put(page);
		return -EINVAL;
	}

	info = (struct vcpu_info *)(void *)((uint8_t *)page + offset);
	memcpy(info, a->info, sizeof(*info));
	info->evtchn_upcall_pending = 0;
	a->time_is_shown = false;
	__atomic_store_n(&a->info, info, __ATOMIC_SEQ_CST);
	/*
	 * An event may have been shown in the old place a moment ago. Say that all words have
	 * something, and raise the upcall: the guest looks everywhere and finds it.
	 */
	__atomic_store_n(&info->evtchn_pending_sel, ~0ul, __ATOMIC_SEQ_CST);
	evtchn_mark_upcall(v);
	if (v == current_vcpu())
		shared_info_show_time(v);
	return 0;
}

/* ---- areas that are registered by their linear address ---- */

/* Translates once: with page-table isolation the address may be invalid at other times. */
static int area_register(struct vcpu *v, struct guest_area *ret_area, uint64_t linear,
			 uint32_t size)
{
	struct guest_area area = { .size = size, .offset = (uint32_t)(linear & ~PAGE_MASK) };
	uint64_t gpa;
	int err;

	err = guest_translate(current_vcpu(), linear, true, &gpa);
	if (err)
		return err;
	err = guest_page_get(v->domain, gpa_to_gfn(gpa), &area.page[0]);
	if (err)
		return err;
	if (area.offset + size > PAGE_SIZE) {
		err = guest_translate(current_vcpu(), (linear & PAGE_MASK) + PAGE_SIZE, true, &gpa);
		if (!err)
			err = guest_page_get(v->domain, gpa_to_gfn(gpa), &area.page[1]);
		if (err) {
			area_release(&area);
			return err;
		}
	}
	spin_lock(&v->abi->area_lock);
	area_release(ret_area);
	*ret_area = area;
	spin_unlock(&v->abi->area_lock);
	return 0;
}

/* Bytes [at, at + n) of an area; area_lock. */
static void area_write(const struct guest_area *area, uint32_t at, const void *src, uint32_t n)
{
	uint32_t place = area->offset + at, first;

	if (place >= PAGE_SIZE) {
		memcpy((uint8_t *)area->page[1] + (place - PAGE_SIZE), src, n);
		return;
	}
	first = (uint32_t)MIN(n, PAGE_SIZE - place);
	memcpy((uint8_t *)area->page[0] + place, src, first);
	if (first < n)
		memcpy(area->page[1], (const uint8_t *)src + first, n - first);
}

int runstate_area_register(struct vcpu *v, uint64_t linear)
{
	int err =
		area_register(v, &v->abi->runstate_area, linear, sizeof(struct vcpu_runstate_info));

	if (!err)
		shared_info_show_runstate(v);
	return err;
}

int time_area_register(struct vcpu *v, uint64_t linear)
{
	int err = area_register(v, &v->abi->time_area, linear, sizeof(struct vcpu_time_info));

	if (err)
		return err;
	v->abi->time_is_shown = false;
	if (v == current_vcpu())
		shared_info_show_time(v);
	return 0;
}

void shared_info_show_runstate(struct vcpu *v)
{
	struct abi_vcpu *a = v->abi;
	struct vcpu_runstate_info info;
	enum vcpu_state state;
	bool flagged;

	if (!READ_ONCE(a->runstate_area.page[0]))
		return;
	flagged = READ_ONCE(v->domain->abi->vm_assist) & (1u << VMASST_TYPE_runstate_update_flag);

	spin_lock(&a->area_lock);
	memset(&info, 0, sizeof(info));
	vcpu_get_runstate(v, &state, &info.state_entry_time, info.time);
	info.state = (int)state;
	if (a->runstate_area.page[0]) {
		if (flagged) {
			info.state_entry_time |= XEN_RUNSTATE_UPDATE;
			area_write(&a->runstate_area,
				   (uint32_t)offsetof(struct vcpu_runstate_info, state_entry_time),
				   &info.state_entry_time, sizeof(info.state_entry_time));
			smp_wmb();
		}
		area_write(&a->runstate_area, 0, &info, sizeof(info));
		if (flagged) {
			smp_wmb();
			info.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
			area_write(&a->runstate_area,
				   (uint32_t)offsetof(struct vcpu_runstate_info, state_entry_time),
				   &info.state_entry_time, sizeof(info.state_entry_time));
		}
	}
	spin_unlock(&a->area_lock);
}

/* ---- clocks ---- */

static void fill_time(struct vcpu_time_info *t, const struct clock_scale *scale)
{
	t->tsc_timestamp = scale->tsc_base;
	t->system_time = scale->ns_base;
	t->tsc_to_system_mul = scale->mul;
	t->tsc_shift = scale->shift;
	t->flags = clock_tsc_is_stable() ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
}

static void show_time_in_info(struct vcpu_time_info *t, const struct vcpu_time_info *now)
{
	/* The guest may have written anything into the version: make it odd, whatever it was. */
	uint32_t version = READ_ONCE(t->version) | 1u;

	WRITE_ONCE(t->version, version);
	smp_wmb();
	t->tsc_timestamp = now->tsc_timestamp;
	t->system_time = now->system_time;
	t->tsc_to_system_mul = now->tsc_to_system_mul;
	t->tsc_shift = now->tsc_shift;
	t->flags = now->flags;
	smp_wmb();
	WRITE_ONCE(t->version, version + 1);
}

static void show_time_in_area(struct abi_vcpu *a, struct vcpu_time_info *now)
{
	static uint32_t version; /* any even number that differs from the last one does */

	spin_lock(&a->area_lock);
	if (a->time_area.page[0]) {
		now->version = __atomic_add_fetch(&version, 2, __ATOMIC_RELAXED) | 1u;
		area_write(&a->time_area, 0, &now->version, sizeof(now->version));
		smp_wmb();
		area_write(&a->time_area, 0, now, sizeof(*now));
		smp_wmb();
		now->version++;
		area_write(&a->time_area, 0, &now->version, sizeof(now->version));
	}
	spin_unlock(&a->area_lock);
}

void shared_info_show_time(struct vcpu *v)
{
	struct abi_vcpu *a = v->abi;
	struct vcpu_time_info now;
	struct clock_scale scale;

	/* Padding never differs: struct clock_scale is compared field by field. */
	clock_get_guest_scale(&v->domain->tsc, &scale);
	if (a->time_is_shown && scale.tsc_base == a->shown_scale.tsc_base &&
	    scale.ns_base == a->shown_scale.ns_base && scale.mul == a->shown_scale.mul &&
	    scale.shift == a->shown_scale.shift)
		return;

	memset(&now, 0, sizeof(now));
	fill_time(&now, &scale);
	show_time_in_info(&a->info->time, &now);
	if (READ_ONCE(a->time_area.page[0]))
		show_time_in_area(a, &now);
	a->shown_scale = scale;
	a->time_is_shown = true;
}

void shared_info_show_wall_clock(struct domain *d)
{
	struct shared_info_page *s = &d->abi->shared;
	uint32_t *wall, *sec_hi, version, nsec;
	uint64_t sec;

	clock_get_wall_base(&sec, &nsec);
	spin_lock(&s->wall_lock);
	wall = (uint32_t *)(void *)((uint8_t *)s->page +
				    (s->is_32bit ? WALL_OFFSET_32 : WALL_OFFSET_64));
	sec_hi = wall + (s->is_32bit ? WALL_SEC_HI_32 : WALL_SEC_HI_64) / sizeof(*wall);
	version = READ_ONCE(wall[0]) | 1u;
	WRITE_ONCE(wall[0], version);
	smp_wmb();
	WRITE_ONCE(wall[1], (uint32_t)sec);
	WRITE_ONCE(wall[2], nsec);
	WRITE_ONCE(*sec_hi, (uint32_t)(sec >> 32));
	smp_wmb();
	WRITE_ONCE(wall[0], version + 1);
	spin_unlock(&s->wall_lock);
}
