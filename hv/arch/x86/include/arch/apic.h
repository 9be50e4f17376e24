/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical local APIC of the CPU we run on. */
#ifndef ARCH_APIC_H
#define ARCH_APIC_H

#include <hv/types.h>

struct cpu;

void apic_init(void);	    /* boot CPU: maps it where it is memory; masks the PIC */
void apic_cpu_init(void);   /* each CPU */
void apic_timer_init(void); /* boot CPU: frequency; each other CPU shares it */

#define APIC_INIT 0x4500u	  /* INIT, assert */
#define APIC_STARTUP(page) (0x4600u | (uint32_t)(page))
#define APIC_NMI 0x4400u
#define APIC_FIXED(vector) (0x4000u | (uint32_t)(vector))
/* Waits until the last one has left, then sends. */
void apic_send(uint32_t apic_id, uint32_t command);
void apic_send_all_but_self(uint32_t command);
/* Makes it take over the posted interrupts of the vCPU whose guest it is in. */
void apic_notify_posted(struct cpu *cpu);
bool apic_is_in_service(uint32_t vector); /* own CPU: did the APIC deliver it? */

#endif
