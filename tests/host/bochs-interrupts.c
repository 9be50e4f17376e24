/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into Debian's Bochs 3.1: three mistakes about interrupts of VT-x guests, mended in its code before
 * it starts. What does not look as it does there is left alone, and said.
 */
#define _GNU_SOURCE
#include "bochs-code.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- virtual interrupts in a guest whose interrupts are off ---- */

/*
 * When an interrupt for the host comes, the CPU delivers a pending virtual interrupt first: it asks
 * whether one is pending, and not whether the guest's interrupts are off (Intel SDM vol. 3, 30.2.2).
 * Events are bits in three words behind each other: pending, masked, and whether to look at all.
 */
#define VIRTUAL_INTERRUPT 2 /* in the second byte */

HIDDEN uint64_t pending_offset; /* of that byte, in the CPU (rbx) */
HIDDEN const uint8_t *deliver, *go_on;
void ask_for_virtual_interrupt(void);

__asm__(".text\n"
	".globl ask_for_virtual_interrupt\n"
	".hidden ask_for_virtual_interrupt\n"
	"ask_for_virtual_interrupt:\n"
	"	mov	pending_offset(%rip), %rax\n"
	"	mov	4(%rbx,%rax), %cl\n"
	"	not	%cl\n"
	"	and	(%rbx,%rax), %cl\n"
	"	test	$2, %cl\n" /* VIRTUAL_INTERRUPT */
	"	jz	1f\n"
	"	jmp	*deliver(%rip)\n"
	"1:	jmp	*go_on(%rip)\n");

static bool mend_virtual_interrupt(void)
{
	/* testb $VIRTUAL_INTERRUPT, pending(%rbx); jne deliver */
	static const int16_t question[13] = { 0xf6, 0x83, -1, -1, 0, 0, VIRTUAL_INTERRUPT, 0x0f, 0x85, -1, 0, 0, 0 };
	uint8_t jump[13] = { 0x48, 0xb8, [10] = 0xff, 0xe0, 0x90 };
	uintptr_t to = (uintptr_t)ask_for_virtual_interrupt;
	uint8_t *at = find_code("_ZN8BX_CPU_C18HandleExtInterruptEv", 256, question, 13);

	if (!at)
		return false;
	pending_offset = number_at(at + 2);
	go_on = at + sizeof(jump);
	deliver = go_on + number_at(at + 9);
	memcpy(jump + 2, &to, sizeof(to));
	write_code(at, jump, sizeof(jump));
	return true;
}

/* ---- interrupts for the host while a guest's interrupts are off ---- */

static mask_fn *mask_by_flags;
static uint32_t look_offset; /* of the third word */

static void entered(char *cpu)
{
	const uint32_t look = 1;

	mask_by_flags(cpu);
	memcpy(cpu + look_offset, &look, sizeof(look));
}

/*
 * Which events IF masks is decided when an entry loads the guest's flags, and it is not in the guest
 * yet: so the host's interrupts were off until the guest itself changed IF, and one that never did had
 * the CPU for ever. It is decided again when it is in.
 */
static bool mend_entry(void)
{
	/*
	 * andl $~INIT, masked(%rbx); movb $1, in_guest(%rbx); testb $INIT, pending(%rbx); je 1f;
	 * movl $1, look(%rbx); 1:
	 */
	static const int16_t in[33] = { 0x83, 0xa3, -1, -1, 0, 0, 0xfb, 0xc6, 0x83, -1, -1, 0, 0, 1, 0xf6, 0x83, -1, -1,
					0, 0, 4, 0x74, 10, 0xc7, 0x83, -1, -1, 0, 0, 1, 0, 0, 0 };
	/* The first two; mov %rbx, %rdi; mov $entered, %rax; call *%rax; a nop */
	uint8_t code[33] = { [14] = 0x48, 0x89, 0xdf, 0x48, 0xb8, [27] = 0xff, 0xd0, 0x0f, 0x1f, 0x40, 0 };
	uintptr_t to = (uintptr_t)entered;
	uint8_t *at = find_code("_ZN8BX_CPU_C8VMLAUNCHEP15bxInstruction_c", 1024, in, 33);

	mask_by_flags = find_mask_by_flags();
	if (!at || !mask_by_flags)
		return false;
	look_offset = number_at(at + 25);
	memcpy(code, at, 14);
	memcpy(code + 19, &to, sizeof(to));
	write_code(at, code, sizeof(code));
	return true;
}

/* ---- posted interrupts of which none is left ---- */

/*
 * A notification that comes when there is nothing to take over, and nothing requested, is no mistake: the
 * requests may have been taken over before an entry. "None", -1, then became the vector 0xff, which the
 * guest did not expect and never ended, so that nothing below was delivered any more. The highest vector
 * requested has its bit among the requests, so it is what is found there, or stays as it is.
 */
static bool mend_posted(void)
{
	/* cmp requested(%rbx), %al; jb 1f; mov %al, requested(%rbx); 1: */
	static const int16_t take[14] = { 0x3a, 0x83, -1, -1, 0, 0, 0x72, 6, 0x88, 0x83, -1, -1, 0, 0 };
	/* test %eax, %eax; js 1f; mov %al, requested(%rbx); a nop; 1: */
	uint8_t code[14] = { 0x85, 0xc0, 0x78, 10, 0x88, 0x83, [10] = 0x0f, 0x1f, 0x40, 0 };
	uint8_t *at = find_code("_ZN8BX_CPU_C31VMX_Posted_Interrupt_ProcessingEh", 512, take, 14);

	if (!at)
		return false;
	memcpy(code + 6, at + 2, 4);
	write_code(at, code, sizeof(code));
	return true;
}

__attribute__((constructor)) static void mend(void)
{
	const char *which = getenv("BOCHS_INTERRUPTS"); /* by hand, what is mended: v, e, p */

	if ((!which || strchr(which, 'v')) && !mend_virtual_interrupt())
		fprintf(stderr, "bochs-interrupts: this is another Bochs: virtual interrupts are as they are\n");
	if ((!which || strchr(which, 'e')) && !mend_entry())
		fprintf(stderr, "bochs-interrupts: this is another Bochs: entries are as they are\n");
	if ((!which || strchr(which, 'p')) && !mend_posted())
		fprintf(stderr, "bochs-interrupts: this is another Bochs: posted interrupts are as they are\n");
}
