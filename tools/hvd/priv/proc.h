/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells of another process. */
#ifndef PRIV_PROC_H
#define PRIV_PROC_H

#include <stdint.h>
#include <sys/types.h>

/*
 * When it was born, in the kernel's clock ticks: with its number, what makes it that one. 0: there is
 * none.
 */
uint64_t proc_start_time(pid_t pid);

#endif
