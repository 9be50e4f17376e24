/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bringing up CPUs: INIT and SIPI into the trampoline (boot/trampoline.S), which leads to
 * cpu_secondary_main() on the new CPU's stack. One at a time.
 */
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/cpu.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/string.h>

#include <arch/apic.h>
#include <arch/boot.h>
#include <arch/host_map.h>
#include <arch/idt.h>
#include <arch/x86.h>

#define INIT_DELAY_US	 10000u
#define STARTUP_DELAY_US 200u
#define START_TIMEOUT_MS 1000u

static mfn_t trampoline;	 /* 0: none */
static uint32_t started_apic_id; /* the last CPU that reached C; atomic */
static bool some_failed;

void arch_cpu_init(void)
{
	if (this_cpu()->id == 0)
		apic_init();
	else
		host_map_cpu_init();
	idt_load();
	apic_cpu_init();
}

int arch_smp_prepare(void)
{
	int err;

	started_apic_id = this_cpu()->apic_id;
	/* A SIPI names a page below 1 MiB; the video memory and the BIOS begin at 640 KiB. */
	err = frame_alloc_boot(1, 1, 0xa0000, &trampoline);
	if (err)
		return err;
	memcpy(mfn_to_ptr(trampoline), trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	return 0;
}

static bool wait_started(uint32_t apic_id, uint32_t timeout_ms)
{
	uint64_t start = arch_tsc(), ticks = (uint64_t)timeout_ms * clock_tsc_khz();

	do {
		if (__atomic_load_n(&started_apic_id, __ATOMIC_ACQUIRE) == apic_id)
			return true;
		__builtin_ia32_pause();
	} while (arch_tsc() - start < ticks);
	return false;
}

int arch_cpu_start(struct cpu *cpu)
{
	secondary_cr3 = read_cr3();
	secondary_stack = (uintptr_t)cpu + CPU_STACK_SIZE;
	apic_send(cpu->apic_id, APIC_INIT);
	clock_delay_us(INIT_DELAY_US);
	apic_send(cpu->apic_id, APIC_STARTUP(trampoline.n));
	if (wait_started(cpu->apic_id, 10))
		return 0;
	/* Old CPUs may miss the first (SDM vol. 3, 8.4.4.1). */
	apic_send(cpu->apic_id, APIC_STARTUP(trampoline.n));
	clock_delay_us(STARTUP_DELAY_US);
	if (wait_started(cpu->apic_id, START_TIMEOUT_MS))
		return 0;
	apic_send(cpu->apic_id, APIC_INIT); /* back to where it was */
	some_failed = true;
	return -ETIMEDOUT;
}

void arch_cpu_started(struct cpu *cpu)
{
	__atomic_store_n(&started_apic_id, cpu->apic_id, __ATOMIC_RELEASE);
}

void arch_smp_done(void)
{
	/* A CPU that did not answer may still wake up in the page. */
	if (trampoline.n && !some_failed)
		frame_free_boot(trampoline, 1);
	trampoline = mfn_from(0);
}

/* ---- idling, taking interrupts ---- */

void arch_idle(void)
{
	if (READ_ONCE(this_cpu()->work))
		return;
	/* STI takes effect after the next instruction: no interrupt can slip in before HLT. */
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

void arch_take_interrupts(void)
{
	__asm__ volatile("sti; nop; cli" : : : "memory");
}

noreturn void arch_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

uint64_t arch_tsc(void)
{
	return rdtsc();
}
