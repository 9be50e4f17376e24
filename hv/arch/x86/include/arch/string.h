/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying and filling with the CPU's string instructions: what hv/lib/string.c is made of. */
#ifndef ARCH_STRING_H
#define ARCH_STRING_H

#include <hv/types.h>

/* From the lowest byte to the highest. */
static inline void arch_copy_up(void *dst, const void *src, size_t n)
{
	size_t words = n / 8, rest = n % 8;

	__asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(rest) : : "memory");
}

static inline void arch_fill(void *dst, uint8_t byte, size_t n)
{
	size_t words = n / 8, rest = n % 8;
	uint64_t pattern = byte * 0x0101010101010101ul;

	__asm__ volatile("rep stosq" : "+D"(dst), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(dst), "+c"(rest) : "a"(pattern) : "memory");
}

#endif
