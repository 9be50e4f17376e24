/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86 part of a virtual CPU. */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <hv/timer.h>
#include <hv/types.h>

/*
 * General registers. Valid after an exit until the next entry; the back end copies rax, rsp, rip
 * and rflags from and to its control block. Order is known to enter.S through offsets.c.
 */
struct guest_regs {
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rflags;
};

/*
 * The virtual local APIC, x2APIC mode only (Intel SDM vol. 3, 10.12). irr and tmr are atomic: any
 * CPU may raise an interrupt. The rest belongs to the vCPU's own CPU.
 */
struct vlapic {
	uint64_t irr[4]; /* requested */
	uint64_t isr[4]; /* in service */
	uint64_t tmr[4]; /* of those, level: a physical EOI is owed */
	uint32_t id, tpr, svr, esr, esr_pending;
	uint32_t lvt[7]; /* CMCI, timer, thermal, perf, LINT0, LINT1, error */
	uint64_t icr;
	uint32_t timer_initial, timer_divide;
	uint64_t timer_start_ns;
	uint64_t tsc_deadline;
	struct timer timer;
};

/* How an application processor waits for its start. Atomic: written by the CPU that sends. */
enum vcpu_init_state { VCPU_INIT_NONE, VCPU_WAIT_SIPI };

#define INIT_REQUESTED (1u << 31)
#define STARTUP_REQUESTED (1u << 8)

struct arch_vcpu {
	struct guest_regs regs;
	void *hw;	/* the back end's control block and what belongs to it */
	void *fpu;	/* FXSAVE or XSAVE area, frame_alloc'ed */
	uint64_t xcr0;
	uint64_t tsc_aux;
	struct vlapic lapic;
	uint32_t nmi_pending;	     /* atomic */
	uint32_t init_state;	     /* enum vcpu_init_state; atomic */
	uint32_t init_request;	     /* INIT_REQUESTED, STARTUP_REQUESTED | vector; atomic */
	int offered;		     /* interrupt vector that goes with the entry, -1: none */
	bool offered_direct;	     /* the guest ABI's, outside the virtual APIC */
	bool halted;		     /* executed HLT and waits for an interrupt */
	bool dead;		     /* halted with interrupts disabled: switched off */
	uint64_t tlb_generation;     /* of the domain's physmap, at the last entry */
	uint32_t asid;		     /* tag of its translations on loaded_on */
	uint64_t asid_generation;    /* of that CPU's tags */
};

#endif
