/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying images without their zeroes. Pure parts, for the unit test.
 */
#ifndef IMAGE_COPY_H
#define IMAGE_COPY_H

#include <stddef.h>

/*
 * The next run of blocks that are not all zero, from '*at' on; '*at' becomes its begin, and the length
 * is returned. 0: there is none. The last block may be short.
 */
size_t copy_next_run(const unsigned char *bytes, size_t n, size_t block, size_t *at);

#endif
