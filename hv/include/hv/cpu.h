/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical CPUs. Each has one stack, and its struct cpu lies at the lowest address of it, so that
 * this_cpu() needs no segment register: hv runs with the guest's FS, GS, TR and LDTR loaded.
 *
 * hv never nests: interrupts are off but for the two places where they are taken.
 */
#ifndef HV_CPU_H
#define HV_CPU_H

#include <hv/list.h>
#include <hv/spinlock.h>
#include <hv/types.h>

#include <arch/cpu.h> /* struct arch_cpu, CPU_STACK_SIZE, arch_stack_pointer() */

#define NR_CPUS 128u

struct vcpu;
struct domain;
struct stats_cpu;
struct timer;

/* What another CPU, or an interrupt, asks this CPU to do before it enters a guest again. */
#define CPU_RESCHEDULE (1u << 0) /* look at the run queue */
#define CPU_EOI (1u << 1)	 /* physical EOIs wait: irq_cpu_eoi() */
#define CPU_TIMER (1u << 2)	 /* the hardware timer has fired */
#define CPU_PASS (1u << 3)	 /* nothing: who has set it sees that the CPU has been at its loop */

struct cpu {
	uint32_t id;	      /* 0 .. nr_cpus - 1, 0 boots; constant */
	uint32_t apic_id;     /* constant */
	struct vcpu *current; /* whose registers are loaded; NULL: none yet. Own CPU */
	struct vcpu *running; /* that the scheduler chose; NULL: idle. sched lock */
	struct vcpu *leaving; /* that was taken off and is still being told so. Own CPU */
	struct vcpu *stealing; /* on its way here from another queue, in none. Own CPU */
	uint32_t work;	      /* CPU_* flags; atomic */
	bool online;

	/*
	 * Nested-paging flush protocol (physmap_flush): the domain whose guest code this CPU is
	 * executing, set before the last look at the flush generation, cleared after the exit.
	 * Written by the own CPU, read by all.
	 */
	struct domain *in_guest;
	uint64_t in_guest_generation;

	struct sched_cpu *sched; /* the scheduler's part */
	struct {
		struct spinlock lock;
		struct timer *root;	  /* earliest deadline; lock */
		uint64_t armed_ns;	  /* what the hardware is set to, ~0: nothing. Own CPU */
	} timers;
	uint64_t idle_ns; /* time spent idle */
	struct stats_cpu *stats; /* NULL: none. Own CPU */

	struct arch_cpu arch;
};

extern struct cpu *cpus[NR_CPUS]; /* by id; constant after boot */
extern uint32_t nr_cpus;

static inline struct cpu *this_cpu(void)
{
	return (struct cpu *)(arch_stack_pointer() & ~(CPU_STACK_SIZE - 1));
}

static inline struct vcpu *current_vcpu(void)
{
	return this_cpu()->current;
}

struct cpu *cpu_by_apic_id(uint32_t apic_id); /* NULL: none */

/* Sets work flags and makes the CPU leave guest mode (or idle). Any CPU, may be the own one. */
void cpu_kick(struct cpu *cpu, uint32_t work);

void cpu_init(struct cpu *cpu, uint32_t id, uint32_t apic_id);
void cpu_start_all(void); /* boot: starts the CPUs that ACPI names, each into cpu_secondary_main() */
noreturn void cpu_secondary_main(void);

#endif
