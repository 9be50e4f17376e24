/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output on the screen, as the boot loader left it: EGA text or a framebuffer with red, green and
 * blue. What is shown is kept in 'shown', because video memory is slow to read; when the screen
 * scrolls only the cells whose letter changes are drawn.
 */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/compiler.h>

#include <arch/host_map.h>

#include "font.h"

#define TYPE_RGB    1u
#define TYPE_TEXT   2u
#define EGA_TEXT    0xb8000u
#define EGA_COLUMNS 80u
#define EGA_ROWS    25u
#define EGA_GREY    0x0700u

#define MAX_COLUMNS 240u
#define MAX_ROWS    100u
#define CELL_WIDTH  (FONT_COLUMNS + 1)
#define CELL_HEIGHT (FONT_ROWS + 3)

static char shown[MAX_ROWS][MAX_COLUMNS];
static uint32_t columns, rows; /* 0: no screen */
static uint32_t column, row;
static uint32_t scale; /* dots are squares of so many pixels */
static volatile uint16_t *ega;
static volatile uint8_t *pixels;

static void set_pixel(uint32_t x, uint32_t y, uint32_t colour)
{
	uint32_t bytes = (uint32_t)(boot_info.framebuffer.bpp + 7) / 8, i;
	volatile uint8_t *p = pixels + (uint64_t)y * boot_info.framebuffer.pitch + x * bytes;

	if (bytes == 4) {
		*(volatile uint32_t *)p = colour;
		return;
	}
	for (i = 0; i < bytes; i++)
		p[i] = (uint8_t)(colour >> 8 * i);
}

static uint32_t grey(void)
{
	const struct boot_framebuffer *fb = &boot_info.framebuffer;
	uint32_t c = 0;

	/* Three quarters of each colour's range. */
	c |= ((1u << fb->red_size) * 3 / 4) << fb->red_pos;
	c |= ((1u << fb->green_size) * 3 / 4) << fb->green_pos;
	c |= ((1u << fb->blue_size) * 3 / 4) << fb->blue_pos;
	return c;
}

static void draw_cell(uint32_t cx, uint32_t cy, char c)
{
	uint32_t x, y, on = grey(), bits;
	const uint8_t *glyph;

	glyph = font_rows[c >= FONT_FIRST && c <= FONT_LAST ? c - FONT_FIRST : '?' - FONT_FIRST];
	for (y = 0; y < CELL_HEIGHT * scale; y++) {
		bits = y / scale < FONT_ROWS ? glyph[y / scale] : 0;
		for (x = 0; x < CELL_WIDTH * scale; x++)
			set_pixel(cx * CELL_WIDTH * scale + x, cy * CELL_HEIGHT * scale + y,
				  bits << x / scale & 1u << (FONT_COLUMNS - 1) ? on : 0);
	}
}

static void show(uint32_t cx, uint32_t cy, char c)
{
	if (shown[cy][cx] == c)
		return;
	shown[cy][cx] = c;
	if (ega)
		ega[cy * EGA_COLUMNS + cx] = (uint16_t)(EGA_GREY | (uint8_t)c);
	else
		draw_cell(cx, cy, c);
}

static void scroll(void)
{
	uint32_t x, y;

	for (y = 0; y < rows; y++)
		for (x = 0; x < columns; x++)
			show(x, y, y + 1 < rows ? shown[y + 1][x] : ' ');
	row = rows - 1;
}

static void new_line(void)
{
	column = 0;
	if (++row == rows)
		scroll();
}

static void put(char c)
{
	if (c == '\n') {
		new_line();
		return;
	}
	if (c == '\r') {
		column = 0;
		return;
	}
	if ((uint8_t)c < ' ')
		return;
	if (column == columns)
		new_line();
	show(column++, row, c);
}

void arch_screen_write(const char *bytes, size_t n)
{
	while (n--)
		put(*bytes++);
}

static void start(uint32_t nr_columns, uint32_t nr_rows)
{
	uint32_t x, y;

	columns = MIN(nr_columns, MAX_COLUMNS);
	rows = MIN(nr_rows, MAX_ROWS);
	for (y = 0; y < rows; y++)
		for (x = 0; x < columns; x++)
			show(x, y, ' ');
	column = 0;
	row = 0;
}

bool arch_screen_init_text(void)
{
	const struct boot_framebuffer *fb = &boot_info.framebuffer;

	/* BIOS without any word about it: the text mode that the machine started in. */
	if (boot_info.efi || (fb->address && (fb->type != TYPE_TEXT || fb->address != EGA_TEXT)))
		return false;
	ega = (volatile uint16_t *)(uintptr_t)EGA_TEXT;
	start(EGA_COLUMNS, EGA_ROWS);
	return true;
}

bool arch_screen_init_framebuffer(void)
{
	const struct boot_framebuffer *fb = &boot_info.framebuffer;

	if (!fb->address || fb->type != TYPE_RGB || fb->bpp < 15 || fb->bpp > 32 ||
	    fb->width < 320 || fb->height < 200 || fb->pitch / ((fb->bpp + 7u) / 8) < fb->width ||
	    fb->red_size > 10 || fb->green_size > 10 || fb->blue_size > 10 || fb->red_pos > 24 ||
	    fb->green_pos > 24 || fb->blue_pos > 24)
		return false;
	pixels = host_map_framebuffer(fb->address, (uint64_t)fb->pitch * fb->height);
	if (!pixels)
		return false;
	scale = fb->width >= 1600 ? 2 : 1;
	start(fb->width / (CELL_WIDTH * scale), fb->height / (CELL_HEIGHT * scale));
	return true;
}

bool arch_screen_is_ready(void)
{
	return rows != 0;
}
