/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mechanism of scheduling: moves between states and CPUs, one at a time and all at once. */
#undef sched_yield /* local.mk renames hv's; here is the C library's */
#include <pthread.h>
#include <stdlib.h>

static void let_others_run(void)
{
	sched_yield();
}
#define sched_yield hv_sched_yield

#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/guest_abi.h>
#include <hv/irq.h>
#include <hv/sched.h>
#include <hv/slab.h>
#include <hv/stats.h>
#include <hv/trace.h>
#include <hv/vcpu.h>

#include <arch/fake.h>

#include "unit.h"

#define NR_VCPUS 6u

/* ---- the rest of hv ---- */

void *hv_alloc(size_t size)
{
	return calloc(1, size);
}

void *slab_alloc(struct slab *s)
{
	return calloc(1, s->size);
}

void slab_free(struct slab *s, void *object)
{
	(void)s;
	free(object);
}

void trace(enum trace_event event, uint64_t a, uint64_t b)
{
	(void)event;
	(void)a;
	(void)b;
}

/* Statistics without pages: a test that wants a record brings it. */
void frame_get_stats(struct frame_stats *ret_stats)
{
	memset(ret_stats, 0, sizeof(*ret_stats));
}

int frame_alloc_boot(uint64_t nr_frames, uint64_t align, paddr_t limit, mfn_t *ret_mfn)
{
	(void)nr_frames;
	(void)align;
	(void)limit;
	(void)ret_mfn;
	return -ENOMEM;
}

void frame_show_counts(uint64_t *free, uint64_t *hv)
{
	(void)free;
	(void)hv;
}

void irq_cpu_eoi(void)
{
}

void cpu_kick(struct cpu *cpu, uint32_t work)
{
	__atomic_fetch_or(&cpu->work, work, __ATOMIC_SEQ_CST);
}

int arch_vcpu_init(struct vcpu *v)
{
	(void)v;
	return 0;
}

void arch_vcpu_fini(struct vcpu *v)
{
	(void)v;
}

void arch_vcpu_load(struct vcpu *v)
{
	(void)v;
}

void arch_vcpu_save(struct vcpu *v)
{
	(void)v;
}

void arch_vcpu_run(struct vcpu *v)
{
	(void)v;
}

void arch_idle(void)
{
}

int guest_abi_vcpu_init(struct vcpu *v)
{
	(void)v;
	return 0;
}

void guest_abi_vcpu_free(struct vcpu *v)
{
	(void)v;
}

void guest_abi_vcpu_switched_in(struct vcpu *v)
{
	(void)v;
}

void guest_abi_vcpu_switched_out(struct vcpu *v)
{
	(void)v;
}

/* ---- a host with a domain ---- */

static struct vcpu *vcpus[NR_VCPUS];
static struct domain d = { .id = 1, .nr_vcpus = NR_VCPUS, .vcpus = vcpus };

static void start(unsigned int nr)
{
	unsigned int i;

	fake_machine(1 << 20, nr);
	clock_init();
	for (i = 0; i < nr; i++) {
		timer_cpu_init(cpus[i]);
		CU_ASSERT_EQUAL_FATAL(sched_cpu_init(cpus[i]), 0);
	}
	for (i = 0; i < NR_VCPUS; i++)
		CU_ASSERT_EQUAL_FATAL(vcpu_create(&d, i, &vcpus[i]), 0);
}

static void end(void)
{
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		vcpu_destroy(vcpus[i]);
	for (i = 0; i < nr_cpus; i++)
		free(cpus[i]->sched);
}

/* What vcpu_loop() does with the answer. */
static struct vcpu *choose_on(unsigned int cpu)
{
	struct vcpu *v;

	fake_set_cpu(cpu);
	this_cpu()->work = 0;
	v = sched_choose();
	WRITE_ONCE(this_cpu()->leaving, NULL);
	return v;
}

static void set_affinity(struct vcpu *v, uint64_t mask)
{
	uint64_t masks[2] = { mask, 0 };

	CU_ASSERT_EQUAL(sched_set_affinity(v, masks), 0);
}

static void online_runs_blocked_waits_for_its_event(void)
{
	struct vcpu *v;

	start(1);
	v = vcpus[0];
	CU_ASSERT_PTR_NULL(choose_on(0));
	vcpu_set_online(v, true);
	CU_ASSERT_PTR_EQUAL(choose_on(0), v);
	vcpu_block(v);
	CU_ASSERT_PTR_NULL(choose_on(0));
	CU_ASSERT_EQUAL(v->state, VCPU_BLOCKED);
	vcpu_kick(v);
	CU_ASSERT_PTR_EQUAL(choose_on(0), v);
	/* An event that came before it slept keeps it awake. */
	vcpu_block(v);
	vcpu_kick(v);
	CU_ASSERT_PTR_EQUAL(choose_on(0), v);
	vcpu_set_online(v, false);
	CU_ASSERT_PTR_NULL(choose_on(0));
	CU_ASSERT(!vcpu_is_online(v));
	vcpu_kick(v);
	CU_ASSERT_PTR_NULL(choose_on(0));
	end();
}

/* What waits for a CPU because of an event is counted; what was preempted is not. */
static void time_from_event_to_cpu_is_counted(void)
{
	struct stats_vcpu record = { 0 };
	struct vcpu *v;

	start(1);
	v = vcpus[0];
	v->stats = &record;
	vcpu_set_online(v, true);
	CU_ASSERT_PTR_EQUAL(choose_on(0), v);
	CU_ASSERT_EQUAL(record.wake_ns, 0);
	vcpu_block(v);
	CU_ASSERT_PTR_NULL(choose_on(0));
	CU_ASSERT_EQUAL(record.state, VCPU_BLOCKED);
	fake_tsc += 5000;
	vcpu_kick(v);
	CU_ASSERT_EQUAL(record.state, VCPU_RUNNABLE);
	CU_ASSERT_EQUAL(record.state_ns[VCPU_BLOCKED], 5000);
	fake_tsc += 1000; /* 512 .. 1023 */
	CU_ASSERT_PTR_EQUAL(choose_on(0), v);
	CU_ASSERT_EQUAL(record.wake_ns, 1000);
	CU_ASSERT_EQUAL(record.wake_latency[3], 1);
	CU_ASSERT_EQUAL(record.state_ns[VCPU_RUNNABLE], 1000);
	CU_ASSERT_EQUAL(record.seq % 2, 0);
	vcpu_yield(v);
	fake_tsc += 300;
	CU_ASSERT_PTR_EQUAL(choose_on(0), v);
	CU_ASSERT_EQUAL(record.wake_ns, 1000);
	v->stats = NULL;
	end();
}

static void paused_is_not_chosen_until_as_often_unpaused(void)
{
	struct vcpu *v;

	start(1);
	v = vcpus[0];
	vcpu_set_online(v, true);
	vcpu_pause(v);
	vcpu_pause(v);
	CU_ASSERT_PTR_NULL(choose_on(0));
	vcpu_unpause(v);
	CU_ASSERT_PTR_NULL(choose_on(0));
	vcpu_unpause(v);
	CU_ASSERT_PTR_EQUAL(choose_on(0), v);
	sched_pause(v);
	CU_ASSERT(this_cpu()->work & CPU_RESCHEDULE);
	CU_ASSERT_PTR_NULL(choose_on(0));
	/* Woken while paused, it runs when unpaused. */
	vcpu_unpause(v);
	CU_ASSERT_PTR_EQUAL(choose_on(0), v);
	end();
}

static void idle_cpu_takes_who_waits_elsewhere(void)
{
	struct vcpu *a, *b;

	start(2);
	set_affinity(vcpus[0], 1);
	set_affinity(vcpus[1], 1);
	vcpu_set_online(vcpus[0], true);
	vcpu_set_online(vcpus[1], true);
	a = choose_on(0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	CU_ASSERT_PTR_NULL(choose_on(1)); /* not allowed there */
	b = a == vcpus[0] ? vcpus[1] : vcpus[0];
	set_affinity(b, 3);
	CU_ASSERT_PTR_EQUAL(choose_on(1), b);
	CU_ASSERT_PTR_NULL(cpus[1]->stealing);
	CU_ASSERT_PTR_EQUAL(b->cpu, cpus[1]);
	end();
}

static void affinity_moves_who_runs_and_who_waits(void)
{
	struct vcpu *v, *w;

	start(2);
	v = vcpus[0];
	w = vcpus[1];
	set_affinity(v, 1);
	vcpu_set_online(v, true);
	CU_ASSERT_PTR_EQUAL(choose_on(0), v);
	set_affinity(w, 1);
	vcpu_set_online(w, true);
	/* The caller's own vCPU, too: nobody is waited for. */
	set_affinity(v, 2);
	CU_ASSERT(cpus[0]->work & CPU_RESCHEDULE);
	set_affinity(w, 2);
	CU_ASSERT_PTR_NULL(choose_on(0));
	CU_ASSERT_PTR_EQUAL(v->cpu, cpus[1]);
	CU_ASSERT_PTR_EQUAL(w->cpu, cpus[1]);
	CU_ASSERT_PTR_NOT_NULL(choose_on(1));
	CU_ASSERT_EQUAL(cpus[1]->sched->queue.nr_runnable, 1);
	end();
}

static struct cpu *told; /* by 'tell' */

static void tell(struct cpu *cpu)
{
	told = cpu;
}

static void kick_reaches_the_cpu_where_it_is(void)
{
	struct vcpu *v;

	start(3);
	v = vcpus[0];
	set_affinity(v, 2);
	vcpu_set_online(v, true);
	CU_ASSERT_PTR_EQUAL(choose_on(1), v);
	cpus[1]->in_guest = &d;
	cpus[1]->arch.nr_kicks = 0;
	fake_set_cpu(2);
	vcpu_kick(v);
	CU_ASSERT_EQUAL(cpus[1]->arch.nr_kicks, 1);
	CU_ASSERT_EQUAL(cpus[0]->arch.nr_kicks, 0);
	/* By another interrupt, or by none because it has been told already. */
	told = NULL;
	vcpu_kick_by(v, tell);
	CU_ASSERT_PTR_EQUAL(told, cpus[1]);
	v->event_pending = 0;
	vcpu_kick_by(v, NULL);
	CU_ASSERT_EQUAL(cpus[1]->arch.nr_kicks, 1);
	CU_ASSERT_EQUAL(v->event_pending, 1);
	/* In hv it looks by itself. */
	told = NULL;
	cpus[1]->in_guest = NULL;
	vcpu_kick_by(v, tell);
	CU_ASSERT_PTR_NULL(told);
	/* A sleeper wakes up, whatever it would be told by. */
	fake_set_cpu(1);
	vcpu_block(v);
	v->event_pending = 0;
	CU_ASSERT_PTR_NULL(choose_on(1));
	fake_set_cpu(2);
	vcpu_kick_by(v, NULL);
	CU_ASSERT_PTR_EQUAL(choose_on(1), v);
	end();
}

/* ---- all at once ---- */

#define NR_CPUS_RUNNING 3u
#define NR_STEPS	3000000u /* or as soon as the guests have run often enough */
#define NR_RUNS		50000u

static uint32_t runs_on[NR_VCPUS]; /* CPU + 1; atomic */
static uint32_t nr_wrong, nr_ran;
static bool over;

/* Two CPUs may execute hv for a vCPU, never its guest. */
static void run_guest(struct vcpu *v, uint32_t cpu, unsigned int *seed)
{
	uint32_t before = __atomic_exchange_n(&runs_on[v->id], cpu + 1, __ATOMIC_SEQ_CST);

	if (before)
		__atomic_fetch_add(&nr_wrong, 1, __ATOMIC_RELAXED);
	v->event_pending = 0;
	if (rand_r(seed) % 4 == 0)
		let_others_run();
	__atomic_fetch_add(&nr_ran, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&runs_on[v->id], 0, __ATOMIC_SEQ_CST);
	if (rand_r(seed) % 3 == 0)
		vcpu_block(v);
	else if (rand_r(seed) % 3 == 0)
		vcpu_yield(v);
}

static void *be_a_cpu(void *arg)
{
	unsigned int id = (unsigned int)(uintptr_t)arg, seed = id + 1;
	struct vcpu *v;

	fake_set_cpu(id);
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		__atomic_store_n(&this_cpu()->work, 0, __ATOMIC_SEQ_CST);
		v = sched_choose();
		WRITE_ONCE(this_cpu()->leaving, NULL);
		if (v)
			run_guest(v, id, &seed);
		else
			let_others_run();
	}
	(void)sched_choose();
	WRITE_ONCE(this_cpu()->leaving, NULL);
	return NULL;
}

/* Once it is paused, nobody executes it, whatever it was doing. */
static void pause_and_look(struct vcpu *v)
{
	unsigned int i;

	vcpu_pause(v);
	for (i = 0; i < 20; i++)
		if (__atomic_load_n(&runs_on[v->id], __ATOMIC_SEQ_CST))
			__atomic_fetch_add(&nr_wrong, 1, __ATOMIC_RELAXED);
	vcpu_unpause(v);
}

static void stress(unsigned int *seed)
{
	struct vcpu *v = vcpus[(unsigned int)rand_r(seed) % NR_VCPUS];

	switch (rand_r(seed) % 8) {
	case 0:
		pause_and_look(v);
		break;
	case 1:
		set_affinity(v, 1 + (uint64_t)rand_r(seed) % 7);
		break;
	case 2:
		vcpu_set_online(v, false);
		break;
	case 3:
		vcpu_set_online(v, true);
		break;
	default:
		vcpu_kick(v);
		break;
	}
}

static void nobody_is_lost_or_run_twice(void)
{
	pthread_t threads[NR_CPUS_RUNNING];
	unsigned int i, seed = 11, tries;

	start(NR_CPUS_RUNNING + 1);
	cpus[NR_CPUS_RUNNING]->online = false; /* ours: it runs nobody */
	over = false;
	for (i = 0; i < NR_VCPUS; i++) {
		set_affinity(vcpus[i], 7);
		vcpu_set_online(vcpus[i], true);
	}
	for (i = 0; i < NR_CPUS_RUNNING; i++)
		CU_ASSERT_FATAL(!pthread_create(&threads[i], NULL, be_a_cpu, (void *)(uintptr_t)i));
	fake_set_cpu(NR_CPUS_RUNNING);
	for (i = 0; i < NR_STEPS && READ_ONCE(nr_ran) < NR_RUNS; i++) {
		stress(&seed);
		if (i % 32 == 0)
			let_others_run();
		fake_tsc += 50000;
	}
	/* Awake and allowed everywhere, each runs again. */
	for (i = 0; i < NR_VCPUS; i++) {
		uint64_t since, before[NR_VCPU_STATES], now[NR_VCPU_STATES];
		enum vcpu_state state;

		set_affinity(vcpus[i], 7);
		vcpu_set_online(vcpus[i], true);
		vcpu_get_runstate(vcpus[i], &state, &since, before);
		for (tries = 0; tries < 100000; tries++) {
			vcpu_kick(vcpus[i]);
			fake_tsc += 1000000;
			let_others_run();
			vcpu_get_runstate(vcpus[i], &state, &since, now);
			if (now[VCPU_RUNNING] > before[VCPU_RUNNING])
				break;
		}
		CU_ASSERT(tries < 100000);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	for (i = 0; i < NR_CPUS_RUNNING; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(nr_wrong, 0);
	CU_ASSERT(nr_ran > NR_RUNS / 10);
	end();
}

UNIT_MAIN("sched", UNIT_TEST(online_runs_blocked_waits_for_its_event),
	  UNIT_TEST(time_from_event_to_cpu_is_counted),
	  UNIT_TEST(paused_is_not_chosen_until_as_often_unpaused),
	  UNIT_TEST(idle_cpu_takes_who_waits_elsewhere),
	  UNIT_TEST(affinity_moves_who_runs_and_who_waits),
	  UNIT_TEST(kick_reaches_the_cpu_where_it_is), UNIT_TEST(nobody_is_lost_or_run_twice))
