/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef XEN_CONSOLE_IO_H
#define XEN_CONSOLE_IO_H

#include <hv/types.h>

struct domain;

/* Text of a domain for hv's log: by hypercall or by the debug port. Limited for guests. */
void console_domain_write(struct domain *d, const char *bytes, size_t n);

#endif
