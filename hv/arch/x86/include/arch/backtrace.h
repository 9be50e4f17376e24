/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who called whom, by the frame pointers on this CPU's stack, with names. */
#ifndef ARCH_BACKTRACE_H
#define ARCH_BACKTRACE_H

#include <hv/types.h>

void backtrace_from(uint64_t rip, uint64_t rbp);

#endif
