/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot assembly and C have in common. */
#ifndef ARCH_BOOT_H
#define ARCH_BOOT_H

/* Selectors of hv's descriptor table. */
#define BOOT_CS 0x08
#define BOOT_DS 0x10
#define BOOT_CS32 0x18

#ifndef __ASSEMBLER__
#include <hv/compiler.h>
#include <hv/types.h>

#include <arch/cpu.h>

extern char image_start[], image_text_end[], image_rodata_end[], image_end[]; /* hv.lds.S */
extern char boot_stack[CPU_STACK_SIZE];
extern uint64_t boot_pml4[512];
extern uint32_t boot_maps_512g; /* else 4 GiB */
extern uint64_t secondary_stack, secondary_cr3;
extern const char trampoline_start[], trampoline_end[];

noreturn void boot_main(uint32_t information);		/* main.c */
void multiboot2_parse(uint32_t information);		/* fills boot_info */
#endif

#endif
