/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening an image that is a file.
 */
#ifndef IMAGE_FILE_IMAGE_H
#define IMAGE_FILE_IMAGE_H

struct stat;

/* A descriptor, or a negative errno; -EINVAL: it is no regular file. */
int file_image_open(const char *path, int flags, struct stat *ret);

#endif
