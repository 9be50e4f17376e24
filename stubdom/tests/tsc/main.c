/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TSC of a rate of its own, in kHz on the command line: everything that tells the time says the
 * same. The clocks to compare with are hv's: the APIC's timer, which counts it, and the timers of
 * hypercalls. A reading of one lies between two of the other, however long that takes: so nothing here
 * depends on how fast the machine is.
 */
#include "rt.h"
#include "tap.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/errno.h>
#include <xen/vcpu.h>

#define MS 1000000ull
#define MSR_TSC 0x10u
#define MSR_TSC_ADJUST 0x3bu
#define MSR_TSC_DEADLINE 0x6e0u
#define APIC_TICK_NS 10ull
#define NR_ROUNDS 20u

static uint64_t khz, host_khz;

static uint64_t number(const char *s)
{
	uint64_t n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + (uint64_t)(*s++ - '0');
	return n;
}

/* 10^6 / khz = mul / 2^32, shifted */
static uint64_t khz_of(uint32_t mul, int shift)
{
	uint64_t value = (1000000ull << 32) / mul;

	return shift < 0 ? value << -shift : value >> shift;
}

static bool near(uint64_t a, uint64_t b)
{
	return a + 1 >= b && a <= b + 1;
}

static void test_what_is_said(void)
{
	const struct vcpu_time_info *t = &rt_shared.vcpu_info[0].time;
	uint32_t r[4];

	rt_cpuid2(XEN_CPUID_FIRST_LEAF + 3, 0, r);
	tap_is((long)r[2], (long)khz, "CPUID tells the rate");
	rt_cpuid2(XEN_CPUID_FIRST_LEAF + 3, 2, r);
	host_khz = r[0];
	tap_ok(host_khz && host_khz != khz, "and the host's, which is another: %lu kHz", host_khz);
	rt_cpuid2(XEN_CPUID_FIRST_LEAF + 3, 1, r);
	tap_is((long)r[2], (long)t->tsc_to_system_mul, "and the scale that the clock's page has");
	tap_is((int8_t)r[3], t->tsc_shift, "with its shift");
	tap_ok(near(khz_of(t->tsc_to_system_mul, t->tsc_shift), khz), "which is that of the rate");
	tap_ok(t->tsc_timestamp <= rt_tsc(), "and begins in the past");
	rt_cpuid(0, r);
	tap_ok(r[0] < 0x15, "no leaf tells the host's rate for the guest's");
}

/* All of them read the same register. */
static void test_instructions(void)
{
	uint32_t lo, hi, aux, r[4], nr_back = 0, i;
	uint64_t last = rt_tsc(), now;

	rt_cpuid(0x80000001, r);
	for (i = 0; i < 100; i++) {
		now = rt_tsc();
		nr_back += now < last;
		last = now;
		now = rt_rdmsr(MSR_TSC);
		nr_back += now < last;
		last = now;
		if (!(r[3] & 1u << 27))
			continue;
		__asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
		now = (uint64_t)hi << 32 | lo;
		nr_back += now < last;
		last = now;
	}
	tap_is((long)nr_back, 0, "RDTSC, RDTSCP and RDMSR agree");
	/* What would have to be converted is not there at all. */
	rt_cpuid(1, r);
	tap_ok(!(r[2] & 1u << 24), "no deadline timer");
	tap_is(rt_try("wrmsr", : "c"(MSR_TSC_DEADLINE), "a"(1), "d"(0)), GP, "nor its register");
	tap_is(rt_try("rdmsr", "=a"(lo), "=d"(hi) : "c"(MSR_TSC_ADJUST)), GP, "nor TSC_ADJUST");
	now = rt_tsc();
	tap_is(rt_try("wrmsr", : "c"(MSR_TSC), "a"(0), "d"(0)), RT_NO_TRAP, "the TSC may be written");
	tap_ok(rt_tsc() >= now, "without effect");
}

struct reading {
	uint64_t tsc_before, ns_before, apic_ns, ns_after, tsc_after;
};

static struct reading read_all(void)
{
	struct reading r;

	r.tsc_before = rt_tsc();
	r.ns_before = rt_ns();
	r.apic_ns = (0xffffffffull - rt_rdmsr(APIC_TIMER_CURRENT)) * APIC_TICK_NS;
	r.ns_after = rt_ns();
	r.tsc_after = rt_tsc();
	return r;
}

static uint64_t ticks(uint64_t ns)
{
	return ns * khz / 1000000;
}

/* Does 'value' lie between the bounds, give or take two ticks and as many of the APIC's? */
static bool between(uint64_t low, uint64_t value, uint64_t high, uint64_t slack)
{
	return value + slack >= low && value <= high + slack;
}

static void test_rate(void)
{
	struct reading first, now;
	uint64_t slack_ns = 2 * APIC_TICK_NS + 2 * 1000000 / khz, slack = ticks(slack_ns) + 2;
	uint32_t i, nr_off_ns = 0, nr_off_tsc = 0;

	rt_wrmsr(APIC_SVR, APIC_ENABLED | 0xff);
	rt_wrmsr(APIC_LVT_TIMER, APIC_MASKED);
	rt_wrmsr(APIC_TIMER_DIVIDE, 0xb);
	rt_wrmsr(APIC_TIMER_INITIAL, 0xffffffff);
	first = read_all();
	for (i = 0; i < NR_ROUNDS; i++) {
		uint64_t apic_ns;

		rt_delay_ns(5 * MS);
		now = read_all();
		apic_ns = now.apic_ns - first.apic_ns;
		nr_off_ns += !between(now.ns_before - first.ns_after, apic_ns,
				      now.ns_after - first.ns_before, slack_ns);
		nr_off_tsc += !between(now.tsc_before - first.tsc_after, ticks(apic_ns),
				       now.tsc_after - first.tsc_before, slack);
	}
	tap_is((long)nr_off_ns, 0, "the clock by the TSC goes as hv's does");
	tap_is((long)nr_off_tsc, 0, "and the TSC at its rate");
	rt_printf("# %lu kHz on %lu: in %lu ns by hv's clock %lu ns and %lu ticks of %lu\n", khz, host_khz,
		  now.apic_ns - first.apic_ns, now.ns_before - first.ns_before,
		  now.tsc_before - first.tsc_before, ticks(now.ns_before - first.ns_before));
}

/* ---- the same time of day: hv's hypercalls take absolute times ---- */

static volatile uint32_t nr_ticks;

static void on_timer(evtchn_port_t port)
{
	(void)port;
	nr_ticks++;
}

static long single_shot(uint64_t at_ns, uint32_t flags)
{
	struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = at_ns, .flags = flags };

	return rt_hypercall(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, (uintptr_t)&op);
}

static void test_timers(void)
{
	struct evtchn_bind_virq bind = { .virq = VIRQ_TIMER, .vcpu = 0 };
	uint64_t at, start_tsc, took = 0;
	uint32_t i, nr_early = 0;

	rt_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, (uintptr_t)&bind, 0);
	rt_event_bind(bind.port, on_timer);
	tap_is(single_shot(rt_ns(), VCPU_SSHOTTMR_future), -XEN_ETIME, "what the clock says is over for hv");
	tap_is(single_shot(rt_ns() + 1000 * MS, VCPU_SSHOTTMR_future), 0, "a second later is not");
	for (i = 0; i < 5; i++) {
		at = rt_ns() + 50 * MS;
		start_tsc = rt_tsc();
		single_shot(at, 0);
		if (!rt_wait_for(&nr_ticks, i + 1))
			break;
		nr_early += rt_ns() < at;
		if (!i || rt_tsc() - start_tsc < took)
			took = rt_tsc() - start_tsc;
	}
	tap_is((long)nr_ticks, 5, "timers of 50 ms come");
	tap_is((long)nr_early, 0, "not before their time by the TSC");
	/* The least late of five; half a ms for the rounding of "50 ms from here". */
	tap_ok(took + ticks(MS / 2) >= ticks(50 * MS), "and not before the TSC is there");
	rt_printf("# 50 ms took %lu ticks of %lu\n", took, ticks(50 * MS));
}

void rt_main(void)
{
	khz = number(rt_command_line());
	test_what_is_said();
	test_instructions();
	test_rate();
	test_timers();
	tap_done();
}
