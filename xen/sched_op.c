// SPDX-License-Identifier: GPL-2.0-or-later
/* sched_op: give up the CPU, wait for events, stop the domain. */
#include "sched_op.h"

#include <hv/clock.h>
#include <hv/console.h>
#include <hv/errno.h>
#include <hv/panic.h>
#include <hv/timer.h>

#include <xen/sched.h>

#include "hypercall.h"
#include "policy.h"

#define POLL_MAX_PORTS 128u
#define WATCHDOG_MAX_S (24u * 3600u)

/* ---- poll ---- */

static void poll_timed_out(struct timer *t)
{
	vcpu_kick(container_of(t, struct abi_vcpu, poll_timer)->vcpu);
}

static void poll_mark(struct vcpu *v, bool on)
{
	uint64_t *word = &v->domain->abi->poll_mask[v->id / 64];

	if (on)
		__atomic_fetch_or(word, BIT(v->id % 64), __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(word, ~BIT(v->id % 64), __ATOMIC_SEQ_CST);
}

struct poll_args {
	uint64_t ports;
	uint32_t nr_ports;
	uint64_t timeout; /* system time, 0: none */
};

static int read_poll(struct hypercall *c, struct poll_args *ret)
{
	struct sched_poll op;
	struct {
		uint32_t ports, nr_ports;
		uint64_t timeout;
	} op32;

	if (c->is_64bit) {
		if (hypercall_read(c->args[1], op))
			return -EFAULT;
		*ret = (struct poll_args){ GUEST_PTR(op.ports), op.nr_ports, op.timeout };
	} else {
		if (hypercall_read(c->args[1], op32))
			return -EFAULT;
		*ret = (struct poll_args){ op32.ports, op32.nr_ports, op32.timeout };
	}
	return ret->nr_ports > POLL_MAX_PORTS ? -EINVAL : 0;
}

/* 1: one of the ports is pending. */
static int look_at_ports(struct hypercall *c, const struct poll_args *p)
{
	evtchn_port_t port;
	uint32_t i;

	for (i = 0; i < p->nr_ports; i++) {
		if (copy_from_guest(&port, p->ports + i * sizeof(port), sizeof(port)))
			return -EFAULT;
		if (!evtchn_of(c->d, port))
			return -EINVAL;
		if (p->nr_ports == 1)
			WRITE_ONCE(c->v->abi->poll_port, port);
		if (evtchn_is_pending(c->d, port))
			return 1;
	}
	return 0;
}

static int op_poll(struct hypercall *c)
{
	struct abi_vcpu *a = c->v->abi;
	struct poll_args p;
	int ret;

	ret = read_poll(c, &p);
	if (ret)
		return ret;

	timer_cancel(&a->poll_timer);
	/* Marked before the look: an event from now on wakes us, one before is seen. */
	WRITE_ONCE(a->poll_port, 0);
	poll_mark(c->v, true);
	ret = look_at_ports(c, &p);
	if (ret) {
		poll_mark(c->v, false);
		return ret < 0 ? ret : 0;
	}
	if (p.timeout) {
		if (p.timeout <= clock_ns()) {
			poll_mark(c->v, false);
			return 0;
		}
		timer_set(&a->poll_timer, p.timeout);
	}
	vcpu_block(c->v);
	return 0;
}

/* ---- yield ---- */

#define BOOT_LOADER_NAP_NS NSEC_PER_MSEC

/*
 * A boot loader in 32-bit mode has no interrupts: it waits for its disk by yielding in a loop. It
 * naps until an event is raised for it, instead of burning the CPU of those who serve it.
 */
static void op_yield(struct hypercall *c)
{
	struct abi_vcpu *a = c->v->abi;

	if (c->is_64bit || a->upcall_vector || READ_ONCE(c->d->abi->callback_vector)) {
		vcpu_yield(c->v);
		return;
	}
	timer_set(&a->poll_timer, clock_ns() + BOOT_LOADER_NAP_NS);
	vcpu_block(c->v);
}

/* ---- shutdown ---- */

static int shut_down(struct domain *d, uint32_t reason)
{
	if (reason > SHUTDOWN_MAX)
		return -EINVAL;
	if (domain_is_control(d)) {
		log_info("the control domain has stopped, reason %u\n", reason);
		if (reason == SHUTDOWN_poweroff)
			host_halt();
		if (reason == SHUTDOWN_crash)
			panic("the control domain crashed\n");
		host_restart();
	}
	domain_shutdown(d, (enum shutdown_reason)reason);
	return 0;
}

static int op_shutdown(struct hypercall *c)
{
	struct sched_shutdown op;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	return shut_down(c->d, op.reason);
}

static int op_remote_shutdown(struct hypercall *c)
{
	struct sched_remote_shutdown op;
	struct domain *d;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	if (!policy_is_privileged(c->d))
		return -EPERM;
	err = policy_get_target(c->d, op.domain_id, &d);
	if (err)
		return err;
	err = shut_down(d, op.reason);
	domain_put(d);
	return err;
}

/* ---- watchdog: a guest that does not call again in time is stopped ---- */

static void watchdog_fired(struct timer *t)
{
	struct abi_watchdog *w = container_of(t, struct abi_watchdog, timer);

	log_warning("d%u: watchdog fired\n", w->domain->id);
	domain_shutdown(w->domain, SHUTDOWN_REASON_WATCHDOG);
}

static int watchdog_start(struct abi_domain *a, uint32_t timeout_s)
{
	uint32_t i;

	for (i = 0; i < ABI_NR_WATCHDOGS; i++) {
		if (a->watchdogs[i].in_use)
			continue;
		a->watchdogs[i].in_use = true;
		timer_set(&a->watchdogs[i].timer, clock_ns() + timeout_s * NSEC_PER_SEC);
		return (int)i + 1;
	}
	return -ENOSPC;
}

static int op_watchdog(struct hypercall *c)
{
	struct abi_domain *a = c->d->abi;
	struct sched_watchdog op;
	uint64_t i;
	int ret = 0;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	if (op.id > ABI_NR_WATCHDOGS || op.timeout > WATCHDOG_MAX_S || domain_is_control(c->d))
		return -EINVAL;
	spin_lock(&a->lock);
	if (op.id == 0) {
		ret = op.timeout ? watchdog_start(a, op.timeout) : -EINVAL;
		goto out;
	}
	i = index_nospec(op.id - 1, ABI_NR_WATCHDOGS);
	if (!a->watchdogs[i].in_use) {
		ret = -EINVAL;
	} else if (op.timeout) {
		timer_set(&a->watchdogs[i].timer, clock_ns() + op.timeout * NSEC_PER_SEC);
	} else {
		a->watchdogs[i].in_use = false;
		timer_cancel(&a->watchdogs[i].timer);
	}
out:
	spin_unlock(&a->lock);
	return ret;
}

/* ---- init, table ---- */

void sched_op_domain_init(struct domain *d)
{
	uint32_t i;

	for (i = 0; i < ABI_NR_WATCHDOGS; i++) {
		d->abi->watchdogs[i].domain = d;
		timer_init(&d->abi->watchdogs[i].timer, watchdog_fired);
	}
}

void sched_op_domain_fini(struct domain *d)
{
	uint32_t i;

	for (i = 0; i < ABI_NR_WATCHDOGS; i++)
		timer_kill(&d->abi->watchdogs[i].timer);
}

void sched_op_vcpu_init(struct vcpu *v)
{
	timer_init(&v->abi->poll_timer, poll_timed_out);
}

void sched_op_vcpu_fini(struct vcpu *v)
{
	timer_kill(&v->abi->poll_timer);
}

int64_t hypercall_sched_op(struct hypercall *c)
{
	switch ((uint32_t)c->args[0]) {
	case SCHEDOP_yield:
		op_yield(c);
		return 0;
	case SCHEDOP_block:
		vcpu_block(c->v);
		return 0;
	case SCHEDOP_poll:
		return op_poll(c);
	case SCHEDOP_shutdown:
		return op_shutdown(c);
	case SCHEDOP_remote_shutdown:
		return op_remote_shutdown(c);
	case SCHEDOP_watchdog:
		return op_watchdog(c);
	default:
		return -ENOSYS;
	}
}
