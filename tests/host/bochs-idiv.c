/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into Debian's Bochs 3.1, whose compiler dropped half of what Bochs' signed 128-bit
 * division works on (https://github.com/bochs-emu/Bochs/issues/668): IDIV of 64 bits gave 0, and a
 * Linux that divides by the result dies at once. If a division of known result is wrong, a jump to
 * ours is written over theirs. A Bochs that divides right is left alone.
 */
#define _GNU_SOURCE
#include "bochs-code.h"

#include <dlfcn.h>
#include <string.h>

struct bit128 {
	uint64_t lo;
	int64_t hi;
};
typedef void idiv_fn(struct bit128 *quotient, int64_t *remainder, const struct bit128 *dividend,
		     int64_t divisor);

/* The divisor is not 0, and the quotient fits: theirs is called after these checks. */
static void divide(struct bit128 *quotient, int64_t *remainder, const struct bit128 *dividend,
		   int64_t divisor)
{
	__int128 d = (__int128)((unsigned __int128)(uint64_t)dividend->hi << 64 | dividend->lo);
	__int128 q = d / divisor;

	*remainder = (int64_t)(d % divisor);
	*quotient = (struct bit128){ .lo = (uint64_t)q, .hi = (int64_t)(q >> 64) };
}

__attribute__((constructor)) static void mend(void)
{
	/* mov $divide, %rax; jmp *%rax */
	uint8_t jump[12] = { 0x48, 0xb8, [10] = 0xff, 0xe0 };
	const struct bit128 seven = { .lo = 7 };
	uintptr_t to = (uintptr_t)divide;
	struct bit128 quotient = { 0 };
	int64_t remainder = 0;
	idiv_fn *theirs = (idiv_fn *)dlsym(RTLD_DEFAULT, "_Z9long_idivP7Bit128sPlPKS_l");

	if (!theirs)
		return;
	theirs(&quotient, &remainder, &seven, -2);
	if (quotient.lo == (uint64_t)-3 && quotient.hi == -1 && remainder == 1)
		return;
	memcpy(jump + 2, &to, sizeof(to));
	write_code((uint8_t *)theirs, jump, sizeof(jump));
}
