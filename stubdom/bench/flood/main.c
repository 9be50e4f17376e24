/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that floods hvd, one that only computes, and the neighbour of both, by the command line:
 *
 *	neighbour   asks the xenstore for a value again and again, computes a little in between, and
 *		    prints how long it waited for the answers: "neighbour round N median M p95 P"
 *	spin        computes without end
 *	flood       computes as well, but with every round it fills its xenstore ring with requests
 *		    and its console with text, as fast as these are taken, and notifies of each
 */
#include "rt.h"

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

#define ROUND 20u	/* answers that are waited for */
#define COMPUTE 150000u /* steps in between: a millisecond or so, well below hvd's limit */

static volatile struct xenstore_domain_interface *store;
static volatile struct xencons_interface *console;
static evtchn_port_t store_port, console_port;
static uint64_t samples[ROUND];

static uint64_t get_param(uint32_t index)
{
	struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

	return rt_hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, (uintptr_t)&p, 0) ? 0 : p.value;
}

static void nothing(evtchn_port_t port)
{
	(void)port;
}

static void barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void compute(unsigned int steps)
{
	for (volatile unsigned int i = 0; i < steps; i++)
		;
}

/* ---- The xenstore's ring: whole messages that are known to fit ---- */

static unsigned int room(void)
{
	return XENSTORE_RING_SIZE - (store->req_prod - store->req_cons);
}

static unsigned int waiting(void)
{
	return store->rsp_prod - store->rsp_cons;
}

static void put(const void *bytes, unsigned int n)
{
	XENSTORE_RING_IDX at = store->req_prod;

	for (unsigned int i = 0; i < n; i++, at++)
		store->req[MASK_XENSTORE_IDX(at)] = ((const char *)bytes)[i];
	barrier();
	store->req_prod = at;
}

static void take(void *bytes, unsigned int n)
{
	XENSTORE_RING_IDX at = store->rsp_cons;

	barrier();
	for (unsigned int i = 0; i < n; i++, at++)
		if (bytes)
			((char *)bytes)[i] = store->rsp[MASK_XENSTORE_IDX(at)];
	barrier();
	store->rsp_cons = at;
}

static void request(uint32_t type, const char *payload, unsigned int n)
{
	struct xsd_sockmsg header = { .type = type, .len = n };

	put(&header, sizeof(header));
	put(payload, n);
}

/* ---- The neighbour ---- */

static void wait_for(unsigned int n)
{
	while (waiting() < n) {
		rt_wait();
		barrier();
	}
}

static uint64_t one_answer(void)
{
	static const char path[] = "name";
	struct xsd_sockmsg header;
	uint64_t begin = rt_tsc();

	request(XS_READ, path, sizeof(path));
	rt_event_send(store_port);
	wait_for(sizeof(header));
	take(&header, sizeof(header));
	wait_for(header.len);
	take(NULL, header.len);
	return rt_tsc() - begin;
}

static void sort(void)
{
	for (unsigned int i = 1; i < ROUND; i++) {
		uint64_t x = samples[i];
		unsigned int j;

		for (j = i; j > 0 && samples[j - 1] > x; j--)
			samples[j] = samples[j - 1];
		samples[j] = x;
	}
}

static void neighbour(void)
{
	for (unsigned int round = 1;; round++) {
		for (unsigned int i = 0; i < ROUND; i++) {
			samples[i] = one_answer();
			compute(COMPUTE);
		}
		sort();
		rt_printf("neighbour round %u median %lu p95 %lu\n", round, samples[ROUND / 2],
			  samples[ROUND * 95 / 100]);
	}
}

/* ---- The flood ---- */

static void flood_store(void)
{
	static const char write[] = "data/flood\0flooded";

	take(NULL, waiting());
	while (room() >= sizeof(struct xsd_sockmsg) + sizeof(write) - 1)
		request(XS_WRITE, write, sizeof(write) - 1);
	rt_event_send(store_port);
}

static void flood_console(void)
{
	XENCONS_RING_IDX at = console->out_prod;

	for (; at - console->out_cons < sizeof(console->out); at++)
		console->out[MASK_XENCONS_IDX(at, console->out)] = at % 64 ? 'f' : '\n';
	barrier();
	console->out_prod = at;
	rt_event_send(console_port);
}

static void flood(void)
{
	rt_printf("flood begins\n");
	for (;;) {
		flood_store();
		flood_console();
		compute(COMPUTE / 1500);
	}
}

static bool asked_for(const char *word)
{
	const char *line = rt_command_line();

	for (; *line; line++) {
		unsigned int i = 0;

		while (word[i] && line[i] == word[i])
			i++;
		if (!word[i])
			return true;
	}
	return false;
}

void rt_main(void)
{
	store = (void *)(uintptr_t)(get_param(HVM_PARAM_STORE_PFN) << 12);
	console = (void *)(uintptr_t)(get_param(HVM_PARAM_CONSOLE_PFN) << 12);
	store_port = (evtchn_port_t)get_param(HVM_PARAM_STORE_EVTCHN);
	console_port = (evtchn_port_t)get_param(HVM_PARAM_CONSOLE_EVTCHN);
	rt_event_bind(store_port, nothing);
	if (asked_for("neighbour"))
		neighbour();
	if (asked_for("flood"))
		flood();
	rt_printf("spin begins\n");
	for (;;)
		compute(COMPUTE);
}
