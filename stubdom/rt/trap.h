/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions, interrupts and vCPUs of the runtime; programs use what rt.h has of them. */
#ifndef STUBDOM_TRAP_H
#define STUBDOM_TRAP_H

void trap_init(void);

#endif
