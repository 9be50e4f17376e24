/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statistics pages: who has which record, who may map them, what counts where. */
#include <hv/stats.h>
#include <hv/string.h>

#include <hvabi/control.h>
#include <hvabi/stats.h>
#include <xen/memory.h>

#include "abi_state.h"
#include "abi_world.h"
#include "unit.h"

#define LIST 0x2000ul
#define WHERE 0x9200ul /* a free gfn of the control domain */

static const struct hvabi_stats_header *header(void)
{
	mfn_t mfn;

	CU_ASSERT_EQUAL_FATAL(stats_get_frame(0, &mfn), 0);
	return mfn_to_ptr(mfn);
}

static const struct hvabi_stats_domain *domain_record(uint32_t i)
{
	const struct hvabi_stats_header *h = header();

	return (const void *)((const char *)h + h->domain_offset + i * h->domain_size);
}

static const struct hvabi_stats_domain *find(domid_t id)
{
	uint32_t i;

	for (i = 0; i < header()->domains_seen; i++)
		if (domain_record(i)->domid == id)
			return domain_record(i);
	return NULL;
}

static void header_describes_what_fits(void)
{
	const struct hvabi_stats_header *h = header();

	CU_ASSERT_EQUAL(h->magic, HVABI_STATS_MAGIC);
	CU_ASSERT_EQUAL(h->version, HVABI_STATS_VERSION);
	CU_ASSERT(h->header_size <= h->cpu_offset);
	CU_ASSERT(h->cpu_offset + h->nr_cpus * h->cpu_size <= h->domain_offset);
	CU_ASSERT(h->domain_offset + h->nr_domains * h->domain_size <= h->vcpu_offset);
	CU_ASSERT(h->vcpu_offset + h->nr_vcpus * h->vcpu_size <= h->nr_pages * PAGE_SIZE);
	CU_ASSERT(h->nr_domains > 32 && h->nr_vcpus > 128);
	CU_ASSERT_EQUAL(h->vcpu_offset % 8, 0);
}

static void frames_are_counted_as_they_come_and_go(void)
{
	const struct hvabi_stats_header *h = header();
	struct frame_stats stats;
	struct domain *d;
	mfn_t mfn;

	frame_get_stats(&stats);
	CU_ASSERT_EQUAL(h->frames_free, stats.free);
	CU_ASSERT_EQUAL(h->frames_hv, stats.hv);
	CU_ASSERT_EQUAL(h->frames_total, stats.total);
	CU_ASSERT_EQUAL_FATAL(frame_alloc(3, &mfn), 0);
	CU_ASSERT_EQUAL(h->frames_free, stats.free - 8);
	CU_ASSERT_EQUAL(h->frames_hv, stats.hv + 8);
	frame_free(mfn, 3);
	CU_ASSERT_EQUAL(h->frames_free, stats.free);
	CU_ASSERT_EQUAL(h->frames_hv, stats.hv);

	d = world_guest(2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(find(d->id));
	CU_ASSERT_EQUAL(find(d->id)->frames, d->nr_frames);
	CU_ASSERT_EQUAL(find(d->id)->max_frames, d->max_frames);
	CU_ASSERT(world_destroy(d));
}

static void record_follows_its_domain_and_is_used_again(void)
{
	struct domain *d = world_guest(2);
	const struct hvabi_stats_domain *s = find(d->id);
	uint32_t seq;
	domid_t id = d->id;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(s->nr_vcpus, 2);
	CU_ASSERT_EQUAL(s->pause_count, d->pause_count);
	domain_pause(d);
	CU_ASSERT_EQUAL(s->pause_count, d->pause_count);
	CU_ASSERT_EQUAL(domain_unpause(d), 0);
	CU_ASSERT_EQUAL(s->pause_count, d->pause_count);
	domain_shutdown(d, SHUTDOWN_REASON_REBOOT);
	CU_ASSERT_EQUAL(s->state, HVABI_DOM_SHUTDOWN);
	CU_ASSERT_EQUAL(s->shutdown_reason, SHUTDOWN_REASON_REBOOT);
	CU_ASSERT_EQUAL(s->seq % 2, 0);
	seq = s->seq;
	CU_ASSERT(world_destroy(d));
	CU_ASSERT_PTR_NULL(find(id));
	CU_ASSERT_EQUAL(s->domid, HVABI_STATS_FREE);
	CU_ASSERT(s->seq != seq && s->seq % 2 == 0);

	d = world_guest(1);
	CU_ASSERT_PTR_EQUAL(find(d->id), s);
	CU_ASSERT_EQUAL(s->shutdown_reason, 0);
	CU_ASSERT_EQUAL(s->state, HVABI_DOM_RUNNING);
	CU_ASSERT(world_destroy(d));
}

static void ports_and_grants_are_shown_with_their_limits(void)
{
	struct domain *d = world_guest(1);
	const struct hvabi_stats_domain *s = find(d->id);
	uint32_t port;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(s->ports_max, EVTCHN_LIMIT_DEFAULT);
	CU_ASSERT_EQUAL(s->grant_frames_max, d->abi->gnttab.max_frames);
	CU_ASSERT_EQUAL(s->ports, 0);
	CU_ASSERT_EQUAL(evtchn_alloc_unbound(d, 0, &port), 0);
	CU_ASSERT_EQUAL(s->ports, 1);
	CU_ASSERT_EQUAL(evtchn_send(d, port), 0);
	CU_ASSERT_EQUAL(s->events_sent, 1);
	CU_ASSERT_EQUAL(evtchn_close(d, port), 0);
	CU_ASSERT_EQUAL(s->ports, 0);
	CU_ASSERT(world_destroy(d));
}

/* The last record is given, the next domain lives without one, and is no worse for it. */
static void without_a_record_a_domain_lives_all_the_same(void)
{
	uint32_t nr = header()->nr_domains, i, missed = header()->nr_unrecorded;
	static struct domain fillers[8192];
	struct domain *d;

	CU_ASSERT_FATAL(nr <= 8192);
	for (i = 0; i < nr && header()->nr_unrecorded == missed; i++)
		stats_domain_open(&fillers[i]);
	CU_ASSERT_EQUAL(header()->nr_unrecorded, missed + 1);
	d = world_guest(1);
	CU_ASSERT_PTR_NULL(d->stats);
	domain_pause(d);
	CU_ASSERT_EQUAL(domain_unpause(d), 0);
	CU_ASSERT(world_destroy(d));
	for (i = 0; i < nr; i++)
		stats_domain_close(&fillers[i]);
	d = world_guest(1);
	CU_ASSERT_PTR_NOT_NULL(d->stats);
	CU_ASSERT(world_destroy(d));
}

static void a_time_falls_into_its_bucket(void)
{
	uint64_t buckets[STATS_BUCKETS] = { 0 }, sum = 0;

	stats_add_time(buckets, &sum, 0);
	stats_add_time(buckets, &sum, 127);
	CU_ASSERT_EQUAL(buckets[0], 2);
	stats_add_time(buckets, &sum, 128);
	stats_add_time(buckets, &sum, 255);
	CU_ASSERT_EQUAL(buckets[1], 2);
	stats_add_time(buckets, &sum, 1ull << 29);
	stats_add_time(buckets, &sum, UINT64_MAX / 2);
	CU_ASSERT_EQUAL(buckets[STATS_BUCKETS - 1], 2);
	stats_add_time(buckets, &sum, (1ull << 29) - 1);
	CU_ASSERT_EQUAL(buckets[STATS_BUCKETS - 2], 1);
}

static int64_t acquire(uint32_t nr, uint64_t first)
{
	struct xen_mem_acquire_resource op = { .type = HVABI_RESOURCE_STATS, .domid = DOMID_SELF,
					       .nr_frames = nr, .frame = first };
	uint64_t *list = world_ptr(current_vcpu()->domain, LIST);
	uint32_t i;

	for (i = 0; i < nr && i < PAGE_SIZE / sizeof(*list); i++)
		list[i] = WHERE + i;
	op.frame_list.p = (void *)LIST;
	return CALL_WITH(__HYPERVISOR_memory_op, XENMEM_acquire_resource, op);
}

static void control_domain_maps_them_to_read_only(void)
{
	struct physmap_entry e;
	uint32_t i, nr = header()->nr_pages;
	mfn_t mfn;

	world_run(control_domain->vcpus[0]);
	CU_ASSERT_EQUAL(acquire(nr, 0), 0);
	for (i = 0; i < nr; i++) {
		spin_lock(&control_domain->physmap_lock);
		CU_ASSERT_FATAL(physmap_lookup(control_domain, gfn_from(WHERE + i), &e));
		spin_unlock(&control_domain->physmap_lock);
		CU_ASSERT_EQUAL(stats_get_frame(i, &mfn), 0);
		CU_ASSERT(e.mfn.n == mfn.n && e.type == PHYSMAP_SHARED);
		CU_ASSERT_EQUAL(e.access, PHYSMAP_READ);
	}
	CU_ASSERT_EQUAL(acquire(1, nr), -EINVAL);
	CU_ASSERT_EQUAL(acquire(1, UINT64_MAX), -EINVAL);
	CU_ASSERT_EQUAL(acquire(HVABI_STATS_PAGES_MAX + 1, 0), -EINVAL);
}

static void guests_do_not_see_them(void)
{
	struct domain *d = world_guest(1);

	world_run(d->vcpus[0]);
	CU_ASSERT_EQUAL(acquire(1, 0), -EPERM);
	world_run(control_domain->vcpus[0]);
	CU_ASSERT(world_destroy(d));
}

static void world_comes_up(void)
{
	world_start();
	CU_ASSERT_PTR_NOT_NULL(control_domain);
}

UNIT_MAIN("stats", UNIT_TEST(world_comes_up), UNIT_TEST(header_describes_what_fits),
	  UNIT_TEST(frames_are_counted_as_they_come_and_go),
	  UNIT_TEST(record_follows_its_domain_and_is_used_again),
	  UNIT_TEST(ports_and_grants_are_shown_with_their_limits),
	  UNIT_TEST(without_a_record_a_domain_lives_all_the_same),
	  UNIT_TEST(a_time_falls_into_its_bucket), UNIT_TEST(control_domain_maps_them_to_read_only),
	  UNIT_TEST(guests_do_not_see_them))
