// SPDX-License-Identifier: GPL-2.0-or-later
/* platform_op: what the control domain may ask of, or tell about, the machine. */
#include <hv/clock.h>
#include <hv/errno.h>

#include <xen/platform.h>

#include "hypercall.h"
#include "shared_info.h"

/* All domains see the new wall clock: their shared info pages are written one by one. */
static void show_wall_clock_to_all(void)
{
	struct domain *d;
	domid_t id = 0;

	while ((d = domain_get_next(id))) {
		if (d->abi && d->state != DOMAIN_DYING)
			shared_info_show_wall_clock(d);
		id = (domid_t)(d->id + 1);
		domain_put(d);
		if (id >= DOMID_LIMIT)
			break;
	}
}

/* UTC was secs.nsecs at 'system_time': what was it at 0? */
static int set_time(uint64_t secs, uint32_t nsecs, uint64_t system_time)
{
	uint64_t before_s = system_time / NSEC_PER_SEC;
	uint64_t before_ns = system_time % NSEC_PER_SEC;

	if (nsecs >= NSEC_PER_SEC || secs <= before_s)
		return -EINVAL;
	secs -= before_s;
	if (nsecs < before_ns) {
		secs--;
		nsecs = (uint32_t)(nsecs + NSEC_PER_SEC);
	}
	nsecs = (uint32_t)(nsecs - before_ns);
	clock_set_wall_base(secs, nsecs);
	show_wall_clock_to_all();
	return 0;
}

int64_t hypercall_platform_op(struct hypercall *c)
{
	struct xen_platform_op op;

	/* Not the whole union: it is as long as its longest member. */
	if (copy_from_guest(&op, c->args[0], offsetof(struct xen_platform_op, u) +
						     sizeof(op.u.settime64)))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	switch (op.cmd) {
	case XENPF_settime32:
		return set_time(op.u.settime32.secs, op.u.settime32.nsecs,
				op.u.settime32.system_time);
	case XENPF_settime64:
		if (op.u.settime64.mbz)
			return -EINVAL;
		return set_time(op.u.settime64.secs, op.u.settime64.nsecs,
				op.u.settime64.system_time);
	default:
		return -ENOSYS;
	}
}
