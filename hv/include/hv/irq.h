/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device interrupts on their way to the control domain. It programs I/O APICs and MSI itself,
 * with its own vectors and physical APIC ids; what arrives on CPU p with vector V is raised as V
 * in the control domain's vCPU with APIC id p. Edge: EOI at once. Level: the physical EOI waits
 * for the virtual one, else the line would fire again before the handler ran.
 */
#ifndef HV_IRQ_H
#define HV_IRQ_H

#include <hv/types.h>

struct cpu;
struct domain;
struct vcpu;

/* Vectors that hv keeps for itself; no device is ever given one of them (Linux stops at 0xeb). */
#define IRQ_VECTOR_FIRST_HV 0xf0u
#define IRQ_VECTOR_TIMER 0xf0u
#define IRQ_VECTOR_KICK 0xf1u
#define IRQ_VECTOR_HALT 0xf2u	   /* panic: stop where you are */
#define IRQ_VECTOR_POSTED 0xf3u	   /* in a guest the CPU takes posted interrupts over, in hv: nothing */
#define IRQ_VECTOR_SPURIOUS 0xffu

/* From the interrupt entry of the CPU it arrived on. */
void irq_device(uint32_t vector);

/* The control domain's vCPU has finished the level interrupt 'vector' that came on its CPU. */
void irq_guest_eoi(struct vcpu *v, uint32_t vector);
/* CPU_EOI work: sends the physical EOIs that wait on this CPU. */
void irq_cpu_eoi(void);

/* Boot: from here on device interrupts go to d. */
void irq_set_owner(struct domain *d);

#endif
