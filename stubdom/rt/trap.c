/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions and interrupts, user mode, and further vCPUs. */
#include "trap.h"

#include "rt.h"

#define SEL_CODE 0x08u
#define SEL_DATA 0x10u
#define SEL_TSS 0x28u
#define VECTOR_LEAVE_USER 0x80u
#define GATE 0x8e00u
#define GATE_USER 0xee00u

struct gate {
	uint16_t offset_low, selector, flags, offset_mid;
	uint32_t offset_high, zero;
};

struct idt_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct cpu {
	uint32_t id; /* first: rt_cpu_id() reads it through GS */
	void (*fn)(void);
};

extern uint8_t rt_vectors[], rt_user_leave[], rt_trampoline[], rt_trampoline_end[];
extern uint64_t rt_gdt_tss[2], rt_user_stack_pointer;
extern uint8_t rt_tss[104];
void rt_user_enter(void (*fn)(void), uint64_t rflags);

volatile struct rt_trap rt_trap;
volatile uint64_t rt_recover;
uint64_t rt_cpu_stack; /* of the vCPU that is started next */

static struct gate idt[256] __attribute__((aligned(16)));
static rt_irq_fn irq_handlers[256];
static struct cpu cpus[RT_MAX_CPUS];
static unsigned int starting;
static uint8_t stacks[RT_MAX_CPUS][8192] __attribute__((aligned(16)));

static void note_trap(const struct rt_frame *f)
{
	uint64_t dr6 = 0;

	if (f->vector == DB)
		__asm__ volatile("mov %%db6, %0" : "=r"(dr6));
	rt_trap.error = f->error;
	rt_trap.rip = f->rip;
	rt_trap.cr2 = rt_cr2();
	rt_trap.dr6 = dr6;
	rt_trap.vector = (int)f->vector;
}

static void leave_user(struct rt_frame *f)
{
	if (f->vector != VECTOR_LEAVE_USER)
		note_trap(f);
	f->rip = (uintptr_t)rt_user_leave;
	f->cs = SEL_CODE;
	f->ss = SEL_DATA;
	f->rsp = rt_user_stack_pointer;
	f->rflags = 2;
}

void rt_interrupt(struct rt_frame *f)
{
	if (irq_handlers[f->vector]) {
		irq_handlers[f->vector](f);
		return;
	}
	if ((f->cs & 3) && (f->vector < 32 || f->vector == VECTOR_LEAVE_USER)) {
		leave_user(f);
		return;
	}
	if (f->vector < 32 && rt_recover) {
		note_trap(f);
		f->rip = rt_recover;
		f->rflags &= ~(RFLAGS_TF | RFLAGS_AC);
		rt_recover = 0;
		return;
	}
	rt_printf("unexpected exception %lu, error 0x%lx, rip 0x%lx, cr2 0x%lx\n", f->vector, f->error,
		  f->rip, rt_cr2());
	rt_power_off();
}

void rt_irq_bind(unsigned int vector, rt_irq_fn fn)
{
	irq_handlers[vector & 0xff] = fn;
}

int rt_user(void (*fn)(void), uint64_t rflags)
{
	rt_trap.vector = RT_NO_TRAP;
	rt_user_enter(fn, rflags);
	return rt_trap.vector;
}

static void load_idt(void)
{
	struct idt_pointer pointer = { sizeof(idt) - 1, (uintptr_t)idt };

	__asm__ volatile("lidt %0" ::"m"(pointer));
}

static void set_cpu(unsigned int id)
{
	cpus[id].id = id;
	rt_wrmsr(MSR_GS_BASE, (uintptr_t)&cpus[id]);
}

void trap_init(void)
{
	uint64_t tss = (uintptr_t)rt_tss;
	unsigned int i;

	for (i = 0; i < 256; i++) {
		uintptr_t entry = (uintptr_t)(rt_vectors + 16 * i);

		idt[i] = (struct gate){ (uint16_t)entry, SEL_CODE,
					i == VECTOR_LEAVE_USER ? GATE_USER : GATE,
					(uint16_t)(entry >> 16), (uint32_t)(entry >> 32), 0 };
	}
	load_idt();
	rt_tss[102] = sizeof(rt_tss); /* no I/O bitmap */
	/* A TSS: present, 64-bit, available; its base is spread over the descriptor. */
	rt_gdt_tss[0] = 0x0000890000000000ull | (sizeof(rt_tss) - 1) | (tss & 0xffffff) << 16 |
			(tss >> 24 & 0xff) << 56;
	rt_gdt_tss[1] = tss >> 32;
	__asm__ volatile("ltr %0" ::"r"((uint16_t)SEL_TSS));
	set_cpu(0);
}

/* ---- other vCPUs ---- */

unsigned int rt_cpu_id(void)
{
	uint32_t id;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(id));
	return id;
}

void rt_cpu_main(void)
{
	unsigned int id = starting;

	load_idt();
	set_cpu(id);
	cpus[id].fn();
	for (;;)
		__asm__ volatile("cli; hlt");
}

void rt_cpu_start(unsigned int id, void (*fn)(void))
{
	/* An address that the compiler cannot take for an object's. */
	volatile uint8_t *to = (volatile uint8_t *)(uintptr_t)RT_TRAMPOLINE;
	const uint8_t *from;

	for (from = rt_trampoline; from < rt_trampoline_end; from++)
		*to++ = *from;
	starting = id;
	cpus[id].fn = fn;
	rt_cpu_stack = (uintptr_t)stacks[id] + sizeof(stacks[id]);
	rt_wrmsr(APIC_ICR, (uint64_t)id << 32 | ICR_INIT);
	rt_wrmsr(APIC_ICR, (uint64_t)id << 32 | ICR_STARTUP | RT_TRAMPOLINE >> 12);
}
