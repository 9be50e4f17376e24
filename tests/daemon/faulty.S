/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that does the worst it can at once: an undefined instruction without an IDT, which is a
 * triple fault.
 */
	.section .note.Xen, "a", @note
	.long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long _start

	.text
	.globl _start
_start:
	.code32
	lidt no_idt
	ud2
no_idt:
	.word 0
	.long 0
	.section .note.GNU-stack, "", @progbits
