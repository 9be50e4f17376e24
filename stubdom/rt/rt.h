/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A runtime for freestanding PVH guests of a few files: entry, console, hypercalls, events,
 * exceptions, further vCPUs. A program defines rt_main(); when it returns, the guest powers off.
 * No memory allocation. Not for anything but tests, benchmarks and loaders.
 */
#ifndef STUBDOM_RT_H
#define STUBDOM_RT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

#include "x86.h"

struct hvm_start_info;

void rt_main(void); /* the program's */

extern uint64_t rt_entry_tsc; /* the TSC at the guest's first instruction */

void rt_start(const struct hvm_start_info *info);
_Noreturn void rt_power_off(void);
const char *rt_command_line(void);

/* Text to the PV console, waiting for room; %s %u %d %x %lu %lx only. */
void rt_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void rt_vprintf(const char *fmt, __builtin_va_list args);

/* 0 or a negative errno of Xen's. */
long rt_hypercall(unsigned int number, uint64_t a, uint64_t b, uint64_t c);
long rt_hypercall5(unsigned int number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);
uint64_t rt_hvm_param(uint32_t index);

/* ---- events: two-level, ports below RT_NR_PORTS; handlers are called with interrupts off ---- */
#define RT_UPCALL_VECTOR 0xf3u
#define RT_NR_PORTS 256u
extern struct shared_info rt_shared;
typedef void (*rt_event_fn)(evtchn_port_t port);
void rt_event_bind(evtchn_port_t port, rt_event_fn fn);
int rt_event_send(evtchn_port_t port);
int rt_event_bind_ipi(rt_event_fn fn, evtchn_port_t *ret_port);
/* Sleeps until some event has been handled. */
void rt_wait(void);
/* Whoever serves the upcall; NULL: the runtime, by the two-level bits. */
extern void (*rt_upcall)(void);
/* What an upcall does, for handlers of other vectors. */
void rt_handle_events(void);

/* ---- time ---- */
/* Nanoseconds since the host's start, by the page that the hypervisor keeps up to date. */
uint64_t rt_ns(void);
/* Waits for *flag to become at least n, interrupts on: false after half a minute of trying. */
bool rt_wait_for(volatile uint32_t *flag, uint32_t n);
void rt_delay_ns(uint64_t ns);

/* ---- exceptions and interrupts ---- */
struct rt_frame {
	uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};
void rt_interrupt(struct rt_frame *f); /* from entry.S */

/* A vector's handler; it ends the interrupt at the APIC itself, if it came from there. */
typedef void (*rt_irq_fn)(struct rt_frame *f);
void rt_irq_bind(unsigned int vector, rt_irq_fn fn);

#define RT_NO_TRAP (-1)
struct rt_trap {
	int vector; /* RT_NO_TRAP: none */
	uint64_t error, rip, cr2, dr6;
};
extern volatile struct rt_trap rt_trap;	   /* the last exception that rt_try() or rt_user() met */
extern volatile uint64_t rt_recover; /* where to go on after one; 0: it is unexpected */

/*
 * Executes 'insn' (vCPU 0): the vector of the exception it ends with, or RT_NO_TRAP. What follows are
 * asm operands, "outputs : inputs". "1:" is taken; "2:" stands for the instruction's address.
 */
#define rt_try(insn, ...)                                                                          \
	({                                                                                         \
		rt_trap.vector = RT_NO_TRAP;                                                       \
		__asm__ volatile("lea 1f(%%rip), %%r11; mov %%r11, rt_recover(%%rip)\n"            \
				 "2: " insn "\n1: movq $0, rt_recover(%%rip)"                      \
				 : __VA_ARGS__                                                     \
				 : "r11", "memory", "cc");                                         \
		rt_trap.vector;                                                                    \
	})

/* Calls fn in user mode: the vector of the exception that ends it, or RT_NO_TRAP. */
int rt_user(void (*fn)(void), uint64_t rflags);

/* ---- other vCPUs ---- */
#define RT_MAX_CPUS 4u
#define RT_TRAMPOLINE 0x8000u
unsigned int rt_cpu_id(void);
/* Starts vCPU 'id' by INIT and start-up IPI; it calls fn, and halts for ever when that returns. */
void rt_cpu_start(unsigned int id, void (*fn)(void));
void rt_cpu_main(void); /* from entry.S */

#endif
