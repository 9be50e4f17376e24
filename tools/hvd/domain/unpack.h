/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking the ELF image out of a kernel file, behind walls.
 *
 * A kernel may be a tenant's, and decompressors are large programs: they run in a process of their own
 * that has the open file, a memfd, and nothing else. What it leaves is looked at by its size only,
 * until elf.c checks each offset.
 */
#ifndef DOMAIN_UNPACK_H
#define DOMAIN_UNPACK_H

#include <stdint.h>

#define UNPACK_ELF_MAX (512ull << 20)
#define UNPACK_REASON_MAX 200

struct unpack_walls {
	const char *user;	/* whom the process becomes */
	const char *chroot_dir; /* an empty directory */
};

/*
 * '*ret_fd' is a memfd with the image, sealed. Waits; the process has a limit of CPU time.
 *   -EINVAL  no kernel, or one that is broken; 'reason' says how
 *   -EIO     the file cannot be read to its end; with 'reason'
 *   others   the process cannot be made, or has died; 'reason' may be empty
 */
int unpack_run(int file, uint64_t size, const struct unpack_walls *walls, int *ret_fd, uint64_t *ret_size,
	       char reason[UNPACK_REASON_MAX]);

#endif
