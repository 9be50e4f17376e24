/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hv's own mapping of machine memory, beyond what <hv/arch.h> says. */
#ifndef ARCH_HOST_MAP_H
#define ARCH_HOST_MAP_H

#include <hv/types.h>

void host_map_cpu_init(void); /* on a CPU that starts: the boot CPU's tables */

/* Boot: memory that is written in sequence, never read (framebuffer): write-combining. */
void *host_map_framebuffer(paddr_t address, size_t size);

#endif
