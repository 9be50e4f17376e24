// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may do what to whom. There are two kinds of domains: the control domain may act on every
 * other, a guest on itself alone; grants and event channels are agreements between two parties
 * and carry their own permission.
 */
#include "policy.h"

#include <hv/domain.h>
#include <hv/errno.h>

#include <xen/hvm/params.h>
#include <xen/xen.h>

bool policy_is_privileged(const struct domain *caller)
{
	return domain_is_control(caller);
}

void policy_hold(struct domain *d)
{
	__atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);
}

int policy_get_partner(struct domain *caller, domid_t id, struct domain **ret_d)
{
	struct domain *d;

	if (id == DOMID_SELF || id == caller->id) {
		policy_hold(caller);
		*ret_d = caller;
		return 0;
	}
	if (id >= DOMID_LIMIT)
		return -ESRCH;
	d = domain_get(id);
	if (!d)
		return -ESRCH;
	*ret_d = d;
	return 0;
}

int policy_get_target(struct domain *caller, domid_t id, struct domain **ret_d)
{
	if (id != DOMID_SELF && id != caller->id && !policy_is_privileged(caller))
		return -EPERM;
	return policy_get_partner(caller, id, ret_d);
}

bool policy_may_bind_virq(const struct domain *caller, uint32_t virq)
{
	switch (virq) {
	case VIRQ_TIMER:
	case VIRQ_DEBUG:
		return true;
	default:
		return policy_is_privileged(caller);
	}
}

bool policy_may_set_hvm_param(const struct domain *caller, const struct domain *target,
			      uint32_t index)
{
	if (caller != target)
		return policy_is_privileged(caller);
	switch (index) {
	case HVM_PARAM_CALLBACK_IRQ:
	case HVM_PARAM_VM_GENERATION_ID_ADDR:
		return true;
	default:
		return policy_is_privileged(caller);
	}
}
