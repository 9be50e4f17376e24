/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the architecture's entry code hands over. */
#ifndef HV_MAIN_H
#define HV_MAIN_H

#include <hv/compiler.h>

/* On the boot CPU's stack, boot_info filled, interrupts off. */
noreturn void hv_main(void);

#endif
