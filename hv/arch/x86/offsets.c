/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that assembly shares with C. Compiled to assembly only: local.mk turns each line
 * "->NAME value" of the result into a #define in <arch/offsets.h>.
 */
#include <hv/compiler.h>
#include <hv/cpu.h>

#include <arch/vcpu.h>

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %0" : : "i"(value))
#define OFFSET(name, type, member) DEFINE(name, offsetof(type, member))

void offsets(void);

void offsets(void)
{
	OFFSET(REGS_RAX, struct guest_regs, rax);
	OFFSET(REGS_RCX, struct guest_regs, rcx);
	OFFSET(REGS_RDX, struct guest_regs, rdx);
	OFFSET(REGS_RBX, struct guest_regs, rbx);
	OFFSET(REGS_RSP, struct guest_regs, rsp);
	OFFSET(REGS_RBP, struct guest_regs, rbp);
	OFFSET(REGS_RSI, struct guest_regs, rsi);
	OFFSET(REGS_RDI, struct guest_regs, rdi);
	OFFSET(REGS_R8, struct guest_regs, r8);
	OFFSET(REGS_R9, struct guest_regs, r9);
	OFFSET(REGS_R10, struct guest_regs, r10);
	OFFSET(REGS_R11, struct guest_regs, r11);
	OFFSET(REGS_R12, struct guest_regs, r12);
	OFFSET(REGS_R13, struct guest_regs, r13);
	OFFSET(REGS_R14, struct guest_regs, r14);
	OFFSET(REGS_R15, struct guest_regs, r15);
	OFFSET(REGS_RIP, struct guest_regs, rip);
	OFFSET(REGS_RFLAGS, struct guest_regs, rflags);
	DEFINE(REGS_SIZE, sizeof(struct guest_regs));

	OFFSET(VCPU_REGS, struct arch_vcpu, regs);
	OFFSET(CPU_WORK, struct cpu, work);
	DEFINE(CPU_RECORD_SIZE, sizeof(struct cpu));
	DEFINE(ASM_CPU_STACK_SIZE, CPU_STACK_SIZE);
}
