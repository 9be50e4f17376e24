/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * void svm_enter_guest(uint64_t block_address, struct guest_regs *regs);
 *
 * rdi: machine address of the VMCB, rsi: where the registers that the VMCB does not hold come
 * from and go to. Called and returns with interrupts off and GIF set. Clobbers what C allows.
 *
 * With V_INTR_MASKING a physical interrupt leaves the guest only if the host's IF is set at VMRUN
 * (APM vol. 2, 15.21.1). None is taken before: STI covers CLGI, and with GIF clear one that comes
 * then waits, and VMRUN exits at once. (STI right before VMRUN would do for a processor; QEMU 7.2
 * carries its cover on to the guest's first instruction, and the guest's own STI there then covers
 * nothing.) After the exit GIF is clear; with IF off again it may be set: the interrupt stays
 * pending until hv takes it (arch_take_interrupts).
 *
 * FS, GS, TR, LDTR and the system-call MSRs stay the guest's: hv uses none of them.
 */
#include <arch/offsets.h>

	.text
	.globl svm_enter_guest
	.type svm_enter_guest, @function
svm_enter_guest:
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rsi

	mov	%rdi, %rax
	mov	REGS_RCX(%rsi), %rcx
	mov	REGS_RDX(%rsi), %rdx
	mov	REGS_RBX(%rsi), %rbx
	mov	REGS_RBP(%rsi), %rbp
	mov	REGS_RDI(%rsi), %rdi
	mov	REGS_R8(%rsi), %r8
	mov	REGS_R9(%rsi), %r9
	mov	REGS_R10(%rsi), %r10
	mov	REGS_R11(%rsi), %r11
	mov	REGS_R12(%rsi), %r12
	mov	REGS_R13(%rsi), %r13
	mov	REGS_R14(%rsi), %r14
	mov	REGS_R15(%rsi), %r15
	mov	REGS_RSI(%rsi), %rsi

	sti
	clgi
	vmrun	%rax
	cli
	stgi

	mov	(%rsp), %rax
	mov	%rcx, REGS_RCX(%rax)
	mov	%rdx, REGS_RDX(%rax)
	mov	%rbx, REGS_RBX(%rax)
	mov	%rbp, REGS_RBP(%rax)
	mov	%rsi, REGS_RSI(%rax)
	mov	%rdi, REGS_RDI(%rax)
	mov	%r8, REGS_R8(%rax)
	mov	%r9, REGS_R9(%rax)
	mov	%r10, REGS_R10(%rax)
	mov	%r11, REGS_R11(%rax)
	mov	%r12, REGS_R12(%rax)
	mov	%r13, REGS_R13(%rax)
	mov	%r14, REGS_R14(%rax)
	mov	%r15, REGS_R15(%rax)

	/* No value of the guest's stays in a register that C might use speculatively. */
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d

	pop	%rsi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size svm_enter_guest, . - svm_enter_guest
