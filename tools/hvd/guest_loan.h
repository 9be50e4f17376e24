/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two pages of a guest's that hv lends to the control domain (xen/gnttab_standing.c), as descriptors
 * of /dev/xen/gntdev. Alone here because the tests' host has no such device.
 *
 * The device keeps what was asked for by descriptor: whoever gets one maps this page with mmap(), and
 * needs the right to make ioctls on it for anything else.
 */
#ifndef HVD_GUEST_LOAN_H
#define HVD_GUEST_LOAN_H

#include <stdint.h>

/*
 * 'loan': HVABI_GRANT_CONSOLE or HVABI_GRANT_XENSTORE (<hvabi/control.h>). The descriptor is the
 * caller's, '*ret_offset' is mmap()'s.
 */
int guest_loan_open(uint16_t domid, uint32_t loan, int *ret_fd, uint64_t *ret_offset);

#endif
