/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of guests, mapped by whoever may not make hypercalls.
 *
 * The privileged half opens /dev/xen/privcmd and ties it to one guest: such a descriptor maps pages of this
 * guest, and the kernel refuses all else on it. The engine maps with it and closes it again.
 */
#ifndef HVD_GUEST_PAGE_H
#define HVD_GUEST_PAGE_H

#include <stdint.h>

/*
 * One page, for reading and writing; 'get_memory' gives a descriptor as guest_memory_open()
 * (guest_memory.h) does. NULL: the library of Xen does it all, in a process that may (tests).
 */
typedef int (*guest_memory_fn)(uint16_t domid, int *ret_fd);
void guest_page_source(guest_memory_fn get_memory);
int guest_page_map(uint16_t domid, uint64_t gfn, void **ret_page);
void guest_page_unmap(void *page);

#endif
