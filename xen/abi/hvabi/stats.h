/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv's statistics: pages that the control domain maps read-only, and reads without a hypercall.
 *
 * To map them: XENMEM_acquire_resource (libxenforeignmemory's xenforeignmemory_map_resource()) with
 * domid DOMID_SELF, type HVABI_RESOURCE_STATS, id 0. Page 0 begins with the header, which says how
 * many pages there are and where the records lie; the number of pages and all offsets stay the same
 * until the host boots anew. Only the control domain may map them; everybody else gets -EPERM.
 *
 * This ABI is stable. Records may become longer: their sizes are in the header, and a reader steps
 * by those and not by sizeof. New fields come at the end of a record and out of its padding, which
 * is zero today. 'version' changes only if an old field changes its meaning.
 *
 * Who writes, and what may be torn:
 *   - Counters (all uint64_t) have one writer at a time, are aligned, only grow while their record
 *     belongs to the same owner, and are written in one store: a reader never sees half of one. Two
 *     counters need not be of the same moment.
 *   - Fields under "seq" belong together. The writer makes 'seq' odd, writes, makes it even. A reader
 *     reads 'seq', the fields, and 'seq' again; if it was odd or has changed, it reads anew.
 *     A record that changes its owner is cleared under 'seq'.
 *   - A reader that finds a record with domid HVABI_STATS_FREE skips it.
 * hv adds to the counters and reads them for nothing else: it trusts nothing in here.
 *
 * Times are nanoseconds of hv's system time. What 'now' is on physical CPU n, its record tells:
 *   now = ns_base + (((tsc - tsc_base) << shift, or >> -shift) * mul >> 32).
 * The control domain's vCPU n is always on physical CPU n, and its TSC is the machine's.
 */
#ifndef HVABI_STATS_H
#define HVABI_STATS_H

#include <stdint.h>

#define HVABI_RESOURCE_STATS 0x6876u     /* XENMEM_acquire_resource: type */
#define HVABI_STATS_MAGIC 0x73747668u	 /* "hvts" */
#define HVABI_STATS_VERSION 1u
#define HVABI_STATS_FREE 0xffffu /* domid of a record that nobody owns */
#define HVABI_STATS_PAGES_MAX 2048u

/*
 * A histogram of times: bucket 0 counts those below 2^HVABI_STATS_FIRST_SHIFT ns, bucket i those
 * below 2^(HVABI_STATS_FIRST_SHIFT + i) that fit into none before it, the last one all others.
 */
#define HVABI_STATS_BUCKETS 24u
#define HVABI_STATS_FIRST_SHIFT 7u

/* hvabi_stats_vcpu.exits[]: why the vCPU left guest code. Unknown ones are zero. */
enum hvabi_stats_exit {
	HVABI_EXIT_INTERRUPT = 0,    /* a physical interrupt */
	HVABI_EXIT_WINDOW = 1,	     /* an interrupt or NMI that had to wait can be taken */
	HVABI_EXIT_CPUID = 2,
	HVABI_EXIT_HLT = 3,
	HVABI_EXIT_MSR_READ = 4,
	HVABI_EXIT_MSR_WRITE = 5,
	HVABI_EXIT_IO = 6,
	HVABI_EXIT_HYPERCALL = 7,
	HVABI_EXIT_NESTED_FAULT = 8, /* no nested translation, or not with this right */
	HVABI_EXIT_XSETBV = 9,
	HVABI_EXIT_CACHE = 10,	     /* INVD, WBINVD */
	HVABI_EXIT_EXCEPTION = 11,
	HVABI_EXIT_TRIPLE_FAULT = 12,
	HVABI_EXIT_UNDEFINED = 13,   /* an instruction that this machine lacks */
	HVABI_EXIT_PRIVILEGED = 14,  /* one that is refused */
	HVABI_EXIT_INVALID = 15,     /* the CPU refused to enter */
	HVABI_EXIT_UNKNOWN = 16,
	HVABI_EXIT_CONTROL_REGISTER = 17,
	HVABI_EXIT_APIC = 18,	     /* an end of interrupt that hv must know of */
	HVABI_EXIT_LOG_FULL = 19,    /* of pages written, while somebody counts them */
};
#define HVABI_STATS_EXITS 24u

struct hvabi_stats_header {
	uint32_t magic, version; /* constant, as all up to frames_total */
	uint32_t nr_pages;
	uint32_t header_size;
	/* Where records begin (bytes from the header), the size of one, and how many there may be. */
	uint32_t cpu_offset, cpu_size, nr_cpus;
	uint32_t domain_offset, domain_size, nr_domains;
	uint32_t vcpu_offset, vcpu_size, nr_vcpus;
	/* Records at and above these were never in use; they only grow. */
	uint32_t domains_seen, vcpus_seen;
	/* Domains and vCPUs that run without a record, because none was free: their number, ever. */
	uint32_t nr_unrecorded;
	uint64_t frames_total; /* 4 KiB frames of RAM that hv knows */
	uint64_t frames_free;
	uint64_t frames_hv; /* hv's own: image, tables, this; the rest is domains' */
	uint64_t reserved[5];
};

/* A physical CPU. Written by itself. */
struct hvabi_stats_cpu {
	uint32_t seq; /* of idle_* and of the clock */
	uint32_t online; /* 0: no such CPU */
	uint64_t idle_ns;	/* spent with no vCPU to run, up to idle_since_ns */
	uint64_t idle_since_ns; /* 0: it is not idle now */
	uint64_t tsc_base, ns_base; /* its clock, see above */
	uint32_t mul;
	int32_t shift;
	uint64_t switches;	    /* another vCPU, or none, was put on the CPU */
	uint64_t interrupts_device; /* that arrived here and were passed to the control domain */
	uint64_t interrupts_timer;  /* hv's own timer */
	uint64_t interrupts_kick;   /* from other CPUs */
	uint64_t steals;	    /* vCPUs that it took from another CPU's queue, being idle */
	uint64_t reserved[5];
};

struct hvabi_stats_domain {
	uint32_t seq; /* of domid, state, pause_count, shutdown_reason, uuid */
	uint16_t domid;
	uint16_t pad;
	uint32_t state; /* HVABI_DOM_* of <hvabi/control.h> */
	uint32_t pause_count;
	uint32_t shutdown_reason; /* SHUTDOWN_*, when state is HVABI_DOM_SHUTDOWN */
	uint32_t nr_vcpus;
	uint8_t uuid[16];
	uint64_t max_frames; /* quota */
	uint64_t frames;     /* owned now */
	/* Limits are constant. Use is written under the lock of what is used. */
	uint32_t ports, ports_max;		 /* event channels */
	uint32_t grant_frames, grant_frames_max; /* pages of its grant table */
	uint32_t grants_used;  /* mappings, and copies under way, of pages that it has granted */
	uint32_t grants_mapped, grants_mapped_max; /* mappings that it has of others' pages */
	uint32_t grant_map_frames; /* pages of hv's for its table of these mappings, which only grows */
	uint64_t events_sent; /* by it, to event channels */
	uint64_t leaves[3];   /* entries of its nested page table that map 4 KiB, 2 MiB, 1 GiB */
	uint64_t reserved[17];
};

/* A virtual CPU. seq's fields are written under its run queue's lock, the rest by the CPU it is on. */
struct hvabi_stats_vcpu {
	uint32_t seq; /* of all up to state_ns */
	uint16_t domid;
	uint16_t vcpu;
	uint32_t domain_slot; /* index of the domain's record; ~0: it has none */
	uint32_t state;	      /* RUNSTATE_* of <xen/vcpu.h>; OFFLINE: not online */
	uint32_t cpu;	      /* physical CPU it runs on, or would run on */
	uint32_t pad;
	uint64_t state_since_ns;
	uint64_t state_ns[4]; /* in each RUNSTATE_*, without what passed since state_since_ns */

	uint64_t exits[HVABI_STATS_EXITS];
	/* From an exit to the next entry, or until the vCPU was taken off the CPU. */
	uint64_t exit_ns; /* sum */
	uint64_t exit_latency[HVABI_STATS_BUCKETS];
	/* From an event for a sleeping vCPU until it is on a CPU. */
	uint64_t wake_ns; /* sum */
	uint64_t wake_latency[HVABI_STATS_BUCKETS];
	uint64_t reserved[6];
};

#endif
