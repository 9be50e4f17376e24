/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual local APIC (promise in arch/vlapic.h).
 *
 * Requests may come from any CPU, so they go to a place of their own first; everything else is
 * touched by the vCPU's own CPU alone, which may update it without any care for others. The task
 * priority lives in two places where the back end keeps one: guests write CR8 without an exit, so
 * its copy is the current one for the upper four bits.
 */
#include <arch/apic.h>
#include <arch/virt.h>
#include <arch/vlapic.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/irq.h>
#include <hv/string.h>
#include <hv/vcpu.h>

/* Register numbers: MSR - 0x800 (Intel SDM vol. 3, table 10-6) */
enum {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_LDR = 0x0d,
	REG_SVR = 0x0f,
	REG_ISR = 0x10,
	REG_TMR = 0x18,
	REG_IRR = 0x20,
	REG_ESR = 0x28,
	REG_LVT_CMCI = 0x2f,
	REG_ICR = 0x30,
	REG_LVT_TIMER = 0x32,
	REG_LVT_ERROR = 0x37,
	REG_TIMER_INITIAL = 0x38,
	REG_TIMER_CURRENT = 0x39,
	REG_TIMER_DIVIDE = 0x3e,
	REG_SELF_IPI = 0x3f,
};

#define VERSION		   (0x15u | 5u << 16) /* integrated, 6 LVT entries without CMCI */
#define SVR_ENABLED	   BIT(8)
#define LVT_MASKED	   (1u << 16)
#define LVT_TIMER_MODE	   (3u << 17)
#define LVT_TIMER_PERIODIC (1u << 17)
#define LVT_WRITABLE	   (0x000100ffu) /* mask, vector */
#define LVT_LINT_WRITABLE  (0x0001a7ffu) /* and trigger, polarity, mode */
#define ESR_SEND_ILLEGAL   BIT(5)
#define ESR_RECV_ILLEGAL   BIT(6)

enum { MODE_FIXED, MODE_LOWEST, MODE_SMI, MODE_RESERVED, MODE_NMI, MODE_INIT, MODE_SIPI };

#define BUS_CYCLE_NS	   10u /* the timer counts a 100 MHz clock */
#define BROADCAST	   0xffffffffu
#define FIRST_LEGAL_VECTOR 16u

static void timer_fired(struct timer *t);
static void collect(struct vlapic *a);

static uint32_t *reg_of(const struct vlapic *a, uint32_t reg)
{
	return &a->page[reg * 4];
}

/* Of registers with one bit a vector: the word with this vector's. */
static uint32_t *word_of(const struct vlapic *a, uint32_t first, unsigned int vector)
{
	return reg_of(a, first + vector / 32);
}

int vlapic_init(struct vcpu *v, uint32_t apic_id)
{
	struct vlapic *a = &v->arch.lapic;

	a->page = page_alloc_zeroed();
	if (!a->page)
		return -ENOMEM;
	a->id = apic_id;
	timer_init(&a->timer, timer_fired);
	vlapic_reset(v);
	return 0;
}

/* What waits for its end at the physical APIC would wait for ever, and hold back all below it. */
static void end_level_interrupts(struct vcpu *v)
{
	uint64_t owed;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->arch.lapic.level); i++) {
		owed = __atomic_exchange_n(&v->arch.lapic.level[i], 0, __ATOMIC_SEQ_CST);
		for (; owed; owed &= owed - 1)
			irq_guest_eoi(v, i * 64 + (unsigned int)__builtin_ctzll(owed));
	}
}

static uint32_t logical_id(const struct vlapic *a)
{
	/* Fixed in x2APIC mode: cluster in 31:16, one bit of 15:0 (Intel SDM vol. 3, 11.12.10.2). */
	return (a->id >> 4) << 16 | 1u << (a->id & 15);
}

static void mask_lines(struct vlapic *a)
{
	uint32_t reg;

	*reg_of(a, REG_LVT_CMCI) |= LVT_MASKED;
	for (reg = REG_LVT_TIMER; reg <= REG_LVT_ERROR; reg++)
		*reg_of(a, reg) |= LVT_MASKED;
}

void vlapic_reset(struct vcpu *v)
{
	struct vlapic *a = &v->arch.lapic;

	timer_cancel(&a->timer);
	end_level_interrupts(v);
	collect(a); /* and forget it */
	memset(a->page, 0, PAGE_SIZE);
	a->requested = a->serviced = 0;
	a->esr_pending = 0;
	*reg_of(a, REG_ID) = a->id;
	*reg_of(a, REG_VERSION) = VERSION;
	*reg_of(a, REG_LDR) = logical_id(a);
	*reg_of(a, REG_SVR) = 0xff;
	mask_lines(a);
}

void vlapic_fini(struct vcpu *v)
{
	timer_kill(&v->arch.lapic.timer);
	page_free(v->arch.lapic.page);
	v->arch.lapic.page = NULL;
}

static uint8_t highest(const struct vlapic *a, uint32_t first)
{
	uint32_t i, word;

	for (i = 8; i-- > 0;) {
		word = *reg_of(a, first + i);
		if (word)
			return (uint8_t)(i * 32 + 31 - (uint32_t)__builtin_clz(word));
	}
	return 0;
}

/* ---- requests ---- */

/*
 * First the vector, then that there is one; who takes them over begins with the latter. So if that
 * says so already, whoever said it has seen, or will see, to it that they are taken over, and this
 * one with them (docs/locking.md). true: nobody has.
 */
static bool post(struct posted_requests *p, unsigned int vector)
{
	__atomic_fetch_or(&p->vectors[vector / 64], BIT(vector % 64), __ATOMIC_SEQ_CST);
	return !(__atomic_fetch_or(&p->control, POSTED_OUTSTANDING, __ATOMIC_SEQ_CST) &
		 POSTED_OUTSTANDING);
}

void vlapic_raise(struct vcpu *v, unsigned int vector, bool level)
{
	struct vlapic *a = &v->arch.lapic;
	uint64_t bit = BIT(vector % 64);

	if (level) {
		__atomic_fetch_or(&a->level[vector / 64], bit, __ATOMIC_SEQ_CST);
		post(&a->posted_level, vector);
		vcpu_kick(v);
		return;
	}
	if (READ_ONCE(a->level[vector / 64]) & bit)
		__atomic_fetch_and(&a->level[vector / 64], ~bit, __ATOMIC_SEQ_CST);
	if (!a->takes_posted) {
		post(&a->posted, vector);
		vcpu_kick(v);
	} else {
		vcpu_kick_by(v, post(&a->posted, vector) ? apic_notify_posted : NULL);
	}
}

/* 64 vectors: into the requests, and to the ones that tell which of those are level. */
static void take_over(struct vlapic *a, unsigned int i, uint64_t vectors)
{
	uint64_t level = READ_ONCE(a->level[i]);
	unsigned int half;

	for (half = 0; half < 2; half++, vectors >>= 32, level >>= 32) {
		uint32_t word = (uint32_t)vectors;
		uint32_t *tmr = reg_of(a, REG_TMR + 2 * i + half);

		*reg_of(a, REG_IRR + 2 * i + half) |= word;
		*tmr = (*tmr & ~word) | ((uint32_t)level & word);
	}
}

static void collect_from(struct vlapic *a, struct posted_requests *p)
{
	unsigned int i;

	if (likely(!READ_ONCE(p->control)))
		return;
	__atomic_store_n(&p->control, 0, __ATOMIC_SEQ_CST);
	for (i = 0; i < ARRAY_SIZE(p->vectors); i++) {
		uint64_t vectors = READ_ONCE(p->vectors[i]);

		if (!vectors)
			continue;
		vectors = __atomic_exchange_n(&p->vectors[i], 0, __ATOMIC_SEQ_CST);
		take_over(a, i, vectors);
		a->requested = (uint8_t)MAX(a->requested, i * 64 + 63 -
								  (uint32_t)__builtin_clzll(vectors));
	}
}

/* What was posted since: a request is either there or here, and never lost between. */
static void collect(struct vlapic *a)
{
	collect_from(a, &a->posted);
	collect_from(a, &a->posted_level);
}

/* Any CPU. */
static bool is_requested(const struct vlapic *a, unsigned int vector)
{
	return READ_ONCE(*word_of(a, REG_IRR, vector)) & 1u << vector % 32 ||
	       READ_ONCE(a->posted.vectors[vector / 64]) & BIT(vector % 64);
}

/* ---- priorities and delivery ---- */

bool vlapic_is_enabled(const struct vlapic *a)
{
	return *reg_of(a, REG_SVR) & SVR_ENABLED;
}

static uint32_t task_priority(struct vcpu *v)
{
	uint32_t *tpr = reg_of(&v->arch.lapic, REG_TPR);
	uint32_t upper = virt->get_tpr(v);

	if (upper != *tpr >> 4)
		*tpr = upper << 4;
	return *tpr;
}

static uint32_t processor_priority(struct vcpu *v)
{
	uint32_t tpr = task_priority(v), serviced = v->arch.lapic.serviced;

	return tpr >> 4 >= serviced >> 4 ? tpr : serviced & 0xf0;
}

int vlapic_pending_vector(struct vcpu *v)
{
	struct vlapic *a = &v->arch.lapic;

	collect(a);
	if (!a->requested || !vlapic_is_enabled(a))
		return -1;
	return (uint32_t)a->requested >> 4 > processor_priority(v) >> 4 ? a->requested : -1;
}

int vlapic_held_back_vector(struct vcpu *v)
{
	struct vlapic *a = &v->arch.lapic;

	if (!a->requested || !vlapic_is_enabled(a))
		return -1;
	return a->requested >> 4 > a->serviced >> 4 ? a->requested : -1;
}

/* As hardware that does it by itself (Intel SDM vol. 3, 30.2.2). */
void vlapic_in_service(struct vcpu *v, unsigned int vector)
{
	struct vlapic *a = &v->arch.lapic;

	*word_of(a, REG_IRR, vector) &= ~(1u << vector % 32);
	*word_of(a, REG_ISR, vector) |= 1u << vector % 32;
	a->serviced = (uint8_t)vector;
	a->requested = highest(a, REG_IRR);
}

static void was_ended(struct vcpu *v, unsigned int vector)
{
	uint64_t *level = &v->arch.lapic.level[vector / 64];

	if (READ_ONCE(*level) & BIT(vector % 64)) {
		__atomic_fetch_and(level, ~BIT(vector % 64), __ATOMIC_SEQ_CST);
		irq_guest_eoi(v, vector);
	}
}

static void end_of_interrupt(struct vcpu *v)
{
	struct vlapic *a = &v->arch.lapic;
	unsigned int vector = a->serviced;

	if (!vector)
		return;
	*word_of(a, REG_ISR, vector) &= ~(1u << vector % 32);
	a->serviced = highest(a, REG_ISR);
	was_ended(v, vector);
}

/* ---- timer ---- */

static unsigned int timer_divisor(const struct vlapic *a)
{
	/* Bits 3, 1, 0: 0 = 2, .. 6 = 128, 7 = 1. */
	uint32_t divide = *reg_of(a, REG_TIMER_DIVIDE);
	unsigned int code = (divide & 3) | (divide & 8) >> 1;

	return 1u << ((code + 1) & 7);
}

static uint64_t timer_period_ns(const struct vlapic *a)
{
	return (uint64_t)*reg_of(a, REG_TIMER_INITIAL) * timer_divisor(a) * BUS_CYCLE_NS;
}

static void timer_start(struct vlapic *a)
{
	a->timer_start_ns = clock_ns();
	if (*reg_of(a, REG_TIMER_INITIAL))
		timer_set(&a->timer, a->timer_start_ns + timer_period_ns(a));
	else
		timer_cancel(&a->timer);
}

/*
 * A period shorter than the first only keeps hv busy: the next tick comes later instead. Ticks that
 * the guest masks or has not even taken go on at the second, or a guest whose vCPUs do not run would spend
 * the time of the CPU where their timers are.
 */
#define TIMER_MIN_PERIOD_NS  (20 * NSEC_PER_USEC)
#define TIMER_IDLE_PERIOD_NS NSEC_PER_MSEC

/* When the next tick is due, after the one that is due now. Those that were missed are skipped. */
static uint64_t next_tick(struct vlapic *a, bool is_heard, uint64_t now)
{
	uint64_t period =
		MAX(timer_period_ns(a), is_heard ? TIMER_MIN_PERIOD_NS : TIMER_IDLE_PERIOD_NS);

	a->timer_start_ns += period;
	if (a->timer_start_ns + period <= now)
		a->timer_start_ns = now;
	return a->timer_start_ns + period;
}

static void timer_fired(struct timer *t)
{
	struct vlapic *a = container_of(t, struct vlapic, timer);
	struct vcpu *v = container_of(a, struct vcpu, arch.lapic);
	uint32_t lvt = READ_ONCE(*reg_of(a, REG_LVT_TIMER)), vector = lvt & 0xff;
	bool raises = !(lvt & LVT_MASKED) && vector >= FIRST_LEGAL_VECTOR;
	bool is_heard = raises && !is_requested(a, vector);

	/* Not if the guest has stopped it a moment ago, on another CPU. */
	if ((lvt & LVT_TIMER_MODE) == LVT_TIMER_PERIODIC &&
	    READ_ONCE(*reg_of(a, REG_TIMER_INITIAL)))
		timer_set(&a->timer, next_tick(a, is_heard, clock_ns()));
	if (raises)
		vlapic_raise(v, vector, false);
}

static uint32_t timer_current(const struct vlapic *a)
{
	uint64_t ticks, period = *reg_of(a, REG_TIMER_INITIAL);

	if (!period)
		return 0;
	ticks = (clock_ns() - a->timer_start_ns) / ((uint64_t)timer_divisor(a) * BUS_CYCLE_NS);
	if ((*reg_of(a, REG_LVT_TIMER) & LVT_TIMER_MODE) == LVT_TIMER_PERIODIC)
		ticks %= period;
	return ticks >= period ? 0 : (uint32_t)(period - ticks);
}

/* ---- interprocessor interrupts ---- */

static bool is_target(struct vcpu *sender, struct vcpu *v, uint64_t icr)
{
	uint32_t dest = (uint32_t)(icr >> 32), ldr;

	switch (icr >> 18 & 3) {
	case 1:
		return v == sender;
	case 2:
		return true;
	case 3:
		return v != sender;
	}
	if (dest == BROADCAST)
		return true;
	if (!(icr & BIT(11)))
		return dest == v->arch.lapic.id;
	ldr = logical_id(&v->arch.lapic);
	return dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff);
}

/*
 * INIT and start-up are carried out by the target itself, on its own CPU (arch_vcpu_run): two
 * vCPUs may send them to each other. Bit 31: INIT; bit 8: start-up with the vector in 7:0.
 */
static void send_init(struct vcpu *v)
{
	if (READ_ONCE(v->arch.init_state) == VCPU_WAIT_SIPI)
		return;
	__atomic_store_n(&v->arch.init_request, INIT_REQUESTED, __ATOMIC_SEQ_CST);
	vcpu_kick(v);
}

static void send_startup(struct vcpu *v, uint32_t vector)
{
	/* In this order, see vlapic_take_init(). */
	bool init_waits = READ_ONCE(v->arch.init_request) & INIT_REQUESTED;

	smp_rmb();
	if (!init_waits && READ_ONCE(v->arch.init_state) != VCPU_WAIT_SIPI)
		return; /* it runs: a second start-up is ignored */
	__atomic_fetch_or(&v->arch.init_request, STARTUP_REQUESTED | vector, __ATOMIC_SEQ_CST);
	vcpu_set_online(v, true);
	vcpu_kick(v);
}

uint32_t vlapic_take_init(struct vcpu *v)
{
	uint32_t request = READ_ONCE(v->arch.init_request);

	/*
	 * To carry out an INIT takes a while, and the start-up may follow at once: its sender must see
	 * that v waits for it before it no longer sees the INIT.
	 */
	do {
		if (request & INIT_REQUESTED)
			WRITE_ONCE(v->arch.init_state, VCPU_WAIT_SIPI);
	} while (!__atomic_compare_exchange_n(&v->arch.init_request, &request, 0, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return request;
}

static void send_one(struct vcpu *v, unsigned int mode, uint32_t vector)
{
	switch (mode) {
	case MODE_FIXED:
	case MODE_LOWEST:
		vlapic_raise(v, vector, false);
		break;
	case MODE_NMI:
		arch_vcpu_raise_nmi(v);
		break;
	case MODE_INIT:
		send_init(v);
		break;
	case MODE_SIPI:
		send_startup(v, vector);
		break;
	}
}

/* Shown by the next write to the ESR, and told at once by the error entry's vector. */
static void note_error(struct vcpu *v, uint32_t error)
{
	struct vlapic *a = &v->arch.lapic;
	uint32_t lvt = *reg_of(a, REG_LVT_ERROR);

	a->esr_pending |= error;
	if (!(lvt & LVT_MASKED) && (lvt & 0xff) >= FIRST_LEGAL_VECTOR)
		vlapic_raise(v, lvt & 0xff, false);
}

static void send_ipi(struct vcpu *sender, uint64_t icr)
{
	struct domain *d = sender->domain;
	unsigned int mode = icr >> 8 & 7;
	uint32_t vector = icr & 0xff, i;

	if (mode <= MODE_LOWEST && vector < FIRST_LEGAL_VECTOR) {
		note_error(sender, (uint32_t)ESR_SEND_ILLEGAL);
		return;
	}
	/* INIT with the level bit clear is the old "de-assert": nothing happens. */
	if (mode == MODE_INIT && !(icr & BIT(14)))
		return;
	for (i = 0; i < d->nr_vcpus; i++) {
		if (!is_target(sender, d->vcpus[i], icr))
			continue;
		send_one(d->vcpus[i], mode, vector);
		if (mode == MODE_LOWEST)
			break;
	}
}

/* ---- registers ---- */

bool vlapic_is_in_page(uint32_t msr)
{
	switch (msr - MSR_X2APIC_FIRST) {
	case REG_ID:
	case REG_VERSION:
	case REG_TPR:
	case REG_PPR:
	case REG_LDR:
	case REG_SVR:
	case REG_ISR ... REG_IRR + 7:
	case REG_ESR:
	case REG_ICR:
	case REG_LVT_CMCI:
	case REG_LVT_TIMER ... REG_LVT_ERROR:
	case REG_TIMER_INITIAL:
	case REG_TIMER_DIVIDE:
		return true;
	}
	return false;
}

int vlapic_read(struct vcpu *v, uint32_t msr, uint64_t *ret_value)
{
	struct vlapic *a = &v->arch.lapic;
	uint32_t reg = msr - MSR_X2APIC_FIRST;

	collect(a);
	switch (reg) {
	case REG_TPR:
		*ret_value = task_priority(v);
		return 0;
	case REG_PPR:
		*ret_value = processor_priority(v);
		return 0;
	case REG_TIMER_CURRENT:
		*ret_value = timer_current(a);
		return 0;
	}
	if (!vlapic_is_in_page(msr))
		return -EINVAL;
	/* Only the ICR has 64 bits; the page has zeros for the others'. */
	*ret_value = (uint64_t)reg_of(a, reg)[1] << 32 | *reg_of(a, reg);
	return 0;
}

static int write_lvt(struct vlapic *a, uint32_t reg, uint32_t value)
{
	uint32_t writable = LVT_WRITABLE;

	if (reg == REG_LVT_TIMER)
		writable = (LVT_WRITABLE & ~0x100u) | LVT_TIMER_MODE;
	else if (reg != REG_LVT_ERROR)
		writable = LVT_LINT_WRITABLE;
	if (!vlapic_is_enabled(a))
		value |= LVT_MASKED;
	*reg_of(a, reg) = value & writable;
	return 0;
}

static int write_svr(struct vlapic *a, uint32_t value)
{
	*reg_of(a, REG_SVR) = value & 0x1ff;
	if (!(value & SVR_ENABLED))
		mask_lines(a);
	return 0;
}

int vlapic_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	struct vlapic *a = &v->arch.lapic;
	uint32_t reg = msr - MSR_X2APIC_FIRST;

	/* Only the ICR has 64 bits. */
	if (reg != REG_ICR && value >> 32)
		return -EINVAL;
	switch (reg) {
	case REG_TPR:
		if (value & ~0xffull)
			return -EINVAL;
		*reg_of(a, REG_TPR) = (uint32_t)value;
		virt->set_tpr(v, (uint32_t)value >> 4);
		return 0;
	case REG_EOI:
		if (value)
			return -EINVAL;
		end_of_interrupt(v);
		return 0;
	case REG_SVR:
		return write_svr(a, (uint32_t)value);
	case REG_ESR:
		if (value)
			return -EINVAL;
		*reg_of(a, REG_ESR) = a->esr_pending;
		a->esr_pending = 0;
		return 0;
	case REG_ICR:
		reg_of(a, REG_ICR)[0] = (uint32_t)value & ~(uint32_t)BIT(12); /* status: always idle */
		reg_of(a, REG_ICR)[1] = (uint32_t)(value >> 32);
		send_ipi(v, value);
		return 0;
	case REG_LVT_CMCI:
	case REG_LVT_TIMER ... REG_LVT_ERROR:
		return write_lvt(a, reg, (uint32_t)value);
	case REG_TIMER_INITIAL:
		*reg_of(a, REG_TIMER_INITIAL) = (uint32_t)value;
		timer_start(a);
		return 0;
	case REG_TIMER_DIVIDE:
		*reg_of(a, REG_TIMER_DIVIDE) = (uint32_t)value & 0xb;
		return 0;
	case REG_SELF_IPI:
		if (value & ~0xffull)
			return -EINVAL;
		if (value >= FIRST_LEGAL_VECTOR)
			vlapic_raise(v, (uint32_t)value, false);
		else
			note_error(v, (uint32_t)ESR_SEND_ILLEGAL);
		return 0;
	}
	return -EINVAL;
}

void vlapic_was_written(struct vcpu *v, uint32_t msr, unsigned int vector)
{
	switch (msr - MSR_X2APIC_FIRST) {
	case REG_EOI:
		was_ended(v, vector);
		break;
	case REG_SELF_IPI:
		note_error(v, (uint32_t)ESR_SEND_ILLEGAL);
		break;
	}
}

/* ---- what the core calls ---- */

void arch_vcpu_raise(struct vcpu *v, uint32_t vector)
{
	vlapic_raise(v, vector & 0xff, false);
}

void arch_vcpu_raise_level(struct vcpu *v, uint32_t vector)
{
	vlapic_raise(v, vector & 0xff, true);
}

void arch_vcpu_raise_nmi(struct vcpu *v)
{
	__atomic_store_n(&v->arch.nmi_pending, 1, __ATOMIC_SEQ_CST);
	vcpu_kick(v);
}

struct vcpu *arch_vcpu_by_apic_id(struct domain *d, uint32_t apic_id)
{
	uint32_t i;

	for (i = 0; i < d->nr_vcpus; i++)
		if (d->vcpus[i]->arch.lapic.id == apic_id)
			return d->vcpus[i];
	return NULL;
}

uint32_t arch_vcpu_apic_id(const struct vcpu *v)
{
	return v->arch.lapic.id;
}
