// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtual interrupts: events that hv itself raises. A vCPU has a table from VIRQ to port; those
 * that concern a whole domain are in vCPU 0's. The table's lock is held while the event is
 * raised, so that a port which is closed is not raised any more afterwards.
 */
#include "evtchn.h"

#include <hv/errno.h>

#include "abi_state.h"

bool virq_is_global(uint32_t virq)
{
	switch (virq) {
	case VIRQ_TIMER:
	case VIRQ_DEBUG:
	case VIRQ_XENOPROF:
	case VIRQ_XENPMU:
		return false;
	default:
		return true;
	}
}

int virq_attach(struct domain *d, uint32_t virq, uint32_t vcpu, uint32_t port)
{
	struct abi_vcpu *a = d->vcpus[vcpu]->abi;
	int err = -EEXIST;

	spin_lock(&a->virq_lock);
	if (!a->virq_to_port[virq]) {
		a->virq_to_port[virq] = port;
		err = 0;
	}
	spin_unlock(&a->virq_lock);
	return err;
}

void virq_detach(struct domain *d, uint32_t virq, uint32_t vcpu)
{
	struct abi_vcpu *a = d->vcpus[vcpu]->abi;

	spin_lock(&a->virq_lock);
	a->virq_to_port[virq] = 0;
	spin_unlock(&a->virq_lock);
}

void virq_raise(struct vcpu *v, uint32_t virq)
{
	struct abi_vcpu *a = v->abi;
	uint32_t port;

	spin_lock(&a->virq_lock);
	port = a->virq_to_port[virq];
	if (port)
		evtchn_raise(v->domain, evtchn_of(v->domain, port));
	spin_unlock(&a->virq_lock);
}

void virq_raise_global(struct domain *d, uint32_t virq)
{
	virq_raise(d->vcpus[0], virq);
}
