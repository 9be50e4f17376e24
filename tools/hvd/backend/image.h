/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening what a disk is made of, with an answer that a person can act on.
 */
#ifndef BACKEND_IMAGE_H
#define BACKEND_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

struct image {
	int fd;
	uint32_t discard_granularity; /* of a block device, 0: it cannot; files are asked later */
};

/*
 * Opens an image file or a block device, and claims it: another guest may share it only if
 * both just read. On failure a sentence in ret_error:
 *   -ENOENT, -EACCES, -ELOOP ...  from open()
 *   -EISDIR   a directory
 *   -EINVAL   something else that is neither, empty, or not a multiple of 512 bytes long
 *   -EBUSY    in use by another guest, or mounted
 */
int image_open(const char *path, bool readonly, struct image *ret, char **ret_error);

#endif
