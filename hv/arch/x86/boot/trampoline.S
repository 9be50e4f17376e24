/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a CPU wakes up after INIT and SIPI: in real mode, at the start of the page below 1 MiB
 * that this was copied to. hv's image lies below 4 GiB, so all that is left to do here is to enter
 * protected mode and jump to secondary_start32 in it.
 */
#include <arch/boot.h>

	.section .rodata
	.code16
	.globl trampoline_start, trampoline_end
	.balign 16
trampoline_start:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	lgdtl gdt_pointer - trampoline_start
	mov $0x11, %eax /* ET, PE */
	mov %eax, %cr0
	ljmpl $BOOT_CS32, $secondary_start32
	.balign 4
gdt_pointer: /* the base's lower half is all that 32-bit code reads */
	.word 31
	.long boot_gdt
trampoline_end:
