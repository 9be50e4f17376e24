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
#include <hv/frame.h>
#include <hv/irq.h>
#include <hv/vcpu.h>

#include "unit.h"
#include "x86_world.h"

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

#define ISR(vector)   REG(0x10 + (vector) / 32)
#define TMR(vector)   REG(0x18 + (vector) / 32)
#define IRR(vector)   REG(0x20 + (vector) / 32)
#define IRR_WORD(vector) ((0x20 + (vector) / 32) * 4)

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

static uint32_t tpr;

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

	world = (struct x86_world){ .now_ns = 1000000 };
	tpr = 0;
	for (i = 0; i < NR_VCPUS; i++)
		free(all[i].arch.lapic.page);
	memset(all, 0, sizeof(all));
	for (i = 0; i < NR_VCPUS; i++) {
		list[i] = &all[i];
		all[i].domain = &d;
		all[i].id = i;
		all[i].state = VCPU_RUNNABLE;
		CU_ASSERT_EQUAL_FATAL(vlapic_init(&all[i], i), 0);
		CU_ASSERT_EQUAL(vlapic_write(&all[i], SVR, 0x1ff), 0);
	}
	world.armed = NULL;
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

	if (vector >= 0)
		vlapic_in_service(v, (unsigned int)vector);
	return vector;
}

static uint32_t who_has(unsigned int vector)
{
	uint32_t i, mask = 0;

	for (i = 0; i < NR_VCPUS; i++) {
		uint64_t *posted = all[i].arch.lapic.posted.vectors;

		if (posted[vector / 64] & BIT(vector % 64))
			mask |= 1u << i;
		memset(posted, 0, sizeof(all[i].arch.lapic.posted.vectors));
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
	CU_ASSERT_EQUAL(world.nr_eois, 0);
	set(SVR, 0xff);
	vlapic_raise(v, 0x90, false);
	CU_ASSERT_EQUAL(take(), -1);
	CU_ASSERT_EQUAL(vlapic_held_back_vector(v), -1);
}

/* Offered and not taken, it stays a request; taken, and meanwhile asked for again, it comes again. */
static void request_is_there_until_it_was_taken(void)
{
	start();
	vlapic_raise(v, 0x40, false);
	CU_ASSERT_EQUAL(vlapic_pending_vector(v), 0x40);
	CU_ASSERT_EQUAL(vlapic_pending_vector(v), 0x40);
	vlapic_raise(v, 0x40, false);
	vlapic_in_service(v, 0x40);
	CU_ASSERT_EQUAL(get(IRR(0x40)), 1);
	CU_ASSERT_EQUAL(get(ISR(0x40)), 1);
	CU_ASSERT_EQUAL(vlapic_pending_vector(v), -1);
	set(EOI, 0);
	CU_ASSERT_EQUAL(get(ISR(0x40)), 0);
	CU_ASSERT_EQUAL(take(), 0x40);
	set(EOI, 0);
	CU_ASSERT_EQUAL(take(), -1);
	CU_ASSERT_EQUAL(get(IRR(0x40)), 0);
}

/* A CPU has worked on the state between an entry and the exit after it. */
static void hardware_leaves_the_rest_to_hv(void)
{
	struct vlapic *a = &v->arch.lapic;

	start();
	CU_ASSERT(vlapic_is_enabled(a));
	vlapic_raise(v, 0x50, true);
	vlapic_raise(v, 0x31, false);
	CU_ASSERT_EQUAL(vlapic_pending_vector(v), 0x50);
	CU_ASSERT(a->requested == 0x50 && a->serviced == 0);
	CU_ASSERT_EQUAL(get(TMR(0x50)), BIT(0x50 % 32));
	CU_ASSERT_EQUAL(get(TMR(0x31)), 0);
	CU_ASSERT_EQUAL(a->level[1], BIT(0x50 - 64));
	/* It delivers the one, the other arrives, the one ends. */
	a->page[IRR_WORD(0x50)] = 0;
	a->requested = 0x31;
	a->serviced = 0;
	vlapic_was_written(v, EOI, 0x50);
	CU_ASSERT_EQUAL(world.nr_eois, 1);
	vlapic_was_written(v, EOI, 0x50);
	vlapic_was_written(v, EOI, 0x31);
	CU_ASSERT_EQUAL(world.nr_eois, 1);
	CU_ASSERT_EQUAL(take(), 0x31);
	vlapic_was_written(v, SELF_IPI, 3);
	set(ESR, 0);
	CU_ASSERT_EQUAL(get(ESR), BIT(5));
	set(SVR, 0xff);
	CU_ASSERT(!vlapic_is_enabled(a));
}

/* As the CPU does it in a guest, when it is notified (Intel SDM vol. 3, 30.6). */
static void cpu_takes_posted_over(struct vlapic *a)
{
	unsigned int i;

	a->posted.control &= ~POSTED_OUTSTANDING;
	for (i = 0; i < 8; i++) {
		uint32_t word = (uint32_t)(a->posted.vectors[i / 2] >> 32 * (i % 2));

		a->page[IRR_WORD(32 * i)] |= word;
		if (word)
			a->requested = (uint8_t)(32 * i + 31 - (unsigned int)__builtin_clz(word));
	}
	memset(a->posted.vectors, 0, sizeof(a->posted.vectors));
}

static void cpu_is_notified_once_until_it_has_taken_over(void)
{
	struct vlapic *a = &v->arch.lapic;

	start();
	CU_ASSERT_EQUAL((uintptr_t)&a->posted % 64, 0); /* 27.2.1.1 */
	vlapic_raise(v, 0x40, false);
	CU_ASSERT(world.nr_kicks == 1 && world.nr_notifications == 0);
	CU_ASSERT_EQUAL(take(), 0x40);
	set(EOI, 0);

	a->takes_posted = true;
	vlapic_raise(v, 0x41, false);
	CU_ASSERT(world.nr_kicks == 2 && world.nr_notifications == 1);
	/* Whoever posted the first sees to it; and v wakes up for each. */
	vlapic_raise(v, 0x82, false);
	CU_ASSERT(world.nr_kicks == 3 && world.nr_notifications == 1);
	cpu_takes_posted_over(a);
	vlapic_raise(v, 0x51, false);
	CU_ASSERT_EQUAL(world.nr_notifications, 2);
	CU_ASSERT_EQUAL(take(), 0x82);
	set(EOI, 0);
	CU_ASSERT_EQUAL(take(), 0x51);
	set(EOI, 0);
	CU_ASSERT_EQUAL(take(), 0x41);
	set(EOI, 0);
	/* hv has taken the last over itself: from here on it is to be told again. */
	vlapic_raise(v, 0x51, false);
	CU_ASSERT_EQUAL(world.nr_notifications, 3);
}

/* The CPU would let a level interrupt's end pass without an exit. */
static void level_interrupt_is_not_for_the_cpu(void)
{
	struct vlapic *a = &v->arch.lapic;

	start();
	a->takes_posted = true;
	vlapic_raise(v, 0x50, true);
	CU_ASSERT(world.nr_kicks == 1 && world.nr_notifications == 0);
	vlapic_raise(v, 0x31, false);
	cpu_takes_posted_over(a);
	CU_ASSERT_EQUAL(a->page[IRR_WORD(0x50)], 0);
	CU_ASSERT_EQUAL(take(), 0x50);
	CU_ASSERT_EQUAL(get(TMR(0x50)), BIT(0x50 % 32));
	set(EOI, 0);
	CU_ASSERT_EQUAL(world.nr_eois, 1);
	CU_ASSERT_EQUAL(take(), 0x31);
	/* INIT: nothing is left of either kind. */
	vlapic_raise(v, 0x60, true);
	vlapic_raise(v, 0x61, false);
	vlapic_reset(v);
	set(SVR, 0x1ff);
	CU_ASSERT_EQUAL(take(), -1);
	vlapic_raise(v, 0x61, false);
	CU_ASSERT_EQUAL(world.nr_notifications, 3);
}

/* What reads give without an exit is what they give with one. */
static void page_has_what_is_read(void)
{
	uint32_t reg, nr = 0;
	uint64_t value;

	start();
	set(TPR, 0x20);
	set(ICR, 0x41 | TO(99) | BIT(12));
	vlapic_raise(v, 0x77, true);
	for (reg = REG(0); reg <= REG(0xff); reg++) {
		if (reg == REG(0x0a) || !vlapic_is_in_page(reg))
			continue;
		nr++;
		CU_ASSERT_EQUAL(vlapic_read(v, reg, &value), 0);
		CU_ASSERT_EQUAL(memcmp(&value, &v->arch.lapic.page[(reg & 0xff) * 4], 8), 0);
	}
	CU_ASSERT_EQUAL(nr, 40);
	CU_ASSERT_EQUAL(get(ICR), 0x41 | TO(99));
	CU_ASSERT(!vlapic_is_in_page(TIMER_CURRENT));
	CU_ASSERT(!vlapic_is_in_page(EOI));
}

static void level_interrupt_ends_at_the_physical_apic_once(void)
{
	start();
	vlapic_raise(v, 0x50, true);
	CU_ASSERT_EQUAL(take(), 0x50);
	set(EOI, 0);
	CU_ASSERT_EQUAL(world.nr_eois, 1);
	vlapic_raise(v, 0x50, false);
	CU_ASSERT_EQUAL(take(), 0x50);
	set(EOI, 0);
	CU_ASSERT_EQUAL(world.nr_eois, 1);
	/* INIT while it is in service, or before it was taken. */
	vlapic_raise(v, 0x50, true);
	CU_ASSERT_EQUAL(take(), 0x50);
	vlapic_raise(v, 0x71, true);
	vlapic_reset(v);
	CU_ASSERT_EQUAL(world.nr_eois, 3);
	vlapic_reset(v);
	CU_ASSERT_EQUAL(world.nr_eois, 3);
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
	world.armed->fn(world.armed);
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
	CU_ASSERT_PTR_NOT_NULL_FATAL(world.armed);
	CU_ASSERT_EQUAL(world.armed->deadline_ns, world.now_ns + 10000);
	world.now_ns += 4000;
	CU_ASSERT_EQUAL(get(TIMER_CURRENT), 600);
	world.now_ns += 6000;
	world.armed->deadline_ns = 0;
	world.armed->fn(world.armed);
	CU_ASSERT_EQUAL(world.armed->deadline_ns, 0);
	CU_ASSERT_EQUAL(take(), 0x60);
	CU_ASSERT_EQUAL(get(TIMER_CURRENT), 0);

	set(LVT_TIMER, 0x60 | 1u << 17);
	set(TIMER_INITIAL, 1000000);
	world.now_ns += 10000000;
	world.armed->fn(world.armed);
	CU_ASSERT_EQUAL(world.armed->deadline_ns, world.now_ns + 10000000);
	set(TIMER_INITIAL, 0);
	CU_ASSERT_PTR_NULL(world.armed);
	CU_ASSERT_EQUAL(get(TIMER_CURRENT), 0);
}

/* Nobody listens, or nobody could: hv is not kept busy for it. */
static unsigned int ticks_in_a_second(void)
{
	uint64_t from = world.now_ns;
	unsigned int n;

	for (n = 0; world.now_ns - from < NSEC_PER_SEC; n++) {
		world.now_ns = MAX(world.armed->deadline_ns, world.now_ns);
		world.armed->fn(world.armed);
		CU_ASSERT_FATAL(world.armed->deadline_ns > world.now_ns);
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
	world.now_ns += 3600 * NSEC_PER_SEC;
	world.armed->fn(world.armed);
	CU_ASSERT(world.armed->deadline_ns > world.now_ns);
	/* Stopped while the callback was on its way. */
	v->arch.lapic.page[(TIMER_INITIAL & 0xff) * 4] = 0;
	timer_cancel(world.armed);
	v->arch.lapic.timer.fn(&v->arch.lapic.timer);
	CU_ASSERT_PTR_NULL(world.armed);
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
		if (world.armed && i % 64 == 0) {
			world.now_ns = MAX(world.now_ns, world.armed->deadline_ns);
			world.armed->fn(world.armed);
		}
	}
}

UNIT_MAIN("vlapic", UNIT_TEST(interrupts_come_by_priority),
	  UNIT_TEST(request_is_there_until_it_was_taken), UNIT_TEST(hardware_leaves_the_rest_to_hv),
	  UNIT_TEST(cpu_is_notified_once_until_it_has_taken_over),
	  UNIT_TEST(level_interrupt_is_not_for_the_cpu),
	  UNIT_TEST(page_has_what_is_read),
	  UNIT_TEST(level_interrupt_ends_at_the_physical_apic_once),
	  UNIT_TEST(ipi_reaches_whom_it_names), UNIT_TEST(illegal_vectors_are_told_and_not_sent),
	  UNIT_TEST(init_and_startup_are_left_as_a_request),
	  UNIT_TEST(timer_fires_once_or_again_and_again), UNIT_TEST(ticks_in_vain_become_rare),
	  UNIT_TEST(no_access_goes_astray))
