/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring of recent events of each CPU; see <hv/trace.h>. */
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/trace.h>

#define NR_EVENTS 64u /* a CPU; a power of two */

struct trace_record {
	uint64_t tsc;
	uint64_t event;
	uint64_t a, b;
};

struct trace_ring {
	uint32_t next;
	struct trace_record records[NR_EVENTS];
};

static struct trace_ring rings[NR_CPUS];

void trace(enum trace_event event, uint64_t a, uint64_t b)
{
	struct trace_ring *r = &rings[this_cpu()->id];

	r->records[r->next++ % NR_EVENTS] = (struct trace_record){ clock_tsc(), event, a, b };
}

static const char *event_name(enum trace_event event)
{
	switch (event) {
	case TRACE_EXIT:
		return "exit";
	case TRACE_HYPERCALL:
		return "hypercall";
	case TRACE_SCHED:
		return "sched";
	case TRACE_IRQ:
		return "irq";
	case TRACE_INJECT:
		return "inject";
	case TRACE_MSR:
		return "msr";
	case TRACE_CRASH:
		return "crash";
	}
	return "?";
}

static void print_ring(uint32_t cpu)
{
	struct trace_ring *r = &rings[cpu];
	uint32_t i, nr = MIN(r->next, NR_EVENTS);
	struct trace_record *rec;

	if (!nr)
		return;
	log_error("last events of CPU %u:\n", cpu);
	for (i = r->next - nr; i != r->next; i++) {
		rec = &r->records[i % NR_EVENTS];
		log_error("  tsc %016lx %-9s %lx %lx\n", rec->tsc,
			  event_name((enum trace_event)rec->event), rec->a, rec->b);
	}
}

void trace_print_recent(void)
{
	uint32_t i;

	for (i = 0; i < nr_cpus; i++)
		print_ring(i);
}
