/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into Debian's Bochs 3.1: two mistakes of its AMD-V, mended in its code before it starts. What does
 * not look as it does there is left alone, and said.
 */
#define _GNU_SOURCE
#include "bochs-code.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- interrupts after an entry ---- */

/*
 * Which events IF masks was decided when VMRUN loaded the guest's flags, before it was in the guest. So a virtual
 * interrupt stayed masked, as in the host, until the guest changed IF: one that went on with its interrupts on got
 * none. And one whose interrupts were off kept the host's from the CPU. Now it is in the guest first.
 */
static mask_fn *mask_by_flags;
static bool (*load_guest)(void *cpu), (*inject)(void *cpu);
static uint32_t look_offset;  /* whether to look at events at all */
static uint32_t guest_offset; /* "in a guest", and behind it the global interrupt flag */

static bool enter(char *cpu)
{
	const uint32_t look = 1;

	cpu[guest_offset] = 1;
	if (!load_guest(cpu))
		return false;
	cpu[guest_offset + 1] = 1;
	mask_by_flags(cpu);
	memcpy(cpu + look_offset, &look, sizeof(look));
	return inject(cpu);
}

static bool mend_entry(void)
{
	/*
	 * mov %rbx, %rdi; call load_guest; test %al, %al; je refused; mov $0x101, %eax; mov %rbx, %rdi;
	 * movl $1, look(%rbx); mov %ax, in_guest(%rbx); call inject
	 */
	static const int16_t in[46] = { 0x48, 0x89, 0xdf, 0xe8, -1, -1, -1, -1, 0x84, 0xc0, 0x0f, 0x84, -1, -1, -1, -1,
					0xb8, 1, 1, 0, 0, 0x48, 0x89, 0xdf, 0xc7, 0x83, -1, -1, 0, 0, 1, 0,
					0, 0, 0x66, 0x89, 0x83, -1, -1, 0, 0, 0xe8, -1, -1, -1, -1 };
	/* mov %rbx, %rdi; mov $enter, %rax; call *%rax; jmp over the rest */
	uint8_t code[46] = { 0x48, 0x89, 0xdf, 0x48, 0xb8, [13] = 0xff, 0xd0, 0xeb, 29 };
	uintptr_t to = (uintptr_t)enter;
	uint8_t *at = find_code("_ZN8BX_CPU_C5VMRUNEP15bxInstruction_c", 512, in, 46);

	mask_by_flags = find_mask_by_flags();
	load_guest = (bool (*)(void *))dlsym(RTLD_DEFAULT, "_ZN8BX_CPU_C27SvmEnterLoadCheckGuestStateEv");
	inject = (bool (*)(void *))dlsym(RTLD_DEFAULT, "_ZN8BX_CPU_C15SvmInjectEventsEv");
	if (!at || !mask_by_flags || !load_guest || !inject)
		return false;
	look_offset = number_at(at + 26);
	guest_offset = number_at(at + 37);
	memcpy(code + 5, &to, sizeof(to));
	write_code(at, code, sizeof(code));
	return true;
}

/* ---- debug exceptions that exit ---- */

/*
 * The exit for #DB left DR6 as it was: what had happened was noted when the guest took the exception, and
 * forgotten when it did not. The processor has it in DR6 by then, and so where the exit keeps the guest's (APM
 * vol. 2, 15.12.2).
 */
HIDDEN uint64_t dr6_offset, trap_offset, inhibit_offset; /* in the CPU (rdi) */
void note_in_dr6(void);

/* rsi: the exit's code, 0x41 for #DB. Changes rax, r8 and r9, which the caller needs no more. */
__asm__(".text\n"
	".globl note_in_dr6\n"
	".hidden note_in_dr6\n"
	"note_in_dr6:\n"
	"	mov	trap_offset(%rip), %rax\n"
	"	cmp	$0x41, %esi\n"
	"	jne	1f\n"
	"	mov	(%rdi,%rax), %r9d\n"
	"	and	$0xe00f, %r9d\n"
	"	mov	dr6_offset(%rip), %r8\n"
	"	andl	$0xffff6ff0, (%rdi,%r8)\n"
	"	or	%r9d, (%rdi,%r8)\n"
	"1:	movl	$0, (%rdi,%rax)\n"
	"	mov	inhibit_offset(%rip), %rax\n"
	"	movl	$0, (%rdi,%rax)\n"
	"	ret\n");

static bool mend_debug_exit(void)
{
	/* mov dr6(%rbx), %edx; mov trap(%rbx), %ecx; andl $~0x2000, dr7(%rbx); and $0xffff6ff0, %edx */
	static const int16_t noting[28] = { 0x8b, 0x93, -1, -1, 0, 0, 0x8b, 0x8b, -1, -1, 0, 0, 0x81, 0xa3, -1, -1,
					    0, 0, 0xff, 0xdf, 0xff, 0xff, 0x81, 0xe2, 0xf0, 0x6f, 0xff, 0xff };
	/* mov %eax, trap(%rdi); mov %eax, inhibit(%rdi) */
	static const int16_t forgetting[12] = { 0x89, 0x87, -1, -1, 0, 0, 0x89, 0x87, -1, -1, 0, 0 };
	/* mov $note_in_dr6, %rax; call *%rax */
	uint8_t code[12] = { 0x48, 0xb8, [10] = 0xff, 0xd0 };
	uintptr_t to = (uintptr_t)note_in_dr6;
	uint8_t *from = find_code("_ZN8BX_CPU_C9exceptionEjt", 1024, noting, 28);
	uint8_t *at = find_code("_ZN8BX_CPU_C21SvmInterceptExceptionEjjtbm", 512, forgetting, 12);

	if (!from || !at || number_at(from + 8) != number_at(at + 2))
		return false;
	dr6_offset = number_at(from + 2);
	trap_offset = number_at(at + 2);
	inhibit_offset = number_at(at + 8);
	memcpy(code + 2, &to, sizeof(to));
	write_code(at, code, sizeof(code));
	return true;
}

__attribute__((constructor)) static void mend(void)
{
	const char *which = getenv("BOCHS_SVM"); /* by hand, what is mended: e, d */

	if ((!which || strchr(which, 'e')) && !mend_entry())
		fprintf(stderr, "bochs-svm: this is another Bochs: entries are as they are\n");
	if ((!which || strchr(which, 'd')) && !mend_debug_exit())
		fprintf(stderr, "bochs-svm: this is another Bochs: debug exceptions are as they are\n");
}
