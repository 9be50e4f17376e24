/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts from one vCPU to another that is busy, has its interrupts off, or sleeps. Told "ipis" or
 * "events" vCPU 0 sends nothing but them to vCPU 1, which does nothing but count, and says when it is
 * done; told "storm" it sends all of it without end, and waits for nothing.
 */
#include "rt.h"
#include "tap.h"

#include <xen/hvm/hvm_op.h>
#include <xen/sched.h>

#define LOW 0x41u
#define HIGH 0x91u
#define HIGHER 0xa1u
#define NR_ROUNDS 2000u
#define NR_WAKES 200u
#define NR_BURSTS 100u

static volatile uint32_t seen[256], nr_seen, nr_events;
static volatile uint8_t order[16];
static volatile uint32_t nr_order;

/* What vCPU 1 is told to do next, and how many times it has begun to. */
enum what { COUNT, WAIT_WITH_INTERRUPTS_OFF, SLEEP, POLL, RAISE_TPR, SWITCH_OFF };
static volatile uint32_t what, nr_begun;
static evtchn_port_t port;

static void on_vector(struct rt_frame *f)
{
	seen[f->vector]++;
	if (nr_order < sizeof(order))
		order[nr_order++] = (uint8_t)f->vector;
	rt_wrmsr(APIC_EOI, 0);
	nr_seen++;
}

static void on_event(evtchn_port_t p)
{
	(void)p;
	nr_events++;
}

/* An upcall by the APIC, as Linux has it. */
static void on_apic_upcall(struct rt_frame *f)
{
	(void)f;
	rt_wrmsr(APIC_EOI, 0);
	rt_handle_events();
}

static void poll(void)
{
	struct sched_poll p = { .nr_ports = 1 };

	set_xen_guest_handle(p.ports, &port);
	rt_hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (uintptr_t)&p, 0);
	__asm__ volatile("sti; nop; cli" ::: "memory");
}

static void second(void)
{
	uint32_t now, before = ~0u;

	rt_wrmsr(APIC_SVR, APIC_ENABLED | 0xff);
	for (;;) {
		now = what;
		if (now != before) {
			rt_irq_disable();
			rt_wrmsr(APIC_TPR, now == RAISE_TPR ? 0x90 : 0);
			rt_wrmsr(APIC_SVR, (now == SWITCH_OFF ? 0 : APIC_ENABLED) | 0xff);
			if (now == COUNT || now == RAISE_TPR || now == SWITCH_OFF)
				rt_irq_enable();
			before = now;
			__atomic_fetch_add(&nr_begun, 1, __ATOMIC_SEQ_CST);
		}
		if (now == SLEEP)
			__asm__ volatile("sti; hlt; cli" ::: "memory");
		else if (now == POLL)
			poll();
		else
			rt_pause();
	}
}

static void send(uint32_t vector)
{
	rt_wrmsr(APIC_ICR, 1ull << 32 | vector);
}

static void tell(enum what next)
{
	uint32_t begun = nr_begun, before = what;

	what = next;
	if (before == SLEEP)
		send(LOW);
	if (before == POLL)
		rt_event_send(port);
	while (nr_begun == begun)
		rt_pause();
}

static bool send_all(uint32_t n, bool events)
{
	uint32_t i, first_seen = nr_seen, first_event = nr_events;

	for (i = 1; i <= n; i++) {
		if (events)
			rt_event_send(port);
		else
			send(LOW);
		if (!(events ? rt_wait_for(&nr_events, first_event + i) : rt_wait_for(&nr_seen, first_seen + i)))
			return false;
	}
	return true;
}

static void start(void)
{
	static const uint8_t vectors[] = { LOW, LOW + 1, LOW + 0x10, HIGH, HIGH + 1, HIGH + 2 };
	struct xen_hvm_evtchn_upcall_vector upcall = { .vcpu = 1, .vector = HIGHER };
	struct evtchn_bind_ipi bind = { .vcpu = 1 };
	unsigned int i;

	rt_wrmsr(APIC_SVR, APIC_ENABLED | 0xff);
	for (i = 0; i < sizeof(vectors); i++)
		rt_irq_bind(vectors[i], on_vector);
	rt_irq_bind(HIGHER, on_apic_upcall);
	rt_hypercall(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, (uintptr_t)&upcall, 0);
	rt_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, (uintptr_t)&bind, 0);
	port = bind.port;
	rt_event_bind(port, on_event);
	rt_cpu_start(1, second);
	while (!nr_begun)
		rt_pause();
}

/* One by one, and several at once, of which the most urgent comes first. */
static void test_held_back(void)
{
	static const uint8_t sent[] = { LOW, HIGH + 2, LOW + 0x10, HIGH, LOW + 1, HIGH + 1 };
	static const uint8_t wanted[] = { HIGH + 2, HIGH + 1, HIGH, LOW + 0x10, LOW + 1, LOW };
	uint32_t before, burst, i, right = 0;

	tell(WAIT_WITH_INTERRUPTS_OFF);
	before = nr_seen;
	send(LOW);
	rt_delay_ns(10000000);
	send(LOW);
	send(HIGH);
	rt_delay_ns(10000000);
	tap_is((long)(nr_seen - before), 0, "with interrupts off none comes, however long");
	tell(COUNT);
	tap_ok(rt_wait_for(&nr_seen, before + 2), "with interrupts on they do");
	rt_delay_ns(1000000);
	tap_is((long)(nr_seen - before), 2, "each once");
	for (burst = 0; burst < NR_BURSTS; burst++) {
		tell(WAIT_WITH_INTERRUPTS_OFF);
		before = nr_seen;
		nr_order = 0;
		for (i = 0; i < sizeof(sent); i++)
			send(sent[i]);
		tell(COUNT);
		if (!rt_wait_for(&nr_seen, before + sizeof(sent)))
			break;
		for (i = 0; i < sizeof(sent) && order[i] == wanted[i]; i++)
			;
		right += i == sizeof(sent);
	}
	tap_is((long)right, NR_BURSTS, "several at once come by priority");
}

static void test_priority_and_switch(void)
{
	uint32_t before;

	tell(RAISE_TPR);
	before = nr_seen;
	send(HIGH);
	rt_delay_ns(5000000);
	tap_is((long)(nr_seen - before), 0, "a task priority holds back what is not above it");
	before = nr_events;
	rt_event_send(port);
	tap_ok(rt_wait_for(&nr_events, before + 1), "and nothing else");
	before = nr_seen;
	tell(COUNT);
	tap_ok(rt_wait_for(&nr_seen, before + 1), "until it is lowered");

	tell(SWITCH_OFF);
	before = nr_seen;
	send(LOW);
	rt_delay_ns(5000000);
	tap_is((long)(nr_seen - before), 0, "an APIC that is switched off delivers nothing");
	tell(COUNT);
	tap_ok(send_all(10, false), "switched on, it works as before");
}

/* Whoever sleeps is woken by each; the second time something may still be posted from the first. */
static void test_sleepers(void)
{
	uint32_t i, woken = 0;

	tell(SLEEP);
	tap_ok(send_all(NR_WAKES, false), "a sleeper is woken by interrupts");
	tap_ok(send_all(NR_WAKES, true), "and by events");
	tell(POLL);
	for (i = 0; i < NR_WAKES; i++) {
		uint32_t before = nr_events;

		send(LOW); /* posted, and not taken: its interrupts are off */
		rt_event_send(port);
		woken += rt_wait_for(&nr_events, before + 1);
	}
	tap_is((long)woken, NR_WAKES, "one that polls, by its event");
	tell(COUNT);
	tap_ok(send_all(10, false), "then it is busy again");
}

static void storm(void)
{
	rt_printf("it storms\n");
	for (;;) {
		send(LOW);
		send(HIGH);
		rt_event_send(port);
	}
}

static bool is_told(char first)
{
	return *rt_command_line() == first;
}

void rt_main(void)
{
	start();
	if (is_told('s'))
		storm();
	if (*rt_command_line()) {
		if (!send_all(NR_ROUNDS, is_told('e')))
			rt_printf("some were lost\n");
		what = SLEEP;
		rt_printf("%u rounds\n", NR_ROUNDS);
		for (;;)
			rt_halt();
	}
	tap_ok(send_all(NR_ROUNDS, false), "interrupts for a busy vCPU: none is lost");
	tap_ok(send_all(NR_ROUNDS, true), "events: none either");
	test_held_back();
	test_priority_and_switch();
	test_sleepers();
	tap_done();
}
