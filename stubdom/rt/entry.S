/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From PVH's entry to C. Entered in 32-bit protected mode, paging off, ebx = start_info; leaves
 * in 64-bit mode with the first 4 GiB identity-mapped, for user mode too, calls
 *	void rt_start(const struct hvm_start_info *info);
 * and powers off if that returns. Other vCPUs come in real mode through the trampoline at the end,
 * and call rt_cpu_main() on a stack of their own.
 *
 * Interrupt entries save what C may clobber and call rt_interrupt(struct rt_frame *).
 */
#include <xen/elfnote.h>

#define CR0_PG_WP_NE_PE 0x80010031
#define CR0_PE 0x1
#define CR4_PAE_OSFXSR 0x620
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define PDE_PRESENT_WRITE_USER_LARGE 0x87
#define PTE_PRESENT_WRITE_USER 0x7
#define RFLAGS_FIXED 0x2

/* rt.h has these too */
#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_USER_DATA 0x1b
#define SEL_USER_CODE 0x23
#define SEL_TSS 0x28
#define SEL_CODE32 0x38
#define VECTOR_LEAVE_USER 0x80

	.section .note.pvh, "a", @note
	.align 4
	.long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.long rt_entry

	.macro enter_long_mode
	mov	$CR4_PAE_OSFXSR, %eax
	mov	%eax, %cr4
	mov	$rt_level4, %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	$CR0_PG_WP_NE_PE, %eax
	mov	%eax, %cr0
	.endm

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
	mov	$rt_directories, %edi
	mov	$PDE_PRESENT_WRITE_USER_LARGE, %eax
	mov	$2048, %ecx
1:	mov	%eax, (%edi)
	movl	$0, 4(%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b
	movl	$(pointers + PTE_PRESENT_WRITE_USER), rt_level4
	movl	$(rt_directories + 0x0000 + PTE_PRESENT_WRITE_USER), pointers
	movl	$(rt_directories + 0x1000 + PTE_PRESENT_WRITE_USER), pointers + 8
	movl	$(rt_directories + 0x2000 + PTE_PRESENT_WRITE_USER), pointers + 16
	movl	$(rt_directories + 0x3000 + PTE_PRESENT_WRITE_USER), pointers + 24

	enter_long_mode
	lgdt	gdt_pointer
	ljmp	$SEL_CODE, $2f

	.code64
2:	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%ebp, %edi
	call	rt_start
	call	rt_power_off
3:	hlt
	jmp	3b

	/* Another vCPU, from the trampoline: protected mode, its stack in rt_cpu_stack. */
	.code32
secondary:
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	rt_cpu_stack, %esp
	enter_long_mode
	ljmp	$SEL_CODE, $4f
	.code64
4:	call	rt_cpu_main
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
	mov	%rsp, %rdi
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

	/*
	 * void rt_user_enter(void (*fn)(void), uint64_t rflags);
	 * Calls fn in user mode. rt_interrupt() ends that, at rt_user_leave with the stack as it was.
	 */
	.globl rt_user_enter
rt_user_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, rt_user_stack_pointer(%rip)
	mov	%rsp, rt_tss + 4(%rip)
	lea	user_stack_top - 8(%rip), %rax
	lea	user_done(%rip), %rcx
	mov	%rcx, (%rax)
	or	$RFLAGS_FIXED, %rsi
	push	$SEL_USER_DATA
	push	%rax
	push	%rsi
	push	$SEL_USER_CODE
	push	%rdi
	iretq
user_done:
	int	$VECTOR_LEAVE_USER

	.globl rt_user_leave
rt_user_leave:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	/* Copied to a page below 1 MiB: its addresses are from its own start. */
	.code16
	.globl rt_trampoline, rt_trampoline_end
rt_trampoline:
	cli
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	gdt_copy - rt_trampoline
	mov	$CR0_PE, %eax
	mov	%eax, %cr0
	ljmpl	$SEL_CODE32, $secondary
	.align	4
gdt_copy:
	.word	gdt_end - gdt - 1
	.long	gdt
rt_trampoline_end:

	.data
	.globl rt_entry_tsc
	.align 16
rt_entry_tsc:
	.quad	0
	.align 16
gdt:	.quad	0
	.quad	0x00af9b000000ffff	/* SEL_CODE */
	.quad	0x00cf93000000ffff	/* SEL_DATA */
	.quad	0x00cff3000000ffff	/* SEL_USER_DATA */
	.quad	0x00affb000000ffff	/* SEL_USER_CODE */
	.globl rt_gdt_tss
rt_gdt_tss:
	.quad	0, 0			/* SEL_TSS, filled by rt_start() */
	.quad	0x00cf9b000000ffff	/* SEL_CODE32 */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	gdt
	.align 8
	.globl rt_tss
rt_tss:	.skip	104

	.bss
	.align 4096
	.globl rt_level4, rt_directories
rt_level4:
	.skip	4096
pointers:
	.skip	4096
rt_directories:
	.skip	4 * 4096
	.skip	16384
stack_top:
	.skip	4096
user_stack_top:
	.globl rt_user_stack_pointer
rt_user_stack_pointer:
	.skip	8
