/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 16550 UART, polled. */
#include <hv/arch.h>
#include <hv/clock.h>

#include <arch/x86.h>

#define DEFAULT_PORT 0x3f8u
#define CLOCK_HZ     115200u

#define REG_DATA	   0 /* and divisor, low byte */
#define REG_INTERRUPTS	   1 /* and divisor, high byte */
#define REG_FIFO	   2
#define REG_LINE	   3
#define REG_MODEM	   4
#define REG_STATUS	   5
#define REG_SCRATCH	   7
#define LINE_8N1	   0x03
#define LINE_DIVISOR	   0x80
#define MODEM_DTR_RTS_OUT2 0x0b
#define FIFO_ON_CLEAR	   0x07
#define STATUS_RECEIVED	   0x01
#define STATUS_CAN_SEND	   0x20
#define FIFO_SIZE	   16u

/* A line that never gets ready must not stop hv: then bytes are lost. */
#define MAX_WAIT 200000u

static uint16_t port;

static uint32_t number(const char **s)
{
	uint32_t n = 0, base = 10, digit;

	if ((*s)[0] == '0' && ((*s)[1] | 0x20) == 'x') {
		base = 16;
		*s += 2;
	}
	for (;; (*s)++) {
		if (**s >= '0' && **s <= '9')
			digit = (uint32_t)(**s - '0');
		else if (base == 16 && (**s | 0x20) >= 'a' && (**s | 0x20) <= 'f')
			digit = (uint32_t)((**s | 0x20) - 'a') + 10;
		else
			return n;
		n = n * base + digit;
	}
}

/* To the character after the next comma, or to the end. */
static void next_field(const char **s)
{
	while (**s && **s != ',')
		(*s)++;
	if (**s)
		(*s)++;
}

bool arch_serial_init(const char *config)
{
	uint32_t baud = number(&config), given_port, divisor;

	next_field(&config);
	next_field(&config); /* only 8n1 is offered */
	given_port = number(&config);
	port = given_port && given_port <= 0xfff8 ? (uint16_t)given_port : DEFAULT_PORT;

	outb((uint16_t)(port + REG_SCRATCH), 0x5a);
	if (inb((uint16_t)(port + REG_SCRATCH)) != 0x5a)
		return false;
	outb((uint16_t)(port + REG_INTERRUPTS), 0);
	if (baud && baud <= CLOCK_HZ) {
		divisor = CLOCK_HZ / baud;
		outb((uint16_t)(port + REG_LINE), LINE_DIVISOR);
		outb((uint16_t)(port + REG_DATA), (uint8_t)divisor);
		outb((uint16_t)(port + REG_INTERRUPTS), (uint8_t)(divisor >> 8));
	}
	outb((uint16_t)(port + REG_LINE), LINE_8N1);
	outb((uint16_t)(port + REG_FIFO), FIFO_ON_CLEAR);
	outb((uint16_t)(port + REG_MODEM), MODEM_DTR_RTS_OUT2);
	return true;
}

static void wait_until_empty(void)
{
	uint32_t i;

	for (i = 0; i < MAX_WAIT; i++)
		if (inb((uint16_t)(port + REG_STATUS)) & STATUS_CAN_SEND)
			return;
}

void arch_serial_write(const char *bytes, size_t n)
{
	uint32_t room = 0;

	while (n) {
		if (room < 2) {
			wait_until_empty();
			room = FIFO_SIZE;
		}
		if (*bytes == '\n') {
			outb((uint16_t)(port + REG_DATA), '\r');
			room--;
		}
		outb((uint16_t)(port + REG_DATA), (uint8_t)*bytes++);
		room--;
		n--;
	}
}

bool arch_serial_read(char *ret_c)
{
	uint8_t status = inb((uint16_t)(port + REG_STATUS));

	if (status == 0xff || !(status & STATUS_RECEIVED))
		return false;
	*ret_c = (char)inb((uint16_t)(port + REG_DATA));
	return true;
}

bool arch_serial_owns_port(uint16_t p)
{
	return p >= port && p < port + 8;
}
