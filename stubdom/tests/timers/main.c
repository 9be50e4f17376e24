/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time and timers of the guest ABI: the page with the clock, single-shot and periodic timers, polling. */
#include "rt.h"
#include "tap.h"

#include <xen/errno.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define MS 1000000ull

static volatile uint32_t nr_ticks;
static evtchn_port_t timer_port;

static void on_timer(evtchn_port_t port)
{
	(void)port;
	nr_ticks++;
}

static long vcpu_op(unsigned int cmd, unsigned int vcpu, const void *arg)
{
	return rt_hypercall(__HYPERVISOR_vcpu_op, cmd, vcpu, (uintptr_t)arg);
}

static long single_shot(uint64_t at_ns, uint32_t flags)
{
	struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = at_ns, .flags = flags };

	return vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

/* ---- the clock ---- */

static volatile uint32_t second_ready;
static volatile uint64_t last_ns; /* the later of what both have seen */
static volatile uint32_t nr_backwards, second_done;

/* Each adds its reading to what the other saw: time must not be earlier than that. */
static void watch_clock(unsigned int rounds)
{
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		uint64_t before = last_ns, now = rt_ns();

		if (now < before)
			nr_backwards++;
		while (before < now && !__atomic_compare_exchange_n(&last_ns, &before, now, false,
								    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
	}
}

static void second(void)
{
	second_ready = 1;
	watch_clock(20000);
	second_done = 1;
}

static void test_clock(void)
{
	uint64_t ns = rt_ns(), tsc = rt_tsc(), again, ns_of_tsc;
	unsigned int i, nr_back = 0;

	for (i = 0; i < 20000; i++) {
		again = rt_ns();
		if (again < ns)
			nr_back++;
		ns = again;
	}
	tap_is((long)nr_back, 0, "the clock does not go back");
	ns = rt_ns();
	tsc = rt_tsc();
	rt_delay_ns(20 * MS);
	ns_of_tsc = rt_ns() - ns;
	tap_ok(rt_tsc() > tsc && ns_of_tsc >= 20 * MS, "and goes forward");
	tap_ok(!(rt_shared.vcpu_info[0].time.version & 1), "its page is not being changed");
	tap_ok(rt_shared.wc_sec > 1500000000, "the time of day is of this century");
	tap_ok(!(rt_shared.wc_version & 1), "and complete");

	rt_cpu_start(1, second);
	rt_wait_for(&second_ready, 1);
	watch_clock(20000);
	rt_wait_for(&second_done, 1);
	tap_is((long)nr_backwards, 0, "nor does it between two vCPUs");
}

/* ---- timers ---- */

static void test_single_shot(void)
{
	struct evtchn_bind_virq bind = { .virq = VIRQ_TIMER, .vcpu = 0 };
	uint64_t start;

	tap_is(rt_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, (uintptr_t)&bind, 0), 0,
	       "the timer's event");
	timer_port = bind.port;
	rt_event_bind(timer_port, on_timer);

	start = rt_ns();
	tap_is(single_shot(start + 10 * MS, 0), 0, "single shot");
	tap_ok(rt_wait_for(&nr_ticks, 1), "it comes");
	tap_ok(rt_ns() - start >= 10 * MS, "not before its time");
	tap_is(single_shot(rt_ns() - 5 * MS, 0), 0, "one that is over");
	tap_ok(rt_wait_for(&nr_ticks, 2), "comes at once");
	tap_is(single_shot(rt_ns() - 5 * MS, VCPU_SSHOTTMR_future), -XEN_ETIME, "unless only the future counts");
	rt_delay_ns(3 * MS);
	tap_is((long)nr_ticks, 2, "then it does not come");
	tap_is(single_shot(rt_ns() + 20 * MS, 0), 0, "one that is taken back");
	tap_is(vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0, "in time");
	rt_delay_ns(40 * MS);
	tap_is((long)nr_ticks, 2, "does not come either");
	single_shot(rt_ns() + 10 * MS, 0);
	rt_irq_disable();
	while (nr_ticks < 3)
		rt_halt();
	tap_is((long)nr_ticks, 3, "it wakes a vCPU that sleeps");
	tap_is(rt_hypercall(__HYPERVISOR_set_timer_op, rt_ns() + 5 * MS, 0, 0), 0, "the older call");
	tap_ok(rt_wait_for(&nr_ticks, 4), "is the same timer");
	tap_is(vcpu_op(VCPUOP_set_singleshot_timer, 1, &start), -XEN_EINVAL, "not for another vCPU");
	tap_is(vcpu_op(VCPUOP_set_singleshot_timer, 7, &start), -XEN_ENOENT, "nor one that is not there");
	tap_is(vcpu_op(VCPUOP_set_singleshot_timer, 0, (void *)0x12345678000), -XEN_EFAULT,
	       "nor from nowhere");
}

static void test_periodic(void)
{
	struct vcpu_set_periodic_timer op = { .period_ns = 5 * MS };
	uint32_t before = nr_ticks;
	uint64_t start = rt_ns();

	tap_is(vcpu_op(VCPUOP_set_periodic_timer, 0, &op), 0, "periodic");
	tap_ok(rt_wait_for(&nr_ticks, before + 4), "it comes again and again");
	tap_ok(rt_ns() - start >= 18 * MS, "at its period");
	tap_is(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0, "stopped");
	rt_delay_ns(MS);
	before = nr_ticks;
	rt_delay_ns(15 * MS);
	tap_is((long)nr_ticks, (long)before, "it comes no more");
	op.period_ns = 1000;
	tap_is(vcpu_op(VCPUOP_set_periodic_timer, 0, &op), -XEN_EINVAL, "a microsecond is too short");
}

/* ---- sleeping without interrupts ---- */

static void test_poll(void)
{
	evtchn_port_t port;
	struct sched_poll poll = { .nr_ports = 1 };
	struct evtchn_bind_ipi bind = { .vcpu = 0 };
	uint64_t start;

	rt_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, (uintptr_t)&bind, 0);
	port = bind.port; /* stays masked */
	set_xen_guest_handle(poll.ports, &port);
	rt_irq_disable();
	start = rt_ns();
	poll.timeout = start + 20 * MS;
	tap_is(rt_hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (uintptr_t)&poll, 0), 0, "poll");
	tap_ok(rt_ns() - start >= 20 * MS, "waits for its time");
	rt_event_send(port);
	start = rt_ns();
	poll.timeout = start + 20000 * MS;
	tap_is(rt_hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (uintptr_t)&poll, 0), 0, "or for an event");
	tap_ok(rt_ns() - start < 15000 * MS, "that is there already");
	poll.nr_ports = 1000;
	tap_is(rt_hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (uintptr_t)&poll, 0), -XEN_EINVAL,
	       "not for a thousand");
}

static void test_runstate(void)
{
	static struct vcpu_runstate_info info;
	uint64_t sum;

	tap_is(vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0, "where the time went");
	tap_is(info.state, RUNSTATE_running, "it runs now");
	sum = info.time[0] + info.time[1] + info.time[2] + info.time[3];
	tap_ok(info.time[RUNSTATE_running] > 0 && info.time[RUNSTATE_blocked] > 0 &&
		       sum <= rt_ns(),
	       "it ran and it slept, and not for longer than there is time");
}

void rt_main(void)
{
	test_clock();
	test_single_shot();
	test_periodic();
	test_poll();
	test_runstate();
	tap_done();
}
