/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest ABI keeps for each domain and each vCPU: d->abi and v->abi. */
#ifndef XEN_ABI_STATE_H
#define XEN_ABI_STATE_H

#include <hv/clock.h>
#include <hv/compiler.h>
#include <hv/domain.h>
#include <hv/spinlock.h>
#include <hv/timer.h>
#include <hv/types.h>
#include <hv/vcpu.h>

#include <xen/hvm/params.h>
#include <xen/vcpu.h>
#include <xen/xen.h>

#include "evtchn.h"
#include "gnttab.h"
#include "shared_info.h"

/* Places where another domain has mapped pages of ours that carry no reference of their own. */
#define ABI_RESOURCE_MAPS 64u
struct resource_map {
	domid_t mapper; /* DOMID_NONE: free slot */
	gfn_t gfn;
	mfn_t mfn;
};

/* GRUB and Linux agree on this limit (E820_MAX_ENTRIES_ZEROPAGE). */
#define ABI_MAX_MEMORY_MAP 128u
struct abi_e820 {
	uint64_t addr, size;
	uint32_t type;
} __packed;

#define ABI_CONSOLE_LINE 256u
#define ABI_NR_WATCHDOGS 2u

struct abi_watchdog {
	struct timer timer;
	struct domain *domain;
	bool in_use;
};

struct abi_domain {
	struct domain *domain;

	struct shared_info_page shared;
	struct evtchn_domain evtchn;
	struct gnttab gnttab;

	uint8_t callback_vector;		   /* global upcall vector, 0: none; atomic */
	uint32_t vm_assist;			   /* atomic: VMASST_TYPE_* bits */
	uint64_t poll_mask[DOMAIN_MAX_VCPUS / 64]; /* atomic: vCPUs inside SCHEDOP_poll */

	struct spinlock lock; /* the rest */
	uint64_t hvm_params[HVM_NR_PARAMS];
	struct abi_e820 *memory_map; /* ABI_MAX_MEMORY_MAP entries, NULL: none was set */
	uint32_t nr_memory_map;
	struct resource_map resource_maps[ABI_RESOURCE_MAPS];
	struct abi_watchdog watchdogs[ABI_NR_WATCHDOGS];
	struct {
		char line[ABI_CONSOLE_LINE];
		uint32_t used;
		uint32_t budget; /* bytes that it may still log until refill_ns */
		uint64_t refill_ns;
		bool muted_said; /* that output is dropped was said already */
	} console;
};

struct abi_vcpu {
	struct vcpu *vcpu;

	/* Where events and time are shown. Never NULL; changed by vcpu_info registration. */
	struct vcpu_info *info;
	void *info_page;	       /* pinned guest page behind it; NULL: the shared info, or: */
	struct vcpu_info private_info; /* no place in the shared info, and none registered */

	uint8_t upcall_vector; /* per-vCPU upcall, 0: none; atomic */
	bool is_down;	       /* by VCPUOP_down */

	struct spinlock area_lock;
	struct guest_area runstate_area, time_area; /* area_lock */
	struct clock_scale shown_scale;		    /* last written; own CPU */
	bool time_is_shown;			    /* own CPU; cleared to have it written anew */

	struct spinlock virq_lock;
	uint32_t virq_to_port[NR_VIRQS]; /* 0: not bound; virq_lock */

	struct timer singleshot;
	struct timer periodic;
	uint64_t periodic_ns;

	uint32_t poll_port; /* 0: any; valid while in poll_mask */
	struct timer poll_timer;
};

#endif
