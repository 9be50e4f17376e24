/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings and bytes, for programs of the runtime. */
#ifndef STUBDOM_STR_H
#define STUBDOM_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The compiler calls these by itself. */
void *memcpy(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);

static inline size_t str_length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static inline bool str_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* As much as fits, with a NUL. */
static inline void str_copy(char *to, const char *from, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i]; i++)
		to[i] = from[i];
	to[i] = 0;
}

/* The decimal number that s begins with. */
static inline uint64_t str_number(const char *s)
{
	uint64_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	return n;
}

/* Appends a decimal number, which fits. */
static inline void str_add_number(char *to, uint64_t n)
{
	char digits[20];
	unsigned int i = 0;

	to += str_length(to);
	do {
		digits[i++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (i)
		*to++ = digits[--i];
	*to = 0;
}

static inline void str_add(char *to, const char *from)
{
	str_copy(to + str_length(to), from, str_length(from) + 1);
}

#endif
