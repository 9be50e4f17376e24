/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a kernel: what elf_parse() accepts lies inside of the image and of memory, and a
 * layout made from it keeps everything apart.
 */
#include <stdlib.h>

#include "domain/layout.h"
#include "lib/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)          \
	do {                     \
		if (!(condition)) \
			abort(); \
	} while (0)

static void check_layout(const struct elf_image *elf)
{
	struct layout l;
	char *error = NULL;

	if (layout_make(1ull << 30, elf, 5000, 9000, &l, &error)) {
		MUST(error);
		free(error);
		return;
	}
	MUST(l.boot_gpa + l.boot_bytes <= elf->start || l.boot_gpa >= elf->end);
	MUST(l.initrd_gpa + l.initrd_bytes <= elf->start || l.initrd_gpa >= elf->end);
	MUST(l.initrd_gpa + l.initrd_bytes <= l.boot_gpa || l.initrd_gpa >= l.boot_gpa + l.boot_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image elf;
	char *error = NULL;
	uint64_t at = 0;

	if (elf_parse(data, size, &elf, &error)) {
		MUST(error);
		free(error);
		return 0;
	}
	MUST(!error && elf.nr_segments && elf.nr_segments <= ELF_SEGMENTS_MAX);
	for (unsigned int i = 0; i < elf.nr_segments; i++) {
		const struct elf_segment *s = &elf.segments[i];
		const uint8_t *bytes = s->data;

		MUST(bytes >= data && s->file_size <= size && bytes + s->file_size <= data + size);
		MUST(s->paddr >= at && s->mem_size >= s->file_size);
		at = s->paddr + s->mem_size;
	}
	MUST(elf.start < elf.end && elf.end <= 1ull << 32);
	MUST(elf.pvh_entry >= elf.start && elf.pvh_entry < elf.end);
	check_layout(&elf);
	return 0;
}
