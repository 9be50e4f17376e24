// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event channel hypercall: arguments in, evtchn.c does it, results out. Its structures are the
 * same for 32-bit and 64-bit callers.
 */
#include <hv/errno.h>

#include <xen/event_channel.h>

#include "evtchn.h"
#include "hypercall.h"
#include "policy.h"

/* Gives the port back if the guest cannot be told its number. */
static int tell_or_close(struct domain *d, uint32_t port, int err)
{
	int ignored;

	if (err) {
		ignored = evtchn_close(d, port);
		(void)ignored;
	}
	return err;
}

static int op_alloc_unbound(struct hypercall *c)
{
	struct evtchn_alloc_unbound op;
	struct domain *d;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	err = policy_get_target(c->d, op.dom, &d);
	if (err)
		return err;
	if (op.remote_dom == DOMID_SELF)
		op.remote_dom = c->d->id;
	err = evtchn_alloc_unbound(d, op.remote_dom, &op.port);
	if (!err)
		err = tell_or_close(d, op.port, hypercall_write(c->args[1], op));
	domain_put(d);
	return err;
}

static int op_bind_interdomain(struct hypercall *c)
{
	struct evtchn_bind_interdomain op;
	struct domain *rd;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	err = policy_get_partner(c->d, op.remote_dom, &rd);
	if (err)
		return err;
	err = evtchn_bind_interdomain(c->d, c->v, rd, op.remote_port, &op.local_port);
	if (!err)
		err = tell_or_close(c->d, op.local_port, hypercall_write(c->args[1], op));
	domain_put(rd);
	return err;
}

static int op_bind_virq(struct hypercall *c)
{
	struct evtchn_bind_virq op;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	if (!policy_may_bind_virq(c->d, op.virq))
		return -EPERM;
	err = evtchn_bind_virq(c->d, op.virq, op.vcpu, &op.port);
	if (!err)
		err = tell_or_close(c->d, op.port, hypercall_write(c->args[1], op));
	return err;
}

static int op_bind_ipi(struct hypercall *c)
{
	struct evtchn_bind_ipi op;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	err = evtchn_bind_ipi(c->d, op.vcpu, &op.port);
	if (!err)
		err = tell_or_close(c->d, op.port, hypercall_write(c->args[1], op));
	return err;
}

static int op_close(struct hypercall *c)
{
	struct evtchn_close op;

	return hypercall_read(c->args[1], op) ? -EFAULT : evtchn_close(c->d, op.port);
}

static int op_send(struct hypercall *c)
{
	struct evtchn_send op;

	return hypercall_read(c->args[1], op) ? -EFAULT : evtchn_send(c->d, op.port);
}

static int op_unmask(struct hypercall *c)
{
	struct evtchn_unmask op;

	return hypercall_read(c->args[1], op) ? -EFAULT : evtchn_unmask(c->d, op.port);
}

static int op_bind_vcpu(struct hypercall *c)
{
	struct evtchn_bind_vcpu op;

	return hypercall_read(c->args[1], op) ? -EFAULT : evtchn_bind_vcpu(c->d, op.port, op.vcpu);
}

static int op_set_priority(struct hypercall *c)
{
	struct evtchn_set_priority op;

	return hypercall_read(c->args[1], op) ? -EFAULT
					      : evtchn_set_priority(c->d, op.port, op.priority);
}

static int fill_status(struct domain *d, struct evtchn_status *op)
{
	struct evtchn *chn = evtchn_of(d, op->port);

	if (!chn)
		return -EINVAL;
	spin_lock(&chn->lock);
	op->vcpu = chn->notify_vcpu;
	switch ((enum evtchn_state)chn->state) {
	case EVTCHN_FREE:
	case EVTCHN_RESERVED:
		op->status = EVTCHNSTAT_closed;
		break;
	case EVTCHN_UNBOUND:
		op->status = EVTCHNSTAT_unbound;
		op->u.unbound.dom = chn->u.remote_domid;
		break;
	case EVTCHN_INTERDOMAIN:
		op->status = EVTCHNSTAT_interdomain;
		op->u.interdomain.dom = chn->u.remote.domain->id;
		op->u.interdomain.port = chn->u.remote.port;
		break;
	case EVTCHN_VIRQ:
		op->status = EVTCHNSTAT_virq;
		op->u.virq = chn->u.virq;
		break;
	case EVTCHN_IPI:
		op->status = EVTCHNSTAT_ipi;
		break;
	}
	spin_unlock(&chn->lock);
	return 0;
}

static int op_status(struct hypercall *c)
{
	struct evtchn_status op;
	struct domain *d;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	err = policy_get_target(c->d, op.dom, &d);
	if (err)
		return err;
	err = fill_status(d, &op);
	domain_put(d);
	return err ? err : hypercall_write(c->args[1], op);
}

static int op_reset(struct hypercall *c)
{
	struct evtchn_reset op;
	struct domain *d;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	err = policy_get_target(c->d, op.dom, &d);
	if (err)
		return err;
	err = evtchn_close_all_step(d, false);
	if (err == -EAGAIN)
		err = -ERESTART;
	else if (!err)
		err = evtchn_return_to_2l(d);
	domain_put(d);
	return err;
}

static int op_init_control(struct hypercall *c)
{
	struct evtchn_init_control op;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	spin_lock(&c->d->abi->evtchn.lock);
	err = evtchn_fifo_init_control(c->d, op.vcpu, op.control_gfn, op.offset);
	spin_unlock(&c->d->abi->evtchn.lock);
	if (err)
		return err;
	op.link_bits = EVTCHN_FIFO_LINK_BITS;
	return hypercall_write(c->args[1], op);
}

static int op_expand_array(struct hypercall *c)
{
	struct evtchn_expand_array op;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	spin_lock(&c->d->abi->evtchn.lock);
	err = evtchn_fifo_expand_array(c->d, op.array_gfn);
	spin_unlock(&c->d->abi->evtchn.lock);
	return err;
}

int64_t hypercall_event_channel_op(struct hypercall *c)
{
	switch ((uint32_t)c->args[0]) {
	case EVTCHNOP_send:
		return op_send(c);
	case EVTCHNOP_unmask:
		return op_unmask(c);
	case EVTCHNOP_alloc_unbound:
		return op_alloc_unbound(c);
	case EVTCHNOP_bind_interdomain:
		return op_bind_interdomain(c);
	case EVTCHNOP_bind_virq:
		return op_bind_virq(c);
	case EVTCHNOP_bind_ipi:
		return op_bind_ipi(c);
	case EVTCHNOP_bind_vcpu:
		return op_bind_vcpu(c);
	case EVTCHNOP_close:
		return op_close(c);
	case EVTCHNOP_status:
		return op_status(c);
	case EVTCHNOP_set_priority:
		return op_set_priority(c);
	case EVTCHNOP_init_control:
		return op_init_control(c);
	case EVTCHNOP_expand_array:
		return op_expand_array(c);
	case EVTCHNOP_reset:
		return op_reset(c);
	default: /* bind_pirq among them: device interrupts are no event channels here */
		return -ENOSYS;
	}
}
