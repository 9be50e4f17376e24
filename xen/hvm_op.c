// SPDX-License-Identifier: GPL-2.0-or-later
/* hvm_op: a domain's parameters, and which vector announces events. */
#include <hv/arch.h>
#include <hv/errno.h>

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#include "hypercall.h"
#include "policy.h"
#include "shared_info.h"

#define FIRST_USABLE_VECTOR 16u

static void kick_all(struct domain *d)
{
	uint32_t i;

	for (i = 0; i < d->nr_vcpus; i++)
		vcpu_kick(d->vcpus[i]);
}

/*
 * Bits 63:56 tell the kind. A vector is what we deliver; the other kinds (a line of an interrupt
 * controller that PVH does not have) mean that the guest wants no global vector.
 */
static int set_callback(struct domain *d, uint64_t value)
{
	uint8_t vector = 0;

	if (value >> 56 == HVM_PARAM_CALLBACK_TYPE_VECTOR) {
		if ((value & 0xff) < FIRST_USABLE_VECTOR)
			return -EINVAL;
		vector = (uint8_t)value;
	}
	__atomic_store_n(&d->abi->callback_vector, vector, __ATOMIC_SEQ_CST);
	kick_all(d); /* something may be pending already */
	return 0;
}

static int set_param(struct hypercall *c, struct domain *d, const struct xen_hvm_param *p)
{
	int err = 0;

	if (!policy_may_set_hvm_param(c->d, d, p->index))
		return -EPERM;
	if (p->index == HVM_PARAM_CALLBACK_IRQ) {
		if (d == c->d)
			shared_info_latch_layout(c->v);
		err = set_callback(d, p->value);
	}
	if (err)
		return err;
	spin_lock(&d->abi->lock);
	d->abi->hvm_params[index_nospec(p->index, HVM_NR_PARAMS)] = p->value;
	spin_unlock(&d->abi->lock);
	return 0;
}

static int op_param(struct hypercall *c, bool set)
{
	struct xen_hvm_param p;
	struct domain *d;
	int err;

	if (hypercall_read(c->args[1], p))
		return -EFAULT;
	if (p.index >= HVM_NR_PARAMS)
		return -EINVAL;
	err = policy_get_target(c->d, p.domid, &d);
	if (err)
		return err;
	if (set) {
		err = set_param(c, d, &p);
	} else {
		spin_lock(&d->abi->lock);
		p.value = d->abi->hvm_params[index_nospec(p.index, HVM_NR_PARAMS)];
		spin_unlock(&d->abi->lock);
		err = hypercall_write(c->args[1], p);
	}
	domain_put(d);
	return err;
}

static int op_set_upcall_vector(struct hypercall *c)
{
	struct xen_hvm_evtchn_upcall_vector op;
	struct vcpu *v;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	if (op.vector < FIRST_USABLE_VECTOR)
		return -EINVAL;
	if (op.vcpu >= c->d->nr_vcpus)
		return -ENOENT;
	shared_info_latch_layout(c->v);
	v = c->d->vcpus[index_nospec(op.vcpu, c->d->nr_vcpus)];
	__atomic_store_n(&v->abi->upcall_vector, op.vector, __ATOMIC_SEQ_CST);
	/*
	 * What became pending before had no vector to be raised with, and while the flag is up
	 * nothing raises one: now is the time, or no event ever arrives.
	 */
	if (READ_ONCE(v->abi->info->evtchn_upcall_pending))
		arch_vcpu_raise(v, op.vector);
	return 0;
}

int64_t hypercall_hvm_op(struct hypercall *c)
{
	switch ((uint32_t)c->args[0]) {
	case HVMOP_set_param:
		return op_param(c, true);
	case HVMOP_get_param:
		return op_param(c, false);
	case HVMOP_set_evtchn_upcall_vector:
		return op_set_upcall_vector(c);
	default: /* pagetable_dying, get_mem_type: for guests with an emulator */
		return -ENOSYS;
	}
}
