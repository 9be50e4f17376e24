/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The letters of framebuffer output: printable ASCII. */
#ifndef X86_FONT_H
#define X86_FONT_H

#include <hv/types.h>

#define FONT_FIRST ' '
#define FONT_LAST '~'
#define FONT_COLUMNS 5
#define FONT_ROWS 7

extern const uint8_t font_rows[FONT_LAST - FONT_FIRST + 1][FONT_ROWS];

#endif
