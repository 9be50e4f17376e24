/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control hypercall: who may, what it answers, and that nothing is left behind. */
#include <string.h>

#include <hvabi/control.h>

#include <arch/fake.h>

#include "abi_world.h"
#include "policy.h"
#include "unit.h"

static struct hvabi_request request(uint32_t op, domid_t domid)
{
	struct hvabi_request r;

	memset(&r, 0, sizeof(r));
	r.op = op;
	r.size = sizeof(r);
	r.domid = domid;
	return r;
}

static int64_t call(struct hvabi_request *r)
{
	struct domain *d = current_vcpu()->domain;
	int64_t ret;

	CU_ASSERT_EQUAL(copy_to_gpa(d, WORLD_ARGS, r, sizeof(*r)), 0);
	ret = world_call(HVABI_CONTROL_HYPERCALL, WORLD_ARGS, 0, 0);
	CU_ASSERT_EQUAL(copy_from_gpa(d, r, WORLD_ARGS, sizeof(*r)), 0);
	return ret;
}

static struct hvabi_request create_request(void)
{
	struct hvabi_request r = request(HVABI_DOMAIN_CREATE, 0);

	r.u.create.max_frames = 1000;
	r.u.create.max_vcpus = 3;
	return r;
}

static int64_t destroy(domid_t id)
{
	struct hvabi_request r;
	int64_t ret;

	do {
		r = request(HVABI_DOMAIN_DESTROY, id);
		ret = call(&r);
	} while (ret == -EAGAIN);
	return ret;
}

static void guests_may_not(void)
{
	struct domain *a = world_guest(1);
	struct hvabi_request r = request(HVABI_HOST_INFO, 0);

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(call(&r), -EPERM);
	CU_ASSERT(world_destroy(a));
}

static void create_info_destroy(void)
{
	struct hvabi_request r = create_request();
	domid_t id;

	r.u.create.uuid[3] = 77;
	CU_ASSERT_EQUAL(call(&r), 0);
	id = r.domid;
	CU_ASSERT(id > 0 && id < DOMID_LIMIT);
	r = request(HVABI_DOMAIN_INFO, 1);
	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_EQUAL(r.domid, id);
	CU_ASSERT_EQUAL(r.u.info.state, HVABI_DOM_RUNNING);
	CU_ASSERT_EQUAL(r.u.info.pause_count, 1);
	CU_ASSERT_EQUAL(r.u.info.nr_vcpus, 3);
	CU_ASSERT_EQUAL(r.u.info.nr_online_vcpus, 1);
	CU_ASSERT_EQUAL(r.u.info.max_frames, 1000);
	CU_ASSERT_EQUAL(r.u.info.uuid[3], 77);
	r = create_request();
	r.domid = id;
	CU_ASSERT_EQUAL(call(&r), -EEXIST);
	CU_ASSERT_EQUAL(destroy(id), 0);
	r = request(HVABI_DOMAIN_INFO, 1);
	CU_ASSERT_EQUAL(call(&r), -ESRCH);
	CU_ASSERT_EQUAL(destroy(id), -ESRCH);
}

static void bad_limits_are_refused(void)
{
	struct hvabi_request r = create_request();

	r.u.create.max_vcpus = 0;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r = create_request();
	r.u.create.max_vcpus = 129;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r = create_request();
	r.u.create.max_frames = 0;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r = create_request();
	r.u.create.flags = 2;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r = create_request();
	r.u.create.max_evtchn_ports = 1u << 20;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r = create_request();
	r.u.create.max_grant_frames = 1u << 20;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	CU_ASSERT_EQUAL(domain_count(), 1);
}

static int64_t create_with_tsc(uint32_t flags, uint32_t khz)
{
	struct hvabi_request r = create_request();
	int64_t ret;

	r.u.create.flags = flags;
	r.u.create.tsc_khz = khz;
	ret = call(&r);
	if (!ret)
		CU_ASSERT_EQUAL(destroy(r.domid), 0);
	return ret;
}

static void a_tsc_of_another_rate(void)
{
	struct hvabi_request r = create_request();
	struct domain *d;

	/* The pretended host: 1 GHz, and no scaling at first. */
	CU_ASSERT_EQUAL(create_with_tsc(0, 1000000), -EINVAL);
	CU_ASSERT_EQUAL(create_with_tsc(HVABI_CREATE_TSC, 0), -EINVAL);
	CU_ASSERT_EQUAL(create_with_tsc(HVABI_CREATE_TSC, 999), -EINVAL);
	CU_ASSERT_EQUAL(create_with_tsc(HVABI_CREATE_TSC, 100000001), -EINVAL);
	CU_ASSERT_EQUAL(create_with_tsc(HVABI_CREATE_TSC, 1000000), 0);
	CU_ASSERT_EQUAL(create_with_tsc(HVABI_CREATE_TSC, 2000000), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(domain_count(), 1);
	fake_tsc_multiplier_bits = 40;
	fake_tsc_fraction_bits = 32;
	CU_ASSERT_EQUAL(create_with_tsc(HVABI_CREATE_TSC, 2000000), 0);
	/* An old caller's size ends before the field. */
	r.size = 16 + offsetof(struct hvabi_create, tsc_khz);
	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_EQUAL(destroy(r.domid), 0);
	r = create_request();
	r.u.create.flags = HVABI_CREATE_TSC;
	r.u.create.tsc_khz = 500000;
	CU_ASSERT_EQUAL(call(&r), 0);
	d = domain_get(r.domid);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(d->tsc.multiplier, 1ull << 31);
	domain_put(d);
	CU_ASSERT_EQUAL(destroy(r.domid), 0);
	fake_tsc_multiplier_bits = 0;
}

static void request_sizes(void)
{
	struct hvabi_request r = request(HVABI_HOST_INFO, 0);
	uint8_t *raw = world_ptr(control_domain, WORLD_ARGS);

	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_EQUAL(r.u.host_info.nr_domains, 1);
	CU_ASSERT(r.u.host_info.free_frames > 0);
	CU_ASSERT_EQUAL(r.u.host_info.features_unused, HVABI_FEATURE_IOMMU);
	r = request(HVABI_HOST_INFO, 0);
	r.size = 4;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	/* An older caller: what it does not know of is not written. */
	r = request(HVABI_HOST_INFO, 0);
	r.size = offsetof(struct hvabi_request, u) + 8;
	r.u.host_info.nr_cpus = 0x55;
	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_EQUAL(r.u.host_info.nr_cpus, 0x55);
	/* A newer one: fine as long as it asks for nothing. */
	r = request(HVABI_HOST_INFO, 0);
	r.size = sizeof(r) + 100;
	memset(raw + sizeof(r), 0, 100);
	CU_ASSERT_EQUAL(call(&r), 0);
	r = request(HVABI_HOST_INFO, 0);
	r.size = sizeof(r) + 100;
	raw[sizeof(r) + 99] = 1;
	CU_ASSERT_EQUAL(call(&r), -E2BIG);
	r = request(HVABI_HOST_INFO, 0);
	r.size = 1u << 30;
	CU_ASSERT_EQUAL(call(&r), -E2BIG);
	r = request(4711, 0);
	CU_ASSERT_EQUAL(call(&r), -ENOSYS);
	r = request(HVABI_HOST_INFO, 0);
	r.pad[1] = 1;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
}

static void copies_go_both_ways(void)
{
	struct domain *a = world_guest(1);
	struct hvabi_request r = request(HVABI_COPY_TO, a->id);

	world_run(control_domain->vcpus[0]);
	strcpy(world_ptr(control_domain, 0x3ff0), "from here to there");
	memcpy(world_ptr(control_domain, 0x4000), "to there", 9); /* across the page */
	r.u.copy.gpa = 0x7ff8;
	r.u.copy.buffer = 0x3ff0;
	r.u.copy.size_bytes = 64;
	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_NSTRING_EQUAL(world_ptr(a, 0x7ff8), "from her", 8);
	CU_ASSERT_NSTRING_EQUAL(world_ptr(a, 0x8000), "e to the", 8);
	r = request(HVABI_COPY_FROM, a->id);
	r.u.copy.gpa = 0x7ff8;
	r.u.copy.buffer = 0x9000;
	r.u.copy.size_bytes = 8;
	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_NSTRING_EQUAL(world_ptr(control_domain, 0x9000), "from her", 8);
	r.u.copy.size_bytes = MIB(17);
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r.u.copy.size_bytes = 8;
	r.u.copy.gpa = 0x7777000;
	CU_ASSERT_EQUAL(call(&r), -EFAULT);
	r.u.copy.gpa = ~0ul - 3;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	CU_ASSERT(world_destroy(a));
}

static void pause_entry_shutdown(void)
{
	struct hvabi_request r = create_request();
	struct domain *d;
	domid_t id;

	CU_ASSERT_EQUAL(call(&r), 0);
	id = r.domid;
	r = request(HVABI_VCPU_ENTRY, id);
	r.u.entry.entry = 0x1000850;
	r.u.entry.start_info = 0x2000;
	CU_ASSERT_EQUAL(call(&r), 0);
	d = domain_get(id);
	CU_ASSERT_EQUAL(d->vcpus[0]->arch.entry, 0x1000850);
	domain_put(d);
	r = request(HVABI_DOMAIN_UNPAUSE, id);
	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r = request(HVABI_VCPU_ENTRY, id);
	CU_ASSERT_EQUAL(call(&r), -EBUSY);
	r = request(HVABI_SHUTDOWN, id);
	r.u.shutdown.reason = 99;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r.u.shutdown.reason = 3;
	CU_ASSERT_EQUAL(call(&r), 0);
	r = request(HVABI_DOMAIN_INFO, id);
	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_EQUAL(r.u.info.state, HVABI_DOM_SHUTDOWN);
	CU_ASSERT_EQUAL(r.u.info.shutdown_reason, 3);
	r = request(HVABI_SCHED_SET, id);
	r.u.sched.weight = 70000;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r.u.sched.weight = 512;
	r.u.sched.vcpu = 17;
	CU_ASSERT_EQUAL(call(&r), -ENOENT);
	r.u.sched.vcpu = ~0u;
	CU_ASSERT_EQUAL(call(&r), 0);
	r = request(HVABI_DIRTY, id);
	r.u.dirty.action = HVABI_DIRTY_STOP;
	CU_ASSERT_EQUAL(call(&r), 0);
	r.u.dirty.action = HVABI_DIRTY_START; /* on a CPU that cannot */
	CU_ASSERT_EQUAL(call(&r), -EOPNOTSUPP);
	r.u.dirty.action = HVABI_DIRTY_COUNT;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r.u.dirty.action = 3;
	CU_ASSERT_EQUAL(call(&r), -EINVAL);
	r = request(HVABI_VCPU_INFO, id);
	r.u.vcpu.vcpu = 3;
	CU_ASSERT_EQUAL(call(&r), -ENOENT);
	CU_ASSERT_EQUAL(destroy(id), 0);
}

static void control_domain_does_not_harm_itself(void)
{
	static const uint32_t ops[] = { HVABI_DOMAIN_DESTROY, HVABI_DOMAIN_PAUSE,
					HVABI_DOMAIN_UNPAUSE, HVABI_VCPU_ENTRY, HVABI_SHUTDOWN,
					HVABI_DIRTY };
	struct hvabi_request r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		r = request(ops[i], 0);
		CU_ASSERT_EQUAL(call(&r), -EPERM);
		r = request(ops[i], DOMID_SELF);
		CU_ASSERT_EQUAL(call(&r), -EPERM);
	}
}

static void log_is_read_from_a_position(void)
{
	struct hvabi_request r = request(HVABI_LOG_READ, 0);

	r.u.log.position = 4;
	r.u.log.buffer = 0x9000;
	r.u.log.size_bytes = 3;
	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_EQUAL(r.u.log.position, 4);
	CU_ASSERT_EQUAL(r.u.log.size_bytes, 3);
	CU_ASSERT_NSTRING_EQUAL(world_ptr(control_domain, 0x9000), "456", 3);
	r.u.log.position = 10;
	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_EQUAL(r.u.log.size_bytes, 0);
}

/* The 1st, 2nd, 3rd ... allocation fails: an error each time, and not one frame is missing. */
static void every_failing_allocation_is_undone(void)
{
	struct hvabi_request r = create_request();
	uint64_t before;
	unsigned int n;
	int64_t ret;

	CU_ASSERT_EQUAL(call(&r), 0);
	CU_ASSERT_EQUAL(destroy(r.domid), 0);
	before = world_free_frames();
	for (n = 1; n < 200; n++) {
		r = create_request();
		world_fail_alloc = n;
		ret = call(&r);
		if (ret == 0)
			break;
		world_fail_alloc = 0;
		CU_ASSERT_EQUAL(ret, -ENOMEM);
		CU_ASSERT_EQUAL(world_free_frames(), before);
		CU_ASSERT_EQUAL(domain_count(), 1);
	}
	world_fail_alloc = 0;
	CU_ASSERT(n > 2 && n < 200);
	CU_ASSERT_EQUAL(destroy(r.domid), 0);
	CU_ASSERT_EQUAL(world_free_frames(), before);
}

static void a_hundred_domains_leave_nothing(void)
{
	uint64_t before = world_free_frames();
	struct hvabi_request r;
	int i;

	for (i = 0; i < 100; i++) {
		r = create_request();
		CU_ASSERT_EQUAL(call(&r), 0);
		CU_ASSERT_EQUAL(destroy(r.domid), 0);
	}
	CU_ASSERT_EQUAL(world_free_frames(), before);
}

static void dying_domain_neither_runs_nor_grows(void)
{
	struct domain *d;
	mfn_t held, mfn;
	domid_t id;

	world_start();
	d = world_guest(1);
	id = d->id;
	policy_hold(d);
	CU_ASSERT_EQUAL_FATAL(physmap_get_frame(d, gfn_from(0), PHYSMAP_READ, &held), 0);
	CU_ASSERT(!world_destroy(d)); /* it is still there */
	CU_ASSERT_EQUAL(domain_unpause(d), -EINVAL);
	CU_ASSERT_EQUAL(domain_unpause(d), -EINVAL);
	CU_ASSERT_EQUAL(frame_alloc_domain(d, 0, &mfn), -E2BIG);
	frame_put(held);
	CU_ASSERT_PTR_NULL(domain_get(id));
	/* A hypercall that has it in hand from before: nobody would give the frame back. */
	CU_ASSERT_EQUAL(frame_alloc_domain(d, 0, &mfn), -E2BIG);
	domain_put(d);
}

static void world_comes_up(void)
{
	world_start();
	CU_ASSERT_PTR_NOT_NULL(control_domain);
}

UNIT_MAIN("control", UNIT_TEST(world_comes_up), UNIT_TEST(guests_may_not),
	  UNIT_TEST(create_info_destroy), UNIT_TEST(dying_domain_neither_runs_nor_grows),
	  UNIT_TEST(bad_limits_are_refused), UNIT_TEST(a_tsc_of_another_rate), UNIT_TEST(request_sizes),
	  UNIT_TEST(copies_go_both_ways), UNIT_TEST(pause_entry_shutdown),
	  UNIT_TEST(control_domain_does_not_harm_itself), UNIT_TEST(log_is_read_from_a_position),
	  UNIT_TEST(every_failing_allocation_is_undone), UNIT_TEST(a_hundred_domains_leave_nothing))
