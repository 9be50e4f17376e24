/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux' /dev/xen/privcmd, as far as libxenforeignmemory cannot use it: a descriptor that comes from
 * somebody else, and that is tied to one guest. Alone here because the tests' host has no such device.
 */
#ifndef HVD_GUEST_MEMORY_H
#define HVD_GUEST_MEMORY_H

#include <stdint.h>

int guest_memory_open(uint16_t domid, int *ret_fd);
int guest_memory_map(int fd, uint16_t domid, uint64_t gfn, void **ret_page);

#endif
