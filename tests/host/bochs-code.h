/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For what mends Bochs when it is loaded: its code, found by what it looks like, and written anew. */
#ifndef BOCHS_CODE_H
#define BOCHS_CODE_H

#include <stddef.h>
#include <stdint.h>

#define HIDDEN __attribute__((visibility("hidden")))

/*
 * Where 'code' stands within the 'size' bytes from a function on, which is named as the linker knows it; -1 in it
 * is any byte. NULL: nowhere, or there is no such function.
 */
HIDDEN uint8_t *find_code(const char *function, size_t size, const int16_t *code, size_t length);

/* Ends the process if that is not allowed. */
HIDDEN void write_code(uint8_t *at, const uint8_t *code, size_t size);

/* An offset or address within code. */
HIDDEN uint32_t number_at(const uint8_t *p);

/* Decides which events IF masks; a member function of Bochs' CPU. NULL: not there. */
typedef void mask_fn(void *cpu);
HIDDEN mask_fn *find_mask_by_flags(void);

#endif
