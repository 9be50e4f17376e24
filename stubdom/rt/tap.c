/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tap.h"

#include <stdarg.h>

#include "rt.h"

static unsigned int nr_results;

static void result(bool is_ok, const char *promise, va_list args)
{
	rt_printf("%s %u - ", is_ok ? "ok" : "not ok", ++nr_results);
	rt_vprintf(promise, args);
	rt_printf("\n");
}

void tap_ok(bool is_ok, const char *promise, ...)
{
	va_list args;

	va_start(args, promise);
	result(is_ok, promise, args);
	va_end(args);
}

void tap_is(long got, long wanted, const char *promise, ...)
{
	va_list args;

	va_start(args, promise);
	result(got == wanted, promise, args);
	va_end(args);
	if (got != wanted)
		rt_printf("# got %d (0x%lx), wanted %d (0x%lx)\n", (int)got, (unsigned long)got,
			  (int)wanted, (unsigned long)wanted);
}

void tap_skip(const char *promise, const char *why)
{
	rt_printf("ok %u - %s # SKIP %s\n", ++nr_results, promise, why);
}

void tap_done(void)
{
	rt_printf("1..%u\n", nr_results);
}
