/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stats_pages.h"

#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include <hvabi/stats.h>

static void make_cpu(struct hvabi_stats_cpu *cpu)
{
	*cpu = (struct hvabi_stats_cpu){
		.seq = 2, .online = 1, .idle_ns = 5000000000, .tsc_base = __rdtsc(),
		.ns_base = 60000000000, .mul = 1u << 31, .shift = 0, /* two ticks a nanosecond */
		.switches = 1000, .interrupts_device = 2000, .interrupts_timer = 3000,
		.interrupts_kick = 4000, .steals = 5,
	};
}

static void make_domain(struct hvabi_stats_domain *d, uint32_t id, uint32_t nr_vcpus)
{
	*d = (struct hvabi_stats_domain){
		.seq = 2, .domid = (uint16_t)id, .nr_vcpus = nr_vcpus, .max_frames = 65536,
		.frames = 32768 + id, .ports = 10 + id, .ports_max = 4096, .grant_frames = 4,
		.grant_frames_max = 64, .grants_used = 33, .grants_mapped = 1, .grants_mapped_max = 8192,
		.grant_map_frames = 2,
		.leaves = { 600, 70, 8 },
		.events_sent = 123456 + id,
	};
}

static void make_vcpu(struct hvabi_stats_vcpu *v, uint32_t domid, uint32_t id)
{
	*v = (struct hvabi_stats_vcpu){
		.seq = 2, .domid = (uint16_t)domid, .vcpu = (uint16_t)id, .domain_slot = domid,
		.state_since_ns = 50000000000,
		.state_ns = { 1500000000 + domid, 250000000, 3000000000, 1000000 },
		.exit_ns = 777777, .wake_ns = 888888,
	};
	for (unsigned int i = 0; i < HVABI_STATS_EXITS; i++)
		v->exits[i] = 100 * i + id + 1;
	for (unsigned int i = 0; i < HVABI_STATS_BUCKETS; i++) {
		v->exit_latency[i] = i + 1;
		v->wake_latency[i] = 2 * i + 1;
	}
}

void *stats_pages_make(uint32_t nr_domains, uint32_t vcpus_each, size_t *ret_size)
{
	uint32_t nr_vcpus = nr_domains * vcpus_each, i;
	struct hvabi_stats_header h = {
		.magic = HVABI_STATS_MAGIC, .version = HVABI_STATS_VERSION,
		.header_size = sizeof(h), .cpu_offset = sizeof(h),
		.cpu_size = sizeof(struct hvabi_stats_cpu), .nr_cpus = 4,
		.domain_size = sizeof(struct hvabi_stats_domain), .nr_domains = nr_domains + 1,
		.vcpu_size = sizeof(struct hvabi_stats_vcpu), .nr_vcpus = nr_vcpus + 1,
		.domains_seen = nr_domains + 1, .vcpus_seen = nr_vcpus + 1,
		.frames_total = 1048576, .frames_free = 500000, .frames_hv = 4000,
	};
	struct hvabi_stats_domain *domains;
	struct hvabi_stats_vcpu *vcpus;
	size_t size;
	char *p;

	h.domain_offset = h.cpu_offset + h.nr_cpus * h.cpu_size;
	h.vcpu_offset = h.domain_offset + h.nr_domains * h.domain_size;
	size = (h.vcpu_offset + h.nr_vcpus * (size_t)h.vcpu_size + 4095) & ~(size_t)4095;
	h.nr_pages = (uint32_t)(size / 4096);
	p = aligned_alloc(4096, size);
	if (!p)
		abort();
	memset(p, 0, size);
	memcpy(p, &h, sizeof(h));
	for (i = 0; i < h.nr_cpus; i++)
		make_cpu((void *)(p + h.cpu_offset + i * h.cpu_size));
	domains = (void *)(p + h.domain_offset);
	vcpus = (void *)(p + h.vcpu_offset);
	for (i = 0; i < nr_domains; i++)
		make_domain(&domains[i], i, vcpus_each);
	for (i = 0; i < nr_vcpus; i++)
		make_vcpu(&vcpus[i], i / vcpus_each, i % vcpus_each);
	/* One of each that nobody owns. */
	domains[nr_domains].domid = HVABI_STATS_FREE;
	vcpus[nr_vcpus].domid = HVABI_STATS_FREE;
	*ret_size = size;
	return p;
}
