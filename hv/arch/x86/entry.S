/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions, NMIs and interrupts that the CPU takes while it executes hv. One stub a vector, all
 * into
 *	void arch_entry(struct entry_frame *f);
 *
 * The CPU stays at privilege level 0 and on the stack that it was on: no task state segment is
 * read, so the guest's may be loaded, and FS and GS are left alone. Interrupts are off (interrupt
 * gates). All registers are given back.
 */
#include <arch/idt.h>

/* Exceptions for which the CPU itself pushes an error code (Intel SDM vol. 3, table 6-1). */
#define HAS_ERROR(n) ((n) == 8 || ((n) >= 10 && (n) <= 14) || (n) == 17 || (n) == 21 || \
		      (n) == 29 || (n) == 30)

	.text
	.globl entry_stubs
	.balign ENTRY_STUB_SIZE
entry_stubs:
	.set vector, 0
	.rept NR_VECTORS
	.balign ENTRY_STUB_SIZE
	.if !HAS_ERROR(vector)
	push $0
	.endif
	push $vector
	jmp entry_common
	.set vector, vector + 1
	.endr

entry_common:
	cld
	push %rax
	push %rbx
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	push %rbp
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, %rdi
	mov %rsp, %rbp
	and $~15, %rsp
	call arch_entry
	mov %rbp, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rbp
	pop %rdi
	pop %rsi
	pop %rdx
	pop %rcx
	pop %rbx
	pop %rax
	add $16, %rsp
	iretq

/*
 * bool rdmsr_safe(uint32_t msr, uint64_t *ret_value);
 *
 * Which registers there are differs from model to model: #GP at the instruction is the answer "not
 * this one", which arch_entry() gives by going on at rdmsr_safe_refused.
 */
	.globl rdmsr_safe, rdmsr_safe_instruction, rdmsr_safe_refused
	.type rdmsr_safe, @function
rdmsr_safe:
	mov %edi, %ecx
rdmsr_safe_instruction:
	rdmsr
	shl $32, %rdx
	or %rdx, %rax
	mov %rax, (%rsi)
	mov $1, %eax
	ret
rdmsr_safe_refused:
	xor %eax, %eax
	ret
	.size rdmsr_safe, . - rdmsr_safe
