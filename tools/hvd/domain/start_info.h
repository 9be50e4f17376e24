/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot block: what a PVH guest finds through ebx, as one piece of memory.
 */
#ifndef DOMAIN_START_INFO_H
#define DOMAIN_START_INFO_H

#include <stddef.h>
#include <stdint.h>

struct layout;

/* Bytes of the boot block; at most LAYOUT_MEMMAP_MAX map entries and one module. */
size_t start_info_size(const char *cmdline, unsigned int nr_vcpus);

/*
 * Writes the block that shall lie at layout->boot_gpa, start_info first: 'to' has
 * start_info_size() bytes.
 */
void start_info_make(void *to, const struct layout *layout, const char *cmdline,
		     unsigned int nr_vcpus, unsigned int nr_online);

#endif
