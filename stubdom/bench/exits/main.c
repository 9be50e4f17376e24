/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the shortest ways into the hypervisor and back take. Under -icount one TSC tick is one
 * instruction of the machine, so the figures are exact; the median of many rounds leaves out the
 * ones that a timer interrupt hit.
 */
#include "rt.h"

#include <xen/version.h>

#define ROUNDS 101u

static uint64_t samples[ROUNDS];

static void sort(void)
{
	unsigned int i, j;

	for (i = 1; i < ROUNDS; i++) {
		uint64_t x = samples[i];

		for (j = i; j > 0 && samples[j - 1] > x; j--)
			samples[j] = samples[j - 1];
		samples[j] = x;
	}
}

static volatile bool event_seen;
static evtchn_port_t port;

static void on_event(evtchn_port_t p)
{
	(void)p;
	event_seen = true;
}

static void nothing(void)
{
}

static void one_hypercall(void)
{
	rt_hypercall(__HYPERVISOR_xen_version, XENVER_version, 0, 0);
}

/* Nobody may send to port 0: what is left is the call, and fetching four bytes of argument. */
static void one_argument(void)
{
	rt_event_send(0);
}

static void one_cpuid(void)
{
	uint32_t r[4];

	rt_cpuid(0x40000000, r);
}

/* No device of any hypervisor's is there. (Xen lets guests write 0x80 without an exit.) */
#define PORT_OF_NOTHING 0x1e4

static void one_port(void)
{
	rt_outb(PORT_OF_NOTHING, 0);
}

static void one_event(void)
{
	event_seen = false;
	rt_event_send(port);
	while (!event_seen)
		;
}

static void measure(const char *name, void (*fn)(void))
{
	static uint64_t overhead;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		uint64_t t = rt_tsc();

		fn();
		samples[i] = rt_tsc() - t;
	}
	sort();
	if (!overhead)
		overhead = samples[ROUNDS / 2];
	rt_printf("exit-bench %s %lu ticks\n", name, samples[ROUNDS / 2] - overhead);
}

void rt_main(void)
{
	int err = rt_event_bind_ipi(on_event, &port);

	if (err) {
		rt_printf("exit-bench cannot bind an event: error %d\n", -err);
		return;
	}
	rt_irq_enable();
	rt_printf("exit-bench entered %lu\n", rt_entry_tsc);
	measure("nothing", nothing);
	measure("hypercall", one_hypercall);
	measure("argument", one_argument);
	measure("cpuid", one_cpuid);
	measure("port", one_port);
	measure("event-to-self", one_event);
	rt_printf("exit-bench done\n");
}
