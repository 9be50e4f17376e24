/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bzImages are made here by the same libraries that unpack them, in the format of
 * Documentation/x86/boot.rst, then cut off, bent and lied about.
 */
#include "lib/bzimage.h"

#include <errno.h>
#include <lz4hc.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "unit.h"

#define ELF_SIZE 100000u
#define SETUP_SIZE 1024u
#define DECOMPRESSOR_SIZE 77u
#define MAX_SIZE (1u << 20)

static uint8_t elf[ELF_SIZE];
static uint8_t image[2 * ELF_SIZE];
static size_t image_size;

static void put_le32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
	at[2] = (uint8_t)(value >> 16);
	at[3] = (uint8_t)(value >> 24);
}

static void make_elf(void)
{
	uint32_t random = 1, i;

	for (i = 0; i < ELF_SIZE; i++) {
		random = random * 1103515245u + 12345u;
		elf[i] = i % 3 ? (uint8_t)(random >> 24) & 15 : (uint8_t)i;
	}
	memcpy(elf, "\177ELF", 4);
}

/* Puts a payload into an envelope; 'trailer' is what the kernel's build says it unpacks to. */
static void make_image(const void *payload, size_t size, bool with_trailer, uint32_t trailer)
{
	size_t at = SETUP_SIZE + DECOMPRESSOR_SIZE;

	memset(image, 0, sizeof(image));
	image[0x1f1] = 1; /* setup sectors beyond the first */
	image[0x1fe] = 0x55;
	image[0x1ff] = 0xaa;
	memcpy(image + 0x202, "HdrS", 4);
	image[0x206] = 0x0f;
	image[0x207] = 0x02;
	memcpy(image + at, payload, size);
	if (with_trailer) {
		put_le32(image + at + size, trailer);
		size += 4;
	}
	put_le32(image + 0x248, DECOMPRESSOR_SIZE);
	put_le32(image + 0x24c, (uint32_t)size);
	image_size = at + size;
}

static void make_gzip(void)
{
	static uint8_t packed[2 * ELF_SIZE];
	z_stream z = { 0 };

	deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	z.next_in = elf;
	z.avail_in = ELF_SIZE;
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	CU_ASSERT_EQUAL(deflate(&z, Z_FINISH), Z_STREAM_END);
	make_image(packed, z.total_out, false, 0); /* its own last 32 bits are the size */
	deflateEnd(&z);
}

static void make_xz(void)
{
	static uint8_t packed[2 * ELF_SIZE];
	size_t size = 0;

	CU_ASSERT_EQUAL(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, elf, ELF_SIZE, packed,
						&size, sizeof(packed)),
			LZMA_OK);
	make_image(packed, size, true, ELF_SIZE);
}

static void make_zstd(void)
{
	static uint8_t packed[2 * ELF_SIZE];

	make_image(packed, ZSTD_compress(packed, sizeof(packed), elf, ELF_SIZE, 3), true, ELF_SIZE);
}

static void make_lz4(void)
{
	static uint8_t packed[2 * ELF_SIZE];
	int size = LZ4_compress_HC((const char *)elf, (char *)packed + 8, ELF_SIZE,
				   sizeof(packed) - 8, 9);

	put_le32(packed, 0x184c2102);
	put_le32(packed + 4, (uint32_t)size);
	make_image(packed, (size_t)size + 8, true, ELF_SIZE);
}

static void (*const makers[])(void) = { make_gzip, make_xz, make_zstd, make_lz4 };
#define NR_MAKERS (sizeof(makers) / sizeof(makers[0]))

/* Exactly 'size' bytes of the image in a block of their own, so that ASan sees one too many. */
static int unpack(size_t size, size_t max_size, void **ret_out, size_t *ret_size)
{
	const char *reason = NULL;
	uint8_t *copy = malloc(size ? size : 1);
	int err;

	memcpy(copy, image, size);
	err = bzimage_unpack(copy, size, max_size, ret_out, ret_size, &reason);
	free(copy);
	if (err)
		CU_ASSERT_PTR_NOT_NULL(reason);
	return err;
}

static void every_compression_gives_the_elf_back(void)
{
	size_t i, size;
	void *out;

	make_elf();
	for (i = 0; i < NR_MAKERS; i++) {
		makers[i]();
		CU_ASSERT_EQUAL_FATAL(unpack(image_size, MAX_SIZE, &out, &size), 0);
		CU_ASSERT_EQUAL(size, ELF_SIZE);
		CU_ASSERT_EQUAL(memcmp(out, elf, ELF_SIZE), 0);
		free(out);
	}
}

static void an_elf_image_is_taken_as_it_is(void)
{
	size_t size;
	void *out;

	make_elf();
	memcpy(image, elf, ELF_SIZE);
	CU_ASSERT_EQUAL_FATAL(unpack(ELF_SIZE, MAX_SIZE, &out, &size), 0);
	CU_ASSERT_EQUAL(size, ELF_SIZE);
	free(out);
	CU_ASSERT_EQUAL(unpack(ELF_SIZE, ELF_SIZE - 1, &out, &size), -EFBIG);
}

static void what_is_cut_off_is_an_error(void)
{
	size_t i, size, cut;
	void *out;

	make_elf();
	for (i = 0; i < NR_MAKERS; i++) {
		makers[i]();
		for (cut = 0; cut < image_size; cut += cut < 0x260 ? 1 : 1013)
			CU_ASSERT(unpack(cut, MAX_SIZE, &out, &size) < 0);
		/* The header shrinks along: only the payload knows that something is missing. */
		for (cut = 1; cut < 64; cut++) {
			put_le32(image + 0x24c,
				 (uint32_t)(image_size - SETUP_SIZE - DECOMPRESSOR_SIZE - cut));
			CU_ASSERT(unpack(image_size - cut, MAX_SIZE, &out, &size) < 0);
		}
	}
}

static void a_flipped_bit_never_does_harm(void)
{
	size_t i, at, size;
	void *out;

	make_elf();
	for (i = 0; i < NR_MAKERS; i++) {
		makers[i]();
		for (at = 0x1f0; at < image_size; at += at < 0x280 ? 1 : 997) {
			image[at] ^= (uint8_t)(1u << at % 8);
			if (unpack(image_size, MAX_SIZE, &out, &size) == 0) {
				CU_ASSERT(size <= MAX_SIZE);
				free(out);
			}
			image[at] ^= (uint8_t)(1u << at % 8);
		}
	}
}

static void a_wrong_size_is_an_error(void)
{
	static const uint32_t sizes[] = { 0, 3, ELF_SIZE - 1, ELF_SIZE + 1, MAX_SIZE };
	size_t i, j, size;
	void *out;

	make_elf();
	for (i = 0; i < NR_MAKERS; i++) {
		makers[i]();
		for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			put_le32(image + image_size - 4, sizes[j]);
			CU_ASSERT_EQUAL(unpack(image_size, MAX_SIZE, &out, &size), -EINVAL);
		}
		put_le32(image + image_size - 4, UINT32_MAX);
		CU_ASSERT_EQUAL(unpack(image_size, MAX_SIZE, &out, &size), -EFBIG);
		CU_ASSERT_EQUAL(unpack(image_size, SIZE_MAX, &out, &size), -EFBIG);
	}
}

static void what_is_no_elf_inside_is_an_error(void)
{
	size_t i, size;
	void *out;

	make_elf();
	elf[0] = 'X';
	for (i = 0; i < NR_MAKERS; i++) {
		makers[i]();
		CU_ASSERT_EQUAL(unpack(image_size, MAX_SIZE, &out, &size), -EINVAL);
	}
}

static void what_we_cannot_unpack_is_named(void)
{
	static const char *const magics[] = { "BZh91AY", "\x5d\0\0\x80\0\0", "\x89LZO\0\r", "??????" };
	size_t i, size;
	void *out;

	for (i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		make_image(magics[i], 6, true, 1000);
		CU_ASSERT_EQUAL(unpack(image_size, MAX_SIZE, &out, &size), -ENOTSUP);
	}
	make_elf();
	make_xz();
	image[0x206] = 7; /* boot protocol 2.07 */
	CU_ASSERT_EQUAL(unpack(image_size, MAX_SIZE, &out, &size), -ENOTSUP);
	CU_ASSERT_EQUAL(unpack(0, MAX_SIZE, &out, &size), -ENOEXEC);
	memset(image, 0, 4096);
	CU_ASSERT_EQUAL(unpack(4096, MAX_SIZE, &out, &size), -ENOEXEC);
}

UNIT_MAIN("bzimage", UNIT_TEST(every_compression_gives_the_elf_back),
	  UNIT_TEST(an_elf_image_is_taken_as_it_is), UNIT_TEST(what_is_cut_off_is_an_error),
	  UNIT_TEST(a_flipped_bit_never_does_harm), UNIT_TEST(a_wrong_size_is_an_error),
	  UNIT_TEST(what_is_no_elf_inside_is_an_error), UNIT_TEST(what_we_cannot_unpack_is_named))
