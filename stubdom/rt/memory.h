/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's own memory: pages given up and taken back, and what hv puts where they were. Errors are Xen's, negative. */
#ifndef STUBDOM_MEMORY_H
#define STUBDOM_MEMORY_H

#include <stdint.h>

#include <xen/memory.h>

static inline volatile uint64_t *at(uint64_t address)
{
	return (volatile uint64_t *)address;
}

long memory_op(unsigned int cmd, const void *arg);

/* An extent of 2^'order' pages at 'address'; how many extents were done: 0 or 1. */
long memory_reservation(unsigned int cmd, uint64_t address, unsigned int order, uint16_t domid);

/* 1: a page is given up, an extent is taken back. */
long memory_give_up(uint64_t address);
long memory_take_back(uint64_t address, unsigned int order);

/* In pages. */
long memory_owned(void);

/* 0: page 'idx' of a space of Xen's (XENMAPSPACE_*) is at 'page', instead of what was there. */
long memory_place(unsigned int space, unsigned long idx, const volatile void *page);

#endif
