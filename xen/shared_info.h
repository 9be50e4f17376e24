/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that hv shares with a guest to show it events and time: the shared info page, vcpu_info
 * structures, clock and run-state areas.
 */
#ifndef XEN_SHARED_INFO_H
#define XEN_SHARED_INFO_H

#include <hv/compiler.h>
#include <hv/spinlock.h>
#include <hv/types.h>

struct domain;
struct vcpu;

struct shared_info_page {
	void *page;	/* hv's page; constant */
	bool is_32bit;	/* the guest uses the 32-bit layout; atomic */
	bool is_mapped; /* at 'gfn' of the guest; abi lock */
	gfn_t gfn;
	struct spinlock wall_lock; /* wall clock's version counter */
};

/* A small structure in guest memory, on one page or across two. Pinned: no lookup later. */
#define GUEST_AREA_MAX 64u
struct guest_area {
	void *page[2];	 /* page[0] NULL: not registered; page[1] NULL: all in one */
	uint32_t offset; /* in page[0] */
	uint32_t size;
};

int shared_info_domain_init(struct domain *d) __must_check;
void shared_info_domain_free(struct domain *d);
void shared_info_vcpu_init(struct vcpu *v);
void shared_info_vcpu_free(struct vcpu *v);

/* Looks at the caller's mode and settles the layout. The running vCPU's domain. */
void shared_info_latch_layout(struct vcpu *v);

/* Two-level events: the bit arrays in the page, in the guest's layout. */
void *shared_info_pending_bits(struct domain *d);
void *shared_info_mask_bits(struct domain *d);

/* VCPUOP_register_vcpu_info. -EINVAL: place; -EEXIST: it has one already. */
int vcpu_info_register(struct vcpu *v, gfn_t gfn, uint32_t offset) __must_check;

/* The address is the running vCPU's linear address; 'size' at most GUEST_AREA_MAX. */
int runstate_area_register(struct vcpu *v, uint64_t linear) __must_check;
int time_area_register(struct vcpu *v, uint64_t linear) __must_check;

/* Own CPU of v: clock and run state in guest memory. */
void shared_info_show_time(struct vcpu *v);
void shared_info_show_runstate(struct vcpu *v);
void shared_info_show_wall_clock(struct domain *d);

#endif
