/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel images as ELF: what to load where, and where a PVH guest starts.
 *
 * Pure: the image is only read, and every offset in it is checked against its size.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 16u

struct elf_segment {
	uint64_t paddr;	   /* guest-physical */
	uint64_t mem_size; /* >= file_size: the rest is zero */
	uint64_t file_size;
	const void *data; /* in the image */
};

struct elf_image {
	struct elf_segment segments[ELF_SEGMENTS_MAX]; /* sorted by paddr, without overlap */
	unsigned int nr_segments;
	uint64_t start, end; /* guest-physical range from the first byte to after the last */
	uint64_t pvh_entry;  /* of the note XEN_ELFNOTE_PHYS32_ENTRY; inside a segment */
	bool has_dom0;	     /* the notes say that it can be a control domain */
};

/*
 * Reads a 32-bit or 64-bit x86 executable. On failure '*ret_error' (to be freed) says why:
 *   -ENOEXEC  not an ELF executable for x86, or a damaged one
 *   -ENOTSUP  sound, but without a PVH entry note
 */
int elf_parse(const void *image, size_t size, struct elf_image *ret_elf, char **ret_error);

#endif
