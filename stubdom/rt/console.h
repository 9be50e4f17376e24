/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PV console of the runtime; programs use rt_printf(). */
#ifndef STUBDOM_CONSOLE_H
#define STUBDOM_CONSOLE_H

void console_init(void);
void console_flush(void); /* waits until the other side has read everything */

#endif
