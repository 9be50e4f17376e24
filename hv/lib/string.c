/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory and strings. The compiler turns assignments of structures into calls of these, so their
 * names and meaning are the C library's. Copying and filling go through the architecture, which
 * has an instruction for either.
 */
#include <hv/string.h>

#include <arch/string.h>

void *memcpy(void *dst, const void *src, size_t n)
{
	arch_copy_up(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	uintptr_t distance = (uintptr_t)dst - (uintptr_t)src;
	char *to = dst;
	const char *from = src;

	if (distance >= n) { /* dst below src, or apart */
		arch_copy_up(dst, src, n);
		return dst;
	}
	while (n--)
		WRITE_ONCE(to[n], from[n]);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	arch_fill(dst, (uint8_t)c, n);
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;
	size_t i;

	for (i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b)
			return (uint8_t)*a - (uint8_t)*b;
		if (!*a)
			break;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

void strcopy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size - 1);

	memcpy(dst, src, n);
	dst[n] = 0;
}
