/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device interrupts on their way to the control domain (promise in hv/irq.h).
 *
 * While a level interrupt is owed its EOI, the physical APIC holds back this vector and all of
 * lower priority, as it would for a driver. hv's own vectors are above all of them. The guest may
 * finish interrupts in another order than the physical APIC holds them (it had one delivered when
 * the next came): a physical EOI always ends the highest, so what was finished early waits here.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/irq.h>
#include <hv/stats.h>
#include <hv/trace.h>
#include <hv/vcpu.h>

static struct domain *owner;
/* Per CPU: level vectors whose virtual EOI has come, the physical one not yet. Atomic. */
static uint64_t finished[NR_CPUS][4];

void irq_set_owner(struct domain *d)
{
	owner = d;
}

void irq_device(uint32_t vector)
{
	struct cpu *cpu = this_cpu();
	struct vcpu *v = owner ? arch_vcpu_by_apic_id(owner, cpu->apic_id) : NULL;

	if (cpu->stats)
		stats_add(&cpu->stats->interrupts_device, 1);
	trace(TRACE_IRQ, vector, cpu->id);
	if (!v) {
		log_debug("CPU %u: interrupt 0x%x for nobody\n", cpu->id, vector);
		arch_irq_eoi();
		return;
	}
	if (arch_irq_is_level(vector)) {
		arch_vcpu_raise_level(v, vector);
	} else {
		arch_irq_eoi();
		arch_vcpu_raise(v, vector);
	}
}

void irq_guest_eoi(struct vcpu *v, uint32_t vector)
{
	struct cpu *cpu = cpu_by_apic_id(arch_vcpu_apic_id(v));

	if (!cpu)
		return;
	__atomic_fetch_or(&finished[cpu->id][vector / 64], BIT(vector % 64), __ATOMIC_SEQ_CST);
	if (cpu == this_cpu())
		irq_cpu_eoi();
	else
		cpu_kick(cpu, CPU_EOI);
}

void irq_cpu_eoi(void)
{
	uint64_t *bits = finished[this_cpu()->id];

	for (;;) {
		int vector = arch_irq_highest_in_service();
		uint64_t bit;

		if (vector < 0)
			return;
		bit = BIT((uint32_t)vector % 64);
		if (!(__atomic_fetch_and(&bits[vector / 64], ~bit, __ATOMIC_SEQ_CST) & bit))
			return;
		arch_irq_eoi();
	}
}
