/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first serial line, a 16550 at I/O ports. Callers hold the console lock. */
#ifndef ARCH_SERIAL_H
#define ARCH_SERIAL_H

#include <hv/types.h>

/* "baud[,8n1[,ioport]]" or "auto,..." to keep the rate. false: no UART answers there. */
bool serial_init(const char *config);
void serial_write(const char *bytes, size_t n);
bool serial_read(char *ret_c);
bool serial_owns_port(uint16_t port);

#endif
