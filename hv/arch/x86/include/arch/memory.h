/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hv's own mapping of machine memory (host_map.c): identity, writable or executable, never both. */
#ifndef ARCH_MEMORY_H
#define ARCH_MEMORY_H

#include <hv/types.h>

/* hv's image, page-aligned. */
void arch_image_range(paddr_t *ret_start, paddr_t *ret_end);

/* Below this everything is mapped until arch_memory_init(). */
paddr_t arch_boot_mapped_limit(void);

/* Boot: from the assembly's tables to hv's own: all RAM of boot_info, and the ACPI tables. */
void arch_memory_init(void);
void arch_memory_cpu_init(void); /* the same on another CPU */

/* Boot: maps tables of the firmware, cached and read-only; NULL: no memory. */
const void *arch_map_firmware(paddr_t address, size_t size);
/* Boot: memory that is written in sequence, never read (framebuffer): write-combining. */
void *arch_map_framebuffer(paddr_t address, size_t size);

#endif
