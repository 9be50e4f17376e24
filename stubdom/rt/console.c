/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text to the PV console ring (<xen/io/console.h>), and to the debug port while there is no ring.
 */
#include "rt.h"

#include <stdarg.h>

#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/sched.h>

#include "console.h"

#define PORT_DEBUG 0xe9

static struct xencons_interface *ring;
static evtchn_port_t ring_port;

void console_init(void)
{
	uint64_t pfn = rt_hvm_param(HVM_PARAM_CONSOLE_PFN);

	ring_port = (evtchn_port_t)rt_hvm_param(HVM_PARAM_CONSOLE_EVTCHN);
	/* Within what entry.S maps. */
	if (pfn && pfn < 1ul << 20 && ring_port)
		ring = (struct xencons_interface *)(uintptr_t)(pfn << 12);
}

static void yield(void)
{
	rt_hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
}

void console_flush(void)
{
	if (!ring)
		return;
	rt_event_send(ring_port);
	while (__atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) != ring->out_prod)
		yield();
}

static void put(char c)
{
	if (!ring) {
		rt_outb(PORT_DEBUG, (uint8_t)c);
		return;
	}
	if (c == '\n')
		put('\r');
	while (ring->out_prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) >=
	       sizeof(ring->out)) {
		rt_event_send(ring_port);
		yield();
	}
	ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = c;
	__atomic_store_n(&ring->out_prod, ring->out_prod + 1, __ATOMIC_RELEASE);
}

static void put_number(uint64_t n, unsigned int base)
{
	char digits[20];
	unsigned int i = 0;

	do {
		digits[i++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	while (i)
		put(digits[--i]);
}

static const char *put_conversion(const char *fmt, va_list *args)
{
	bool is_long = *fmt == 'l';
	const char *s;
	int n;

	if (is_long)
		fmt++;
	switch (*fmt) {
	case 's':
		for (s = va_arg(*args, const char *); *s; s++)
			put(*s);
		break;
	case 'd':
		n = va_arg(*args, int);
		if (n < 0)
			put('-');
		put_number(n < 0 ? (uint64_t) - (int64_t)n : (uint64_t)n, 10);
		break;
	case 'u':
		put_number(is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int), 10);
		break;
	case 'x':
		put_number(is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int), 16);
		break;
	default:
		put(*fmt);
		break;
	}
	return *fmt ? fmt + 1 : fmt;
}

void rt_vprintf(const char *fmt, va_list given)
{
	va_list args;

	va_copy(args, given);
	while (*fmt) {
		if (*fmt == '%')
			fmt = put_conversion(fmt + 1, &args);
		else
			put(*fmt++);
	}
	va_end(args);
}

void rt_printf(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rt_vprintf(fmt, args);
	va_end(args);
	if (ring)
		rt_event_send(ring_port);
}
