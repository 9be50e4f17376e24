// SPDX-License-Identifier: GPL-2.0-or-later
/* vcpu_op and set_timer_op: a vCPU's life, timers, and where it wants to see time and events. */
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/errno.h>
#include <hv/string.h>
#include <hv/timer.h>

#include <xen/vcpu.h>

#include "hypercall.h"
#include "shared_info.h"
#include "vcpu_op.h"

#define ETIME	      62
#define PERIOD_MIN_NS NSEC_PER_MSEC

/* ---- timers: they raise VIRQ_TIMER ---- */

static void singleshot_fired(struct timer *t)
{
	virq_raise(container_of(t, struct abi_vcpu, singleshot)->vcpu, VIRQ_TIMER);
}

static void periodic_fired(struct timer *t)
{
	struct abi_vcpu *a = container_of(t, struct abi_vcpu, periodic);
	uint64_t period = READ_ONCE(a->periodic_ns);

	virq_raise(a->vcpu, VIRQ_TIMER);
	if (period)
		timer_set(t, clock_ns() + period);
}

void vcpu_timers_init(struct vcpu *v)
{
	timer_init(&v->abi->singleshot, singleshot_fired);
	timer_init(&v->abi->periodic, periodic_fired);
}

void vcpu_timers_fini(struct vcpu *v)
{
	WRITE_ONCE(v->abi->periodic_ns, 0);
	timer_kill(&v->abi->singleshot);
	timer_kill(&v->abi->periodic);
}

static int set_singleshot(struct hypercall *c, struct vcpu *v)
{
	struct vcpu_set_singleshot_timer op;

	if (v != c->v)
		return -EINVAL;
	if (hypercall_read(c->args[2], op))
		return -EFAULT;
	if ((op.flags & VCPU_SSHOTTMR_future) && op.timeout_abs_ns < clock_ns())
		return -ETIME;
	timer_set(&v->abi->singleshot, op.timeout_abs_ns);
	return 0;
}

static int stop_singleshot(struct hypercall *c, struct vcpu *v)
{
	if (v != c->v)
		return -EINVAL;
	timer_cancel(&v->abi->singleshot);
	return 0;
}

static int set_periodic(struct hypercall *c, struct vcpu *v)
{
	struct vcpu_set_periodic_timer op;

	if (v != c->v)
		return -EINVAL;
	if (hypercall_read(c->args[2], op))
		return -EFAULT;
	if (op.period_ns < PERIOD_MIN_NS || op.period_ns > 3600 * NSEC_PER_SEC)
		return -EINVAL;
	WRITE_ONCE(v->abi->periodic_ns, op.period_ns);
	timer_set(&v->abi->periodic, clock_ns() + op.period_ns);
	return 0;
}

static int stop_periodic(struct vcpu *v)
{
	WRITE_ONCE(v->abi->periodic_ns, 0);
	timer_cancel(&v->abi->periodic);
	return 0;
}

/* The older call for the same timer: 0 stops it. */
int64_t hypercall_set_timer_op(struct hypercall *c)
{
	uint64_t timeout = c->is_64bit ? c->args[0] : c->args[1] << 32 | c->args[0];

	if (timeout)
		timer_set(&c->v->abi->singleshot, timeout);
	else
		timer_cancel(&c->v->abi->singleshot);
	return 0;
}

/* ---- the rest ---- */

static int down(struct vcpu *v)
{
	v->abi->is_down = true;
	vcpu_set_online(v, false);
	return 0;
}

/* Only back up: a vCPU's first start is INIT and SIPI. */
static int up(struct vcpu *v)
{
	if (!v->abi->is_down)
		return vcpu_is_online(v) ? 0 : -EINVAL;
	v->abi->is_down = false;
	vcpu_set_online(v, true);
	return 0;
}

static int get_runstate(struct hypercall *c, struct vcpu *v)
{
	struct vcpu_runstate_info info;
	enum vcpu_state state;

	memset(&info, 0, sizeof(info));
	vcpu_get_runstate(v, &state, &info.state_entry_time, info.time);
	info.state = (int)state;
	return hypercall_write(c->args[2], info);
}

static int register_vcpu_info(struct hypercall *c, struct vcpu *v)
{
	struct vcpu_register_vcpu_info op;

	if (hypercall_read(c->args[2], op))
		return -EFAULT;
	return vcpu_info_register(v, gfn_from(op.mfn), op.offset);
}

static int register_runstate(struct hypercall *c, struct vcpu *v)
{
	struct vcpu_register_runstate_memory_area op;

	if (hypercall_read(c->args[2], op))
		return -EFAULT;
	return runstate_area_register(v, op.addr.p);
}

static int register_time(struct hypercall *c, struct vcpu *v)
{
	struct vcpu_register_time_memory_area op;

	if (hypercall_read(c->args[2], op))
		return -EFAULT;
	return time_area_register(v, op.addr.p);
}

int64_t hypercall_vcpu_op(struct hypercall *c)
{
	uint64_t id = (uint32_t)c->args[1];
	struct vcpu *v;

	if (id >= c->d->nr_vcpus)
		return -ENOENT;
	v = c->d->vcpus[index_nospec(id, c->d->nr_vcpus)];

	switch ((uint32_t)c->args[0]) {
	case VCPUOP_up:
		return up(v);
	case VCPUOP_down:
		return down(v);
	case VCPUOP_is_up:
		return vcpu_is_online(v) ? 1 : 0;
	case VCPUOP_get_runstate_info:
		return get_runstate(c, v);
	case VCPUOP_register_runstate_memory_area:
		return register_runstate(c, v);
	case VCPUOP_set_periodic_timer:
		return set_periodic(c, v);
	case VCPUOP_stop_periodic_timer:
		return stop_periodic(v);
	case VCPUOP_set_singleshot_timer:
		return set_singleshot(c, v);
	case VCPUOP_stop_singleshot_timer:
		return stop_singleshot(c, v);
	case VCPUOP_register_vcpu_info:
		return register_vcpu_info(c, v);
	case VCPUOP_register_vcpu_time_memory_area:
		return register_time(c, v);
	case VCPUOP_send_nmi:
		arch_vcpu_raise_nmi(v);
		return 0;
	default: /* initialise, get_physid */
		return -ENOSYS;
	}
}
