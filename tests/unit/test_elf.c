/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel images as ELF: good ones of both classes, and bad ones of every kind.
 */
#include "lib/elf.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "unit.h"

/* A 64-bit kernel: two segments and the notes, in one piece that tests bend. */
struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
	struct {
		Elf64_Nhdr nh;
		char name[4];
		uint32_t entry;
	} note;
	uint8_t text[64];
};

static struct image good(void)
{
	struct image i = { 0 };

	memcpy(i.eh.e_ident, ELFMAG, SELFMAG);
	i.eh.e_ident[EI_CLASS] = ELFCLASS64;
	i.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	i.eh.e_type = ET_EXEC;
	i.eh.e_machine = EM_X86_64;
	i.eh.e_phoff = offsetof(struct image, ph);
	i.eh.e_phentsize = sizeof(Elf64_Phdr);
	i.eh.e_phnum = 3;
	i.ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = offsetof(struct image, text),
				.p_paddr = 0x2000000, .p_filesz = 32, .p_memsz = 0x5000 };
	i.ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = offsetof(struct image, text) + 32,
				.p_paddr = 0x1000000, .p_filesz = 32, .p_memsz = 32 };
	i.ph[2] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = offsetof(struct image, note),
				.p_filesz = sizeof(i.note), .p_align = 4 };
	i.note.nh = (Elf64_Nhdr){ .n_namesz = 4, .n_descsz = 4, .n_type = 18 };
	memcpy(i.note.name, "Xen", 4);
	i.note.entry = 0x1000010;
	return i;
}

static int parse(const void *image, size_t size, struct elf_image *elf)
{
	char *error = NULL, *copy = malloc(size ? size : 1);
	int err;

	/* An exact copy, so that the sanitizer sees one byte too far. */
	memcpy(copy, image, size);
	err = elf_parse(copy, size, elf, &error);
	CU_ASSERT_EQUAL(err != 0, error != NULL);
	free(error);
	free(copy);
	return err;
}

static void segments_come_sorted_with_the_entry(void)
{
	struct image i = good();
	struct elf_image elf;

	CU_ASSERT_EQUAL_FATAL(parse(&i, sizeof(i), &elf), 0);
	CU_ASSERT_EQUAL(elf.nr_segments, 2);
	CU_ASSERT_EQUAL(elf.segments[0].paddr, 0x1000000);
	CU_ASSERT_EQUAL(elf.segments[1].mem_size, 0x5000);
	CU_ASSERT(elf.start == 0x1000000 && elf.end == 0x2005000);
	CU_ASSERT_EQUAL(elf.pvh_entry, 0x1000010);
}

static void an_entry_may_have_eight_bytes(void)
{
	struct {
		struct image i;
		struct {
			Elf64_Nhdr nh;
			char name[4];
			uint32_t entry[2];
		} note;
	} w = { .i = good() };
	struct elf_image elf;

	w.note.nh = (Elf64_Nhdr){ .n_namesz = 4, .n_descsz = 8, .n_type = 18 };
	memcpy(w.note.name, "Xen", 4);
	w.note.entry[0] = 0x1000018;
	w.i.ph[2].p_offset = sizeof(w.i);
	w.i.ph[2].p_filesz = sizeof(w.note);
	CU_ASSERT_EQUAL(parse(&w, sizeof(w), &elf), 0);
	CU_ASSERT_EQUAL(elf.pvh_entry, 0x1000018);
}

static void a_32_bit_kernel_is_fine(void)
{
	struct {
		Elf32_Ehdr eh;
		Elf32_Phdr ph[2];
		struct {
			Elf32_Nhdr nh;
			char name[4];
			uint32_t entry;
		} note;
		uint8_t text[16];
	} i = { 0 };
	struct elf_image elf;

	memcpy(i.eh.e_ident, ELFMAG, SELFMAG);
	i.eh.e_ident[EI_CLASS] = ELFCLASS32;
	i.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	i.eh.e_type = ET_EXEC;
	i.eh.e_machine = EM_386;
	i.eh.e_phoff = sizeof(i.eh);
	i.eh.e_phentsize = sizeof(Elf32_Phdr);
	i.eh.e_phnum = 2;
	i.ph[0] = (Elf32_Phdr){ .p_type = PT_LOAD, .p_offset = sizeof(i) - 16, .p_paddr = 0x100000,
				.p_filesz = 16, .p_memsz = 16 };
	i.ph[1] = (Elf32_Phdr){ .p_type = PT_NOTE, .p_offset = sizeof(i.eh) + sizeof(i.ph),
				.p_filesz = sizeof(i.note) };
	i.note.nh = (Elf32_Nhdr){ .n_namesz = 4, .n_descsz = 4, .n_type = 18 };
	memcpy(i.note.name, "Xen", 4);
	i.note.entry = 0x100000;
	CU_ASSERT_EQUAL(parse(&i, sizeof(i), &elf), 0);
	CU_ASSERT_EQUAL(elf.pvh_entry, 0x100000);
}

#define REFUSED(wanted, change)                                     \
	do {                                                        \
		struct image i = good();                            \
		struct elf_image elf;                               \
		change;                                             \
		CU_ASSERT_EQUAL(parse(&i, sizeof(i), &elf), wanted); \
	} while (0)

static void a_kernel_without_the_note_is_told_apart(void)
{
	REFUSED(-ENOTSUP, i.note.nh.n_type = 17);
	REFUSED(-ENOTSUP, i.eh.e_phnum = 2);
	REFUSED(-ENOTSUP, memcpy(i.note.name, "GNU", 4));
	REFUSED(-ENOTSUP, i.note.nh.n_descsz = 2);
}

static void bad_headers_are_refused(void)
{
	REFUSED(-ENOEXEC, i.eh.e_ident[0] = 0);
	REFUSED(-ENOEXEC, i.eh.e_ident[EI_DATA] = ELFDATA2MSB);
	REFUSED(-ENOEXEC, i.eh.e_machine = EM_AARCH64);
	REFUSED(-ENOEXEC, i.eh.e_type = ET_REL);
	REFUSED(-ENOEXEC, i.eh.e_phnum = 0);
	REFUSED(-ENOEXEC, i.eh.e_phnum = 65);
	REFUSED(-ENOEXEC, i.eh.e_phentsize = 1);
	REFUSED(-ENOEXEC, i.eh.e_phoff = UINT64_MAX - 8);
	REFUSED(-ENOEXEC, i.eh.e_phoff = sizeof(i));
}

static void bad_segments_are_refused(void)
{
	REFUSED(-ENOEXEC, i.ph[0].p_offset = sizeof(i) - 31);
	REFUSED(-ENOEXEC, i.ph[0].p_offset = UINT64_MAX - 31);
	REFUSED(-ENOEXEC, i.ph[0].p_filesz = 0x5001);
	REFUSED(-ENOEXEC, i.ph[0].p_memsz = 31);
	REFUSED(-ENOEXEC, i.ph[0].p_memsz = UINT64_MAX);
	REFUSED(-ENOEXEC, i.ph[0].p_paddr = 0xfffff000);
	REFUSED(-ENOEXEC, i.ph[0].p_paddr = UINT64_MAX - 3);
	REFUSED(-ENOEXEC, i.ph[0].p_paddr = 0x1000010); /* overlap */
	REFUSED(-ENOEXEC, i.ph[0].p_type = i.ph[1].p_type = PT_NULL);
	REFUSED(-ENOEXEC, i.note.entry = 0x3000000); /* not in a segment */
}

static void bad_notes_are_refused(void)
{
	REFUSED(-ENOEXEC, i.ph[2].p_offset = sizeof(i));
	REFUSED(-ENOEXEC, i.ph[2].p_filesz = UINT64_MAX);
	REFUSED(-ENOEXEC, i.note.nh.n_namesz = UINT32_MAX);
	REFUSED(-ENOEXEC, i.note.nh.n_descsz = UINT32_MAX);
	REFUSED(-ENOEXEC, i.note.nh.n_descsz = 5);
}

/* Every length, and every byte turned over: an answer, and not one read outside. */
static void damaged_images_do_no_harm(void)
{
	struct image i = good();
	struct elf_image elf;

	for (size_t n = 0; n < sizeof(i); n++) {
		uint8_t *byte = (uint8_t *)&i + n;

		parse(&i, n, &elf);
		for (unsigned int bit = 0; bit < 8; bit++) {
			*byte ^= (uint8_t)(1u << bit);
			parse(&i, sizeof(i), &elf);
			*byte ^= (uint8_t)(1u << bit);
		}
	}
}

UNIT_MAIN("elf", UNIT_TEST(segments_come_sorted_with_the_entry),
	  UNIT_TEST(an_entry_may_have_eight_bytes), UNIT_TEST(a_32_bit_kernel_is_fine),
	  UNIT_TEST(a_kernel_without_the_note_is_told_apart), UNIT_TEST(bad_headers_are_refused),
	  UNIT_TEST(bad_segments_are_refused), UNIT_TEST(bad_notes_are_refused),
	  UNIT_TEST(damaged_images_do_no_harm))
