/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading hv's statistics pages; the contract is in hv_stats.h and <hvabi/stats.h>.
 *
 * The header is believed after one check: its offsets are constant, and hv is who we run on.
 */
#include "metrics/hv_stats.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <x86intrin.h>
#include <xen/xen.h>
#include <xenforeignmemory.h>

#include "lib/xmem.h"

#define PAGE_SIZE 4096u
/* hv writes with interrupts off: a record is never odd for long. */
#define TRIES 1000u

struct hv_stats {
	const uint8_t *pages;
	struct hvabi_stats_header header; /* as it was at first: what is constant of it */
};

/*
 * The map outlives the handle that it was made with, which could make any hypercall: the handle goes at
 * once, and the map with the process.
 */
static xenforeignmemory_resource_handle *mapped;

static bool fits(const struct hvabi_stats_header *h, uint32_t offset, uint32_t size, uint32_t nr,
		 size_t minimum, size_t total)
{
	return size >= minimum && size % 8 == 0 && offset % 8 == 0 && offset >= h->header_size &&
	       (uint64_t)offset + (uint64_t)size * nr <= total;
}

static int check(const struct hvabi_stats_header *h, size_t total)
{
	if (h->magic != HVABI_STATS_MAGIC || h->version != HVABI_STATS_VERSION ||
	    h->header_size < sizeof(*h) ||
	    !fits(h, h->cpu_offset, h->cpu_size, h->nr_cpus, sizeof(struct hvabi_stats_cpu), total) ||
	    !fits(h, h->domain_offset, h->domain_size, h->nr_domains,
		  sizeof(struct hvabi_stats_domain), total) ||
	    !fits(h, h->vcpu_offset, h->vcpu_size, h->nr_vcpus, sizeof(struct hvabi_stats_vcpu),
		  total))
		return -EPROTO;
	return 0;
}

int hv_stats_attach(const void *pages, size_t size, struct hv_stats **ret)
{
	struct hv_stats *s;
	int err;

	err = size < sizeof(s->header) ? -EPROTO : check(pages, size);
	if (err)
		return err;
	s = xcalloc(1, sizeof(*s));
	s->pages = pages;
	memcpy(&s->header, pages, sizeof(s->header));
	*ret = s;
	return 0;
}

static void *map(xenforeignmemory_handle *fmem, unsigned long nr_pages,
		 xenforeignmemory_resource_handle **ret)
{
	void *addr = NULL;

	*ret = xenforeignmemory_map_resource(fmem, DOMID_SELF, HVABI_RESOURCE_STATS, 0, 0, nr_pages,
					     &addr, PROT_READ, 0);
	return *ret ? addr : NULL;
}

/* How many pages there are is told by the first one. */
static int map_all(xenforeignmemory_handle *fmem, xenforeignmemory_resource_handle **ret_resource,
		   struct hv_stats **ret)
{
	const struct hvabi_stats_header *h = map(fmem, 1, ret_resource);
	uint32_t nr_pages;

	if (!h)
		return errno == EOPNOTSUPP || errno == EINVAL ? -ENOSYS : -errno;
	nr_pages = h->magic == HVABI_STATS_MAGIC ? h->nr_pages : 0;
	xenforeignmemory_unmap_resource(fmem, *ret_resource);
	*ret_resource = NULL;
	if (nr_pages == 0 || nr_pages > HVABI_STATS_PAGES_MAX)
		return -EPROTO;
	h = map(fmem, nr_pages, ret_resource);
	return h ? hv_stats_attach(h, (size_t)nr_pages * PAGE_SIZE, ret) : -errno;
}

int hv_stats_open(struct hv_stats **ret)
{
	xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);
	int err;

	if (!fmem)
		return -errno;
	err = map_all(fmem, &mapped, ret);
	if (err && mapped) {
		xenforeignmemory_unmap_resource(fmem, mapped);
		mapped = NULL;
	}
	xenforeignmemory_close(fmem);
	return err;
}

void hv_stats_close(struct hv_stats *s)
{
	free(s);
}

const struct hvabi_stats_header *hv_stats_header(const struct hv_stats *s)
{
	return (const void *)s->pages;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t hv_stats_nr_cpus(const struct hv_stats *s)
{
	return s->header.nr_cpus;
}

uint32_t hv_stats_nr_domains(const struct hv_stats *s)
{
	return smaller(__atomic_load_n(&hv_stats_header(s)->domains_seen, __ATOMIC_RELAXED),
		       s->header.nr_domains);
}

uint32_t hv_stats_nr_vcpus(const struct hv_stats *s)
{
	return smaller(__atomic_load_n(&hv_stats_header(s)->vcpus_seen, __ATOMIC_RELAXED),
		       s->header.nr_vcpus);
}

/* A copy of which the fields under 'seq' belong together. 'seq' is the first field of every record. */
static bool copy(const uint8_t *record, void *to, size_t size)
{
	uint32_t before, after;

	for (unsigned int i = 0; i < TRIES; i++) {
		before = __atomic_load_n((const uint32_t *)(const void *)record, __ATOMIC_ACQUIRE);
		if (before & 1) {
			_mm_pause();
			continue;
		}
		memcpy(to, record, size);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		after = __atomic_load_n((const uint32_t *)(const void *)record, __ATOMIC_RELAXED);
		if (before == after)
			return true;
	}
	return false;
}

bool hv_stats_cpu(const struct hv_stats *s, uint32_t i, struct hvabi_stats_cpu *ret)
{
	const struct hvabi_stats_header *h = &s->header;

	return i < h->nr_cpus &&
	       copy(s->pages + h->cpu_offset + (size_t)i * h->cpu_size, ret, sizeof(*ret)) &&
	       ret->online;
}

bool hv_stats_domain(const struct hv_stats *s, uint32_t i, struct hvabi_stats_domain *ret)
{
	const struct hvabi_stats_header *h = &s->header;

	return i < h->nr_domains &&
	       copy(s->pages + h->domain_offset + (size_t)i * h->domain_size, ret, sizeof(*ret)) &&
	       ret->domid != HVABI_STATS_FREE;
}

bool hv_stats_vcpu(const struct hv_stats *s, uint32_t i, struct hvabi_stats_vcpu *ret)
{
	const struct hvabi_stats_header *h = &s->header;

	return i < h->nr_vcpus &&
	       copy(s->pages + h->vcpu_offset + (size_t)i * h->vcpu_size, ret, sizeof(*ret)) &&
	       ret->domid != HVABI_STATS_FREE;
}

/* If we are moved to another CPU meanwhile, the two clocks differ by what the TSCs do: nothing here. */
uint64_t hv_stats_now(const struct hv_stats *s)
{
	int cpu = sched_getcpu();
	struct hvabi_stats_cpu clock;
	uint64_t ticks;

	if ((cpu < 0 || !hv_stats_cpu(s, (uint32_t)cpu, &clock)) && !hv_stats_cpu(s, 0, &clock))
		return 0;
	ticks = __rdtsc() - clock.tsc_base;
	if ((int64_t)ticks < 0)
		return clock.ns_base;
	ticks = clock.shift < 0 ? ticks >> (-clock.shift & 63) : ticks << (clock.shift & 63);
	return clock.ns_base + (uint64_t)((unsigned __int128)ticks * clock.mul >> 32);
}
