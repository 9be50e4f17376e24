/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small allocations that cannot fail: a process out of memory says so and aborts.
 *
 * Not for sizes that come from outside: bound those first, or use malloc() and report -ENOMEM.
 */
#ifndef LIB_XMEM_H
#define LIB_XMEM_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t nr, size_t size); /* zeroed */
void *xrealloc(void *old, size_t size);
void *xmemdup(const void *src, size_t size);
char *xstrdup(const char *src);
char *xstrndup(const char *src, size_t max);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
