/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statistics pages: which record is whose (promise in hv/stats.h).
 *
 * Which records are taken is known from two bitmaps of ours; what stands in the pages is for others
 * to read.
 */
#include <hv/boot.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/stats.h>
#include <hv/string.h>
#include <hv/vcpu.h>

#define STATS_MAGIC 0x73747668u
#define STATS_VERSION 1u

/* One page of statistics for this many pages of RAM, within bounds. */
#define RAM_SHARE 2048u
#define PAGES_MIN 128u
#define PAGES_MAX 2048u

/* An eighth of what the CPUs leave is for domains, the rest for their vCPUs. */
#define DOMAINS_SHARE 8u
#define MAX_DOMAINS (PAGES_MAX * PAGE_SIZE / DOMAINS_SHARE / sizeof(struct stats_domain))
#define MAX_VCPUS (PAGES_MAX * PAGE_SIZE / sizeof(struct stats_vcpu))

static struct stats_header nowhere; /* until there are pages */
static struct stats_header *header = &nowhere;
static struct stats_cpu *cpu_records;
static struct stats_domain *domain_records;
static struct stats_vcpu *vcpu_records;

static struct spinlock lock = SPINLOCK_INIT; /* the bitmaps; taken alone */
static uint64_t domains_used[DIV_ROUND_UP(MAX_DOMAINS, 64)];
static uint64_t vcpus_used[DIV_ROUND_UP(MAX_VCPUS, 64)];

/* The size is kept here: what stands in the page decides nothing. */
static uint32_t nr_pages, nr_domains, nr_vcpus;
static mfn_t first_page;

uint32_t stats_nr_frames(void)
{
	return nr_pages;
}

int stats_get_frame(uint64_t index, mfn_t *ret_mfn)
{
	if (index >= nr_pages)
		return -EINVAL;
	*ret_mfn = mfn_add(first_page, index_nospec(index, nr_pages));
	return 0;
}

/* ---- boot ---- */

static void place_records(struct stats_header *h)
{
	uint64_t at = ROUND_UP(sizeof(*h), 64u), room;
	uint32_t i;

	h->magic = STATS_MAGIC;
	h->version = STATS_VERSION;
	h->nr_pages = nr_pages;
	h->header_size = sizeof(*h);
	h->cpu_offset = (uint32_t)at;
	h->cpu_size = sizeof(struct stats_cpu);
	h->nr_cpus = NR_CPUS;
	at += NR_CPUS * sizeof(struct stats_cpu);
	room = nr_pages * PAGE_SIZE - at;

	nr_domains = (uint32_t)(room / DOMAINS_SHARE / sizeof(struct stats_domain));
	h->domain_offset = (uint32_t)at;
	h->domain_size = sizeof(struct stats_domain);
	h->nr_domains = nr_domains;
	at += nr_domains * sizeof(struct stats_domain);

	nr_vcpus = (uint32_t)((nr_pages * PAGE_SIZE - at) / sizeof(struct stats_vcpu));
	h->vcpu_offset = (uint32_t)at;
	h->vcpu_size = sizeof(struct stats_vcpu);
	h->nr_vcpus = nr_vcpus;

	cpu_records = (void *)((char *)h + h->cpu_offset);
	domain_records = (void *)((char *)h + h->domain_offset);
	vcpu_records = (void *)((char *)h + h->vcpu_offset);
	for (i = 0; i < nr_domains; i++)
		domain_records[i].domid = STATS_FREE;
	for (i = 0; i < nr_vcpus; i++)
		vcpu_records[i].domid = STATS_FREE;
}

void stats_init(void)
{
	struct frame_stats frames;
	struct stats_header *h;

	frame_get_stats(&frames);
	nr_pages = (uint32_t)MAX(MIN(frames.total / RAM_SHARE, PAGES_MAX), PAGES_MIN);
	if (frame_alloc_boot(nr_pages, 1, UINT64_MAX, &first_page)) {
		log_warning("no memory for statistics\n");
		nr_pages = 0;
		return;
	}
	h = mfn_to_ptr(first_page);
	memset(h, 0, nr_pages * PAGE_SIZE);
	place_records(h);
	h->frames_total = frames.total;
	frame_show_counts(&h->frames_free, &h->frames_hv);
	header = h; /* one CPU runs: nothing is counted meanwhile */
}

void stats_cpu_start(struct cpu *cpu)
{
	struct clock_scale scale;
	struct stats_cpu *s;

	if (!cpu_records)
		return;
	s = &cpu_records[cpu->id];
	clock_get_scale(&scale);
	stats_write_begin(&s->seq);
	s->tsc_base = scale.tsc_base;
	s->ns_base = scale.ns_base;
	s->mul = scale.mul;
	s->shift = scale.shift;
	s->online = 1;
	stats_write_end(&s->seq);
	cpu->stats = s;
}

/* ---- records ---- */

/* Takes the first free one; nr: none. */
static uint32_t take(uint64_t *used, uint32_t nr, uint32_t *seen)
{
	uint32_t i;

	spin_lock(&lock);
	for (i = 0; i < nr; i += 64)
		if (~used[i / 64])
			break;
	if (i < nr)
		i += (uint32_t)__builtin_ctzll(~used[i / 64]);
	if (i < nr) {
		used[i / 64] |= BIT(i % 64);
		WRITE_ONCE(*seen, MAX(*seen, i + 1));
	}
	spin_unlock(&lock);
	if (i >= nr)
		__atomic_fetch_add(&header->nr_unrecorded, 1, __ATOMIC_RELAXED);
	return MIN(i, nr);
}

static void give_back(uint64_t *used, uint64_t i)
{
	spin_lock(&lock);
	used[i / 64] &= ~BIT(i % 64);
	spin_unlock(&lock);
}

/* All but 'seq', which goes on counting: a reader must see that the record has changed hands. */
#define CLEAR(record) memset((char *)(record) + sizeof(uint32_t), 0, sizeof(*(record)) - sizeof(uint32_t))

void stats_domain_open(struct domain *d)
{
	uint32_t i = take(domains_used, nr_domains, &header->domains_seen);
	struct stats_domain *s;

	if (i == nr_domains)
		return;
	s = &domain_records[i];
	stats_write_begin(&s->seq);
	CLEAR(s);
	s->domid = d->id;
	s->state = d->state;
	s->pause_count = d->pause_count;
	s->nr_vcpus = d->limits.max_vcpus;
	memcpy(s->uuid, d->uuid, sizeof(s->uuid));
	s->max_frames = d->max_frames;
	stats_write_end(&s->seq);
	d->stats = s;
}

void stats_domain_close(struct domain *d)
{
	struct stats_domain *s = d->stats;

	if (!s)
		return;
	stats_write_begin(&s->seq);
	CLEAR(s);
	s->domid = STATS_FREE;
	stats_write_end(&s->seq);
	d->stats = NULL;
	give_back(domains_used, (uint64_t)(s - domain_records));
}

void stats_domain_show(struct domain *d)
{
	struct stats_domain *s = d->stats;

	if (!s)
		return;
	stats_write_begin(&s->seq);
	s->state = d->state;
	s->pause_count = d->pause_count;
	s->shutdown_reason = d->shutdown_reason;
	stats_write_end(&s->seq);
}

void stats_vcpu_open(struct vcpu *v)
{
	uint32_t i = take(vcpus_used, nr_vcpus, &header->vcpus_seen);
	struct stats_domain *sd = v->domain->stats;
	struct stats_vcpu *s;

	if (i == nr_vcpus)
		return;
	s = &vcpu_records[i];
	stats_write_begin(&s->seq);
	CLEAR(s);
	s->domid = v->domain->id;
	s->vcpu = (uint16_t)v->id;
	s->domain_slot = sd ? (uint32_t)(sd - domain_records) : UINT32_MAX;
	s->state = v->state;
	s->state_since_ns = v->state_since_ns;
	s->cpu = v->cpu->id;
	stats_write_end(&s->seq);
	v->stats = s;
}

void stats_vcpu_close(struct vcpu *v)
{
	struct stats_vcpu *s = v->stats;

	if (!s)
		return;
	stats_write_begin(&s->seq);
	CLEAR(s);
	s->domid = STATS_FREE;
	stats_write_end(&s->seq);
	v->stats = NULL;
	give_back(vcpus_used, (uint64_t)(s - vcpu_records));
}

void stats_vcpu_show(struct vcpu *v)
{
	struct stats_vcpu *s = v->stats;
	uint32_t i;

	if (!s)
		return;
	stats_write_begin(&s->seq);
	for (i = 0; i < NR_VCPU_STATES; i++)
		s->state_ns[i] = v->state_ns[i];
	s->state = v->state;
	s->state_since_ns = v->state_since_ns;
	s->cpu = v->cpu->id;
	stats_write_end(&s->seq);
}
