/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into Debian's Bochs 3.1, which loses a guest's exception when it emulates several
 * processors. Whoever delivers an exception jumps back to the main loop. With one processor the loop
 * then notes RIP as the place to which a fault, or a VM exit, returns; with several it does not. An
 * interrupt that makes the guest exit before the handler's first instruction then saves the new
 * stack and code segment, but the RIP of what has faulted: a program executed as kernel. So the note
 * is made here, before the jump. The other processors are between two instructions, where it is true.
 *
 * Where a processor keeps what is found in the main loop for one of them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t rip, prev_rip, speculative_rsp; /* offsets */
static char ***cpus;
static uint8_t *nr_cpus;
static void *main_loop;

/*
 *	48 8b 82 RIP		mov RIP(%rdx), %rax
 *	c6 82 SPECULATIVE 00	movb $0, SPECULATIVE(%rdx)
 *	48 89 82 PREV		mov %rax, PREV(%rdx)
 */
static bool find_offsets(const uint8_t *code, unsigned int size)
{
	for (unsigned int i = 0; i + 21 <= size; i++) {
		const uint8_t *c = code + i;

		if (memcmp(c, "\x48\x8b\x82", 3) || memcmp(c + 7, "\xc6\x82", 2) || c[13] ||
		    memcmp(c + 14, "\x48\x89\x82", 3))
			continue;
		memcpy(&rip, c + 3, 4);
		memcpy(&speculative_rsp, c + 9, 4);
		memcpy(&prev_rip, c + 17, 4);
		return true;
	}
	return false;
}

__attribute__((constructor)) static void look(void)
{
	const uint8_t *loop = dlsym(RTLD_DEFAULT, "_ZN8BX_CPU_C8cpu_loopEv");

	cpus = dlsym(RTLD_DEFAULT, "bx_cpu_array");
	nr_cpus = dlsym(RTLD_DEFAULT, "bx_cpu_count");
	if (!loop || !cpus || !nr_cpus)
		return;
	if (find_offsets(loop, 256))
		main_loop = dlsym(RTLD_DEFAULT, "_ZN8BX_CPU_C11jmp_buf_envE");
	else
		fprintf(stderr, "bochs-smp: this is another Bochs; several processors may lose exceptions\n");
}

/* What the C library calls longjmp() in hardened programs. */
__attribute__((noreturn)) void __longjmp_chk(void *to, int value);
void __longjmp_chk(void *to, int value)
{
	static __attribute__((noreturn)) void (*libc_longjmp)(void *to, int value);

	if (to == main_loop && *nr_cpus > 1) {
		for (unsigned int i = 0; i < *nr_cpus; i++) {
			char *cpu = (*cpus)[i];

			memcpy(cpu + prev_rip, cpu + rip, 8);
			cpu[speculative_rsp] = 0;
		}
	}
	if (!libc_longjmp)
		libc_longjmp = (typeof(libc_longjmp))dlsym(RTLD_NEXT, "__longjmp_chk");
	libc_longjmp(to, value);
}
