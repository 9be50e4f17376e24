/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pretended hypervisor in the test's own process: libxenevtchn and guest_page.h by
 * their names, with the guests' side as functions for the test.
 */
#ifndef TESTS_XEN_SHIM_H
#define TESTS_XEN_SHIM_H

#include <stdbool.h>
#include <stdint.h>

/* The page that guest_page_map() gives; zeroed, made when first asked for. */
void *shim_page(uint16_t domid, uint32_t loan);
bool shim_page_is_mapped(uint16_t domid, uint32_t loan);

/* The guest notifies its port; nothing happens if nobody has bound it. */
void shim_guest_notify(uint32_t domid, uint32_t guest_port);
/* How often the guest was notified since the last call. */
unsigned int shim_guest_notified(uint32_t domid, uint32_t guest_port);
bool shim_guest_port_is_bound(uint32_t domid, uint32_t guest_port);

/* From now on this many calls of the libraries succeed, then one fails; -1: none does. */
extern int shim_fail_after;

/* Frees the pages. */
void shim_fini(void);

#endif
