/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that outlives hvd: small files of a tmpfs, mapped.
 *
 * What the kernel has of a page that we share with it by mmap() is what we wrote last, wherever we
 * were when we died. For state that changes too often for the journal, and that one aligned store of
 * 64 bits can take from one valid value to the next.
 */
#ifndef HVD_KEEP_H
#define HVD_KEEP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Maps 'size' bytes of the file 'dir'/'name', which is made (as zeroes) where it is missing, or has
 * another size: '*ret_fresh'. With 'dir' NULL it is plain memory. 0 or a negative errno.
 */
int keep_map(const char *dir, const char *name, size_t size, void **ret, bool *ret_fresh);
void keep_unmap(void *memory, size_t size); /* NULL is fine */

/* The file goes; a mapping stays until it is unmapped. */
void keep_remove(const char *dir, const char *name);

/* Removes the files that begin with 'prefix' and have a number behind it that nobody wants. */
void keep_sweep(const char *dir, const char *prefix, bool (*is_wanted)(void *arg, unsigned int number),
		void *arg);

#endif
