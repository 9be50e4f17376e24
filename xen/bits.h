/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single bits in memory that guests and other CPUs change at the same time. Bit n is bit n % 32 of
 * 32-bit word n / 32, which on a little-endian machine is the same bit for words of any width.
 */
#ifndef XEN_BITS_H
#define XEN_BITS_H

#include <hv/compiler.h>
#include <hv/types.h>

static inline bool bit_test_and_set(void *base, uint32_t nr)
{
	uint32_t *word = (uint32_t *)base + nr / 32;
	uint32_t mask = 1u << (nr % 32);

	return (__atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

static inline bool bit_test_and_clear(void *base, uint32_t nr)
{
	uint32_t *word = (uint32_t *)base + nr / 32;
	uint32_t mask = 1u << (nr % 32);

	return (__atomic_fetch_and(word, ~mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

static inline bool bit_test(const void *base, uint32_t nr)
{
	const uint32_t *word = (const uint32_t *)base + nr / 32;

	return (__atomic_load_n(word, __ATOMIC_SEQ_CST) >> (nr % 32)) & 1u;
}

#endif
