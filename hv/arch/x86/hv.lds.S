/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv's image: linked and loaded at 2 MiB, so that memory below 1 MiB and from 16 MiB up, where the
 * control domain's kernel wants to be, stays free. Each part begins on a page of its own, because
 * each has access rights of its own (host_map.c). The symbol table comes after everything that
 * code refers to from fixed places: filling it in by a second link moves no function.
 */
OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(start)

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = 0x200000;
	image_start = .;
	.text : {
		KEEP(*(.multiboot2))
		*(.text .text.*)
	} :text
	. = ALIGN(4096);
	image_text_end = .;

	.rodata : {
		*(.rodata .rodata.*)
		. = ALIGN(8);
		__start_options = .;
		KEEP(*(options))
		__stop_options = .;
		. = ALIGN(8);
		KEEP(*(.symbols))
	} :rodata
	. = ALIGN(4096);
	image_rodata_end = .;

	.data : {
		*(.data .data.*)
	} :data
	.bss : {
		*(.bss .bss.* COMMON)
	} :data
	. = ALIGN(4096);
	image_end = .;

	ASSERT(image_end <= 0x800000, "hv must stay below 8 MiB: UEFI firmware uses memory there")

	/DISCARD/ : {
		*(.comment .note .note.* .eh_frame .eh_frame_hdr)
	}
}
