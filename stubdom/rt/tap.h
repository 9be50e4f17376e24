/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results of a test program, in TAP on its console. */
#ifndef STUBDOM_TAP_H
#define STUBDOM_TAP_H

#include <stdbool.h>

void tap_ok(bool is_ok, const char *promise, ...) __attribute__((format(printf, 2, 3)));
/* The same for a number, which is shown when it is another one. */
void tap_is(long got, long wanted, const char *promise, ...) __attribute__((format(printf, 3, 4)));
void tap_skip(const char *promise, const char *why);
void tap_done(void); /* the plan: without it the program has ended early */

#endif
