/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical CPUs: starting them, asking them to do something.
 *
 * Work for another CPU is a flag in its 'work' and an interrupt that makes it look. The flag comes
 * first; the CPU looks at its flags with interrupts off, right before it enters a guest or goes
 * idle. So either it sees the flag, or the interrupt ends what it has just begun.
 */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/panic.h>
#include <hv/sched.h>
#include <hv/string.h>
#include <hv/timer.h>
#include <hv/vcpu.h>

struct cpu *cpus[NR_CPUS];
uint32_t nr_cpus;

struct cpu *cpu_by_apic_id(uint32_t apic_id)
{
	uint32_t i;

	for (i = 0; i < nr_cpus; i++)
		if (cpus[i]->apic_id == apic_id)
			return cpus[i];
	return NULL;
}

void cpu_kick(struct cpu *cpu, uint32_t work)
{
	uint32_t before = __atomic_fetch_or(&cpu->work, work, __ATOMIC_SEQ_CST);

	if ((before & work) == work && work)
		return; /* whoever set it has sent the interrupt */
	if (cpu != this_cpu())
		arch_send_kick(cpu);
}

/* ---- start ---- */

void cpu_init(struct cpu *cpu, uint32_t id, uint32_t apic_id)
{
	memset(cpu, 0, sizeof(*cpu));
	cpu->id = id;
	cpu->apic_id = apic_id;
	timer_cpu_init(cpu);
}

static int start_cpu(uint32_t apic_id)
{
	struct cpu *cpu;
	mfn_t stack;
	int err;

	err = frame_alloc_zeroed(CPU_STACK_ORDER, &stack);
	if (err)
		return err;
	cpu = mfn_to_ptr(stack);
	cpu_init(cpu, nr_cpus, apic_id);
	cpus[cpu->id] = cpu;
	err = sched_cpu_init(cpu);
	if (err)
		goto undo_stack;
	err = arch_cpu_start(cpu);
	if (err)
		goto undo_sched;
	clock_compare_as_boot_cpu(cpu->id);
	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
	return 0;

undo_sched:
	/* It may still wake up late and use its stack: both stay. */
	cpus[nr_cpus] = NULL;
	return err;
undo_stack:
	cpus[nr_cpus] = NULL;
	frame_free(stack, CPU_STACK_ORDER);
	return err;
}

static bool is_started(uint32_t apic_id)
{
	return cpu_by_apic_id(apic_id) != NULL;
}

void cpu_start_all(void)
{
	uint32_t i;
	int err;

	if (arch_smp_prepare())
		log_warning("no page below 1 MiB to start other CPUs from: one CPU only\n");
	else
		for (i = 0; i < acpi_info.nr_cpus; i++) {
			if (!acpi_info.cpus[i].enabled || is_started(acpi_info.cpus[i].apic_id))
				continue;
			if (nr_cpus == NR_CPUS) {
				log_warning("more than %u CPUs: the rest is left alone\n", NR_CPUS);
				break;
			}
			err = start_cpu(acpi_info.cpus[i].apic_id);
			if (err)
				log_error("CPU with APIC id %u did not start (%d)\n",
					  acpi_info.cpus[i].apic_id, err);
		}
	arch_smp_done();
	log_info("%u CPUs online, TSCs %s\n", nr_cpus,
		 clock_tsc_is_stable() ? "agree and never stop" : "not to be relied on as one");
}

noreturn void cpu_secondary_main(void)
{
	struct cpu *cpu = this_cpu();

	arch_cpu_init();
	arch_virt_cpu_init();
	arch_cpu_started(cpu);
	clock_compare_as_new_cpu(cpu->id);
	nr_cpus++; /* the boot CPU waits, nobody else writes */
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	vcpu_loop();
}
