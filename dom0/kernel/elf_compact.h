/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A smaller ELF image that puts the same bytes at the same addresses.
 */
#ifndef DOM0_ELF_COMPACT_H
#define DOM0_ELF_COMPACT_H

#include <stddef.h>

/*
 * Rewrites a 64-bit kernel image: no sections, no room between segments, and no zeros at a
 * segment's end, which its size in memory brings back (a Debian kernel has a .bss of 20 MiB in
 * its file). GRUB reads the result in half the time. The image has passed elf_parse(). The result
 * is malloc()ed. -ENOTSUP: not a 64-bit image; -EINVAL: notes outside of what is loaded; -ENOMEM.
 */
int elf_compact(const void *elf, size_t size, void **ret_elf, size_t *ret_size);

#endif
