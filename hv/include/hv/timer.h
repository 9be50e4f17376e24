/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One-shot timers, one queue per CPU behind that CPU's hardware timer. A timer fires on the CPU
 * that set it, as soon as hv is entered there after the deadline, with no lock held.
 */
#ifndef HV_TIMER_H
#define HV_TIMER_H

#include <hv/types.h>

struct cpu;

struct timer {
	uint64_t deadline_ns; /* system time; queue lock */
	void (*fn)(struct timer *t);
	struct cpu *cpu;      /* whose queue holds it, NULL: not queued; queue lock */
	bool running;	      /* fn is under way; queue lock */
	struct timer *child, *sibling, *prev; /* pairing heap by deadline; queue lock */
};

void timer_init(struct timer *t, void (*fn)(struct timer *t));
/* (Re)arms on this CPU; a deadline in the past fires at once (after the caller returns to the loop). */
void timer_set(struct timer *t, uint64_t deadline_ns);
/* After it, fn will not start; it may be running on another CPU. Idempotent. */
void timer_cancel(struct timer *t);
/* As timer_cancel, and waits until a running fn has ended. Not from fn itself. */
void timer_kill(struct timer *t);
bool timer_is_set(const struct timer *t);

/* Called by the timer interrupt and by the vCPU loop: fires what is due, re-arms the hardware. */
void timer_run_queue(void);
void timer_cpu_init(struct cpu *cpu);

#endif
