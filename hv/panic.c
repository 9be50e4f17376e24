/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Last words. Nothing here takes a lock or allocates; a second panic, on this CPU or another,
 * halts at once and leaves the first one's report alone.
 */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/panic.h>
#include <hv/string.h>
#include <hv/trace.h>
#include <hv/vcpu.h>

static bool opt_noreboot;
OPTION_BOOL("noreboot", opt_noreboot);

static uint32_t panicking;

bool panic_is_under_way(void)
{
	return __atomic_load_n(&panicking, __ATOMIC_RELAXED) != 0;
}

static void print_context(void)
{
	const struct cpu *cpu = this_cpu();
	const struct vcpu *v = cpu->current;

	log_error("CPU %u (APIC %u), work %x\n", cpu->id, cpu->apic_id, cpu->work);
	if (v)
		log_error("vCPU %u of domain %u, rip %lx\n", v->id, v->domain->id, v->last_rip);
}

noreturn void panic(const char *fmt, ...)
{
	char text[384];
	va_list args;

	if (__atomic_exchange_n(&panicking, 1, __ATOMIC_SEQ_CST))
		arch_halt();
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	console_set_panic();
	arch_stop_other_cpus();
	log_error("panic: %s", text);
	print_context();
	arch_backtrace();
	trace_print_recent();
	if (opt_noreboot) {
		log_error("halted (noreboot)\n");
		arch_halt();
	}
	log_error("restart in 5 seconds\n");
	clock_delay_us(5000000);
	host_restart();
}

noreturn void boot_refuse(const char *fmt, ...)
{
	char text[384];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	console_set_panic();
	arch_stop_other_cpus();
	log_error("cannot start: %s", text);
	log_error("halted\n");
	arch_halt();
}

noreturn void host_restart(void)
{
	console_set_panic();
	arch_stop_other_cpus();
	arch_restart();
	log_error("the machine did not restart\n");
	arch_halt();
}

noreturn void host_halt(void)
{
	console_set_panic();
	arch_stop_other_cpus();
	arch_halt();
}
