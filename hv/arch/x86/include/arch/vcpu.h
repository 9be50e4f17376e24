/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86 part of a virtual CPU. */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <hv/compiler.h>
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
 * What any CPU has asked a virtual APIC for, and its own has not taken over yet. In the layout of the
 * descriptor that CPUs with posted interrupts work on themselves (Intel SDM vol. 3, 30.6).
 */
struct posted_requests {
	uint64_t vectors[4]; /* atomic */
	uint64_t control;    /* atomic; POSTED_OUTSTANDING: there are some */
	uint64_t unused[3];
} __aligned(64);
#define POSTED_OUTSTANDING BIT(0)

/*
 * The virtual local APIC, x2APIC mode only (Intel SDM vol. 3, 11.12). Its state is what hardware
 * shares that can work on it by itself: the page of registers, and the highest vector of the two
 * registers that have one bit a vector. All but what is marked belongs to the vCPU's own CPU.
 */
struct vlapic {
	uint32_t *page; /* register n (MSR 0x800 + n) in word 4n, as a physical APIC has them */
	uint8_t requested, serviced; /* highest in IRR, in ISR; 0: none */
	bool by_hardware;	     /* the CPU delivers what the page has, not hv */
	bool takes_posted;	     /* the CPU takes 'posted' over in the guest, when it is notified */
	struct posted_requests posted;	     /* any CPU */
	struct posted_requests posted_level; /* any CPU; hv takes these over, for their end must exit */
	uint64_t level[4]; /* any CPU, atomic: vectors for which a physical EOI is owed */
	uint32_t id, esr_pending;
	uint64_t timer_start_ns;
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
