/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How results look on a terminal.
 */
#include <stdarg.h>
#include <stdio.h>

#include <json-c/json.h>

#include "hvctl.h"

void print_json(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
}

void print_field(const char *key, const char *fmt, ...)
{
	va_list ap;

	printf("%-16s ", key);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

double seconds(long long ns)
{
	return (double)ns / 1e9;
}
