/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What x86's files ask of the rest of hv, for tests of them alone: time, timers and kicks that only
 * are noted down, memory that is malloc's or not there; and a CPU to run on.
 */
#ifndef X86_WORLD_H
#define X86_WORLD_H

#include <stdint.h>

struct timer;

struct x86_world {
	uint64_t now_ns;
	struct timer *armed; /* the one that was set last; NULL: it was cancelled since */
	unsigned int nr_kicks;
	unsigned int nr_notifications; /* of posted interrupts */
	uint32_t last_interrupt;       /* that an exit brought along */
	unsigned int nr_eois; /* physical ones */
};

extern struct x86_world world;

/* this_cpu() is found through the stack pointer: calls fn on the stack of a CPU, whose back end keeps 'virt'. */
void x86_on_cpu(void (*fn)(void), void *virt);

#endif
