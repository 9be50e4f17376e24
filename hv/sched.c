/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mechanism of scheduling: a run queue per CPU, and the moves of vCPUs between states and
 * CPUs. Who runs next, and for how long, is the policy's (struct sched_policy).
 *
 * A vCPU belongs to the queue of v->cpu, and that queue's lock guards all its scheduling state.
 * Registers are saved under the lock when it is taken off the CPU; so whoever holds the lock and
 * sees it not running may move it elsewhere.
 *
 * Sleeping without missing a wake-up: the sleeper sets BLOCKED, then looks at event_pending; the
 * waker sets event_pending, then looks at the state. One of them sees the other.
 */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/panic.h>
#include <hv/sched.h>
#include <hv/slab.h>
#include <hv/stats.h>
#include <hv/string.h>
#include <hv/trace.h>
#include <hv/vcpu.h>

const struct sched_policy *sched_policy = &sched_fair;

static const struct sched_policy *const policies[] = { &sched_fair };
static char opt_sched[16] = "fair";
OPTION_STRING("sched", opt_sched);

void sched_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		if (!strcmp(policies[i]->name, opt_sched)) {
			sched_policy = policies[i];
			return;
		}
	}
	log_warning("sched=%s: no such policy, using %s\n", opt_sched, sched_policy->name);
}

static void slice_over(struct timer *t)
{
	(void)t;
	__atomic_fetch_or(&this_cpu()->work, CPU_RESCHEDULE, __ATOMIC_SEQ_CST);
}

int sched_cpu_init(struct cpu *cpu)
{
	struct sched_cpu *s = hv_alloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	spin_init(&s->lock);
	list_init(&s->queue.runnable);
	timer_init(&s->slice, slice_over);
	cpu->sched = s;
	return 0;
}

static struct vcpu *vcpu_of(struct sched_entity *e)
{
	return container_of(e, struct vcpu, sched);
}

static bool may_run_on(const struct vcpu *v, uint32_t cpu_id)
{
	return v->sched.affinity[cpu_id / 64] & BIT(cpu_id % 64);
}

/* Locks the queue that v belongs to, wherever that is by then. */
static struct sched_cpu *lock_vcpu(struct vcpu *v)
{
	for (;;) {
		struct cpu *cpu = READ_ONCE(v->cpu);

		spin_lock(&cpu->sched->lock);
		if (v->cpu == cpu)
			return cpu->sched;
		spin_unlock(&cpu->sched->lock);
	}
}

static void set_state(struct vcpu *v, enum vcpu_state state, uint64_t now)
{
	v->state_ns[v->state] += now - v->state_since_ns;
	v->state_since_ns = now;
	WRITE_ONCE(v->state, state);
	stats_vcpu_show(v);
}

void sched_vcpu_init(struct vcpu *v)
{
	uint32_t id = v->id % nr_cpus;

	list_init(&v->sched.link);
	v->sched.weight = SCHED_WEIGHT_DEFAULT;
	if (domain_is_control(v->domain)) {
		/* Its interrupts arrive on the CPU of the same number. */
		v->sched.affinity[id / 64] = BIT(id % 64);
	} else {
		v->sched.affinity[0] = v->sched.affinity[1] = ~0ull;
		id = (v->id + v->domain->id) % nr_cpus;
	}
	v->cpu = cpus[id];
	v->state = VCPU_OFFLINE;
	v->state_since_ns = clock_ns();
}

/* ---- placing ---- */

static bool is_idle(const struct cpu *cpu)
{
	return cpu->online && !READ_ONCE(cpu->running) && !READ_ONCE(cpu->sched->queue.nr_runnable);
}

/* Where v should wait: its own CPU if that is idle, else an idle one, else its own. */
static struct cpu *best_cpu(const struct vcpu *v)
{
	uint32_t i;

	if (is_idle(v->cpu) && may_run_on(v, v->cpu->id))
		return v->cpu;
	for (i = 0; i < nr_cpus; i++)
		if (may_run_on(v, i) && is_idle(cpus[i]))
			return cpus[i];
	if (may_run_on(v, v->cpu->id))
		return v->cpu;
	for (i = 0; i < nr_cpus; i++)
		if (may_run_on(v, i))
			return cpus[i];
	return v->cpu;
}

/* The virtual clocks of two queues have nothing in common: keep the distance only. */
static void rebase(struct sched_entity *e, const struct sched_queue *from,
		   const struct sched_queue *to)
{
	int64_t distance = (int64_t)(e->virtual_ns - from->min_virtual_ns);
	int64_t placed = (int64_t)to->min_virtual_ns + distance;

	e->virtual_ns = placed > 0 ? (uint64_t)placed : 0;
}

/*
 * Puts v, which is RUNNABLE, not paused and in no queue, into the best one. Called with the lock
 * of v->cpu held, returns with none.
 */
static void place(struct vcpu *v, bool woken, uint64_t now)
{
	struct cpu *cpu = best_cpu(v);
	struct sched_cpu *s = v->cpu->sched;
	bool kick;

	if (cpu != v->cpu) {
		rebase(&v->sched, &s->queue, &cpu->sched->queue);
		WRITE_ONCE(v->cpu, cpu);
		spin_unlock(&s->lock);
		s = cpu->sched;
		spin_lock(&s->lock);
		/* In between somebody may have paused it, moved it or taken it offline. */
		if (v->cpu != cpu || v->state != VCPU_RUNNABLE || v->pause_count ||
		    v->sched.queued) {
			spin_unlock(&s->lock);
			return;
		}
	}
	sched_policy->enqueue(&s->queue, &v->sched, woken, now);
	kick = !s->queue.running || sched_policy->preempts(&s->queue, &v->sched);
	spin_unlock(&s->lock);
	if (kick)
		cpu_kick(cpu, CPU_RESCHEDULE);
}

void sched_wake(struct vcpu *v)
{
	struct sched_cpu *s = lock_vcpu(v);
	uint64_t now = clock_ns();

	if (v->state != VCPU_BLOCKED) {
		spin_unlock(&s->lock);
		return;
	}
	set_state(v, VCPU_RUNNABLE, now);
	v->was_woken = true;
	if (v->pause_count)
		spin_unlock(&s->lock);
	else
		place(v, true, now);
}

void sched_set_online(struct vcpu *v, bool online)
{
	struct sched_cpu *s = lock_vcpu(v);
	uint64_t now = clock_ns();

	v->wants_offline = false;
	if (online && v->state == VCPU_OFFLINE) {
		set_state(v, VCPU_RUNNABLE, now);
		if (!v->pause_count) {
			place(v, true, now);
			return;
		}
	} else if (!online && v->state == VCPU_RUNNING) {
		v->wants_offline = true;
		spin_unlock(&s->lock);
		cpu_kick(v->cpu, CPU_RESCHEDULE);
		return;
	} else if (!online && v->state != VCPU_OFFLINE) {
		if (v->sched.queued)
			sched_policy->dequeue(&s->queue, &v->sched);
		set_state(v, VCPU_OFFLINE, now);
	}
	spin_unlock(&s->lock);
}

void sched_pause(struct vcpu *v)
{
	struct sched_cpu *s = lock_vcpu(v);
	bool running = v->state == VCPU_RUNNING;
	struct cpu *cpu = v->cpu;

	v->pause_count++;
	if (v->sched.queued)
		sched_policy->dequeue(&s->queue, &v->sched);
	spin_unlock(&s->lock);
	if (running)
		cpu_kick(cpu, CPU_RESCHEDULE);
}

void sched_unpause(struct vcpu *v)
{
	struct sched_cpu *s = lock_vcpu(v);

	ASSERT(v->pause_count);
	if (--v->pause_count == 0 && v->state == VCPU_RUNNABLE && !v->sched.queued)
		place(v, true, clock_ns());
	else
		spin_unlock(&s->lock);
}

void sched_block(struct vcpu *v)
{
	v->wants_block = true;
	__atomic_fetch_or(&this_cpu()->work, CPU_RESCHEDULE, __ATOMIC_SEQ_CST);
}

void sched_yield(struct vcpu *v)
{
	v->wants_yield = true;
	__atomic_fetch_or(&this_cpu()->work, CPU_RESCHEDULE, __ATOMIC_SEQ_CST);
}

/* ---- choosing ---- */

/* An idle CPU looks for somebody who waits elsewhere. No lock held; v is in no queue afterwards. */
static struct vcpu *steal(struct cpu *cpu)
{
	uint32_t i;

	for (i = 1; i < nr_cpus; i++) {
		struct cpu *other = cpus[(cpu->id + i) % nr_cpus];
		struct sched_entity *e;

		if (!other->online || !READ_ONCE(other->sched->queue.nr_runnable))
			continue;
		spin_lock(&other->sched->lock);
		list_for_each (e, &other->sched->queue.runnable, link) {
			struct vcpu *v = vcpu_of(e);

			if (!may_run_on(v, cpu->id))
				continue;
			sched_policy->dequeue(&other->sched->queue, e);
			rebase(e, &other->sched->queue, &cpu->sched->queue);
			WRITE_ONCE(v->cpu, cpu);
			/* Nothing else tells vcpu_pause() that we still have it in hand. */
			WRITE_ONCE(cpu->stealing, v);
			spin_unlock(&other->sched->lock);
			return v;
		}
		spin_unlock(&other->sched->lock);
	}
	return NULL;
}

/* The vCPU that ran until now: what becomes of it. true: it has to move to another CPU. */
static bool put_previous(struct sched_queue *q, struct vcpu *v, uint64_t now)
{
	struct sched_entity *e = &v->sched;

	if (now > e->started_ns)
		sched_policy->account(q, e, now - e->started_ns);
	e->started_ns = now;
	q->running = NULL;
	if (v->wants_offline) {
		v->wants_offline = v->wants_block = v->wants_yield = false;
		set_state(v, VCPU_OFFLINE, now);
		return false;
	}
	if (v->wants_block) {
		v->wants_block = v->wants_yield = false;
		/* BLOCKED must stand before the look, and stay: a waker acts on what it sees. */
		set_state(v, VCPU_BLOCKED, now);
		smp_mb();
		if (!READ_ONCE(v->event_pending))
			return false;
	}
	set_state(v, VCPU_RUNNABLE, now);
	if (v->pause_count)
		return false;
	if (!may_run_on(v, v->cpu->id))
		return true;
	if (v->wants_yield && !list_is_empty(&q->runnable)) {
		struct sched_entity *first =
			list_entry(q->runnable.next, struct sched_entity, link);

		e->virtual_ns = MAX(e->virtual_ns, first->virtual_ns + 1);
	}
	v->wants_yield = false;
	sched_policy->enqueue(q, e, false, now);
	return false;
}

/* v may not stay where it was. Unless somebody has placed it meanwhile, we do. */
static void move(struct vcpu *v, uint64_t now)
{
	struct sched_cpu *s = lock_vcpu(v);

	v->wants_yield = false;
	if (v->state == VCPU_RUNNABLE && !v->pause_count && !v->sched.queued)
		place(v, false, now);
	else
		spin_unlock(&s->lock);
}

/* How long after the event that woke it does v get a CPU? Counted before its state changes. */
static void count_wake_up(struct vcpu *v, uint64_t now)
{
	if (v->was_woken && v->stats && now > v->state_since_ns)
		stats_add_time(v->stats->wake_latency, &v->stats->wake_ns, now - v->state_since_ns);
	v->was_woken = false;
}

struct vcpu *sched_choose(void)
{
	struct cpu *cpu = this_cpu();
	struct sched_cpu *s = cpu->sched;
	struct vcpu *previous, *next = NULL, *stolen = NULL;
	uint64_t now = clock_ns(), slice_ns = 0;
	struct sched_entity *e;
	bool moves = false;

	if (!cpu->running && !READ_ONCE(s->queue.nr_runnable))
		stolen = steal(cpu);

	spin_lock(&s->lock);
	previous = cpu->running;
	if (previous)
		moves = put_previous(&s->queue, previous, now);
	if (stolen && stolen->cpu == cpu && stolen->state == VCPU_RUNNABLE &&
	    !stolen->pause_count && !stolen->sched.queued)
		sched_policy->enqueue(&s->queue, &stolen->sched, false, now);
	WRITE_ONCE(cpu->stealing, NULL);

	e = sched_policy->pick(&s->queue, now, &slice_ns);
	if (e) {
		sched_policy->dequeue(&s->queue, e);
		next = vcpu_of(e);
		count_wake_up(next, now);
		set_state(next, VCPU_RUNNING, now);
		e->started_ns = now;
	}
	s->queue.running = e;
	if (previous && previous != next) {
		arch_vcpu_save(previous);
		WRITE_ONCE(cpu->leaving, previous);
	}
	WRITE_ONCE(cpu->running, next);
	/* Alone on the CPU it needs no clock: whoever comes will say so. */
	if (e && s->queue.nr_runnable)
		timer_set(&s->slice, now + slice_ns);
	else
		timer_cancel(&s->slice);
	spin_unlock(&s->lock);
	if (moves)
		move(previous, now); /* it does not go away while it is cpu->leaving */

	if (cpu->stats && next != previous)
		stats_add(&cpu->stats->switches, 1);
	if (cpu->stats && stolen)
		stats_add(&cpu->stats->steals, 1);
	if (next != previous)
		trace(TRACE_SCHED, next ? (uint64_t)next->domain->id << 16 | next->id : ~0ull,
		      slice_ns);
	return next;
}

/* ---- questions and settings ---- */

void sched_get_times(struct vcpu *v, uint32_t *ret_state, uint64_t *ret_since_ns,
		     uint64_t ret_ns[4])
{
	struct sched_cpu *s = lock_vcpu(v);
	uint64_t now = clock_ns();

	memcpy(ret_ns, v->state_ns, sizeof(v->state_ns));
	if (now > v->state_since_ns)
		ret_ns[v->state] += now - v->state_since_ns;
	*ret_state = v->state;
	*ret_since_ns = v->state_since_ns;
	spin_unlock(&s->lock);
}

int sched_set_weight(struct domain *d, uint32_t weight)
{
	uint32_t i;

	if (weight < 1 || weight > SCHED_WEIGHT_MAX)
		return -EINVAL;
	for (i = 0; i < d->nr_vcpus; i++) {
		struct sched_cpu *s = lock_vcpu(d->vcpus[i]);

		d->vcpus[i]->sched.weight = weight;
		spin_unlock(&s->lock);
	}
	return 0;
}

uint32_t sched_get_weight(const struct domain *d)
{
	return d->vcpus[0]->sched.weight;
}

int sched_set_affinity(struct vcpu *v, const uint64_t mask[2])
{
	struct sched_cpu *s;
	struct cpu *cpu;
	bool any = false, running;
	uint32_t i;

	for (i = 0; i < nr_cpus; i++)
		any |= !!(mask[i / 64] & BIT(i % 64));
	if (!any)
		return -EINVAL;

	s = lock_vcpu(v);
	v->sched.affinity[0] = mask[0];
	v->sched.affinity[1] = mask[1];
	cpu = v->cpu;
	running = v->state == VCPU_RUNNING;
	if (!may_run_on(v, cpu->id) && v->sched.queued) {
		sched_policy->dequeue(&s->queue, &v->sched);
		place(v, false, clock_ns());
		return 0;
	}
	spin_unlock(&s->lock);
	/* Not waited for: two vCPUs of the control domain may do this to each other. */
	if (running && !may_run_on(v, cpu->id))
		cpu_kick(cpu, CPU_RESCHEDULE);
	return 0;
}
