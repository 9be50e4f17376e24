/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into Debian's Bochs 3.1, whose APIC compares a TSC deadline with the time since the emulator's start,
 * not with the TSC. They are the same until a reset, which begins the TSC anew: from then on each deadline was
 * over at once, and a timer that is not due did nothing but come again. Here the TSC goes on over a reset.
 */
#define _GNU_SOURCE
#include "bochs-code.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static uint64_t (*get_tsc)(void *cpu);
static uint32_t adjust_offset; /* what the TSC is ahead of the emulator's time */

static void set_tsc(char *cpu, uint64_t value)
{
	uint64_t adjust;

	memcpy(&adjust, cpu + adjust_offset, sizeof(adjust));
	adjust = value ? adjust + value - get_tsc(cpu) : 0; /* 0: a reset's */
	memcpy(cpu + adjust_offset, &adjust, sizeof(adjust));
}

__attribute__((constructor)) static void mend(void)
{
	static const char name[] = "_ZN8BX_CPU_C7set_TSCEm";
	/* mov %rcx, adjust(%rdi) */
	static const int16_t store[7] = { 0x48, 0x89, 0x8f, -1, -1, 0, 0 };
	/* mov $set_tsc, %rax; jmp *%rax */
	uint8_t jump[12] = { 0x48, 0xb8, [10] = 0xff, 0xe0 };
	uintptr_t to = (uintptr_t)set_tsc;
	uint8_t *theirs = dlsym(RTLD_DEFAULT, name), *at = find_code(name, 64, store, 7);

	get_tsc = (uint64_t(*)(void *))dlsym(RTLD_DEFAULT, "_ZN8BX_CPU_C7get_TSCEv");
	if (!theirs || !at || !get_tsc) {
		fprintf(stderr, "bochs-tsc: this is another Bochs: TSC deadlines are as they are\n");
		return;
	}
	adjust_offset = number_at(at + 3);
	memcpy(jump + 2, &to, sizeof(to));
	write_code(theirs, jump, sizeof(jump));
}
