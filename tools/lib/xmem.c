/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocations that abort instead of failing; the contract is in xmem.h.
 */
#include "lib/xmem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t nr, size_t size)
{
	return checked(calloc(nr ? nr : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1));
}

void *xmemdup(const void *src, size_t size)
{
	void *copy = xmalloc(size);

	if (size)
		memcpy(copy, src, size);
	return copy;
}

char *xstrdup(const char *src)
{
	return checked(strdup(src));
}

char *xstrndup(const char *src, size_t max)
{
	return checked(strndup(src, max));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	return checked(len < 0 ? NULL : text);
}
