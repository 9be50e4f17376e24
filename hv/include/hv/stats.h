/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters that the control domain maps read-only. <hvabi/stats.h> is what is promised about them;
 * these are the same structures in hv's words (xen/abi_check.c holds the two together).
 *
 * One block of frames, taken at boot and never given back, so that nobody has to take it out of
 * anybody's tables. Its size goes with the host's memory; a domain or vCPU for which no record is
 * left runs without one ('stats' is NULL).
 *
 * hv only adds to what is in here, and decides by none of it: the control domain's devices could
 * write there.
 */
#ifndef HV_STATS_H
#define HV_STATS_H

#include <hv/compiler.h>
#include <hv/types.h>

struct domain;
struct cpu;
struct vcpu;

#define STATS_FREE 0xffffu
#define STATS_EXITS 24u
#define STATS_BUCKETS 24u
#define STATS_FIRST_SHIFT 7u

struct stats_header {
	uint32_t magic, version, nr_pages, header_size;
	uint32_t cpu_offset, cpu_size, nr_cpus;
	uint32_t domain_offset, domain_size, nr_domains;
	uint32_t vcpu_offset, vcpu_size, nr_vcpus;
	uint32_t domains_seen, vcpus_seen; /* stats.c's lock */
	uint32_t nr_unrecorded;		   /* atomic */
	uint64_t frames_total;
	uint64_t frames_free; /* the frame allocator's lock */
	uint64_t frames_hv;   /* atomic */
	uint64_t reserved[5];
};

struct stats_cpu { /* own CPU */
	uint32_t seq;
	uint32_t online;
	uint64_t idle_ns, idle_since_ns;
	uint64_t tsc_base, ns_base;
	uint32_t mul;
	int32_t shift;
	uint64_t switches;
	uint64_t interrupts_device, interrupts_timer, interrupts_kick;
	uint64_t steals;
	uint64_t reserved[5];
};

struct stats_domain {
	uint32_t seq; /* d->lock, as what goes with it */
	uint16_t domid;
	uint16_t pad;
	uint32_t state;
	uint32_t pause_count;
	uint32_t shutdown_reason;
	uint32_t nr_vcpus;
	uint8_t uuid[16];
	uint64_t max_frames;
	uint64_t frames; /* atomic */
	/* The guest ABI's, under its own locks. */
	uint32_t ports, ports_max;
	uint32_t grant_frames, grant_frames_max;
	uint32_t grants_used;
	uint32_t grants_mapped, grants_mapped_max;
	uint32_t grant_map_frames;
	uint64_t events_sent; /* atomic */
	uint64_t leaves[3];   /* d->physmap_lock */
	uint64_t reserved[17];
};

struct stats_vcpu {
	uint32_t seq; /* the run queue's lock, as all up to state_ns */
	uint16_t domid;
	uint16_t vcpu;
	uint32_t domain_slot;
	uint32_t state;
	uint32_t cpu;
	uint32_t pad;
	uint64_t state_since_ns;
	uint64_t state_ns[4];

	/* The CPU that the vCPU is on. */
	uint64_t exits[STATS_EXITS];
	uint64_t exit_ns;
	uint64_t exit_latency[STATS_BUCKETS];
	uint64_t wake_ns;
	uint64_t wake_latency[STATS_BUCKETS];
	uint64_t reserved[6];
};

/* Boot, once there are frames: makes the pages. Without memory for them there are no statistics. */
void stats_init(void);
/* Each CPU, when its clock is right. */
void stats_cpu_start(struct cpu *cpu);

/* Sets d->stats, v->stats (NULL: no record is left). A domain before its vCPUs, and after them. */
void stats_domain_open(struct domain *d);
void stats_domain_close(struct domain *d);
void stats_vcpu_open(struct vcpu *v);
void stats_vcpu_close(struct vcpu *v);

/* Shows state, pause count and reason; d->lock is held (or nobody else knows d). */
void stats_domain_show(struct domain *d);
/* Shows state and times; the run queue's lock is held. */
void stats_vcpu_show(struct vcpu *v);

/* Page 'index' of the block, for the control domain's tables. -EINVAL: beyond the end. */
int stats_get_frame(uint64_t index, mfn_t *ret_mfn) __must_check;
uint32_t stats_nr_frames(void);

static inline void stats_write_begin(uint32_t *seq)
{
	WRITE_ONCE(*seq, (*seq + 1) | 1);
	smp_wmb();
}

static inline void stats_write_end(uint32_t *seq)
{
	smp_wmb();
	WRITE_ONCE(*seq, *seq + 1);
}

/* In one store: who reads meanwhile never sees half of it. */
static inline void stats_add(uint64_t *counter, uint64_t n)
{
	WRITE_ONCE(*counter, *counter + n);
}

static inline void stats_add_time(uint64_t buckets[STATS_BUCKETS], uint64_t *sum, uint64_t ns)
{
	uint32_t log2 = 63u - (uint32_t)__builtin_clzll(ns | (BIT(STATS_FIRST_SHIFT) - 1));
	uint32_t i = log2 - (STATS_FIRST_SHIFT - 1);

	stats_add(&buckets[MIN(i, STATS_BUCKETS - 1)], 1);
	stats_add(sum, ns);
}

#endif
