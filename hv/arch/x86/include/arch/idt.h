/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions and interrupts of hv itself. */
#ifndef ARCH_IDT_H
#define ARCH_IDT_H

/* What entry.S leaves on the stack. */
#define NR_VECTORS 256

#ifndef __ASSEMBLER__
#include <hv/types.h>

struct entry_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error; /* error: 0 where the exception has none */
	uint64_t rip, cs, rflags, rsp, ss;
};

extern const char entry_stubs[]; /* ENTRY_STUB_SIZE bytes a vector */

void idt_load(void); /* own CPU */
void arch_entry(struct entry_frame *f);
/* An interrupt that the local APIC has delivered: from the table, or by a guest's exit. */
void idt_interrupt(uint32_t vector);
#endif

#define ENTRY_STUB_SIZE 16

#endif
