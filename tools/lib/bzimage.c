/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacks the payload of a bzImage.
 *
 * A bzImage is a real-mode part of (setup_sects + 1) sectors, then the decompressor, and within
 * that the payload, found by two fields of the setup header (Linux, Documentation/x86/boot.rst).
 * The kernel's build appends the unpacked size to the payload as 32 bits, little endian; gzip has
 * the same number there by its own format. So the result is allocated once, at that size if the
 * caller allows it, and a payload that unpacks to anything else is damaged.
 */
#include "lib/bzimage.h"

#include <elf.h>
#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define SECTOR_SIZE 512u
#define SETUP_SECTS 0x1f1u
#define BOOT_FLAG 0x1feu
#define HEADER_MAGIC 0x202u
#define PROTOCOL_VERSION 0x206u
#define PAYLOAD_OFFSET 0x248u
#define PAYLOAD_LENGTH 0x24cu
#define HEADER_END 0x250u
#define SIZE_TRAILER 4u

/* Beyond these no kernel lives; they also keep sizes within the int and uInt of the libraries. */
#define MAX_IMAGE_SIZE (1u << 30)
#define MAX_UNPACKED_SIZE (1u << 30)
#define LZMA_MEMORY_LIMIT (256u << 20)

#define LZ4_LEGACY_MAGIC 0x184c2102u
#define LZ4_LEGACY_BLOCK (8u << 20)

/* Fills exactly out_size bytes of 'out', else -EINVAL or -ENOMEM. */
typedef int (*unpack_fn)(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);

struct compression {
	const char *name;
	uint8_t magic[6];
	size_t magic_size;
	unpack_fn unpack; /* NULL: known by name only */
};

static uint32_t read_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int unpack_gzip(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
	z_stream z = { 0 };
	int result;

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	z.next_in = (Bytef *)(uintptr_t)in; /* zlib's interface has no const; it only reads */
	z.avail_in = (uInt)in_size;
	z.next_out = out;
	z.avail_out = (uInt)out_size;
	result = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (result == Z_MEM_ERROR)
		return -ENOMEM;
	return result == Z_STREAM_END && z.avail_out == 0 ? 0 : -EINVAL;
}

static int unpack_xz(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
	uint64_t memory_limit = LZMA_MEMORY_LIMIT;
	size_t in_pos = 0, out_pos = 0;
	lzma_ret result;

	result = lzma_stream_buffer_decode(&memory_limit, 0, NULL, in, &in_pos, in_size, out,
					   &out_pos, out_size);
	if (result == LZMA_MEM_ERROR || result == LZMA_MEMLIMIT_ERROR)
		return -ENOMEM;
	return result == LZMA_OK && out_pos == out_size ? 0 : -EINVAL;
}

static int unpack_zstd(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
	size_t frame_size, result;

	/* One frame; the size trailer behind it would be taken for a broken second one. */
	frame_size = ZSTD_findFrameCompressedSize(in, in_size);
	if (ZSTD_isError(frame_size))
		return -EINVAL;
	result = ZSTD_decompress(out, out_size, in, frame_size);
	return !ZSTD_isError(result) && result == out_size ? 0 : -EINVAL;
}

/* The "legacy" frame: magic, then blocks that begin with their size and unpack to 8 MiB at most. */
static int unpack_lz4(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
	size_t in_pos = 4, out_pos = 0;

	while (out_pos < out_size) {
		uint32_t block_size;
		size_t room;
		int unpacked;

		if (in_size - in_pos < 4)
			return -EINVAL;
		block_size = read_le32(in + in_pos);
		in_pos += 4;
		if (block_size == LZ4_LEGACY_MAGIC) /* a frame may follow a frame */
			continue;
		if (block_size == 0 || block_size > in_size - in_pos ||
		    block_size > (uint32_t)LZ4_COMPRESSBOUND(LZ4_LEGACY_BLOCK))
			return -EINVAL;
		room = out_size - out_pos;
		if (room > LZ4_LEGACY_BLOCK)
			room = LZ4_LEGACY_BLOCK;
		unpacked = LZ4_decompress_safe((const char *)in + in_pos, (char *)out + out_pos,
					       (int)block_size, (int)room);
		if (unpacked <= 0)
			return -EINVAL;
		in_pos += block_size;
		out_pos += (size_t)unpacked;
	}
	return 0;
}

static const struct compression compressions[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, unpack_gzip },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0x00 }, 6, unpack_xz },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, unpack_zstd },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, unpack_lz4 },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, NULL },
	{ "lzma", { 0x5d, 0x00, 0x00 }, 3, NULL },
	{ "lzo", { 0x89, 'L', 'Z', 'O' }, 4, NULL },
	{ "none", { 0x7f, 'E', 'L', 'F' }, 4, NULL },
};

static const struct compression *compression_find(const uint8_t *payload, size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++) {
		const struct compression *c = &compressions[i];

		if (size > c->magic_size && memcmp(payload, c->magic, c->magic_size) == 0)
			return c;
	}
	return NULL;
}

static bool is_elf(const uint8_t *image, size_t size)
{
	return size >= SELFMAG && memcmp(image, ELFMAG, SELFMAG) == 0;
}

int bzimage_find_payload(const void *image, size_t size, size_t *ret_offset, size_t *ret_size,
			 const char **ret_compression, const char **ret_reason)
{
	const uint8_t *p = image;
	const struct compression *c;
	size_t setup_size, offset, length;

	if (size < HEADER_END || p[BOOT_FLAG] != 0x55 || p[BOOT_FLAG + 1] != 0xaa ||
	    memcmp(p + HEADER_MAGIC, "HdrS", 4) != 0) {
		*ret_reason = "it is neither a Linux bzImage nor an ELF image";
		return -ENOEXEC;
	}
	if (size > MAX_IMAGE_SIZE) {
		*ret_reason = "it is larger than any kernel";
		return -EFBIG;
	}
	if ((p[PROTOCOL_VERSION] | p[PROTOCOL_VERSION + 1] << 8) < 0x208) {
		*ret_reason = "its boot protocol is older than 2.08 (Linux 2.6.26)";
		return -ENOTSUP;
	}
	setup_size = ((p[SETUP_SECTS] ? p[SETUP_SECTS] : 4u) + 1u) * SECTOR_SIZE;
	offset = read_le32(p + PAYLOAD_OFFSET);
	length = read_le32(p + PAYLOAD_LENGTH);
	if (setup_size > size || offset > size - setup_size ||
	    length > size - setup_size - offset || length <= SIZE_TRAILER) {
		*ret_reason = "its header points beyond its end: the file is cut off or damaged";
		return -EINVAL;
	}
	offset += setup_size;
	c = compression_find(p + offset, length);
	if (!c) {
		*ret_reason = "its payload has no known compression";
		return -ENOTSUP;
	}
	*ret_offset = offset;
	*ret_size = length;
	*ret_compression = c->name;
	return 0;
}

static int copy_out(const uint8_t *from, size_t size, size_t max_size, void **ret_elf,
		    size_t *ret_elf_size, const char **ret_reason)
{
	void *elf;

	if (size > max_size) {
		*ret_reason = "it is larger than allowed";
		return -EFBIG;
	}
	elf = malloc(size);
	if (!elf) {
		*ret_reason = "there is not enough memory to hold it";
		return -ENOMEM;
	}
	memcpy(elf, from, size);
	*ret_elf = elf;
	*ret_elf_size = size;
	return 0;
}

int bzimage_unpack(const void *image, size_t size, size_t max_size, void **ret_elf,
		   size_t *ret_elf_size, const char **ret_reason)
{
	const uint8_t *payload;
	const struct compression *c;
	size_t offset, length, elf_size;
	const char *name;
	uint8_t *elf;
	int err;

	if (is_elf(image, size))
		return copy_out(image, size, max_size, ret_elf, ret_elf_size, ret_reason);
	err = bzimage_find_payload(image, size, &offset, &length, &name, ret_reason);
	if (err)
		return err;
	payload = (const uint8_t *)image + offset;
	if (is_elf(payload, length))
		return copy_out(payload, length, max_size, ret_elf, ret_elf_size, ret_reason);
	c = compression_find(payload, length);
	if (!c || !c->unpack) {
		*ret_reason = "its payload is compressed with bzip2, lzma or lzo, which is not supported";
		return -ENOTSUP;
	}
	elf_size = read_le32(payload + length - SIZE_TRAILER);
	if (elf_size < SELFMAG) {
		*ret_reason = "its payload is damaged";
		return -EINVAL;
	}
	if (elf_size > max_size || elf_size > MAX_UNPACKED_SIZE) {
		*ret_reason = "it says that it unpacks to more than is allowed";
		return -EFBIG;
	}
	elf = malloc(elf_size);
	if (!elf) {
		*ret_reason = "there is not enough memory to unpack it";
		return -ENOMEM;
	}
	err = c->unpack(payload, length, elf, elf_size);
	if (!err && !is_elf(elf, elf_size))
		err = -EINVAL;
	if (err) {
		*ret_reason = err == -ENOMEM ? "there is not enough memory to unpack it"
					     : "its payload is damaged";
		free(elf);
		return err;
	}
	*ret_elf = elf;
	*ret_elf_size = elf_size;
	return 0;
}
