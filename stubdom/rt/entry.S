/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From PVH's entry to C. Entered in 32-bit protected mode, paging off, ebx = start_info; leaves
 * in 64-bit mode with the first 4 GiB identity-mapped, calls
 *	void rt_start(const struct hvm_start_info *info);
 * and powers off if that returns.
 *
 * Interrupt entries save what C may clobber and call rt_interrupt(vector).
 */
#include <xen/elfnote.h>

#define CR0_PG_WP_NE_PE 0x80010031
#define CR4_PAE_OSFXSR 0x620
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define PDE_PRESENT_WRITE_LARGE 0x83
#define PTE_PRESENT_WRITE 0x3

	.section .note.pvh, "a", @note
	.align 4
	.long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.long rt_entry

	.code32
	.text
	.globl rt_entry
rt_entry:
	rdtsc
	mov	%eax, rt_entry_tsc
	mov	%edx, rt_entry_tsc + 4
	cld
	mov	$stack_top, %esp
	mov	%ebx, %ebp

	/* Page directories: 2048 leaves of 2 MiB. */
	mov	$directories, %edi
	mov	$PDE_PRESENT_WRITE_LARGE, %eax
	mov	$2048, %ecx
1:	mov	%eax, (%edi)
	movl	$0, 4(%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b
	movl	$(pointers + PTE_PRESENT_WRITE), level4
	movl	$(directories + 0x0000 + PTE_PRESENT_WRITE), pointers
	movl	$(directories + 0x1000 + PTE_PRESENT_WRITE), pointers + 8
	movl	$(directories + 0x2000 + PTE_PRESENT_WRITE), pointers + 16
	movl	$(directories + 0x3000 + PTE_PRESENT_WRITE), pointers + 24

	mov	$CR4_PAE_OSFXSR, %eax
	mov	%eax, %cr4
	mov	$level4, %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	$CR0_PG_WP_NE_PE, %eax
	mov	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$8, $2f

	.code64
2:	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%ebp, %edi
	call	rt_start
	call	rt_power_off
3:	hlt
	jmp	3b

	/* One stub a vector, 16 bytes apart; exceptions with an error code have it on the stack. */
	.align 16
	.globl rt_vectors
rt_vectors:
	.set	vector, 0
	.rept	256
	.align	16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17)
	push	$0
	.endif
	push	$vector
	jmp	interrupt
	.set	vector, vector + 1
	.endr

interrupt:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	mov	72(%rsp), %rdi	/* vector */
	mov	80(%rsp), %rsi	/* error code */
	mov	88(%rsp), %rdx	/* rip */
	cld
	call	rt_interrupt
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

	.data
	.globl rt_entry_tsc
	.align 16
rt_entry_tsc:
	.quad	0
	.align 16
gdt:	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdt_pointer:
	.word	. - gdt - 1
	.quad	gdt

	.bss
	.align 4096
level4:	.skip	4096
pointers:
	.skip	4096
directories:
	.skip	4 * 4096
	.skip	16384
stack_top:
