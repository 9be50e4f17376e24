/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ARCH_STRING_H
#define ARCH_STRING_H

#include <hv/types.h>

static inline void arch_copy_up(void *dst, const void *src, size_t n)
{
	volatile char *to = dst;
	const char *from = src;

	while (n--)
		*to++ = *from++;
}

static inline void arch_fill(void *dst, uint8_t byte, size_t n)
{
	volatile uint8_t *to = dst;

	while (n--)
		*to++ = byte;
}

#endif
