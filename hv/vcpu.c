/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual CPUs: their life, and the loop in which every physical CPU spends its own.
 */
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/guest_abi.h>
#include <hv/irq.h>
#include <hv/panic.h>
#include <hv/slab.h>
#include <hv/stats.h>
#include <hv/timer.h>
#include <hv/vcpu.h>

static struct slab vcpus = SLAB_INIT("vcpu", struct vcpu);

int vcpu_create(struct domain *d, uint32_t id, struct vcpu **ret_v)
{
	struct vcpu *v = slab_alloc(&vcpus);
	int err;

	if (!v)
		return -ENOMEM;
	v->domain = d;
	v->id = id;
	sched_vcpu_init(v);
	err = arch_vcpu_init(v);
	if (err)
		goto undo_alloc;
	err = guest_abi_vcpu_init(v);
	if (err)
		goto undo_arch;
	stats_vcpu_open(v);
	*ret_v = v;
	return 0;

undo_arch:
	arch_vcpu_fini(v);
undo_alloc:
	slab_free(&vcpus, v);
	return err;
}

void vcpu_destroy(struct vcpu *v)
{
	stats_vcpu_close(v);
	guest_abi_vcpu_free(v);
	arch_vcpu_fini(v);
	slab_free(&vcpus, v);
}

void vcpu_kick(struct vcpu *v)
{
	vcpu_kick_by(v, arch_send_kick);
}

void vcpu_kick_by(struct vcpu *v, void (*interrupt)(struct cpu *cpu))
{
	struct cpu *cpu;

	__atomic_store_n(&v->event_pending, 1, __ATOMIC_SEQ_CST);
	switch (READ_ONCE(v->state)) {
	case VCPU_BLOCKED:
		sched_wake(v);
		break;
	case VCPU_RUNNING:
		/*
		 * In hv it looks at event_pending before it enters; only a guest must be told.
		 * Which CPU it is on is read last: where it gets to later, it sees event_pending.
		 */
		cpu = READ_ONCE(v->cpu);
		if (interrupt && cpu != this_cpu() && READ_ONCE(cpu->in_guest))
			interrupt(cpu);
		break;
	case VCPU_RUNNABLE:
	case VCPU_OFFLINE:
		break;
	}
}

void vcpu_block(struct vcpu *v)
{
	sched_block(v);
}

void vcpu_yield(struct vcpu *v)
{
	sched_yield(v);
}

void vcpu_set_online(struct vcpu *v, bool online)
{
	sched_set_online(v, online);
}

bool vcpu_is_online(const struct vcpu *v)
{
	return READ_ONCE(v->state) != VCPU_OFFLINE;
}

void vcpu_pause(struct vcpu *v)
{
	uint32_t i;

	ASSERT(v != this_cpu()->running);
	sched_pause(v);
	/* Its CPU takes it off as soon as it is out of the guest; it waits for nobody meanwhile. */
	for (i = 0; i < nr_cpus; i++)
		while (READ_ONCE(cpus[i]->running) == v || READ_ONCE(cpus[i]->leaving) == v ||
		       READ_ONCE(cpus[i]->stealing) == v)
			__builtin_ia32_pause();
}

void vcpu_unpause(struct vcpu *v)
{
	sched_unpause(v);
}

void vcpu_get_runstate(struct vcpu *v, enum vcpu_state *ret_state, uint64_t *ret_since_ns,
		       uint64_t ret_ns[NR_VCPU_STATES])
{
	uint32_t state;

	sched_get_times(v, &state, ret_since_ns, ret_ns);
	*ret_state = (enum vcpu_state)state;
}

/* ---- the loop ---- */

void vcpu_count_exit(struct vcpu *v, uint64_t now_tsc)
{
	struct stats_vcpu *s = v->stats;

	if (!v->exit_tsc)
		return;
	if (s)
		stats_add_time(s->exit_latency, &s->exit_ns, clock_ticks_to_ns(now_tsc - v->exit_tsc));
	v->exit_tsc = 0;
}

static void do_work(struct cpu *cpu, uint32_t work)
{
	if (work & CPU_TIMER)
		timer_run_queue();
	if (work & CPU_EOI)
		irq_cpu_eoi();
	(void)cpu;
}

static void switch_to(struct cpu *cpu, struct vcpu *previous, struct vcpu *next)
{
	if (previous) {
		vcpu_count_exit(previous, arch_tsc());
		guest_abi_vcpu_switched_out(previous);
	}
	WRITE_ONCE(cpu->leaving, NULL);
	/* From here on the one before may be anywhere, and gone. */
	if (!next)
		return;
	/* Not if nobody else has been here since it left: everything is still in place. */
	if (cpu->current != next || next->loaded_on != cpu) {
		arch_vcpu_load(next);
		next->loaded_on = cpu;
		cpu->current = next;
	}
	guest_abi_vcpu_switched_in(next);
}

static void show_idle(struct stats_cpu *s, uint64_t idle_ns, uint64_t since_ns)
{
	if (!s)
		return;
	stats_write_begin(&s->seq);
	s->idle_ns = idle_ns;
	s->idle_since_ns = since_ns;
	stats_write_end(&s->seq);
}

static void idle(struct cpu *cpu)
{
	uint64_t start = clock_ns();

	show_idle(cpu->stats, cpu->idle_ns, start);
	arch_idle();
	cpu->idle_ns += clock_ns() - start;
	show_idle(cpu->stats, cpu->idle_ns, 0);
}

noreturn void vcpu_loop(void)
{
	struct cpu *cpu = this_cpu();
	struct vcpu *v = NULL;

	stats_cpu_start(cpu);
	for (;;) {
		uint32_t work = 0;

		if (READ_ONCE(cpu->work))
			work = __atomic_exchange_n(&cpu->work, 0, __ATOMIC_SEQ_CST);
		if (work)
			do_work(cpu, work);
		if (!v || (work & CPU_RESCHEDULE) || (READ_ONCE(cpu->work) & CPU_RESCHEDULE)) {
			struct vcpu *next;

			__atomic_fetch_and(&cpu->work, ~CPU_RESCHEDULE, __ATOMIC_SEQ_CST);
			next = sched_choose();
			if (next != v)
				switch_to(cpu, v, next); /* clears cpu->leaving */
			v = next;
		}
		if (v)
			arch_vcpu_run(v);
		else
			idle(cpu);
	}
}
