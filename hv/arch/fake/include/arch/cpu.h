/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CPU of the fake architecture: a block of memory; a thread says which one it is. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <hv/types.h>

#define CPU_STACK_ORDER 3u
#define CPU_STACK_SIZE (PAGE_SIZE << CPU_STACK_ORDER)

struct arch_cpu {
	uint64_t timer_ns; /* what arch_timer_arm() was told last */
	uint32_t nr_kicks;
};

extern __thread char *fake_stack; /* fake_set_cpu() */

static inline uintptr_t arch_stack_pointer(void)
{
	return (uintptr_t)fake_stack;
}

#endif
