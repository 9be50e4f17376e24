/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lays out the segments of an ELF image anew; the contract is in elf_compact.h.
 *
 * File offsets stay congruent to addresses modulo the page size, as the ELF specification asks.
 * A note segment (the PVH entry is one) is not copied: it points into the segment that holds it.
 */
#include "elf_compact.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE 4096u
#define MAX_PROGRAM_HEADERS 64

struct layout {
	Elf64_Ehdr header;
	Elf64_Phdr old[MAX_PROGRAM_HEADERS], new[MAX_PROGRAM_HEADERS];
	unsigned int nr_old, nr_new;
	unsigned int source[MAX_PROGRAM_HEADERS]; /* new[i] comes from old[source[i]] */
	size_t size;
};

static size_t without_trailing_zeros(const uint8_t *data, size_t size)
{
	while (size && data[size - 1] == 0)
		size--;
	return size;
}

static int layout_read(struct layout *l, const uint8_t *elf, size_t size)
{
	if (size < sizeof(l->header) || elf[EI_CLASS] != ELFCLASS64)
		return -ENOTSUP;
	memcpy(&l->header, elf, sizeof(l->header));
	l->nr_old = l->header.e_phnum;
	if (l->nr_old > MAX_PROGRAM_HEADERS || l->header.e_phentsize != sizeof(Elf64_Phdr) ||
	    l->header.e_phoff > size || l->nr_old * sizeof(Elf64_Phdr) > size - l->header.e_phoff)
		return -EINVAL;
	memcpy(l->old, elf + l->header.e_phoff, l->nr_old * sizeof(Elf64_Phdr));
	return 0;
}

/* Places the segments that are loaded, one after the other. */
static int layout_place_loads(struct layout *l, const uint8_t *elf, size_t size)
{
	unsigned int i;

	l->size = sizeof(Elf64_Ehdr) + l->nr_old * sizeof(Elf64_Phdr);
	for (i = 0; i < l->nr_old; i++) {
		const Elf64_Phdr *old = &l->old[i];
		Elf64_Phdr *new = &l->new[l->nr_new];

		if (old->p_type != PT_LOAD || old->p_memsz == 0)
			continue;
		if (old->p_offset > size || old->p_filesz > size - old->p_offset)
			return -EINVAL;
		*new = *old;
		new->p_filesz = without_trailing_zeros(elf + old->p_offset, old->p_filesz);
		l->size = (l->size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE +
			  old->p_paddr % PAGE_SIZE;
		new->p_offset = l->size;
		new->p_align = PAGE_SIZE;
		l->size += new->p_filesz;
		l->source[l->nr_new++] = i;
	}
	return 0;
}

static int layout_place_notes(struct layout *l)
{
	unsigned int nr_loads = l->nr_new, i, j;

	for (i = 0; i < l->nr_old; i++) {
		const Elf64_Phdr *note = &l->old[i];

		if (note->p_type != PT_NOTE)
			continue;
		for (j = 0; j < nr_loads; j++) {
			const Elf64_Phdr *load = &l->old[l->source[j]];

			if (note->p_offset >= load->p_offset &&
			    note->p_offset - load->p_offset <= l->new[j].p_filesz &&
			    note->p_filesz <=
				    l->new[j].p_filesz - (note->p_offset - load->p_offset))
				break;
		}
		if (j == nr_loads)
			return -EINVAL;
		l->new[l->nr_new] = *note;
		l->new[l->nr_new].p_offset =
			l->new[j].p_offset + (note->p_offset - l->old[l->source[j]].p_offset);
		l->nr_new++;
	}
	return 0;
}

int elf_compact(const void *elf, size_t size, void **ret_elf, size_t *ret_size)
{
	struct layout l = { 0 };
	unsigned int i;
	uint8_t *out;
	int err;

	err = layout_read(&l, elf, size);
	if (err)
		return err;
	err = layout_place_loads(&l, elf, size);
	if (err)
		return err;
	err = layout_place_notes(&l);
	if (err)
		return err;

	out = calloc(1, l.size);
	if (!out)
		return -ENOMEM;
	l.header.e_phoff = sizeof(l.header);
	l.header.e_phnum = (Elf64_Half)l.nr_new;
	l.header.e_shoff = 0;
	l.header.e_shnum = 0;
	l.header.e_shstrndx = SHN_UNDEF;
	memcpy(out, &l.header, sizeof(l.header));
	memcpy(out + sizeof(l.header), l.new, l.nr_new * sizeof(Elf64_Phdr));
	for (i = 0; i < l.nr_new; i++)
		if (l.new[i].p_type == PT_LOAD)
			memcpy(out + l.new[i].p_offset,
			       (const uint8_t *)elf + l.old[l.source[i]].p_offset,
			       l.new[i].p_filesz);
	*ret_elf = out;
	*ret_size = l.size;
	return 0;
}
