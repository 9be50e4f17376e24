/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bringing up this CPU, and others. */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include <hv/compiler.h>
#include <hv/types.h>

struct cpu;

uint32_t arch_apic_id(void); /* of the CPU we run on, from CPUID */

/* Own CPU: page tables, exceptions, local APIC. */
void arch_cpu_init(void);
/* Boot CPU: measures the local APIC's timer; clock_init() has been called. */
void arch_timer_init(void);

/* Boot: what starting CPUs needs. -ENOMEM: no page below 1 MiB. */
int arch_smp_prepare(void) __must_check;
/* Starts one, and waits until it has called arch_cpu_started(). -ETIMEDOUT: it did not. */
int arch_cpu_start(struct cpu *cpu) __must_check;
void arch_cpu_started(struct cpu *cpu);
void arch_smp_done(void);

#endif
