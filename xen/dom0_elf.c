// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control domain's kernel: a 64-bit ELF image with a PVH note. Nothing in it is believed
 * before it has been compared with the image's size.
 */
#include "dom0.h"

#include <hv/string.h>

#include <xen/elfnote.h>
#include <xen/features.h>

#define ELF_CLASS_64	   2
#define ELF_LITTLE_ENDIAN  1
#define ELF_EXEC	   2
#define ELF_DYN		   3
#define ELF_MACHINE_X86_64 62
#define PT_LOAD		   1u
#define PT_NOTE		   4u

struct elf_header {
	uint8_t magic[4], class, data, version, pad[9];
	uint16_t type, machine;
	uint32_t version2;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_note {
	uint32_t namesz, descsz, type;
};

struct notes {
	bool has_entry, lacks_dom0;
	uint64_t entry;
};

static bool in_image(uint64_t offset, uint64_t n, uint64_t size)
{
	return offset <= size && n <= size - offset;
}

static void read_note(const struct elf_note *note, const uint8_t *desc, struct notes *ret)
{
	uint64_t value = 0;

	memcpy(&value, desc, MIN(note->descsz, (uint32_t)sizeof(value)));
	if (note->type == XEN_ELFNOTE_PHYS32_ENTRY && note->descsz >= 4) {
		ret->has_entry = true;
		ret->entry = value;
	}
	if (note->type == XEN_ELFNOTE_SUPPORTED_FEATURES && note->descsz >= 4)
		ret->lacks_dom0 = !(value & (1u << XENFEAT_dom0));
}

static void read_notes(const uint8_t *p, uint64_t size, struct notes *ret)
{
	struct elf_note note;
	uint64_t name, desc;

	while (size >= sizeof(note)) {
		memcpy(&note, p, sizeof(note));
		p += sizeof(note);
		size -= sizeof(note);
		name = ROUND_UP((uint64_t)note.namesz, 4ul);
		desc = ROUND_UP((uint64_t)note.descsz, 4ul);
		if (name > size || desc > size - name)
			return;
		if (note.namesz == 4 && memcmp(p, "Xen", 4) == 0)
			read_note(&note, p + name, ret);
		p += name + desc;
		size -= name + desc;
	}
}

static const char *add_segment(struct dom0_kernel *k, const struct elf_phdr *ph,
			       const uint8_t *data)
{
	struct dom0_segment *s;

	if (ph->memsz == 0)
		return NULL;
	if (k->nr_segments == DOM0_MAX_SEGMENTS)
		return "it has too many segments";
	if (ph->filesz > ph->memsz || ph->paddr + ph->memsz < ph->paddr)
		return "a segment's sizes make no sense";
	s = &k->segments[k->nr_segments++];
	*s = (struct dom0_segment){ ph->paddr, ph->filesz, ph->memsz, data };
	if (k->nr_segments == 1 || s->paddr < k->start)
		k->start = s->paddr;
	k->end = MAX(k->end, s->paddr + s->mem_size);
	return NULL;
}

static const char *read_phdrs(const uint8_t *image, uint64_t size, const struct elf_header *h,
			      struct dom0_kernel *k, struct notes *notes)
{
	struct elf_phdr ph;
	const char *wrong;
	uint32_t i;

	if (h->phentsize != sizeof(ph) ||
	    !in_image(h->phoff, (uint64_t)h->phnum * sizeof(ph), size))
		return "its program headers lie outside of the file";
	for (i = 0; i < h->phnum; i++) {
		memcpy(&ph, image + h->phoff + i * sizeof(ph), sizeof(ph));
		if (ph.type != PT_LOAD && ph.type != PT_NOTE)
			continue;
		if (!in_image(ph.offset, ph.filesz, size))
			return "it is cut off: a segment lies outside of the file";
		if (ph.type == PT_NOTE) {
			read_notes(image + ph.offset, ph.filesz, notes);
			continue;
		}
		wrong = add_segment(k, &ph, image + ph.offset);
		if (wrong)
			return wrong;
	}
	return NULL;
}

const char *dom0_elf_parse(const void *image, uint64_t size, struct dom0_kernel *ret_kernel)
{
	struct notes notes = { .has_entry = false };
	struct dom0_kernel k;
	struct elf_header h;
	const char *wrong;

	memset(&k, 0, sizeof(k));
	if (size < sizeof(h))
		return "it is too short for an ELF image";
	memcpy(&h, image, sizeof(h));
	if (memcmp(h.magic, "\177ELF", 4) != 0)
		return "it is no ELF image (a bzImage must be unpacked when it is installed)";
	if (h.class != ELF_CLASS_64 || h.data != ELF_LITTLE_ENDIAN ||
	    h.machine != ELF_MACHINE_X86_64 || (h.type != ELF_EXEC && h.type != ELF_DYN))
		return "it is no 64-bit x86 program";
	wrong = read_phdrs(image, size, &h, &k, &notes);
	if (wrong)
		return wrong;
	if (k.nr_segments == 0)
		return "it has nothing to load";
	if (!notes.has_entry)
		return "it has no PVH entry (CONFIG_PVH)";
	if (notes.lacks_dom0)
		return "it cannot be a control domain (CONFIG_XEN_DOM0)";
	if (notes.entry < k.start || notes.entry >= k.end || notes.entry > UINT32_MAX)
		return "its PVH entry lies outside of it";
	k.entry = notes.entry;
	*ret_kernel = k;
	return NULL;
}
