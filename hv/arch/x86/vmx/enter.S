/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bool vmx_enter_guest(void *guest_regs, uint64_t *host_rsp, bool launched);
 *
 * rdi: where the registers that the VMCS does not hold come from and go to; rsi: the stack pointer
 * that the current VMCS has for the host, brought up to date; edx: it was launched before. Called
 * and returns with interrupts off. Clobbers what C allows. An exit continues at vmx_exited, with
 * everything of the host's loaded but the general registers.
 */
#include <arch/offsets.h>

#include "fields.h"

	.text
	.globl vmx_enter_guest, vmx_exited
	.type vmx_enter_guest, @function
vmx_enter_guest:
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi

	cmp	%rsp, (%rsi)
	je	1f
	mov	%rsp, (%rsi)
	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax

1:	test	%dl, %dl
	mov	REGS_RAX(%rdi), %rax
	mov	REGS_RCX(%rdi), %rcx
	mov	REGS_RDX(%rdi), %rdx
	mov	REGS_RBX(%rdi), %rbx
	mov	REGS_RBP(%rdi), %rbp
	mov	REGS_RSI(%rdi), %rsi
	mov	REGS_R8(%rdi), %r8
	mov	REGS_R9(%rdi), %r9
	mov	REGS_R10(%rdi), %r10
	mov	REGS_R11(%rdi), %r11
	mov	REGS_R12(%rdi), %r12
	mov	REGS_R13(%rdi), %r13
	mov	REGS_R14(%rdi), %r14
	mov	REGS_R15(%rdi), %r15
	mov	REGS_RDI(%rdi), %rdi
	jnz	2f
	vmlaunch
	jmp	3f
2:	vmresume
	/* Only a refusal gets here: the registers are still as they were. */
3:	pop	%rdi
	xor	%eax, %eax
	jmp	4f

vmx_exited:
	push	%rax
	mov	8(%rsp), %rax
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
	pop	REGS_RAX(%rax)
	pop	%rdi
	mov	$1, %eax

	/* No value of the guest's stays in a register that C might use speculatively. */
4:	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d

	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size vmx_enter_guest, . - vmx_enter_guest
