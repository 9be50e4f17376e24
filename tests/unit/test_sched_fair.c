/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fair policy in a simulator: one CPU, entities that run whenever they may, or sleep and wake.
 * Time is a number here, so every run is the same.
 */
#include <hv/sched.h>

#include "unit.h"

#define MAX_ENTITIES 8
#define MS NSEC_PER_MSEC

struct task {
	struct sched_entity e;
	uint64_t run_ns, sleep_ns; /* after run_ns of CPU it sleeps; sleep_ns 0: never */
	uint64_t until_sleep, wakes_at;
	uint64_t got_ns, longest_wait_ns, runnable_since;
	bool asleep;
};

struct sim {
	struct sched_queue q;
	struct task t[MAX_ENTITIES];
	unsigned int nr;
	uint64_t now;
};

static void sim_init(struct sim *s)
{
	memset(s, 0, sizeof(*s));
	list_init(&s->q.runnable);
}

static struct task *sim_add(struct sim *s, uint32_t weight, uint64_t run_ns, uint64_t sleep_ns)
{
	struct task *t = &s->t[s->nr++];

	list_init(&t->e.link);
	t->e.weight = weight;
	t->run_ns = t->until_sleep = run_ns;
	t->sleep_ns = sleep_ns;
	t->runnable_since = s->now;
	sched_fair.enqueue(&s->q, &t->e, true, s->now);
	return t;
}

static uint64_t next_wake(const struct sim *s)
{
	uint64_t first = ~0ull;
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		if (s->t[i].asleep && s->t[i].wakes_at < first)
			first = s->t[i].wakes_at;
	return first;
}

/* Wakes who is due; true: one of them should take the CPU from who runs. */
static bool wake_due(struct sim *s)
{
	bool preempt = false;
	unsigned int i;

	for (i = 0; i < s->nr; i++) {
		struct task *t = &s->t[i];

		if (!t->asleep || t->wakes_at > s->now)
			continue;
		t->asleep = false;
		t->runnable_since = s->now;
		sched_fair.enqueue(&s->q, &t->e, true, s->now);
		if (s->q.running && sched_fair.preempts(&s->q, &t->e))
			preempt = true;
	}
	return preempt;
}

/* Runs the chosen one until its slice ends, it sleeps, or it is preempted. */
static void run_one(struct sim *s, struct task *t, uint64_t slice)
{
	uint64_t start = s->now, end = start + slice;

	t->longest_wait_ns = MAX(t->longest_wait_ns, s->now - t->runnable_since);
	if (t->sleep_ns && start + t->until_sleep < end)
		end = start + t->until_sleep;
	while (s->now < end) {
		s->now = MIN(end, MAX(next_wake(s), s->now));
		if (s->now < end && wake_due(s))
			break;
	}
	t->got_ns += s->now - start;
	sched_fair.account(&s->q, &t->e, s->now - start);
	s->q.running = NULL;
	if (t->sleep_ns && (t->until_sleep -= s->now - start) == 0) {
		t->until_sleep = t->run_ns;
		t->asleep = true;
		t->wakes_at = s->now + t->sleep_ns;
		return;
	}
	t->runnable_since = s->now;
	sched_fair.enqueue(&s->q, &t->e, false, s->now);
}

static void sim_run(struct sim *s, uint64_t length_ns)
{
	uint64_t end = s->now + length_ns;

	while (s->now < end) {
		uint64_t slice;
		struct sched_entity *e;

		wake_due(s);
		e = sched_fair.pick(&s->q, s->now, &slice);
		if (!e) {
			s->now = next_wake(s);
			continue;
		}
		sched_fair.dequeue(&s->q, e);
		s->q.running = e;
		e->started_ns = s->now;
		run_one(s, container_of(e, struct task, e), slice);
	}
}

static void cpu_time_follows_the_weights(void)
{
	struct sim s;
	struct task *a, *b, *c;

	sim_init(&s);
	a = sim_add(&s, 256, 0, 0);
	b = sim_add(&s, 512, 0, 0);
	c = sim_add(&s, 1024, 0, 0);
	sim_run(&s, 7000 * MS);
	/* 1 : 2 : 4, to within two slices */
	CU_ASSERT(a->got_ns > 990 * MS && a->got_ns < 1010 * MS);
	CU_ASSERT(b->got_ns > 1990 * MS && b->got_ns < 2010 * MS);
	CU_ASSERT(c->got_ns > 3990 * MS && c->got_ns < 4010 * MS);
}

static void extreme_weights_starve_nobody(void)
{
	struct sim s;
	struct task *weak;

	sim_init(&s);
	weak = sim_add(&s, 1, 0, 0);
	sim_add(&s, 256, 0, 0);
	sim_run(&s, 20000 * MS);
	CU_ASSERT(weak->got_ns > 0);
	CU_ASSERT(weak->got_ns < 100 * MS);
}

/* Who sleeps a lot is served at once when it wakes, long before a slice of the others ends. */
static void a_sleeper_is_served_soon(void)
{
	struct sim s;
	struct task *sleeper;
	unsigned int i;

	sim_init(&s);
	for (i = 0; i < 4; i++)
		sim_add(&s, 256, 0, 0);
	sleeper = sim_add(&s, 256, 100 * NSEC_PER_USEC, 10 * MS);
	sim_run(&s, 100 * MS);
	sleeper->longest_wait_ns = 0;
	sim_run(&s, 2000 * MS);
	CU_ASSERT(sleeper->longest_wait_ns < 1 * MS);
}

/* Who wants more than its share has to wait, but not for one long slice after the other. */
static void a_wait_is_cut_into_small_pieces(void)
{
	struct sim s;
	struct task *asker;
	unsigned int i;

	sim_init(&s);
	for (i = 0; i < 4; i++)
		sim_add(&s, 256, 0, 0);
	asker = sim_add(&s, 256, 300 * NSEC_PER_USEC, 200 * NSEC_PER_USEC);
	sim_run(&s, 100 * MS);
	asker->longest_wait_ns = 0;
	sim_run(&s, 2000 * MS);
	CU_ASSERT(asker->longest_wait_ns < 6 * MS);
	CU_ASSERT(asker->got_ns > 380 * MS);
}

/* A second of sleep must not be paid back as a second of CPU for itself alone. */
static void sleep_earns_no_credit(void)
{
	struct sim s;
	struct task *busy, *late;
	uint64_t before;

	sim_init(&s);
	busy = sim_add(&s, 256, 0, 0);
	late = sim_add(&s, 256, 1 * MS, 1000 * MS);
	sim_run(&s, 999 * MS);
	late->sleep_ns = 0; /* from its next waking on it never sleeps */
	sim_run(&s, 10 * MS);
	before = busy->got_ns;
	sim_run(&s, 100 * MS);
	CU_ASSERT(busy->got_ns - before >= 40 * MS);
}

static void an_empty_queue_has_nobody(void)
{
	struct sim s;
	uint64_t slice = 42;

	sim_init(&s);
	CU_ASSERT_PTR_NULL(sched_fair.pick(&s.q, 0, &slice));
	CU_ASSERT_EQUAL(slice, 42);
}

UNIT_MAIN("sched_fair", UNIT_TEST(cpu_time_follows_the_weights),
	  UNIT_TEST(extreme_weights_starve_nobody), UNIT_TEST(a_sleeper_is_served_soon),
	  UNIT_TEST(a_wait_is_cut_into_small_pieces),
	  UNIT_TEST(sleep_earns_no_credit), UNIT_TEST(an_empty_queue_has_nobody))
