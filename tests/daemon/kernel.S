/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest thing that a domain can be built from: one instruction and a PVH note.
 */
	.section .note.Xen, "a", @note
	.long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long _start

	.text
	.globl _start
_start:
	hlt
	.section .note.GNU-stack, "", @progbits
