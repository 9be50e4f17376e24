/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event channels: every kind of port, masks, two vCPUs, what is refused; two-level first, then FIFO. */
#include "console.h"
#include "rt.h"
#include "tap.h"

#include <xen/errno.h>
#include <xen/hvm/hvm_op.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define DOMID_OF_NOBODY 0x7123

static volatile uint32_t seen[RT_NR_PORTS];
static volatile uint32_t seen_on[2]; /* by vCPU */

static void on_event(evtchn_port_t port)
{
	seen[port]++;
	__atomic_fetch_add(&seen_on[rt_cpu_id()], 1, __ATOMIC_SEQ_CST);
}

static long evtchn_op(unsigned int cmd, const void *arg)
{
	return rt_hypercall(__HYPERVISOR_event_channel_op, cmd, (uintptr_t)arg, 0);
}

static long close(evtchn_port_t port)
{
	struct evtchn_close op = { .port = port };

	return evtchn_op(EVTCHNOP_close, &op);
}

static uint32_t status_of(evtchn_port_t port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

	return evtchn_op(EVTCHNOP_status, &op) ? ~0u : op.status;
}

static long alloc_unbound(uint16_t remote, evtchn_port_t *ret_port)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = remote };
	long err = evtchn_op(EVTCHNOP_alloc_unbound, &op);

	*ret_port = op.port;
	return err;
}

static long bind_interdomain(uint16_t remote, evtchn_port_t remote_port, evtchn_port_t *ret_port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote, .remote_port = remote_port };
	long err = evtchn_op(EVTCHNOP_bind_interdomain, &op);

	*ret_port = op.local_port;
	return err;
}

static void window(void)
{
	__asm__ volatile("sti; nop; nop; cli" ::: "memory");
}

static bool test_bit(const volatile xen_ulong_t *words, unsigned int bit)
{
	return words[bit / 64] >> bit % 64 & 1;
}

static void test_ipi(void)
{
	struct evtchn_bind_ipi bind = { .vcpu = 0 };
	evtchn_port_t port;

	tap_is(evtchn_op(EVTCHNOP_bind_ipi, &bind), 0, "an event to oneself");
	port = bind.port;
	tap_is((long)status_of(port), EVTCHNSTAT_ipi, "has its status");
	rt_irq_disable();
	rt_event_send(port); /* masked, as every port is at first here */
	window();
	tap_is((long)seen[port], 0, "masked, it waits");
	tap_ok(test_bit(rt_shared.evtchn_pending, port), "as a bit");
	rt_event_bind(port, on_event); /* and unmasked */
	window();
	tap_is((long)seen[port], 1, "it comes");
	rt_event_send(port);
	rt_event_send(port);
	window();
	tap_is((long)seen[port], 2, "two of the same before it is taken are one");
	rt_event_send(port);
	tap_is((long)seen[port], 2, "interrupts off: it waits");
	tap_ok(rt_shared.vcpu_info[0].evtchn_upcall_pending, "and the flag is up");
	window();
	tap_is((long)seen[port], 3, "on: it comes");
	tap_is(close(port), 0, "closed");
	tap_is((long)status_of(port), EVTCHNSTAT_closed, "it is free");
	tap_is(rt_event_send(port), -XEN_EINVAL, "nothing can be sent");
	bind.vcpu = 9;
	tap_is(evtchn_op(EVTCHNOP_bind_ipi, &bind), -XEN_ENOENT, "no such vCPU");
}

static void test_interdomain(void)
{
	evtchn_port_t unbound, bound, other;

	tap_is(alloc_unbound(DOMID_SELF, &unbound), 0, "an offer to oneself");
	tap_is((long)status_of(unbound), EVTCHNSTAT_unbound, "is unbound");
	tap_is(bind_interdomain(DOMID_SELF, unbound, &bound), 0, "and taken");
	tap_ok(status_of(unbound) == EVTCHNSTAT_interdomain && status_of(bound) == EVTCHNSTAT_interdomain,
	       "both ends say so");
	tap_ok(bind_interdomain(DOMID_SELF, unbound, &other) < 0, "it cannot be taken twice");
	seen[unbound] = seen[bound] = 0;
	rt_event_bind(unbound, on_event);
	rt_event_bind(bound, on_event);
	window();
	seen[unbound] = seen[bound] = 0;
	rt_event_send(bound);
	window();
	tap_ok(seen[unbound] == 1 && seen[bound] == 0, "what one end sends the other gets");
	rt_event_send(unbound);
	window();
	tap_ok(seen[unbound] == 1 && seen[bound] == 1, "and the other way");
	tap_is(close(bound), 0, "one end closes");
	tap_is((long)status_of(unbound), EVTCHNSTAT_unbound, "the other is unbound again");
	close(unbound);

	tap_is(alloc_unbound(DOMID_OF_NOBODY, &unbound) < 0 ? 0 : close(unbound), 0, "an offer to nobody");
	tap_is(bind_interdomain(DOMID_OF_NOBODY, 1, &other), -XEN_ESRCH, "nobody has none");
	tap_ok(bind_interdomain(0, 1, &other) < 0, "the control domain has none for us");
	tap_ok(alloc_unbound(0, &unbound) == 0, "an offer to the control domain");
	tap_ok(bind_interdomain(DOMID_SELF, unbound, &other) < 0, "is not for oneself");
	close(unbound);
	{
		struct evtchn_alloc_unbound op = { .dom = 0, .remote_dom = DOMID_SELF };

		tap_is(evtchn_op(EVTCHNOP_alloc_unbound, &op), -XEN_EPERM, "its ports are not ours to make");
	}
}

static void test_virq(void)
{
	struct evtchn_bind_virq bind = { .virq = VIRQ_TIMER, .vcpu = 0 };
	evtchn_port_t port;

	tap_is(evtchn_op(EVTCHNOP_bind_virq, &bind), 0, "a virtual interrupt");
	port = bind.port;
	tap_is((long)status_of(port), EVTCHNSTAT_virq, "has its status");
	tap_is(evtchn_op(EVTCHNOP_bind_virq, &bind), -XEN_EEXIST, "it can be bound once");
	tap_is(rt_event_send(port), -XEN_EINVAL, "and not be sent");
	bind.virq = VIRQ_DOM_EXC;
	tap_is(evtchn_op(EVTCHNOP_bind_virq, &bind), -XEN_EPERM, "the control domain's is not ours");
	bind.virq = 77;
	tap_ok(evtchn_op(EVTCHNOP_bind_virq, &bind) < 0, "one that is none");
	bind.virq = VIRQ_TIMER;
	bind.vcpu = 9;
	tap_is(evtchn_op(EVTCHNOP_bind_virq, &bind), -XEN_ENOENT, "for no vCPU");
	close(port);
}

static void test_arguments(void)
{
	struct evtchn_unmask unmask = { .port = 1u << 30 };
	struct evtchn_bind_vcpu bind = { .port = 0, .vcpu = 0 };
	struct evtchn_status status = { .dom = 0, .port = 1 };

	tap_is(close(0), -XEN_EINVAL, "port 0 is nobody's");
	tap_is(close(200), -XEN_EINVAL, "a port that is free");
	tap_is(close(~0u), -XEN_EINVAL, "one beyond all");
	tap_is(rt_event_send(1u << 20), -XEN_EINVAL, "sent to");
	tap_is(evtchn_op(EVTCHNOP_unmask, &unmask), -XEN_EINVAL, "unmasked");
	tap_is(evtchn_op(EVTCHNOP_bind_vcpu, &bind), -XEN_EINVAL, "bound to a vCPU");
	tap_is(evtchn_op(EVTCHNOP_status, &status), -XEN_EPERM, "the control domain's ports are not told");
	tap_is(evtchn_op(99, &unmask), -XEN_ENOSYS, "an unknown operation");
	tap_is(evtchn_op(EVTCHNOP_close, (void *)0x700000000000), -XEN_EFAULT, "arguments from nowhere");
}

/* ---- two vCPUs ---- */

static volatile uint32_t second_ready, second_stop;
static evtchn_port_t second_port;

static void second(void)
{
	second_ready = 1;
	while (!second_stop)
		rt_halt();
}

static void test_second(void)
{
	struct evtchn_bind_ipi bind = { .vcpu = 1 };
	struct evtchn_bind_vcpu move;

	tap_is(evtchn_op(EVTCHNOP_bind_ipi, &bind), 0, "an event to the second vCPU");
	second_port = bind.port;
	rt_event_bind(second_port, on_event);
	rt_cpu_start(1, second);
	rt_wait_for(&second_ready, 1);
	seen_on[0] = seen_on[1] = 0;
	rt_event_send(second_port);
	tap_ok(rt_wait_for(&seen_on[1], 1), "it comes there");
	rt_event_send(second_port);
	tap_ok(rt_wait_for(&seen_on[1], 2), "though that sleeps");
	tap_is((long)seen_on[0], 0, "and not here");
	move.port = second_port;
	move.vcpu = 0;
	tap_is(evtchn_op(EVTCHNOP_bind_vcpu, &move), -XEN_EINVAL, "it belongs there");
	close(second_port);

	/* An interdomain port can be moved. */
	{
		evtchn_port_t a, b;

		alloc_unbound(DOMID_SELF, &a);
		bind_interdomain(DOMID_SELF, a, &b);
		rt_event_bind(a, on_event);
		move.port = a;
		move.vcpu = 1;
		tap_is(evtchn_op(EVTCHNOP_bind_vcpu, &move), 0, "another kind can be moved");
		seen_on[0] = seen_on[1] = 0;
		rt_event_send(b);
		tap_ok(rt_wait_for(&seen_on[1], 1) && seen_on[0] == 0, "and comes where it was moved to");
		move.vcpu = 9;
		tap_is(evtchn_op(EVTCHNOP_bind_vcpu, &move), -XEN_ENOENT, "not to a vCPU that is not there");
		close(b);
		close(a);
	}
}

/* ---- the guest's own upcall vector ---- */

#define OWN_VECTOR 0x55u
static volatile uint32_t nr_own; /* upcalls by that vector */

static void on_own_vector(struct rt_frame *f)
{
	(void)f;
	nr_own++;
	rt_handle_events();
	rt_wrmsr(APIC_EOI, 0);
}

/* ---- FIFO ---- */

static struct evtchn_fifo_control_block control[1] __attribute__((aligned(4096)));
static uint8_t control_rest[4096 - sizeof(control)];
static event_word_t words[1024] __attribute__((aligned(4096)));
static uint32_t heads[EVTCHN_FIFO_MAX_QUEUES];
static volatile uint32_t fifo_order[16];
static volatile uint32_t nr_fifo;

/* One event of a queue: its word's link leads to the next. */
static void fifo_consume(unsigned int queue)
{
	uint32_t port, link;

	if (!heads[queue])
		heads[queue] = __atomic_load_n(&control->head[queue], __ATOMIC_ACQUIRE);
	port = heads[queue];
	link = __atomic_fetch_and(&words[port], ~(1u << EVTCHN_FIFO_LINKED | EVTCHN_FIFO_LINK_MASK),
				  __ATOMIC_SEQ_CST) &
	       EVTCHN_FIFO_LINK_MASK;
	heads[queue] = link;
	if (!link)
		__atomic_fetch_and(&control->ready, ~(1u << queue), __ATOMIC_SEQ_CST);
	if (!(words[port] >> EVTCHN_FIFO_MASKED & 1) && (words[port] >> EVTCHN_FIFO_PENDING & 1)) {
		__atomic_fetch_and(&words[port], ~(1u << EVTCHN_FIFO_PENDING), __ATOMIC_SEQ_CST);
		if (nr_fifo < 16)
			fifo_order[nr_fifo++] = port;
	}
}

static void fifo_upcall(void)
{
	uint32_t ready;

	rt_shared.vcpu_info[0].evtchn_upcall_pending = 0;
	while ((ready = __atomic_load_n(&control->ready, __ATOMIC_ACQUIRE)))
		fifo_consume((unsigned int)__builtin_ctz(ready));
}

static evtchn_port_t fifo_ipi(uint32_t priority)
{
	struct evtchn_bind_ipi bind = { .vcpu = 0 };
	struct evtchn_set_priority set;

	if (evtchn_op(EVTCHNOP_bind_ipi, &bind))
		return 0;
	set.port = bind.port;
	set.priority = priority;
	evtchn_op(EVTCHNOP_set_priority, &set);
	__atomic_fetch_and(&words[bind.port], ~(1u << EVTCHN_FIFO_MASKED), __ATOMIC_SEQ_CST);
	return bind.port;
}

static void test_fifo(void)
{
	struct evtchn_init_control init = { .control_gfn = (uintptr_t)control >> 12, .vcpu = 0 };
	struct evtchn_expand_array expand = { .array_gfn = (uintptr_t)words >> 12 };
	struct evtchn_set_priority set = { .port = 1, .priority = 99 };
	struct evtchn_unmask unmask;
	evtchn_port_t first, again, urgent;

	(void)control_rest;
	rt_irq_disable();
	init.offset = 4;
	tap_ok(evtchn_op(EVTCHNOP_init_control, &init) < 0, "FIFO: a control block out of line");
	init.offset = 0;
	init.control_gfn = 0x700000;
	tap_ok(evtchn_op(EVTCHNOP_init_control, &init) < 0, "one where there is no memory");
	init.control_gfn = (uintptr_t)control >> 12;
	rt_upcall = fifo_upcall;
	tap_is(evtchn_op(EVTCHNOP_init_control, &init), 0, "one that is right");
	tap_is(init.link_bits, EVTCHN_FIFO_LINK_BITS, "with the links' width");
	tap_is(evtchn_op(EVTCHNOP_expand_array, &expand), 0, "a page of event words");
	tap_is(evtchn_op(EVTCHNOP_set_priority, &set), -XEN_EINVAL, "a priority beyond all");

	first = fifo_ipi(EVTCHN_FIFO_PRIORITY_DEFAULT);
	again = fifo_ipi(EVTCHN_FIFO_PRIORITY_DEFAULT);
	urgent = fifo_ipi(EVTCHN_FIFO_PRIORITY_MAX);
	tap_ok(first && again && urgent, "three ports");
	window();
	nr_fifo = 0;
	rt_event_send(again);
	rt_event_send(first);
	rt_event_send(urgent);
	tap_ok(words[first] >> EVTCHN_FIFO_PENDING & 1, "an event is a bit in its word");
	window();
	tap_is((long)nr_fifo, 3, "all come");
	tap_is((long)fifo_order[0], (long)urgent, "the urgent one first");
	tap_ok(fifo_order[1] == again && fifo_order[2] == first, "the others in their order");

	nr_fifo = 0;
	__atomic_fetch_or(&words[first], 1u << EVTCHN_FIFO_MASKED, __ATOMIC_SEQ_CST);
	rt_event_send(first);
	window();
	tap_is((long)nr_fifo, 0, "masked, it waits");
	__atomic_fetch_and(&words[first], ~(1u << EVTCHN_FIFO_MASKED), __ATOMIC_SEQ_CST);
	unmask.port = first;
	tap_is(evtchn_op(EVTCHNOP_unmask, &unmask), 0, "unmasked");
	window();
	tap_ok(nr_fifo == 1 && fifo_order[0] == first, "it comes");

	/* A guest that spoils its words harms nobody else. */
	nr_fifo = 0;
	words[first] = ~0u;
	words[again] |= 0x1ffff;
	rt_event_send(first);
	rt_event_send(again);
	rt_event_send(urgent);
	tap_is(rt_hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0), 0, "spoiled words do not stop hv");
}

static void test_own_vector(void)
{
	struct xen_hvm_evtchn_upcall_vector op = { .vcpu = 0, .vector = OWN_VECTOR };
	struct evtchn_bind_ipi bind = { .vcpu = 0 };

	rt_wrmsr(APIC_SVR, APIC_ENABLED | 0xff);
	rt_irq_bind(OWN_VECTOR, on_own_vector);
	evtchn_op(EVTCHNOP_bind_ipi, &bind);
	rt_event_bind(bind.port, on_event);
	tap_is(rt_hypercall(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, (uintptr_t)&op, 0), 0,
	       "a vCPU's own upcall vector");
	window(); /* for what may have been pending before */
	nr_own = seen[bind.port] = 0;
	rt_event_send(bind.port);
	window();
	tap_is((long)nr_own, 1, "goes through its APIC");
	tap_is((long)seen[bind.port], 1, "and announces the event");
	close(bind.port);
}

/*
 * Its console goes with all other ports, so what fails shows in the reason of the guest's end: a read of
 * 0x40000000, where it has no memory, and the number of the check. FIFO has been in use; a reset leads
 * back to two-level events, as the kernel that a boot loader starts expects.
 */
static void check(unsigned int number, bool is_right)
{
	if (!is_right)
		(void)*(volatile uint8_t *)(0x40000000ul + number);
}

static void test_reset(void)
{
	struct evtchn_reset reset = { .dom = DOMID_SELF }, of_others = { .dom = 0 };
	struct evtchn_bind_ipi bind = { .vcpu = 0 };
	uint32_t p;

	console_flush();
	check(1, evtchn_op(EVTCHNOP_reset, &of_others) == -XEN_EPERM);
	check(2, evtchn_op(EVTCHNOP_reset, &reset) == 0);
	for (p = 1; p < RT_NR_PORTS; p++)
		check(3, status_of(p) == EVTCHNSTAT_closed || status_of(p) == ~0u); /* beyond all ports */
	rt_upcall = NULL;
	check(4, evtchn_op(EVTCHNOP_bind_ipi, &bind) == 0 && bind.port < RT_NR_PORTS);
	seen[bind.port] = 0;
	rt_event_bind(bind.port, on_event);
	check(5, rt_event_send(bind.port) == 0);
	window();
	check(6, seen[bind.port] == 1);
}

void rt_main(void)
{
	test_arguments();
	test_ipi();
	test_interdomain();
	test_virq();
	test_second();
	test_own_vector();
	test_fifo();
	tap_done();
	test_reset();
}
