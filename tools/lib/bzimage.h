/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a Linux bzImage to the ELF image inside: the PVH entry exists only there.
 *
 * Pure functions, memory in, memory out. The image comes from somebody we do not trust: every
 * offset and length is checked, and nothing larger than the caller allows is unpacked. Used by
 * hv-extract-kernel when a host's kernel is installed, and by hvd for guests' kernels.
 */
#ifndef LIB_BZIMAGE_H
#define LIB_BZIMAGE_H

#include <stddef.h>

/*
 * Gives the ELF image of a kernel: 'image' may be a bzImage with a gzip, xz, zstd or lz4 payload,
 * or an ELF image already (then this is a copy). The result is malloc()ed, the caller frees it.
 *
 * -ENOEXEC: neither bzImage nor ELF; -EINVAL: damaged; -ENOTSUP: a compression we do not have, or
 * a boot protocol without payload fields (before 2.08); -EFBIG: unpacks to more than max_size;
 * -ENOMEM. *ret_reason is then a sentence fragment for a human, a constant string.
 */
int bzimage_unpack(const void *image, size_t size, size_t max_size, void **ret_elf,
		   size_t *ret_elf_size, const char **ret_reason);

/*
 * Only the envelope: where the compressed payload is, and its name ("xz"). Errors as above.
 */
int bzimage_find_payload(const void *image, size_t size, size_t *ret_offset, size_t *ret_size,
			 const char **ret_compression, const char **ret_reason);

#endif
