/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C library's memory and string functions that hv uses, and formatted text. */
#ifndef HV_STRING_H
#define HV_STRING_H

#include <stdarg.h>

#include <hv/compiler.h>
#include <hv/types.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Copies at most size - 1 bytes and always terminates (size > 0). */
void strcopy(char *dst, const char *src, size_t size);

/*
 * %d %i %u %x %X %c %s %p %% with flags '-', '0', '#', width, precision for %s ('.*' too), and
 * the lengths h, hh, l, ll, z. Returns the length that the whole text has, like C's.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#endif
