/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compacted kernel must put the same bytes at the same addresses: both images are loaded into
 * small memories, and those compared.
 */
#include "elf_compact.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "unit.h"

#define MEMORY_SIZE 0x20000u
#define FILE_SIZE 0x18000u

static uint8_t file[FILE_SIZE];
static Elf64_Ehdr *const header = (Elf64_Ehdr *)file;
static Elf64_Phdr *const phdrs = (Elf64_Phdr *)(file + 64);

static void make_file(void)
{
	unsigned int i;

	memset(file, 0, sizeof(file));
	memcpy(header->e_ident, "\177ELF\2\1\1", 7);
	header->e_type = ET_EXEC;
	header->e_machine = EM_X86_64;
	header->e_phoff = 64;
	header->e_phentsize = sizeof(Elf64_Phdr);
	header->e_phnum = 4;
	header->e_shoff = 0x17000;
	header->e_shnum = 3;
	phdrs[0] = (Elf64_Phdr){ PT_LOAD, PF_R, 0x4000, 0, 0x1000, 0x2345, 0x2345, 0x4000 };
	phdrs[1] = (Elf64_Phdr){ PT_NOTE, PF_R, 0x4100, 0, 0x1100, 0x20, 0x20, 4 };
	/* An odd address, half of it zero in the file, and more in memory only. */
	phdrs[2] = (Elf64_Phdr){ PT_LOAD, PF_R, 0x8010, 0, 0x8010, 0x8000, 0x10000, 0x4000 };
	/* All zero. */
	phdrs[3] = (Elf64_Phdr){ PT_LOAD, PF_R, 0x11000, 0, 0x1a000, 0x1000, 0x1000, 0x1000 };
	for (i = 0; i < 0x2345; i++)
		file[0x4000 + i] = (uint8_t)(i * 7 + 1);
	for (i = 0; i < 0x4001; i++)
		file[0x8010 + i] = (uint8_t)(i | 1);
}

static void load(const uint8_t *elf, size_t size, uint8_t *memory)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)elf;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(elf + h->e_phoff);
	unsigned int i;

	memset(memory, 0xee, MEMORY_SIZE); /* what nobody loads stays this */
	for (i = 0; i < h->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		CU_ASSERT_FATAL(p[i].p_offset + p[i].p_filesz <= size);
		CU_ASSERT_FATAL(p[i].p_paddr + p[i].p_memsz <= MEMORY_SIZE);
		CU_ASSERT_EQUAL(p[i].p_offset % 4096, p[i].p_paddr % 4096);
		memset(memory + p[i].p_paddr, 0, p[i].p_memsz);
		memcpy(memory + p[i].p_paddr, elf + p[i].p_offset, p[i].p_filesz);
	}
}

static void memory_is_the_same_and_the_file_smaller(void)
{
	static uint8_t before[MEMORY_SIZE], after[MEMORY_SIZE];
	size_t size;
	void *out;

	make_file();
	CU_ASSERT_EQUAL_FATAL(elf_compact(file, sizeof(file), &out, &size), 0);
	load(file, sizeof(file), before);
	load(out, size, after);
	CU_ASSERT_EQUAL(memcmp(before, after, MEMORY_SIZE), 0);
	CU_ASSERT(size < 0xa000);
	free(out);
}

static void notes_move_with_their_segment(void)
{
	const Elf64_Phdr *p;
	size_t size, i, nr_notes = 0;
	void *out;

	make_file();
	CU_ASSERT_EQUAL_FATAL(elf_compact(file, sizeof(file), &out, &size), 0);
	p = (const Elf64_Phdr *)((uint8_t *)out + 64);
	for (i = 0; i < ((Elf64_Ehdr *)out)->e_phnum; i++) {
		if (p[i].p_type != PT_NOTE)
			continue;
		nr_notes++;
		CU_ASSERT_FATAL(p[i].p_offset + p[i].p_filesz <= size);
		CU_ASSERT_EQUAL(memcmp((uint8_t *)out + p[i].p_offset, file + 0x4100, 0x20), 0);
	}
	CU_ASSERT_EQUAL(nr_notes, 1);
	free(out);
}

static void what_does_not_fit_is_refused(void)
{
	size_t size;
	void *out;

	make_file();
	file[EI_CLASS] = ELFCLASS32;
	CU_ASSERT_EQUAL(elf_compact(file, sizeof(file), &out, &size), -ENOTSUP);
	CU_ASSERT_EQUAL(elf_compact(file, 20, &out, &size), -ENOTSUP);
	make_file();
	header->e_phoff = FILE_SIZE - 1;
	CU_ASSERT_EQUAL(elf_compact(file, sizeof(file), &out, &size), -EINVAL);
	make_file();
	phdrs[2].p_filesz = UINT64_MAX;
	CU_ASSERT_EQUAL(elf_compact(file, sizeof(file), &out, &size), -EINVAL);
	make_file();
	phdrs[1].p_offset = 0x7ff8; /* a note that no segment holds */
	CU_ASSERT_EQUAL(elf_compact(file, sizeof(file), &out, &size), -EINVAL);
}

UNIT_MAIN("elf_compact", UNIT_TEST(memory_is_the_same_and_the_file_smaller),
	  UNIT_TEST(notes_move_with_their_segment), UNIT_TEST(what_does_not_fit_is_refused))
