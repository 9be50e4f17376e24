/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page of a guest's console or xenstore, mapped by the engine, which has no other page of any guest.
 */
#ifndef HVD_GUEST_PAGE_H
#define HVD_GUEST_PAGE_H

#include <stdint.h>

/* Where the descriptors come from: guest_loan_open() (guest_loan.h), by way of the privileged half. */
typedef int (*guest_loan_fn)(uint16_t domid, uint32_t loan, int *ret_fd, uint64_t *ret_offset);
void guest_page_source(guest_loan_fn get_loan);

/* For reading and writing; 'loan' as there. It stays as it is when the guest is gone. */
int guest_page_map(uint16_t domid, uint32_t loan, void **ret_page);
void guest_page_unmap(void *page);

#endif
