/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of recent events per CPU, printed by a panic: what happened just before. Cheap enough to
 * be always on. Own CPU only.
 */
#ifndef HV_TRACE_H
#define HV_TRACE_H

#include <hv/types.h>

enum trace_event {
	TRACE_EXIT,	 /* neutral exit reason, rip */
	TRACE_HYPERCALL, /* number, first argument */
	TRACE_SCHED,	 /* domain << 16 | vcpu chosen, slice */
	TRACE_IRQ,	 /* vector, - */
	TRACE_INJECT,	 /* vector, - */
	TRACE_MSR,	 /* msr, value written */
	TRACE_CRASH,	 /* domain id, rip */
};

void trace(enum trace_event event, uint64_t a, uint64_t b);
void trace_print_recent(void); /* all CPUs, newest last */

#endif
