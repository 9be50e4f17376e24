/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What interrupts hv while it runs: exceptions, which are all bugs and end in a report; NMIs; and
 * interrupts, which come at the two places where they are let in.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/irq.h>
#include <hv/panic.h>
#include <hv/stats.h>
#include <hv/trace.h>

#include <arch/apic.h>
#include <arch/backtrace.h>
#include <arch/boot.h>
#include <arch/idt.h>
#include <arch/x86.h>

#define GATE_INTERRUPT 0x8e00u /* present, DPL 0, 64-bit interrupt gate, no IST */
#define NR_EXCEPTIONS  32u

struct gate {
	uint16_t offset_low, selector;
	uint16_t attributes, offset_middle;
	uint32_t offset_high, reserved;
};

static struct gate idt[NR_VECTORS] __aligned(16);

struct table_pointer {
	uint16_t limit;
	const void *base;
} __packed;

extern const char rdmsr_safe_instruction[], rdmsr_safe_refused[]; /* entry.S */

static void fill_idt(void)
{
	uintptr_t stub;
	unsigned int i;

	for (i = 0; i < NR_VECTORS; i++) {
		stub = (uintptr_t)entry_stubs + (uintptr_t)i * ENTRY_STUB_SIZE;
		idt[i] = (struct gate){
			.offset_low = (uint16_t)stub,
			.offset_middle = (uint16_t)(stub >> 16),
			.offset_high = (uint32_t)(stub >> 32),
			.selector = BOOT_CS,
			.attributes = GATE_INTERRUPT,
		};
	}
}

void idt_load(void)
{
	struct table_pointer pointer = { sizeof(idt) - 1, idt };

	if (this_cpu()->id == 0)
		fill_idt();
	__asm__ volatile("lgdt boot_gdt_pointer\n\tlidt %0" : : "m"(pointer) : "memory");
}

static const char *exception_name(uint64_t vector)
{
	static const char *const names[NR_EXCEPTIONS] = {
		"divide error",
		"debug",
		"NMI",
		"breakpoint",
		"overflow",
		"bound",
		"invalid opcode",
		"no FPU",
		"double fault",
		"9",
		"invalid TSS",
		"segment not present",
		"stack fault",
		"general protection",
		"page fault",
		"15",
		"FPU error",
		"alignment",
		"machine check",
		"SIMD error",
		"virtualisation",
		"control protection",
		"22",
		"23",
		"24",
		"25",
		"26",
		"27",
		"hypervisor injection",
		"VMM communication",
		"security",
		"31",
	};

	return names[vector];
}

static void print_frame(const struct entry_frame *f)
{
	log_error("rip %016lx cs %02lx rflags %08lx rsp %016lx ss %02lx\n", f->rip, f->cs,
		  f->rflags, f->rsp, f->ss);
	log_error("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
	log_error("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
	log_error("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
	log_error("r13 %016lx r14 %016lx r15 %016lx\n", f->r13, f->r14, f->r15);
	log_error("cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx efer %lx\n", read_cr0(), read_cr2(),
		  read_cr3(), read_cr4(), rdmsr(MSR_EFER));
}

static void exception(const struct entry_frame *f)
{
	if (!panic_is_under_way()) {
		console_set_panic();
		print_frame(f);
		backtrace_from(f->rip, f->rbp);
	}
	panic("exception %lu (%s), error code %lx\n", f->vector, exception_name(f->vector),
	      f->error);
}

static void nmi(const struct entry_frame *f)
{
	if (panic_is_under_way())
		arch_halt();
	/*
	 * Some chipsets report errors so. It may have come while this CPU holds the console's
	 * lock: it goes to the trace ring, where a panic would show it.
	 */
	trace(TRACE_IRQ, EXC_NMI, f->rip);
}

void idt_interrupt(uint32_t vector)
{
	struct stats_cpu *stats = this_cpu()->stats;

	switch (vector) {
	case IRQ_VECTOR_TIMER:
		__atomic_fetch_or(&this_cpu()->work, CPU_TIMER, __ATOMIC_RELAXED);
		if (stats)
			stats_add(&stats->interrupts_timer, 1);
		arch_irq_eoi();
		break;
	case IRQ_VECTOR_POSTED: /* too late for the guest: it was left meanwhile */
	case IRQ_VECTOR_KICK:
		if (stats)
			stats_add(&stats->interrupts_kick, 1);
		arch_irq_eoi();
		break;
	case IRQ_VECTOR_HALT:
		arch_halt();
	case IRQ_VECTOR_SPURIOUS: /* is not acknowledged (SDM vol. 3, 10.9) */
		break;
	default:
		/*
		 * What the local APIC does not have in service came from the old PIC, past its
		 * masked pin (Bochs wires it so): the control domain would finish it at the PIC,
		 * and its virtual APIC would wait for the end for ever.
		 */
		if (vector < IRQ_VECTOR_FIRST_HV && apic_is_in_service(vector))
			irq_device(vector);
		else if (vector < IRQ_VECTOR_FIRST_HV)
			trace(TRACE_IRQ, vector, this_cpu()->id);
		else
			arch_irq_eoi();
	}
}

void arch_entry(struct entry_frame *f)
{
	if (f->vector == EXC_NMI)
		nmi(f);
	else if (f->vector == EXC_GP && f->rip == (uintptr_t)rdmsr_safe_instruction)
		f->rip = (uintptr_t)rdmsr_safe_refused;
	else if (f->vector < NR_EXCEPTIONS)
		exception(f);
	else
		idt_interrupt((uint32_t)f->vector);
}
