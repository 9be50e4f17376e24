/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <arch/apic.h>
#include <arch/idt.h>
#include <arch/x86.h>
#include <hv/clock.h>
#include <hv/cpu.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/irq.h>
#include <hv/slab.h>
#include <hv/timer.h>
#include <hv/vcpu.h>

#include "unit.h"
#include "x86_world.h"

struct x86_world world;

static char stack[CPU_STACK_SIZE * 2] __aligned(32768);

void x86_on_cpu(void (*fn)(void), void *virt)
{
	struct cpu *cpu = (struct cpu *)(void *)stack;
	ucontext_t here, there;

	memset(cpu, 0, sizeof(*cpu));
	cpu->arch.virt = virt;
	CU_ASSERT_FATAL(!getcontext(&there));
	there.uc_stack.ss_sp = stack + sizeof(struct cpu);
	there.uc_stack.ss_size = CPU_STACK_SIZE - sizeof(struct cpu);
	there.uc_link = &here;
	makecontext(&there, fn, 0);
	CU_ASSERT_FATAL(!swapcontext(&here, &there));
}

/* ---- memory ---- */

void *hv_alloc(size_t size)
{
	(void)size;
	return NULL;
}

void hv_free(void *p, size_t size)
{
	(void)p;
	(void)size;
}

int frame_alloc_zeroed(unsigned int order, mfn_t *ret_mfn)
{
	(void)order;
	(void)ret_mfn;
	return -ENOMEM;
}

void frame_free(mfn_t mfn, unsigned int order)
{
	(void)mfn;
	(void)order;
}

void *page_alloc_zeroed(void)
{
	return calloc(1, PAGE_SIZE);
}

void page_free(void *page)
{
	free(page);
}

bool rdmsr_safe(uint32_t msr, uint64_t *ret_value)
{
	(void)msr;
	(void)ret_value;
	return false;
}

/* ---- time ---- */

uint64_t clock_ns(void)
{
	return world.now_ns;
}

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	*t = (struct timer){ .fn = fn };
}

void timer_set(struct timer *t, uint64_t deadline_ns)
{
	world.armed = t;
	t->deadline_ns = deadline_ns;
}

void timer_cancel(struct timer *t)
{
	(void)t;
	world.armed = NULL;
}

void timer_kill(struct timer *t)
{
	timer_cancel(t);
}

/* ---- vCPUs ---- */

void vcpu_kick(struct vcpu *v)
{
	(void)v;
	world.nr_kicks++;
}

void vcpu_kick_by(struct vcpu *v, void (*interrupt)(struct cpu *cpu))
{
	(void)v;
	world.nr_kicks++;
	if (interrupt)
		interrupt(NULL);
}

void apic_notify_posted(struct cpu *cpu)
{
	(void)cpu;
	world.nr_notifications++;
}

void idt_interrupt(uint32_t vector)
{
	world.last_interrupt = vector;
}

void vcpu_set_online(struct vcpu *v, bool online)
{
	v->state = online ? VCPU_RUNNABLE : VCPU_OFFLINE;
}

void irq_guest_eoi(struct vcpu *v, uint32_t vector)
{
	(void)v;
	(void)vector;
	world.nr_eois++;
}
