/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "bochs-code.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void write_code(uint8_t *at, const uint8_t *code, size_t size)
{
	uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE), page = (uintptr_t)at & -page_size;

	if (mprotect((void *)page, 2 * page_size, PROT_READ | PROT_WRITE | PROT_EXEC)) {
		perror("bochs: mprotect");
		_exit(126);
	}
	memcpy(at, code, size);
	mprotect((void *)page, 2 * page_size, PROT_READ | PROT_EXEC);
}

uint8_t *find_code(const char *function, size_t size, const int16_t *code, size_t length)
{
	uint8_t *start = dlsym(RTLD_DEFAULT, function);
	size_t at, i;

	for (at = 0; start && at + length <= size; at++) {
		for (i = 0; i < length && (code[i] < 0 || start[at + i] == code[i]); i++)
			;
		if (i == length)
			return start + at;
	}
	return NULL;
}

uint32_t number_at(const uint8_t *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

mask_fn *find_mask_by_flags(void)
{
	return (mask_fn *)dlsym(RTLD_DEFAULT, "_ZN8BX_CPU_C25handleInterruptMaskChangeEv");
}
