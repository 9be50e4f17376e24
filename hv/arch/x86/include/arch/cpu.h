/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86 part of a physical CPU's record. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <hv/types.h>

/* One stack a CPU, aligned to its size; struct cpu lies at its lowest address. */
#define CPU_STACK_ORDER 3u
#define CPU_STACK_SIZE (PAGE_SIZE << CPU_STACK_ORDER)

struct arch_cpu {
	bool x2apic; /* the physical local APIC is driven through MSRs */
	void *virt;  /* what the virtualisation back end keeps per CPU */
};

static inline uintptr_t arch_stack_pointer(void)
{
	uintptr_t sp;

	__asm__("mov %%rsp, %0" : "=r"(sp));
	return sp;
}

#endif
