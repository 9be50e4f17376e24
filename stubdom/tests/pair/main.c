/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two guests of this program, which meet in the xenstore: one ("lends" on its command line) lends pages
 * and offers a port, the other ("borrows") maps, copies, and answers. The control domain tells each who
 * the other is in data/peer. The lender ends while a page of it is still mapped.
 */
#include "memory.h"
#include "rt.h"
#include "store.h"
#include "str.h"
#include "tap.h"

#include <xen/errno.h>
#include <xen/grant_table.h>

#define REF 20u		     /* lent to the peer */
#define REF_READ 21u	     /* the same, to be read */
#define REF_OTHERS 22u	     /* to the control domain */
#define BORROWED 0x1800000ul /* 24 MiB: the guest gives its own pages there up first */

static grant_entry_v1_t table[4096 / sizeof(grant_entry_v1_t)] __attribute__((aligned(4096)));
static volatile uint32_t page[1024] __attribute__((aligned(4096)));
static volatile uint32_t page_read[1024] __attribute__((aligned(4096)));
static uint16_t peer;
static evtchn_port_t port;
static volatile uint32_t nr_events;
static char text[64];

static void on_event(evtchn_port_t p)
{
	(void)p;
	nr_events++;
}

static long evtchn_op(unsigned int cmd, const void *arg)
{
	return rt_hypercall(__HYPERVISOR_event_channel_op, cmd, (uintptr_t)arg, 0);
}

static uint32_t status_of(evtchn_port_t p)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = p };

	return evtchn_op(EVTCHNOP_status, &op) ? ~0u : op.status;
}

static bool wait_for_event(uint32_t n)
{
	return rt_wait_for(&nr_events, n);
}

/* Waits until a node of ours or of the peer's holds something; to 'text'. */
static void wait_for_node(const char *path)
{
	struct store_event e;

	store_pair(XS_WATCH, path, path);
	do {
		do
			store_event(&e);
		while (!str_same(e.token, path));
	} while (store_read(0, path, text, sizeof(text)) <= 0);
	store_pair(XS_UNWATCH, path, path);
}

static void path_of_peer(char *to, const char *node)
{
	*to = 0;
	str_add(to, "/local/domain/");
	str_add_number(to, peer);
	str_add(to, node);
}

static void tell(const char *node, const char *value)
{
	char perms[16] = "r";

	store_write(0, node, "");
	str_add_number(perms, peer);
	{
		/* Two entries: the owner, whom nobody else shall read, and the peer. */
		char payload[80], own[16] = "n";
		uint32_t leaf[4];
		size_t n = 0;

		rt_cpuid(0x40000004, leaf);
		str_add_number(own, leaf[2]);
		str_copy(payload, node, 40);
		n = str_length(node) + 1;
		str_copy(payload + n, own, 16);
		n += str_length(own) + 1;
		str_copy(payload + n, perms, 16);
		n += str_length(perms) + 1;
		tap_is(store_call(XS_SET_PERMS, 0, payload, n, NULL, 0), 3, "%s is for the other to read", node);
	}
	store_write(0, node, value);
}

/* ---- the one that lends ---- */

static void lend(unsigned int ref, const volatile void *p, uint16_t to, uint16_t flags)
{
	table[ref].domid = to;
	table[ref].frame = (uint32_t)((uintptr_t)p >> 12);
	__atomic_store_n(&table[ref].flags, (uint16_t)(GTF_permit_access | flags), __ATOMIC_SEQ_CST);
}

static uint16_t marks(unsigned int ref)
{
	return (uint16_t)(__atomic_load_n(&table[ref].flags, __ATOMIC_SEQ_CST) & (GTF_reading | GTF_writing));
}

static void lends(void)
{
	struct evtchn_alloc_unbound offer = { .dom = DOMID_SELF, .remote_dom = peer };
	char offered[16] = "";
	unsigned int i;

	tap_is(memory_place(XENMAPSPACE_grant_table, 0, table), 0, "the grant table is mapped");
	for (i = 0; i < 1024; i++)
		page[i] = page_read[i] = i * 3;
	lend(REF, page, peer, 0);
	lend(REF_READ, page_read, peer, GTF_readonly);
	lend(REF_OTHERS, page, 0, 0);
	tap_is(evtchn_op(EVTCHNOP_alloc_unbound, &offer), 0, "a port is offered");
	port = offer.port;
	rt_event_bind(port, on_event);
	str_add_number(offered, port);
	tell("data/port", offered);

	tap_ok(wait_for_event(1), "the other sends an event");
	tap_is((long)status_of(port), EVTCHNSTAT_interdomain, "the port is bound");
	tap_is(marks(REF), GTF_reading | GTF_writing, "the page is marked as used");
	tap_is(marks(REF_READ), GTF_reading, "the other page as read");
	tap_is(marks(REF_OTHERS), 0, "what is lent to somebody else is not");
	tap_is((long)page[7], 4711, "what the other wrote is there");
	page[8] = 815;
	tap_is(rt_event_send(port), 0, "an answer");
	tap_ok(wait_for_event(2), "the other is done with the second page");
	tap_is(marks(REF_READ), 0, "which has no mark any more");
	__atomic_store_n(&table[REF_READ].flags, (uint16_t)0, __ATOMIC_SEQ_CST);
	tap_is(rt_event_send(port), 0, "it is taken back");
	tap_ok(wait_for_event(3), "which the other has seen");
	page[9] = 1234;
	tap_done();
	/* And ends, its page mapped over there. */
}

/* ---- the one that borrows ---- */

static int map(unsigned int ref, uint32_t flags, uint64_t address, grant_handle_t *ret_handle)
{
	struct gnttab_map_grant_ref op = { .host_addr = address, .flags = flags, .ref = ref, .dom = peer };

	*ret_handle = 0;
	if (rt_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, (uintptr_t)&op, 1))
		return 1000;
	*ret_handle = op.handle;
	return op.status;
}

static int unmap(grant_handle_t handle, uint64_t address)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = address, .handle = handle };

	return rt_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, (uintptr_t)&op, 1)
		       ? 1000
		       : op.status;
}

static int copy(unsigned int ref, bool to_peer)
{
	struct gnttab_copy op = { .len = 64 };
	struct gnttab_copy *o = &op;

	if (to_peer) {
		o->source.u.gmfn = (uintptr_t)page >> 12;
		o->source.domid = DOMID_SELF;
		o->dest.u.ref = ref;
		o->dest.domid = peer;
		o->flags = GNTCOPY_dest_gref;
	} else {
		o->source.u.ref = ref;
		o->source.domid = peer;
		o->dest.u.gmfn = (uintptr_t)page >> 12;
		o->dest.domid = DOMID_SELF;
		o->flags = GNTCOPY_source_gref;
	}
	return rt_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)o, 1) ? 1000 : op.status;
}

static void make_holes(void)
{
	xen_pfn_t gfns[3] = { BORROWED >> 12, (BORROWED >> 12) + 1, (BORROWED >> 12) + 2 };
	struct xen_memory_reservation r = { .nr_extents = 3, .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, gfns);
	memory_op(XENMEM_decrease_reservation, &r);
}

static void test_mapping(grant_handle_t *ret_handle)
{
	volatile uint32_t *borrowed = (volatile uint32_t *)BORROWED;
	volatile uint32_t *to_read = (volatile uint32_t *)(BORROWED + 4096);
	grant_handle_t reader, none;

	tap_is(map(REF, GNTMAP_host_map, BORROWED, ret_handle), GNTST_okay, "the other's page is mapped");
	tap_is((long)borrowed[5], 15, "it is that page");
	borrowed[7] = 4711;
	tap_ok(map(REF_READ, GNTMAP_host_map, BORROWED + 4096, &none) < 0, "one to be read: not to be written");
	tap_is(map(REF_READ, GNTMAP_host_map | GNTMAP_readonly, BORROWED + 4096, &reader), GNTST_okay,
	       "but to be read");
	tap_is((long)to_read[1023], 3069, "to its end");
	tap_ok(map(REF_OTHERS, GNTMAP_host_map, BORROWED + 8192, &none) < 0, "one that is lent to others: not");
	tap_is(copy(REF_READ, false), GNTST_okay, "a copy from there");
	tap_is((long)page[15], 45, "has the bytes");
	tap_ok(copy(REF_READ, true) < 0, "none to there");
	tap_is(copy(REF, true), GNTST_okay, "one to the page that may be written");
	tap_is((long)borrowed[15], 45, "arrives");
	borrowed[7] = 4711; /* the copy went over it */

	tap_is(rt_event_send(port), 0, "the other is told");
	tap_ok(wait_for_event(1), "and answers");
	tap_is((long)borrowed[8], 815, "what it wrote is there");
	tap_is(unmap(reader, BORROWED + 4096), GNTST_okay, "one page is given back");
	tap_is(rt_event_send(port), 0, "the other is told");
	tap_ok(wait_for_event(2), "and takes it back");
	tap_ok(map(REF_READ, GNTMAP_host_map | GNTMAP_readonly, BORROWED + 4096, &reader) < 0,
	       "so that it cannot be had again");
	tap_ok(copy(REF_READ, false) < 0, "nor copied");
}

/* The lender has ended. */
static void test_survivor(grant_handle_t handle)
{
	volatile uint32_t *borrowed = (volatile uint32_t *)BORROWED;
	struct evtchn_bind_interdomain bind = { .remote_dom = peer, .remote_port = 1 };
	grant_handle_t none;

	tap_is((long)borrowed[9], 1234, "its page is still there");
	borrowed[9] = 1;
	tap_is((long)borrowed[9], 1, "to be written, too");
	tap_is((long)status_of(port), EVTCHNSTAT_unbound, "the port has no other end");
	tap_ok(rt_event_send(port) <= 0, "nobody hears");
	tap_ok(map(REF, GNTMAP_host_map, BORROWED + 8192, &none) < 0, "nothing more is lent");
	tap_ok(copy(REF, true) < 0, "or copied");
	tap_ok(evtchn_op(EVTCHNOP_bind_interdomain, &bind) < 0, "or offered");
	tap_is(unmap(handle, BORROWED), GNTST_okay, "the page goes back to nobody");
}

static void borrows(void)
{
	struct evtchn_bind_interdomain bind = { .remote_dom = peer };
	char path[64];
	grant_handle_t handle;

	make_holes();
	path_of_peer(path, "/data/port");
	wait_for_node(path);
	bind.remote_port = (evtchn_port_t)str_number(text);
	tap_ok(bind.remote_port != 0, "the store has the port");
	path_of_peer(path, "/data/peer");
	tap_is(store_read(0, path, text, sizeof(text)), -XEN_EACCES, "other nodes are not to be read");
	path_of_peer(path, "/data/port");
	tap_is(store_write(0, path, "1"), -XEN_EACCES, "nor this one to be written");

	tap_is(evtchn_op(EVTCHNOP_bind_interdomain, &bind), 0, "the port is taken");
	port = bind.local_port;
	rt_event_bind(port, on_event);
	/* What was pending at the port's birth is not of the other's. */
	__asm__ volatile("sti; nop; nop; cli" ::: "memory");
	nr_events = 0;
	tap_ok(evtchn_op(EVTCHNOP_bind_interdomain, &bind) < 0, "once");
	test_mapping(&handle);
	rt_event_send(port);

	wait_for_node("data/alone");
	test_survivor(handle);
	tap_done();
}

void rt_main(void)
{
	bool is_lender = str_same(rt_command_line(), "lends");

	tap_is(store_init(), 0, "there is a store");
	wait_for_node("data/peer");
	peer = (uint16_t)str_number(text);
	if (is_lender)
		lends();
	else
		borrows();
}
