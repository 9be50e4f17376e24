/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a piece of an image is worth writing: see copy.h.
 */
#include "image/copy.h"

#include <stdbool.h>
#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t n)
{
	return !n || (!bytes[0] && !memcmp(bytes, bytes + 1, n - 1));
}

static size_t block_size(size_t n, size_t block, size_t at)
{
	return n - at < block ? n - at : block;
}

size_t copy_next_run(const unsigned char *bytes, size_t n, size_t block, size_t *at)
{
	size_t begin = *at, end;

	while (begin < n && is_zero(bytes + begin, block_size(n, block, begin)))
		begin += block_size(n, block, begin);
	end = begin;
	while (end < n && !is_zero(bytes + end, block_size(n, block, end)))
		end += block_size(n, block, end);
	*at = begin;
	return end - begin;
}
