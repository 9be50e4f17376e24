/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading of kernel images; the contract is in elf.h.
 *
 * Headers of both classes are brought into the 64-bit form first, so the checks exist once. All
 * sizes are 64 bits of an untrusted file: a sum is compared as "a > limit || b > limit - a".
 */
#include "lib/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <xen/elfnote.h>
#include <xen/features.h>

#include "lib/xmem.h"

#define PROGRAM_HEADERS_MAX 64u
#define PADDR_MAX (1ull << 32) /* a PVH entry is 32-bit code: all of it lies below 4 GiB */

struct reader {
	const uint8_t *image;
	size_t size;
	bool is_64;
	bool has_entry;
	char **ret_error;
};

static bool inside(uint64_t offset, uint64_t size, uint64_t limit)
{
	return offset <= limit && size <= limit - offset;
}

#define fail(r, err, ...) (*(r)->ret_error = xasprintf(__VA_ARGS__), (err))

static int read_header(struct reader *r, Elf64_Ehdr *eh)
{
	const uint8_t *ident = r->image;
	Elf32_Ehdr eh32;

	if (r->size < EI_NIDENT || memcmp(ident, ELFMAG, SELFMAG))
		return fail(r, -ENOEXEC, "not an ELF image");
	if (ident[EI_DATA] != ELFDATA2LSB)
		return fail(r, -ENOEXEC, "ELF image is not little-endian");

	r->is_64 = ident[EI_CLASS] == ELFCLASS64;
	if (r->is_64) {
		if (r->size < sizeof(*eh))
			return fail(r, -ENOEXEC, "ELF header is cut off");
		memcpy(eh, r->image, sizeof(*eh));
	} else {
		if (r->size < sizeof(eh32))
			return fail(r, -ENOEXEC, "ELF header is cut off");
		memcpy(&eh32, r->image, sizeof(eh32));
		*eh = (Elf64_Ehdr){
			.e_type = eh32.e_type,
			.e_machine = eh32.e_machine,
			.e_phoff = eh32.e_phoff,
			.e_phentsize = eh32.e_phentsize,
			.e_phnum = eh32.e_phnum,
		};
	}
	if (eh->e_machine != (r->is_64 ? EM_X86_64 : EM_386))
		return fail(r, -ENOEXEC, "ELF image is not for x86 (machine %u)", eh->e_machine);
	if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
		return fail(r, -ENOEXEC, "ELF image is not an executable (type %u)", eh->e_type);
	if (eh->e_phentsize != (r->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return fail(r, -ENOEXEC, "ELF program headers have an odd size");
	if (!eh->e_phnum || eh->e_phnum > PROGRAM_HEADERS_MAX)
		return fail(r, -ENOEXEC, "ELF image has %u program headers", eh->e_phnum);
	if (!inside(eh->e_phoff, (uint64_t)eh->e_phnum * eh->e_phentsize, r->size))
		return fail(r, -ENOEXEC, "ELF program headers are cut off");
	return 0;
}

static Elf64_Phdr read_program_header(const struct reader *r, const Elf64_Ehdr *eh, unsigned int i)
{
	const uint8_t *at = r->image + eh->e_phoff + (uint64_t)i * eh->e_phentsize;
	Elf64_Phdr ph;
	Elf32_Phdr ph32;

	if (r->is_64) {
		memcpy(&ph, at, sizeof(ph));
		return ph;
	}
	memcpy(&ph32, at, sizeof(ph32));
	return (Elf64_Phdr){
		.p_type = ph32.p_type,
		.p_offset = ph32.p_offset,
		.p_paddr = ph32.p_paddr,
		.p_filesz = ph32.p_filesz,
		.p_memsz = ph32.p_memsz,
		.p_align = ph32.p_align,
	};
}

static int add_segment(struct reader *r, const Elf64_Phdr *ph, struct elf_image *elf)
{
	struct elf_segment *s = &elf->segments[elf->nr_segments];

	if (!ph->p_memsz)
		return 0;
	if (!inside(ph->p_offset, ph->p_filesz, r->size))
		return fail(r, -ENOEXEC, "an ELF segment is cut off");
	if (ph->p_filesz > ph->p_memsz)
		return fail(r, -ENOEXEC, "an ELF segment is larger in the file than in memory");
	if (!inside(ph->p_paddr, ph->p_memsz, PADDR_MAX))
		return fail(r, -ENOEXEC, "an ELF segment does not end below 4 GiB");
	if (elf->nr_segments == ELF_SEGMENTS_MAX)
		return fail(r, -ENOEXEC, "more than %u ELF segments", ELF_SEGMENTS_MAX);

	*s = (struct elf_segment){
		.paddr = ph->p_paddr,
		.mem_size = ph->p_memsz,
		.file_size = ph->p_filesz,
		.data = r->image + ph->p_offset,
	};
	elf->nr_segments++;
	return 0;
}

/* The padding of a note's name and contents: 4 bytes, or 8 where the segment says so. */
static uint64_t padded(uint64_t n, uint64_t align)
{
	return (n + align - 1) & ~(align - 1);
}

static void read_note(struct reader *r, const char *name, uint32_t name_size, uint32_t type,
		      const void *desc, uint32_t desc_size, struct elf_image *elf)
{
	uint32_t word;

	if (name_size != 4 || memcmp(name, "Xen", 4))
		return;
	if (type == XEN_ELFNOTE_SUPPORTED_FEATURES && desc_size >= 4) {
		memcpy(&word, desc, 4);
		elf->has_dom0 = word & (1u << XENFEAT_dom0);
	}
	if (type != XEN_ELFNOTE_PHYS32_ENTRY)
		return;
	if (desc_size == 4) {
		memcpy(&word, desc, 4);
		elf->pvh_entry = word;
		r->has_entry = true;
	} else if (desc_size == 8) {
		memcpy(&elf->pvh_entry, desc, 8);
		r->has_entry = true;
	}
}

static int read_notes(struct reader *r, const Elf64_Phdr *ph, struct elf_image *elf)
{
	uint64_t align = ph->p_align == 8 ? 8 : 4;
	uint64_t at = 0;

	if (!inside(ph->p_offset, ph->p_filesz, r->size))
		return fail(r, -ENOEXEC, "the ELF notes are cut off");

	while (ph->p_filesz - at >= sizeof(Elf64_Nhdr)) {
		const uint8_t *note = r->image + ph->p_offset + at;
		uint64_t name_at = sizeof(Elf64_Nhdr), desc_at, left = ph->p_filesz - at;
		Elf64_Nhdr nh;

		memcpy(&nh, note, sizeof(nh));
		desc_at = padded(name_at + nh.n_namesz, align);
		if (!inside(name_at, nh.n_namesz, left) || !inside(desc_at, nh.n_descsz, left))
			return fail(r, -ENOEXEC, "the ELF notes are damaged");
		read_note(r, (const char *)note + name_at, nh.n_namesz, nh.n_type, note + desc_at,
			  nh.n_descsz, elf);
		at += padded(desc_at + nh.n_descsz, align);
		if (at > ph->p_filesz)
			break;
	}
	return 0;
}

static int by_paddr(const void *a, const void *b)
{
	const struct elf_segment *x = a, *y = b;

	return x->paddr < y->paddr ? -1 : x->paddr > y->paddr;
}

static int check_layout(struct reader *r, struct elf_image *elf)
{
	bool entry_found = false;

	if (!elf->nr_segments)
		return fail(r, -ENOEXEC, "ELF image has nothing to load");
	qsort(elf->segments, elf->nr_segments, sizeof(elf->segments[0]), by_paddr);
	elf->start = elf->segments[0].paddr;
	for (unsigned int i = 0; i < elf->nr_segments; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (i && s->paddr < elf->end)
			return fail(r, -ENOEXEC, "ELF segments overlap");
		elf->end = s->paddr + s->mem_size;
		if (elf->pvh_entry >= s->paddr && elf->pvh_entry < elf->end)
			entry_found = true;
	}
	if (!r->has_entry)
		return fail(r, -ENOTSUP,
			    "the kernel has no PVH entry (ELF note Xen/18); "
			    "Linux needs CONFIG_PVH or CONFIG_XEN_PVH");
	if (!entry_found)
		return fail(r, -ENOEXEC, "the PVH entry is outside of the ELF segments");
	return 0;
}

int elf_parse(const void *image, size_t size, struct elf_image *ret_elf, char **ret_error)
{
	struct reader r = { .image = image, .size = size, .ret_error = ret_error };
	struct elf_image elf = { 0 };
	Elf64_Ehdr eh;
	int err;

	err = read_header(&r, &eh);
	if (err)
		return err;
	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		Elf64_Phdr ph = read_program_header(&r, &eh, i);

		if (ph.p_type == PT_LOAD)
			err = add_segment(&r, &ph, &elf);
		else if (ph.p_type == PT_NOTE)
			err = read_notes(&r, &ph, &elf);
		if (err)
			return err;
	}
	err = check_layout(&r, &elf);
	if (err)
		return err;
	*ret_elf = elf;
	return 0;
}
