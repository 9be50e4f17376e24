// SPDX-License-Identifier: GPL-2.0-or-later
/* Hypercall numbers and their handlers. What is not in the table answers -ENOSYS. */
#include "hypercall.h"

#include <hv/compiler.h>
#include <hv/errno.h>
#include <hv/trace.h>

#include <hvabi/control.h>
#include <xen/xen.h>

#include "policy.h"

typedef int64_t hypercall_fn(struct hypercall *c);

struct hypercall_entry {
	hypercall_fn *handler;
	bool privileged; /* the control domain only, others: -EPERM */
	bool only_64bit; /* structures have no 32-bit form here: -ENOSYS */
};

static const struct hypercall_entry table[] = {
	[__HYPERVISOR_platform_op] = { hypercall_platform_op, true, true },
	[__HYPERVISOR_memory_op] = { hypercall_memory_op, false, false },
	[__HYPERVISOR_set_timer_op] = { hypercall_set_timer_op, false, false },
	[__HYPERVISOR_xen_version] = { hypercall_xen_version, false, false },
	[__HYPERVISOR_console_io] = { hypercall_console_io, false, false },
	[__HYPERVISOR_grant_table_op] = { hypercall_grant_table_op, false, false },
	[__HYPERVISOR_vm_assist] = { hypercall_vm_assist, false, false },
	[__HYPERVISOR_vcpu_op] = { hypercall_vcpu_op, false, true },
	[__HYPERVISOR_sched_op] = { hypercall_sched_op, false, false },
	[__HYPERVISOR_event_channel_op] = { hypercall_event_channel_op, false, false },
	[__HYPERVISOR_physdev_op] = { hypercall_physdev_op, false, true },
	[__HYPERVISOR_hvm_op] = { hypercall_hvm_op, false, false },
	[HVABI_CONTROL_HYPERCALL] = { hypercall_control, true, true },
};

int64_t hypercall_dispatch(struct hypercall *c, uint64_t number)
{
	const struct hypercall_entry *e;

	trace(TRACE_HYPERCALL, number, c->args[0]);
	if (number >= ARRAY_SIZE(table))
		return -ENOSYS;
	e = &table[index_nospec(number, ARRAY_SIZE(table))];
	if (!e->handler)
		return -ENOSYS;
	if (e->privileged && !policy_is_privileged(c->d))
		return -EPERM;
	if (e->only_64bit && !c->is_64bit)
		return -ENOSYS;
	return e->handler(c);
}

int64_t hypercall_batch(struct hypercall *c, size_t size,
			int (*one)(struct hypercall *c, uint64_t at))
{
	uint32_t i, count = (uint32_t)c->args[2];
	int err;

	for (i = 0; i < MIN(count, HYPERCALL_BATCH); i++) {
		err = one(c, c->args[1]);
		if (err)
			return err;
		c->args[1] += size;
	}
	c->args[2] = count - i;
	return i < count ? -ERESTART : 0;
}
