/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual APIC, as a guest and its neighbours use and abuse it. */
#include <stdlib.h>

#include <arch/virt.h>
#include <arch/vlapic.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/irq.h>
#include <hv/vcpu.h>

#include "unit.h"

#define NR_VCPUS 20u

#define REG(n)	      (MSR_X2APIC_FIRST + (n))
#define TPR	      REG(0x08)
#define EOI	      REG(0x0b)
#define SVR	      REG(0x0f)
#define ESR	      REG(0x28)
#define ICR	      REG(0x30)
#define LVT_TIMER     REG(0x32)
#define LVT_ERROR     REG(0x37)
#define TIMER_INITIAL REG(0x38)
#define TIMER_CURRENT REG(0x39)
#define TIMER_DIVIDE  REG(0x3e)
#define SELF_IPI      REG(0x3f)

#define MODE(n)	 ((uint64_t)(n) << 8)
#define INIT	 (MODE(5) | BIT(14))
#define SIPI	 MODE(6)
#define NMI	 MODE(4)
#define TO(id)	 ((uint64_t)(id) << 32)
#define LOGICAL	 BIT(11)
#define TO_SELF	 (1ull << 18)
#define TO_ALL	 (2ull << 18)
#define TO_OTHER (3ull << 18)

/* ---- the rest of hv ---- */

static uint64_t now;
static uint32_t tpr;
static unsigned int nr_kicks, nr_eois;
static struct timer *armed;

uint64_t clock_ns(void)
{
	return now;
}

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	*t = (struct timer){ .fn = fn };
}

void timer_set(struct timer *t, uint64_t deadline_ns)
{
	armed = t;
	t->deadline_ns = deadline_ns;
}

void timer_cancel(struct timer *t)
{
	(void)t;
	armed = NULL;
}

void timer_kill(struct timer *t)
{
	timer_cancel(t);
}

void vcpu_kick(struct vcpu *v)
{
	(void)v;
	nr_kicks++;
}

void vcpu_set_online(struct vcpu *v, bool online)
{
	v->state = online ? VCPU_RUNNABLE : VCPU_OFFLINE;
}

void irq_guest_eoi(struct vcpu *v, uint32_t vector)
{
	(void)v;
	(void)vector;
	nr_eois++;
}

static uint32_t get_tpr(struct vcpu *v)
{
	(void)v;
	return tpr;
}

static void set_tpr(struct vcpu *v, uint32_t value)
{
	(void)v;
	tpr = value;
}

static const struct virt_ops ops = { .get_tpr = get_tpr, .set_tpr = set_tpr };
const struct virt_ops *virt = &ops;

/* ---- a guest ---- */

static struct vcpu all[NR_VCPUS], *list[NR_VCPUS];
static struct domain d = { .id = 1, .nr_vcpus = NR_VCPUS, .vcpus = list };
static struct vcpu *const v = &all[0];

static void start(void)
{
	uint32_t i;

	now = 1000000;
	tpr = nr_kicks = nr_eois = 0;
	memset(all, 0, sizeof(all));
	for (i = 0; i < NR_VCPUS; i++) {
		list[i] = &all[i];
		all[i].domain = &d;
		all[i].id = i;
		all[i].state = VCPU_RUNNABLE;
		vlapic_init(&all[i], i);
		CU_ASSERT_EQUAL(vlapic_write(&all[i], SVR, 0x1ff), 0);
	}
	armed = NULL;
}

static uint64_t get(uint32_t reg)
{
	uint64_t value = ~0ull;

	CU_ASSERT_EQUAL(vlapic_read(v, reg, &value), 0);
	return value;
}

static void set(uint32_t reg, uint64_t value)
{
	CU_ASSERT_EQUAL(vlapic_write(v, reg, value), 0);
}

/* The guest takes what is offered. */
static int take(void)
{
	int vector = vlapic_pending_vector(v);

	if (vector >= 0) {
		vlapic_take(v, (unsigned int)vector);
		vlapic_in_service(v, (unsigned int)vector);
	}
	return vector;
}

static uint32_t who_has(unsigned int vector)
{
	uint32_t i, mask = 0;

	for (i = 0; i < NR_VCPUS; i++) {
		if (all[i].arch.lapic.irr[vector / 64] & BIT(vector % 64))
			mask |= 1u << i;
		memset(all[i].arch.lapic.irr, 0, sizeof(all[i].arch.lapic.irr));
	}
	return mask;
}

static void interrupts_come_by_priority(void)
{
	start();
	vlapic_raise(v, 0x31, false);
	vlapic_raise(v, 0x82, false);
	vlapic_raise(v, 0x85, false);
	CU_ASSERT_EQUAL(take(), 0x85);
	CU_ASSERT_EQUAL(take(), -1); /* 0x82 is of the same class */
	vlapic_raise(v, 0x90, false);
	CU_ASSERT_EQUAL(take(), 0x90);
	set(EOI, 0);
	CU_ASSERT_EQUAL(take(), -1);
	set(EOI, 0);
	CU_ASSERT_EQUAL(take(), 0x82);
	set(TPR, 0x30);
	CU_ASSERT_EQUAL(vlapic_held_back_vector(v), -1); /* by one in service */
	set(EOI, 0);
	CU_ASSERT_EQUAL(take(), -1);
	CU_ASSERT_EQUAL(vlapic_held_back_vector(v), 0x31);
	tpr = 2; /* CR8, without an exit */
	CU_ASSERT_EQUAL(get(TPR), 0x20);
	CU_ASSERT_EQUAL(take(), 0x31);
	set(EOI, 0);
	set(EOI, 0); /* one too many */
	CU_ASSERT_EQUAL(nr_eois, 0);
	set(SVR, 0xff);
	vlapic_raise(v, 0x90, false);
	CU_ASSERT_EQUAL(take(), -1);
	CU_ASSERT_EQUAL(vlapic_held_back_vector(v), -1);
}

static void what_was_offered_in_vain_is_asked_for_again(void)
{
	start();
	vlapic_raise(v, 0x40, false);
	vlapic_take(v, 0x40);
	CU_ASSERT_EQUAL(vlapic_pending_vector(v), -1);
	vlapic_put_back(v, 0x40);
	CU_ASSERT_EQUAL(vlapic_pending_vector(v), 0x40);
}

static void level_interrupt_ends_at_the_physical_apic_once(void)
{
	start();
	vlapic_raise(v, 0x50, true);
	CU_ASSERT_EQUAL(take(), 0x50);
	set(EOI, 0);
	CU_ASSERT_EQUAL(nr_eois, 1);
	vlapic_raise(v, 0x50, false);
	CU_ASSERT_EQUAL(take(), 0x50);
	set(EOI, 0);
	CU_ASSERT_EQUAL(nr_eois, 1);
	/* INIT while it is in service, or before it was taken. */
	vlapic_raise(v, 0x50, true);
	CU_ASSERT_EQUAL(take(), 0x50);
	vlapic_raise(v, 0x71, true);
	vlapic_reset(v);
	CU_ASSERT_EQUAL(nr_eois, 3);
	vlapic_reset(v);
	CU_ASSERT_EQUAL(nr_eois, 3);
}

static void ipi_reaches_whom_it_names(void)
{
	start();
	set(ICR, 0x40 | TO(3));
	CU_ASSERT_EQUAL(who_has(0x40), 1u << 3);
	set(ICR, 0x40 | TO(99));
	CU_ASSERT_EQUAL(who_has(0x40), 0);
	set(ICR, 0x40 | TO(0xffffffff));
	CU_ASSERT_EQUAL(who_has(0x40), (1u << NR_VCPUS) - 1);
	set(ICR, 0x40 | TO_SELF | TO(7));
	CU_ASSERT_EQUAL(who_has(0x40), 1);
	set(ICR, 0x40 | TO_ALL);
	CU_ASSERT_EQUAL(who_has(0x40), (1u << NR_VCPUS) - 1);
	set(ICR, 0x40 | TO_OTHER);
	CU_ASSERT_EQUAL(who_has(0x40), (1u << NR_VCPUS) - 2);
	set(ICR, 0x40 | LOGICAL | TO(0x1000a)); /* cluster 1: 17 and 19 */
	CU_ASSERT_EQUAL(who_has(0x40), 1u << 17 | 1u << 19);
	set(ICR, 0x40 | LOGICAL | MODE(1) | TO(0x1000a)); /* lowest priority: one of them */
	CU_ASSERT_EQUAL(who_has(0x40), 1u << 17);
	set(SELF_IPI, 0x41);
	CU_ASSERT_EQUAL(who_has(0x41), 1);
	CU_ASSERT_EQUAL(get(ICR) & BIT(12), 0);
	set(ICR, NMI | TO(2));
	CU_ASSERT_EQUAL(all[2].arch.nmi_pending, 1);
}

static void illegal_vectors_are_told_and_not_sent(void)
{
	start();
	set(ICR, 0x0f | TO_ALL);
	CU_ASSERT_EQUAL(who_has(0x0f), 0);
	CU_ASSERT_EQUAL(get(ESR), 0);
	set(ESR, 0);
	CU_ASSERT_EQUAL(get(ESR), BIT(5));
	set(ESR, 0);
	CU_ASSERT_EQUAL(get(ESR), 0);
	set(SELF_IPI, 3);
	CU_ASSERT_EQUAL(who_has(3), 0);
	set(ESR, 0);
	CU_ASSERT_EQUAL(get(ESR), BIT(5));
	/* At once, where somebody waits for it. */
	set(LVT_ERROR, 0x71);
	set(SELF_IPI, 3);
	CU_ASSERT_EQUAL(who_has(0x71), 1);
	set(LVT_TIMER, 5);
	set(TIMER_INITIAL, 10);
	armed->fn(armed);
	CU_ASSERT_EQUAL(who_has(5), 0);
}

static void init_and_startup_are_left_as_a_request(void)
{
	struct vcpu *w = &all[1];

	start();
	w->arch.init_state = VCPU_WAIT_SIPI;
	w->state = VCPU_OFFLINE;
	set(ICR, INIT | TO(1)); /* it waits already */
	CU_ASSERT_EQUAL(w->arch.init_request, 0);
	set(ICR, SIPI | 0x99 | TO(1));
	CU_ASSERT_EQUAL(w->arch.init_request, STARTUP_REQUESTED | 0x99);
	CU_ASSERT_EQUAL(w->state, VCPU_RUNNABLE);
	w->arch.init_request = 0;
	w->arch.init_state = VCPU_INIT_NONE;
	set(ICR, SIPI | 0x42 | TO(1)); /* it runs: ignored, a thousand times over */
	CU_ASSERT_EQUAL(w->arch.init_request, 0);
	set(ICR, MODE(5) | TO(1)); /* INIT de-assert */
	CU_ASSERT_EQUAL(w->arch.init_request, 0);
	set(ICR, INIT | TO(1));
	set(ICR, SIPI | 0x10 | TO(1));
	CU_ASSERT_EQUAL(w->arch.init_request, INIT_REQUESTED | STARTUP_REQUESTED | 0x10);
	CU_ASSERT_EQUAL(vlapic_take_init(w), INIT_REQUESTED | STARTUP_REQUESTED | 0x10);
	CU_ASSERT(w->arch.init_request == 0 && w->arch.init_state == VCPU_WAIT_SIPI);
	/* A start-up that comes while the INIT is being carried out counts. */
	w->arch.init_state = VCPU_INIT_NONE;
	set(ICR, INIT | TO(1));
	CU_ASSERT_EQUAL(vlapic_take_init(w), INIT_REQUESTED);
	set(ICR, SIPI | 0x11 | TO(1));
	CU_ASSERT_EQUAL(vlapic_take_init(w), STARTUP_REQUESTED | 0x11);
	CU_ASSERT_EQUAL(w->arch.init_state, VCPU_WAIT_SIPI);
	w->arch.init_state = VCPU_INIT_NONE;
	/* The boot vCPU, and oneself, are no exceptions. */
	set(ICR, INIT | TO_SELF);
	CU_ASSERT_EQUAL(v->arch.init_request, INIT_REQUESTED);
}

static void timer_fires_once_or_again_and_again(void)
{
	start();
	set(LVT_TIMER, 0x60);
	set(TIMER_DIVIDE, 0xb); /* by 1: 10 ns a tick */
	set(TIMER_INITIAL, 1000);
	CU_ASSERT_PTR_NOT_NULL_FATAL(armed);
	CU_ASSERT_EQUAL(armed->deadline_ns, now + 10000);
	now += 4000;
	CU_ASSERT_EQUAL(get(TIMER_CURRENT), 600);
	now += 6000;
	armed->deadline_ns = 0;
	armed->fn(armed);
	CU_ASSERT_EQUAL(armed->deadline_ns, 0);
	CU_ASSERT_EQUAL(take(), 0x60);
	CU_ASSERT_EQUAL(get(TIMER_CURRENT), 0);

	set(LVT_TIMER, 0x60 | 1u << 17);
	set(TIMER_INITIAL, 1000000);
	now += 10000000;
	armed->fn(armed);
	CU_ASSERT_EQUAL(armed->deadline_ns, now + 10000000);
	set(TIMER_INITIAL, 0);
	CU_ASSERT_PTR_NULL(armed);
	CU_ASSERT_EQUAL(get(TIMER_CURRENT), 0);
}

/* Nobody listens, or nobody could: hv is not kept busy for it. */
static unsigned int ticks_in_a_second(void)
{
	uint64_t from = now;
	unsigned int n;

	for (n = 0; now - from < NSEC_PER_SEC; n++) {
		now = MAX(armed->deadline_ns, now);
		armed->fn(armed);
		CU_ASSERT_FATAL(armed->deadline_ns > now);
	}
	return n;
}

static void ticks_in_vain_become_rare(void)
{
	start();
	set(LVT_TIMER, 0x60 | 1u << 17);
	set(TIMER_DIVIDE, 0xb);
	set(TIMER_INITIAL, 1);
	CU_ASSERT(ticks_in_a_second() <= 1002);
	(void)take();
	set(LVT_TIMER, 0x60 | 1u << 17 | 1u << 16); /* masked */
	CU_ASSERT(ticks_in_a_second() <= 1002);
	set(LVT_TIMER, 0x03 | 1u << 17);
	CU_ASSERT(ticks_in_a_second() <= 1002);
	/* After a long time away there is one tick, not all that were missed. */
	now += 3600 * NSEC_PER_SEC;
	armed->fn(armed);
	CU_ASSERT(armed->deadline_ns > now);
	/* Stopped while the callback was on its way. */
	v->arch.lapic.timer_initial = 0;
	timer_cancel(armed);
	v->arch.lapic.timer.fn(&v->arch.lapic.timer);
	CU_ASSERT_PTR_NULL(armed);
}

static void no_access_goes_astray(void)
{
	uint32_t reg;
	uint64_t value;
	unsigned int i;
	int err;

	start();
	srandom(5);
	for (i = 0; i < 200000; i++) {
		reg = MSR_X2APIC_FIRST + (uint32_t)random() % 0x100;
		value = random() & 1 ? (uint64_t)random()
				     : (uint64_t)random() << 32 | (uint64_t)random();
		err = random() & 1 ? vlapic_read(v, reg, &value) : vlapic_write(v, reg, value);
		CU_ASSERT(err == 0 || err == -EINVAL);
		if (i % 16 == 0)
			(void)take();
		if (armed && i % 64 == 0) {
			now = MAX(now, armed->deadline_ns);
			armed->fn(armed);
		}
	}
}

UNIT_MAIN("vlapic", UNIT_TEST(interrupts_come_by_priority),
	  UNIT_TEST(what_was_offered_in_vain_is_asked_for_again),
	  UNIT_TEST(level_interrupt_ends_at_the_physical_apic_once),
	  UNIT_TEST(ipi_reaches_whom_it_names), UNIT_TEST(illegal_vectors_are_told_and_not_sent),
	  UNIT_TEST(init_and_startup_are_left_as_a_request),
	  UNIT_TEST(timer_fires_once_or_again_and_again), UNIT_TEST(ticks_in_vain_become_rare),
	  UNIT_TEST(no_access_goes_astray))
