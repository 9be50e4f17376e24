/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See abi_world.h. What stands here in place of hv's files is what they do, without CPUs. */
#include "abi_world.h"

#include <stdlib.h>
#include <string.h>

#include <hv/arch.h>
#include <hv/buddy.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/guest_abi.h>
#include <hv/irq.h>
#include <hv/panic.h>
#include <hv/sched.h>
#include <hv/stats.h>
#include <hv/slab.h>
#include <hv/string.h>
#include <hv/trace.h>

#include <arch/fake.h>

#include "unit.h"

#define RAM_SIZE    MIB(64)
#define MAX_GFN	    0x100000u
#define MAX_ENTRIES 65536u

unsigned int world_fail_alloc;
bool world_blocked;
bool world_is_64bit = true;

/* ---- allocation that fails on demand (the linker's --wrap) ---- */

int __real_buddy_alloc(struct buddy *b, unsigned int order, enum frame_type type, uint64_t *ret);
int __wrap_buddy_alloc(struct buddy *b, unsigned int order, enum frame_type type, uint64_t *ret);

int __wrap_buddy_alloc(struct buddy *b, unsigned int order, enum frame_type type, uint64_t *ret)
{
	if (world_fail_alloc && --world_fail_alloc == 0)
		return -ENOMEM;
	return __real_buddy_alloc(b, order, type, ret);
}

/* ---- guest page tables: none ---- */

int arch_guest_walk(struct vcpu *v, uint64_t linear, bool write, uint64_t *ret_gpa)
{
	(void)v;
	(void)write;
	*ret_gpa = linear;
	return 0;
}

/* ---- nested page tables: a list ---- */

static struct slot {
	struct domain *d;
	uint64_t gfn; /* first */
	struct physmap_entry e;
} slots[MAX_ENTRIES];
static uint32_t nr_slots;

static struct slot *slot_of(struct domain *d, uint64_t gfn)
{
	uint32_t i;

	for (i = 0; i < nr_slots; i++) {
		struct slot *s = &slots[i];

		if (s->d == d && gfn >= s->gfn && gfn < s->gfn + (1ull << s->e.order))
			return s;
	}
	return NULL;
}

static void slot_remove(struct slot *s)
{
	*s = slots[--nr_slots];
}

int arch_physmap_init(struct domain *d)
{
	d->physmap.max_gfn = MAX_GFN;
	return 0;
}

int arch_physmap_set(struct domain *d, gfn_t gfn, const struct physmap_entry *e)
{
	uint64_t i;

	for (i = 0; i < 1ull << e->order; i++) {
		if (slot_of(d, gfn.n + i))
			return -EEXIST;
	}
	if (nr_slots == MAX_ENTRIES)
		return -ENOMEM;
	slots[nr_slots++] = (struct slot){ d, gfn.n, *e };
	return 0;
}

bool arch_physmap_get(struct domain *d, gfn_t gfn, struct physmap_entry *ret)
{
	struct slot *s = slot_of(d, gfn.n);

	if (!s)
		return false;
	*ret = s->e;
	ret->mfn = mfn_add(s->e.mfn, gfn.n - s->gfn);
	return true;
}

/* Nobody else changes the list meanwhile: what was seen stands. */
bool arch_physmap_see(struct domain *d, gfn_t gfn, struct physmap_entry *ret,
		      struct physmap_seen *ret_seen)
{
	static const uint64_t unchanged;

	*ret_seen = (struct physmap_seen){ &unchanged, 0, 0 };
	return arch_physmap_get(d, gfn, ret);
}

/* A CPU that sets no dirty bits; hv/dirty.c has tests of its own. */
void cpu_kick(struct cpu *cpu, uint32_t work)
{
	(void)cpu;
	(void)work;
}

bool arch_dirty_is_there(bool *ret_logs)
{
	*ret_logs = false;
	return false;
}

int arch_dirty_watch(struct domain *d, gfn_t *gfn)
{
	(void)d;
	(void)gfn;
	return -ENOENT;
}

int arch_dirty_count(struct domain *d, gfn_t *gfn, uint64_t *pages)
{
	(void)pages;
	return arch_dirty_watch(d, gfn);
}

int arch_dirty_join(struct domain *d, unsigned int order, gfn_t *gfn, mfn_t *ret_table)
{
	(void)order;
	(void)ret_table;
	return arch_dirty_watch(d, gfn);
}

bool arch_dirty_mark(struct domain *d, const struct physmap_seen *seen)
{
	(void)d;
	(void)seen;
	return true;
}

bool arch_physmap_take_next(struct domain *d, gfn_t *gfn, struct physmap_entry *ret_old)
{
	struct slot *best = NULL;
	uint32_t i;

	for (i = 0; i < nr_slots; i++) {
		struct slot *s = &slots[i];

		if (s->d == d && s->gfn >= gfn->n && (!best || s->gfn < best->gfn))
			best = s;
	}
	if (!best)
		return false;
	*ret_old = best->e;
	*gfn = gfn_from(best->gfn + (1ull << best->e.order));
	slot_remove(best);
	return true;
}

int arch_physmap_split(struct domain *d, gfn_t gfn)
{
	struct slot old = *slot_of(d, gfn.n);
	uint64_t i, size = 1ull << (old.e.order - 9);

	slot_remove(slot_of(d, gfn.n));
	for (i = 0; i < 512; i++) {
		struct physmap_entry e = old.e;

		e.order -= 9;
		e.mfn = mfn_add(old.e.mfn, i * size);
		slots[nr_slots++] = (struct slot){ d, old.gfn + i * size, e };
	}
	return 0;
}

void arch_physmap_clear(struct domain *d, gfn_t gfn)
{
	slot_remove(slot_of(d, gfn.n));
}

void arch_physmap_free(struct domain *d)
{
	(void)d;
}

/* ---- domains and vCPUs ---- */

int arch_domain_init(struct domain *d)
{
	(void)d;
	return 0;
}

void arch_domain_fini(struct domain *d)
{
	(void)d;
}

bool arch_vcpu_is_64bit(const struct vcpu *v)
{
	(void)v;
	return world_is_64bit;
}

uint32_t arch_vcpu_apic_id(const struct vcpu *v)
{
	return v->id;
}

const char *arch_virt_name(void)
{
	return "fake";
}

uint32_t arch_features(uint32_t *ret_unused)
{
	*ret_unused = ARCH_FEATURE_IOMMU;
	return 0;
}

void arch_cpu_model(char *buf, size_t size)
{
	snprintf(buf, size, "none");
}

static struct slab vcpu_slab = SLAB_INIT("vcpu", struct vcpu);

int vcpu_create(struct domain *d, uint32_t id, struct vcpu **ret_v)
{
	struct vcpu *v = slab_alloc(&vcpu_slab);
	int err;

	if (!v)
		return -ENOMEM;
	/* While it is made nobody finds it. */
	CU_ASSERT_PTR_NULL(domain_get(d->id));
	v->domain = d;
	v->id = id;
	v->state = VCPU_OFFLINE;
	v->sched.weight = SCHED_WEIGHT_DEFAULT;
	err = guest_abi_vcpu_init(v);
	if (err)
		slab_free(&vcpu_slab, v);
	else
		*ret_v = v;
	return err;
}

void vcpu_destroy(struct vcpu *v)
{
	guest_abi_vcpu_free(v);
	slab_free(&vcpu_slab, v);
}

void vcpu_kick(struct vcpu *v)
{
	v->event_pending++;
	if (v->state == VCPU_BLOCKED)
		v->state = VCPU_RUNNABLE;
}

uint32_t world_kicks(struct vcpu *v)
{
	return v->event_pending;
}

void vcpu_block(struct vcpu *v)
{
	world_blocked = true;
	v->state = VCPU_BLOCKED;
}

void vcpu_yield(struct vcpu *v)
{
	(void)v;
}

void vcpu_set_online(struct vcpu *v, bool online)
{
	v->state = online ? VCPU_RUNNABLE : VCPU_OFFLINE;
}

bool vcpu_is_online(const struct vcpu *v)
{
	return v->state != VCPU_OFFLINE;
}

void vcpu_pause(struct vcpu *v)
{
	v->pause_count++;
}

void vcpu_unpause(struct vcpu *v)
{
	v->pause_count--;
}

void vcpu_get_runstate(struct vcpu *v, enum vcpu_state *ret_state, uint64_t *ret_since_ns,
		       uint64_t ret_ns[NR_VCPU_STATES])
{
	*ret_state = v->state;
	*ret_since_ns = 7;
	memset(ret_ns, 0, NR_VCPU_STATES * sizeof(ret_ns[0]));
}

void sched_pause(struct vcpu *v)
{
	v->pause_count++;
}

static const struct sched_policy policy = { .name = "none" };
const struct sched_policy *sched_policy = &policy;

int sched_set_weight(struct domain *d, uint32_t weight)
{
	d->vcpus[0]->sched.weight = weight;
	return 0;
}

uint32_t sched_get_weight(const struct domain *d)
{
	return d->vcpus[0]->sched.weight;
}

int sched_set_affinity(struct vcpu *v, const uint64_t mask[2])
{
	memcpy(v->sched.affinity, mask, sizeof(v->sched.affinity));
	return 0;
}

/* ---- the rest of hv ---- */

void trace(enum trace_event event, uint64_t a, uint64_t b)
{
	(void)event;
	(void)a;
	(void)b;
}

noreturn void host_restart(void)
{
	panic("restart\n");
}

noreturn void host_halt(void)
{
	panic("halt\n");
}

void console_write(const char *bytes, size_t n)
{
	(void)bytes;
	(void)n;
}

size_t console_read_log(uint64_t *position, char *buf, size_t size)
{
	static const char log[] = "0123456789";
	size_t n;

	if (*position >= sizeof(log) - 1)
		return 0;
	n = MIN(size, sizeof(log) - 1 - *position);
	memcpy(buf, log + *position, n);
	return n;
}

size_t console_input_read(char *buf, size_t size)
{
	(void)buf;
	(void)size;
	return 0;
}

void strcopy(char *dst, const char *src, size_t size)
{
	snprintf(dst, size, "%s", src);
}

/* ---- the world ---- */

static void populate(struct domain *d)
{
	uint64_t i;
	mfn_t mfn;

	for (i = 0; i < WORLD_RAM_FRAMES; i++) {
		if (frame_alloc_domain(d, 0, &mfn))
			abort();
		spin_lock(&d->physmap_lock);
		if (physmap_map(d, gfn_from(i), mfn, 0, PHYSMAP_RAM, PHYSMAP_RWX))
			abort();
		spin_unlock(&d->physmap_lock);
	}
}

static struct domain *make(domid_t id, uint32_t nr_vcpus)
{
	static const uint8_t uuid[16] = { 1, 2, 3 };
	struct domain_limits limits = {
		.max_frames = 4096,
		.max_vcpus = nr_vcpus,
		.max_grant_frames = 4,
		.max_evtchn_ports = 4096,
	};
	struct domain *d;

	if (domain_create(id, uuid, &limits, &d))
		abort();
	populate(d);
	return d;
}

void world_start(void)
{
	if (control_domain)
		return;
	fake_machine(RAM_SIZE, 1);
	frame_init();
	clock_init();
	stats_init();
	timer_cpu_init(cpus[0]);
	make(0, 2);
	world_run(control_domain->vcpus[0]);
}

struct domain *world_guest(uint32_t nr_vcpus)
{
	return make(DOMID_NONE, nr_vcpus);
}

bool world_destroy(struct domain *d)
{
	domid_t id = d->id;

	world_run(control_domain->vcpus[0]);
	while (domain_destroy_step(d) == -EAGAIN)
		;
	d = domain_get(id);
	if (d)
		domain_put(d);
	return !d;
}

uint64_t world_free_frames(void)
{
	struct frame_stats stats;

	frame_get_stats(&stats);
	return stats.free;
}

void world_run(struct vcpu *v)
{
	this_cpu()->current = v;
}

int64_t world_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	struct hypercall call = { .v = current_vcpu(),
				  .d = current_vcpu()->domain,
				  .args = { a, b, c },
				  .is_64bit = world_is_64bit };
	int64_t ret;

	world_blocked = false;
	do
		ret = hypercall_dispatch(&call, number);
	while (ret == -ERESTART);
	return ret;
}

void *world_ptr(struct domain *d, uint64_t gpa)
{
	struct physmap_entry e;

	if (!physmap_lookup(d, gpa_to_gfn(gpa), &e))
		return NULL;
	return (char *)mfn_to_ptr(e.mfn) + (gpa & ~PAGE_MASK);
}

int64_t world_call_with(uint64_t number, uint64_t cmd, void *arg, size_t size)
{
	struct domain *d = current_vcpu()->domain;
	int64_t ret;

	if (copy_to_gpa(d, WORLD_ARGS, arg, size))
		abort();
	ret = world_call(number, cmd, WORLD_ARGS, 1);
	if (copy_from_gpa(d, arg, WORLD_ARGS, size))
		abort();
	return ret;
}
