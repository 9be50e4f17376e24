/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control hypercall: how hvd in the control domain steers hv.
 *
 * Number 55 (__HYPERVISOR_arch_7) of the Xen hypercall table, one argument: the guest-linear
 * address of a struct hvabi_request. Only the control domain may issue it; everybody else gets
 * -EPERM. It returns 0 or a negative errno in Xen's numbering (equal to Linux's for all codes
 * used here).
 *
 * This ABI is stable. A request names its operation, and its own size in bytes. hv reads 'size'
 * bytes and takes what is missing up to the structure it knows as zero, so old callers go on
 * working when fields are added at the end; a larger size than hv knows is accepted if the excess
 * is zero, else -E2BIG. An unknown operation answers -ENOSYS. Fields marked "out" are written
 * back on success only; results that do not fit in 'size' are cut off. Padding must be zero.
 *
 * Memory of a domain is populated with XENMEM_populate_physmap, HVM parameters are set with
 * HVMOP_set_param and event channels are made with EVTCHNOP_alloc_unbound, all on the target
 * domain; pages are mapped with privcmd's foreign mappings. This call holds only the rest.
 *
 * The pages of a guest's console and xenstore (HVM_PARAM_CONSOLE_PFN, HVM_PARAM_STORE_PFN) can also be
 * mapped as grants, by the control domain alone, with the references HVABI_GRANT_* below. They lie beyond
 * every grant table.
 */
#ifndef HVABI_CONTROL_H
#define HVABI_CONTROL_H

#include <stdint.h>

#define HVABI_CONTROL_HYPERCALL 55u

#define HVABI_GRANT_CONSOLE 0xfffffff0u
#define HVABI_GRANT_XENSTORE 0xfffffff1u

/* hvabi_request.op */
enum hvabi_op {
	HVABI_HOST_INFO = 1,	  /* u.host_info:    what the host has */
	HVABI_DOMAIN_CREATE = 2,  /* u.create:       a domain, empty and paused; 'domid' out */
	HVABI_DOMAIN_DESTROY = 3, /* -:              stop and tear down; see below */
	HVABI_DOMAIN_PAUSE = 4,	  /* -:              pauses nest: each wants one unpause */
	HVABI_DOMAIN_UNPAUSE = 5, /* -:              -EINVAL when it is not paused */
	HVABI_DOMAIN_INFO = 6,	  /* u.info:         of the first domain with an id >= 'domid'; out */
	HVABI_COPY_TO = 7,	  /* u.copy:         caller's buffer into the domain's memory */
	HVABI_COPY_FROM = 8,	  /* u.copy:         the domain's memory into the caller's buffer */
	HVABI_VCPU_ENTRY = 9,	  /* u.entry:        where vCPU 0 starts (PVH entry state) */
	HVABI_SCHED_SET = 10,	  /* u.sched:        weight and affinity */
	HVABI_SCHED_GET = 11,	  /* u.sched:        the same, out */
	HVABI_LOG_READ = 12,	  /* u.log:          hv's console ring */
	HVABI_SHUTDOWN = 13,	  /* u.shutdown:     force a domain into shutdown, as if it had asked */
	HVABI_VCPU_INFO = 14,	  /* u.vcpu:         state and times of one vCPU, out */
	HVABI_DIRTY = 15,	  /* u.dirty:        how many pages a domain writes */
};

/* Facts about the host. All out. */
struct hvabi_host_info {
	uint32_t version_major, version_minor;
	uint32_t nr_cpus;	/* physical CPUs that run */
	uint32_t nr_domains;	/* that exist, the control domain and dying ones included */
	uint64_t total_frames;	/* 4 KiB frames of RAM that hv knows */
	uint64_t free_frames;	/* that are free now */
	uint64_t hv_frames;	/* that hv uses for itself */
	uint32_t tsc_khz;
	uint32_t features;	/* HVABI_FEATURE_* that hv uses */
	char virt[16];		/* "svm" or "vmx" */
	char cpu_model[48];	/* CPUID brand string */
	char scheduler[16];	/* name of the policy in use */
	uint32_t features_unused; /* HVABI_FEATURE_* that the host has, and hv does not use */
	uint32_t pad;
};
#define HVABI_FEATURE_NESTED_PAGING (1u << 0)
#define HVABI_FEATURE_PAGES_2M (1u << 1)
#define HVABI_FEATURE_PAGES_1G (1u << 2)
#define HVABI_FEATURE_NEXT_RIP (1u << 3)
#define HVABI_FEATURE_X2APIC (1u << 4)	     /* the physical APICs run in x2APIC mode */
#define HVABI_FEATURE_TSC_DEADLINE (1u << 5) /* hv's own timer */
#define HVABI_FEATURE_TSC_STABLE (1u << 6)   /* guests may trust the TSC across CPUs */
#define HVABI_FEATURE_TLB_TAGS (1u << 7)     /* translations are tagged: ASID, VPID */
#define HVABI_FEATURE_FLUSH_BY_TAG (1u << 8) /* and flushed by the tag (AMD) */
#define HVABI_FEATURE_DECODE_ASSISTS (1u << 9)
#define HVABI_FEATURE_VIRTUAL_GIF (1u << 10)
#define HVABI_FEATURE_VIRTUAL_NMI (1u << 11)
#define HVABI_FEATURE_APIC_VIRT (1u << 12)   /* AVIC; APIC registers and interrupt delivery */
#define HVABI_FEATURE_X2APIC_VIRT (1u << 13) /* the same for x2APIC mode */
#define HVABI_FEATURE_POSTED_INTERRUPTS (1u << 14)
#define HVABI_FEATURE_PREEMPTION_TIMER (1u << 15)
#define HVABI_FEATURE_TSC_SCALING (1u << 16)
#define HVABI_FEATURE_PAGE_MOD_LOG (1u << 17)
#define HVABI_FEATURE_NESTED_DIRTY (1u << 18) /* accessed and dirty bits in nested tables */
#define HVABI_FEATURE_IOMMU (1u << 19)
#define HVABI_FEATURE_XSAVES (1u << 20)

/*
 * A new domain. In: everything; 'domid' of the request is the wanted id, or 0 for "choose one"
 * (then out). Errors: -EINVAL (limits; a TSC out of what the CPU can make), -EEXIST (id in use),
 * -EOPNOTSUPP (a TSC that is not the host's, on a CPU that cannot scale it), -ENOMEM.
 */
struct hvabi_create {
	uint8_t uuid[16];
	uint64_t max_frames; /* quota of 4 KiB frames; hv's tables come from elsewhere */
	uint32_t max_vcpus;  /* 1 .. 128, all created offline but vCPU 0 */
	uint32_t flags;	     /* HVABI_CREATE_*; an hv that does not know one answers -EINVAL */
	uint32_t max_grant_frames; /* 0: hv's default (64) */
	uint32_t max_evtchn_ports; /* 0: hv's default (4096) */
	uint32_t tsc_khz; /* with HVABI_CREATE_TSC, else 0 */
	uint32_t pad;
};
#define HVABI_CREATE_TSC (1u << 0) /* its TSC runs at tsc_khz, not at the host's rate */
#define HVABI_TSC_KHZ_MIN 1000u
#define HVABI_TSC_KHZ_MAX 100000000u

/* State of a domain, as HVABI_DOMAIN_INFO tells it. 'domid' of the request becomes its id. */
struct hvabi_info {
	uint8_t uuid[16];
	uint32_t state;	      /* HVABI_DOM_* below: exactly one */
	uint32_t pause_count;
	uint32_t shutdown_reason; /* SHUTDOWN_* of <xen/sched.h>, when state is SHUTDOWN */
	uint32_t nr_vcpus;	  /* max_vcpus at creation */
	uint32_t nr_online_vcpus;
	uint32_t pad;
	uint64_t max_frames;
	uint64_t nr_frames; /* owned now */
	uint64_t cpu_time_ns; /* sum over vCPUs */
	char crash_reason[128]; /* text, empty when it did not crash */
};
#define HVABI_DOM_RUNNING 0u  /* or paused, when pause_count is not 0 */
#define HVABI_DOM_SHUTDOWN 1u /* it has stopped itself, or crashed; vCPUs run no more */
#define HVABI_DOM_DYING 2u    /* destroyed; others still hold references to its frames */

/*
 * Copies at most 16 MiB a call between the caller's memory ('buffer', linear address in the
 * caller) and guest-physical memory of the domain. -EFAULT names nothing of what was copied:
 * the destination is then partly written. -EINVAL: too long.
 */
struct hvabi_copy {
	uint64_t gpa;
	uint64_t buffer;
	uint64_t size_bytes;
};

/*
 * PVH start: 32-bit protected mode at 'entry' with ebx = 'start_info', registers as in
 * docs/misc/pvh of Xen. -EBUSY once the domain has run.
 */
struct hvabi_entry {
	uint64_t entry;
	uint64_t start_info;
};

struct hvabi_sched {
	uint32_t weight; /* 1 .. 65535, default 256: share of CPU against others' weights */
	uint32_t vcpu;	 /* for affinity: which vCPU, or ~0 for all */
	uint8_t affinity[16]; /* bit n: physical CPU n; all zero means "leave as it is" (set) */
};

/*
 * The log ring: bytes are numbered from 0 since boot. In: 'position' wanted, buffer, size.
 * Out: position = number of the first byte delivered (older ones are lost), size_bytes =
 * delivered; 0 at the end.
 */
struct hvabi_log {
	uint64_t position;
	uint64_t buffer;
	uint64_t size_bytes;
};

struct hvabi_shutdown {
	uint32_t reason; /* SHUTDOWN_* */
	uint32_t pad;
};

struct hvabi_vcpu {
	uint32_t vcpu; /* in */
	uint32_t state; /* RUNSTATE_* of <xen/vcpu.h> */
	uint32_t cpu;	/* physical CPU it runs or ran on */
	uint32_t online;
	uint64_t time_ns[4]; /* spent in each RUNSTATE_* */
	uint64_t exits;	     /* VM exits so far */
	uint64_t rip;	     /* at the last exit: for a person who looks for a hang */
};

/*
 * Counts the 4 KiB pages that a domain writes while it runs: each once, from START on. What others
 * write to pages that they have mapped of it is not seen. All work in bounded steps: -EAGAIN means
 * "call again". START: -EBUSY while it is counted already, -EOPNOTSUPP if the CPU keeps no such
 * account, -ENOMEM (to be undone by STOP). COUNT: -EINVAL before START. STOP: 0 also if nothing is
 * counted. The end of the domain ends it as well.
 */
struct hvabi_dirty {
	uint32_t action; /* HVABI_DIRTY_* below */
	uint32_t pad;
	uint64_t pages; /* COUNT: out */
};
#define HVABI_DIRTY_START 0u
#define HVABI_DIRTY_COUNT 1u
#define HVABI_DIRTY_STOP 2u

/*
 * HVABI_DOMAIN_DESTROY works in bounded steps: -EAGAIN means "call again". After 0 the domain is
 * gone, or HVABI_DOM_DYING while references to its frames remain (a back end's grant mappings,
 * say); it goes by itself with the last of them. VIRQ_DOM_EXC is raised in the control domain
 * whenever a domain's state changes.
 */
struct hvabi_request {
	uint32_t op;	/* enum hvabi_op */
	uint32_t size;	/* of this structure as the caller knows it, bytes */
	uint16_t domid; /* target; 0x7ff0 (DOMID_SELF) where it makes sense */
	uint16_t pad[3];
	union {
		struct hvabi_host_info host_info;
		struct hvabi_create create;
		struct hvabi_info info;
		struct hvabi_copy copy;
		struct hvabi_entry entry;
		struct hvabi_sched sched;
		struct hvabi_log log;
		struct hvabi_shutdown shutdown;
		struct hvabi_vcpu vcpu;
		struct hvabi_dirty dirty;
		uint8_t reserved[496];
	} u;
};

#endif
