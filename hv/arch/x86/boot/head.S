/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the boot loader to C.
 *
 * start: entered by GRUB in 32-bit protected mode, paging and interrupts off, on BIOS and on UEFI
 * alike (without the EFI tags GRUB leaves boot services itself). eax: multiboot2's magic, ebx:
 * its information. Goes on as
 *	noreturn void boot_main(uint32_t information);
 *
 * secondary_start32: the other CPUs come here from the real-mode trampoline, the same state, with
 * stack and page tables to use in secondary_stack, secondary_cr3. Goes on as cpu_secondary_main().
 *
 * Both run on boot_pml4: identity, everything writable and executable, no more than what is
 * needed to reach C, which has better tables (host_map.c).
 */
#include <arch/boot.h>
#include <arch/offsets.h>

#define MULTIBOOT2_MAGIC 0xe85250d6
#define MULTIBOOT2_LOADED 0x36d76289

#define CR0_LONG 0x80010033 /* PG, WP, NE, ET, MP, PE */
#define CR4_LONG 0x620	    /* OSXMMEXCPT, OSFXSR, PAE */
#define MSR_EFER 0xc0000080
#define EFER_LONG 0x900 /* NXE, LME */

	.section .multiboot2, "a"
	.balign 8
multiboot2_header:
	.long MULTIBOOT2_MAGIC
	.long 0 /* i386 */
	.long multiboot2_header_end - multiboot2_header
	.long -(MULTIBOOT2_MAGIC + (multiboot2_header_end - multiboot2_header))
	/* Console: EGA text is welcome, none is required. */
	.balign 8
	.word 4, 1
	.long 12
	.long 2
	/* Modules at page boundaries. */
	.balign 8
	.word 6, 1
	.long 8
	.balign 8
	.word 0, 0
	.long 8
multiboot2_header_end:

	.text
	.code32
	.globl start
start:
	cli
	cld
	mov $boot_stack + ASM_CPU_STACK_SIZE, %esp
	mov %ebx, %ebp
	mov $message_loader, %esi
	cmp $MULTIBOOT2_LOADED, %eax
	jne refuse32

	/* CPUID is there if its flag in EFLAGS can be changed. */
	mov $message_long_mode, %esi
	pushf
	pop %eax
	mov %eax, %ecx
	xor $0x200000, %eax
	push %eax
	popf
	pushf
	pop %eax
	xor %ecx, %eax
	test $0x200000, %eax
	jz refuse32
	mov $0x80000000, %eax
	cpuid
	cmp $0x80000001, %eax
	jb refuse32
	mov $0x80000001, %eax
	cpuid
	test $1 << 29, %edx /* long mode */
	jz refuse32
	mov $message_nx, %esi
	test $1 << 20, %edx /* no-execute */
	jz refuse32

	movl $boot_pdpt + 3, boot_pml4
	test $1 << 26, %edx /* 1 GiB pages */
	jnz map_512g

	/* 4 GiB by 2 MiB pages. */
	movl $boot_pd + 0x0003, boot_pdpt
	movl $boot_pd + 0x1003, boot_pdpt + 8
	movl $boot_pd + 0x2003, boot_pdpt + 16
	movl $boot_pd + 0x3003, boot_pdpt + 24
	mov $0x83, %eax
	mov $boot_pd, %edi
1:	mov %eax, (%edi)
	add $8, %edi
	add $0x200000, %eax
	jnc 1b
	jmp 3f

map_512g:
	movl $1, boot_maps_512g
	mov $0x83, %eax
	xor %edx, %edx
	mov $boot_pdpt, %edi
2:	mov %eax, (%edi)
	mov %edx, 4(%edi)
	add $8, %edi
	add $0x40000000, %eax
	adc $0, %edx
	cmp $boot_pdpt + 4096, %edi
	jb 2b

3:	lgdt boot_gdt_pointer
	mov $boot_start64, %edi
	jmp long_mode

	.globl secondary_start32
secondary_start32:
	mov $BOOT_DS, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $secondary_start64, %edi

/* edi: where to go in 64-bit mode */
long_mode:
	mov $CR4_LONG, %eax
	mov %eax, %cr4
	mov $boot_pml4, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LONG, %eax
	wrmsr
	mov $CR0_LONG, %eax
	mov %eax, %cr0
	ljmp $BOOT_CS, $1f

	.code64
1:	mov $BOOT_DS, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	lldt %ax
	mov %edi, %edi
	jmp *%rdi

boot_start64:
	lea boot_stack + ASM_CPU_STACK_SIZE, %rsp
	mov %ebp, %edi
	xor %ebp, %ebp
	call boot_main
	ud2

secondary_start64:
	/* The stack may lie beyond what the boot tables map. */
	mov secondary_cr3, %rax
	mov %rax, %cr3
	mov secondary_stack, %rsp
	xor %ebp, %ebp
	call cpu_secondary_main
	ud2

/*
 * esi: why hv cannot run here. To the first serial port and the text screen, whatever of them is
 * there.
 */
	.code32
refuse32:
	mov $0xb8000, %edi
1:	lodsb
	test %al, %al
	jz 4f
	mov $0x0f, %ah
	cmp $'\n', %al
	je 2f
	stosw
2:	mov %al, %bl
	mov $0x3fd, %edx
	mov $100000, %ecx
3:	in %dx, %al
	test $0x20, %al
	loopz 3b
	mov $0x3f8, %edx
	mov %bl, %al
	out %al, %dx
	jmp 1b
4:	hlt
	jmp 4b

	.section .rodata
message_loader:
	.asciz "hv: not started by a multiboot2 loader: use GRUB's 'multiboot2' command.\n"
message_long_mode:
	.asciz "hv: this CPU has no 64-bit mode, which hv needs.\n"
message_nx:
	.asciz "hv: this CPU has no NX (no-execute pages), or the firmware has turned it off; hv needs it.\n"

	.balign 8
	.globl boot_gdt
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* BOOT_CS: 64-bit code */
	.quad 0x00cf93000000ffff /* BOOT_DS */
	.quad 0x00cf9b000000ffff /* BOOT_CS32 */
boot_gdt_end:
	.globl boot_gdt_pointer
boot_gdt_pointer:
	.word boot_gdt_end - boot_gdt - 1
	.quad boot_gdt

	.bss
	.globl boot_stack, boot_pml4, boot_maps_512g, secondary_stack, secondary_cr3
	.balign ASM_CPU_STACK_SIZE
boot_stack: /* with the boot CPU's struct cpu at its lowest address */
	.skip ASM_CPU_STACK_SIZE
	.balign 4096
boot_pml4:
	.skip 4096
boot_pdpt:
	.skip 4096
boot_pd:
	.skip 4 * 4096
secondary_stack:
	.skip 8
secondary_cr3:
	.skip 8
boot_maps_512g:
	.skip 4
