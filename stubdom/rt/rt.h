/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A runtime for freestanding PVH guests of a few files: entry, console, hypercalls, events. A
 * program defines rt_main(); when it returns, the guest powers off. One vCPU, no memory
 * allocation. Not for anything but tests, benchmarks and loaders.
 */
#ifndef STUBDOM_RT_H
#define STUBDOM_RT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

struct hvm_start_info;

void rt_main(void); /* the program's */

extern uint64_t rt_entry_tsc; /* the TSC at the guest's first instruction */

void rt_start(const struct hvm_start_info *info);
_Noreturn void rt_power_off(void);
const char *rt_command_line(void);

/* Text to the PV console, waiting for room; %s %u %d %x %lu %lx only. */
void rt_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* 0 or a negative errno of Xen's. */
long rt_hypercall(unsigned int number, uint64_t a, uint64_t b, uint64_t c);

/* Events: a handler per port, called from the upcall with interrupts off. */
typedef void (*rt_event_fn)(evtchn_port_t port);
void rt_event_bind(evtchn_port_t port, rt_event_fn fn);
int rt_event_send(evtchn_port_t port);
int rt_event_bind_ipi(rt_event_fn fn, evtchn_port_t *ret_port);
/* Sleeps until some event has been handled. */
void rt_wait(void);

void rt_interrupt(uint64_t vector, uint64_t error, uint64_t rip); /* from entry.S */

static inline uint64_t rt_tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void rt_cpuid(uint32_t leaf, uint32_t out[4])
{
	__asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(0));
}

static inline void rt_outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void rt_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline void rt_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

#endif
