/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screen: EGA text, or a framebuffer that the boot loader has set up. */
#ifndef ARCH_SCREEN_H
#define ARCH_SCREEN_H

#include <hv/types.h>

bool screen_init_text(void);	    /* false: the screen is no text screen */
bool screen_init_framebuffer(void); /* memory is mapped. false: there is none */
bool screen_is_ready(void);
void screen_write(const char *bytes, size_t n);

#endif
