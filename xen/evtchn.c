// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Event channels: the ports of a domain and their state machine.
 *
 *	FREE -> UNBOUND -> INTERDOMAIN -> (other end closed) UNBOUND -> ... -> FREE
 *	FREE -> VIRQ | IPI -> FREE
 *
 * An interdomain channel is two ports that name each other. evtchn.h has the order of locks.
 * How an event is shown to the guest is in evtchn_2l.c and evtchn_fifo.c.
 */
#include "evtchn.h"

#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/panic.h>
#include <hv/slab.h>
#include <hv/stats.h>
#include <hv/string.h>

#include <xen/event_channel.h>

#include "abi_state.h"
#include "bits.h"
#include "hypercall.h"
#include "policy.h"

/* Ports that a hypercall looks at before interrupts have their turn. */
#define CLOSE_BATCH 512u

static struct evtchn_domain *ports_of(struct domain *d)
{
	return &d->abi->evtchn;
}

struct evtchn *evtchn_of(struct domain *d, uint32_t port)
{
	struct evtchn_domain *e = ports_of(d);
	struct evtchn *bucket;

	if (port >= e->limit)
		return NULL;
	port = (uint32_t)index_nospec(port, e->limit);
	bucket = __atomic_load_n(&e->buckets[port / EVTCHNS_PER_BUCKET], __ATOMIC_ACQUIRE);
	return bucket ? &bucket[port % EVTCHNS_PER_BUCKET] : NULL;
}

/* ---- locks of two ---- */

static void lock_domains(struct domain *a, struct domain *b)
{
	if (!b || a == b) {
		spin_lock(&ports_of(a)->lock);
	} else if (a < b) {
		spin_lock(&ports_of(a)->lock);
		spin_lock(&ports_of(b)->lock);
	} else {
		spin_lock(&ports_of(b)->lock);
		spin_lock(&ports_of(a)->lock);
	}
}

static void unlock_domains(struct domain *a, struct domain *b)
{
	spin_unlock(&ports_of(a)->lock);
	if (b && a != b)
		spin_unlock(&ports_of(b)->lock);
}

static void lock_ports(struct evtchn *a, struct evtchn *b)
{
	if (a == b) {
		spin_lock(&a->lock);
	} else if (a < b) {
		spin_lock(&a->lock);
		spin_lock(&b->lock);
	} else {
		spin_lock(&b->lock);
		spin_lock(&a->lock);
	}
}

static void unlock_ports(struct evtchn *a, struct evtchn *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* ---- birth and end ---- */

int evtchn_domain_init(struct domain *d)
{
	struct evtchn_domain *e = ports_of(d);

	spin_init(&e->lock);
	e->ops = &evtchn_2l_ops;
	e->limit = d->limits.max_evtchn_ports ? d->limits.max_evtchn_ports : EVTCHN_LIMIT_DEFAULT;
	e->limit = MIN(e->limit, (uint32_t)EVTCHN_FIFO_NR_CHANNELS);
	e->free_hint = 1; /* port 0 is never given out */
	e->nr_buckets = DIV_ROUND_UP(e->limit, EVTCHNS_PER_BUCKET);
	e->buckets = hv_alloc(e->nr_buckets * sizeof(*e->buckets));
	if (d->stats)
		d->stats->ports_max = e->limit;
	return e->buckets ? 0 : -ENOMEM;
}

void evtchn_domain_free(struct domain *d)
{
	struct evtchn_domain *e = ports_of(d);
	uint32_t i;

	evtchn_fifo_free(d);
	if (!e->buckets)
		return;
	for (i = 0; i < e->nr_buckets; i++) {
		if (e->buckets[i])
			page_free(e->buckets[i]);
	}
	hv_free(e->buckets, e->nr_buckets * sizeof(*e->buckets));
	e->buckets = NULL;
}

static int add_bucket(struct evtchn_domain *e, uint32_t index)
{
	struct evtchn *bucket = page_alloc_zeroed();
	uint32_t i;

	if (!bucket)
		return -ENOMEM;
	for (i = 0; i < EVTCHNS_PER_BUCKET; i++) {
		bucket[i].port = index * EVTCHNS_PER_BUCKET + i;
		bucket[i].priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
		bucket[i].last_priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	}
	if (index == 0)
		bucket[0].state = EVTCHN_RESERVED;
	__atomic_store_n(&e->buckets[index], bucket, __ATOMIC_RELEASE);
	return 0;
}

/* The lowest port that is free; d's lock is held. -ENOSPC: the domain's limit. */
static int find_free(struct domain *d, struct evtchn **ret_chn)
{
	struct evtchn_domain *e = ports_of(d);
	uint32_t max = MIN(e->limit, e->ops->max_ports(d));
	uint32_t first_busy = 0, port;
	struct evtchn *chn;
	int err;

	if (e->closing)
		return -EINVAL;
	for (port = e->free_hint; port < max; port++) {
		if (!e->buckets[port / EVTCHNS_PER_BUCKET]) {
			err = add_bucket(e, port / EVTCHNS_PER_BUCKET);
			if (err)
				return err;
		}
		chn = evtchn_of(d, port);
		if (chn->state != EVTCHN_FREE)
			continue;
		if (e->ops->is_busy(d, chn)) {
			if (!first_busy)
				first_busy = port;
			continue;
		}
		e->free_hint = first_busy ? first_busy : port + 1;
		*ret_chn = chn;
		return 0;
	}
	return -ENOSPC;
}

static void show_ports(struct domain *d)
{
	if (d->stats)
		WRITE_ONCE(d->stats->ports, ports_of(d)->nr_bound);
}

/* A free port becomes one in use; d's lock and the port's are held. */
static void set_bound(struct domain *d, struct evtchn *chn, enum evtchn_state state)
{
	chn->state = (uint8_t)state;
	ports_of(d)->nr_bound++;
	show_ports(d);
}

/* Back to FREE; the same locks. */
static void set_free(struct domain *d, struct evtchn *chn)
{
	struct evtchn_domain *e = ports_of(d);

	e->ops->clear_pending(d, chn);
	chn->state = EVTCHN_FREE;
	chn->notify_vcpu = 0;
	chn->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	chn->u.remote.domain = NULL;
	chn->u.remote.port = 0;
	e->nr_bound--;
	show_ports(d);
	if (chn->port < e->free_hint)
		e->free_hint = chn->port;
}

/* ---- binding ---- */

int evtchn_alloc_unbound(struct domain *d, domid_t remote, uint32_t *ret_port)
{
	struct evtchn *chn;
	int err;

	spin_lock(&ports_of(d)->lock);
	err = find_free(d, &chn);
	if (!err) {
		spin_lock(&chn->lock);
		set_bound(d, chn, EVTCHN_UNBOUND);
		chn->u.remote_domid = remote;
		spin_unlock(&chn->lock);
		*ret_port = chn->port;
	}
	spin_unlock(&ports_of(d)->lock);
	return err;
}

int evtchn_bind_interdomain(struct domain *d, struct vcpu *notify, struct domain *remote,
			    uint32_t remote_port, uint32_t *ret_port)
{
	struct evtchn *chn, *rchn;
	int err;

	lock_domains(d, remote);
	err = find_free(d, &chn);
	if (err)
		goto out;

	rchn = evtchn_of(remote, remote_port);
	if (!rchn || rchn == chn || rchn->state != EVTCHN_UNBOUND ||
	    rchn->u.remote_domid != d->id || ports_of(remote)->closing) {
		/* The port that was found stays free. */
		if (chn->port < ports_of(d)->free_hint)
			ports_of(d)->free_hint = chn->port;
		err = -EINVAL;
		goto out;
	}

	lock_ports(chn, rchn);
	set_bound(d, chn, EVTCHN_INTERDOMAIN);
	chn->u.remote.domain = remote;
	chn->u.remote.port = remote_port;
	chn->notify_vcpu = (uint16_t)(notify ? notify->id : 0);
	rchn->u.remote.domain = d;
	rchn->u.remote.port = chn->port;
	rchn->state = EVTCHN_INTERDOMAIN;
	/*
	 * The other side may have sent while we were not there. Now that somebody listens, an
	 * event must not be missing: one too many does no harm.
	 */
	evtchn_raise(d, chn);
	unlock_ports(chn, rchn);
	*ret_port = chn->port;
out:
	unlock_domains(d, remote);
	return err;
}

int evtchn_bind_virq(struct domain *d, uint32_t virq, uint32_t vcpu, uint32_t *ret_port)
{
	struct evtchn *chn;
	int err;

	if (virq >= NR_VIRQS || (virq_is_global(virq) && vcpu != 0))
		return -EINVAL;
	if (vcpu >= d->nr_vcpus)
		return -ENOENT;
	virq = (uint32_t)index_nospec(virq, NR_VIRQS);
	vcpu = (uint32_t)index_nospec(vcpu, d->nr_vcpus);

	spin_lock(&ports_of(d)->lock);
	err = find_free(d, &chn);
	if (err)
		goto out;
	spin_lock(&chn->lock);
	set_bound(d, chn, EVTCHN_VIRQ);
	chn->u.virq = virq;
	chn->notify_vcpu = (uint16_t)vcpu;
	spin_unlock(&chn->lock);

	/* Last: from here on it can be raised. */
	err = virq_attach(d, virq, vcpu, chn->port);
	if (err) {
		spin_lock(&chn->lock);
		set_free(d, chn);
		spin_unlock(&chn->lock);
		goto out;
	}
	*ret_port = chn->port;
out:
	spin_unlock(&ports_of(d)->lock);
	return err;
}

int evtchn_bind_ipi(struct domain *d, uint32_t vcpu, uint32_t *ret_port)
{
	struct evtchn *chn;
	int err;

	if (vcpu >= d->nr_vcpus)
		return -ENOENT;
	vcpu = (uint32_t)index_nospec(vcpu, d->nr_vcpus);

	spin_lock(&ports_of(d)->lock);
	err = find_free(d, &chn);
	if (!err) {
		spin_lock(&chn->lock);
		set_bound(d, chn, EVTCHN_IPI);
		chn->notify_vcpu = (uint16_t)vcpu;
		spin_unlock(&chn->lock);
		*ret_port = chn->port;
	}
	spin_unlock(&ports_of(d)->lock);
	return err;
}

/* A VIRQ of one vCPU and an IPI belong to their vCPU; the others may be moved. */
static bool may_move(const struct evtchn *chn)
{
	switch ((enum evtchn_state)chn->state) {
	case EVTCHN_UNBOUND:
	case EVTCHN_INTERDOMAIN:
		return true;
	case EVTCHN_VIRQ:
		return virq_is_global(chn->u.virq);
	case EVTCHN_FREE:
	case EVTCHN_RESERVED:
	case EVTCHN_IPI:
		break;
	}
	return false;
}

int evtchn_bind_vcpu(struct domain *d, uint32_t port, uint32_t vcpu)
{
	struct evtchn *chn = evtchn_of(d, port);
	int err = -EINVAL;

	if (vcpu >= d->nr_vcpus)
		return -ENOENT;
	if (!chn)
		return -EINVAL;

	spin_lock(&ports_of(d)->lock);
	spin_lock(&chn->lock);
	if (may_move(chn)) {
		WRITE_ONCE(chn->notify_vcpu, (uint16_t)index_nospec(vcpu, d->nr_vcpus));
		err = 0;
	}
	spin_unlock(&chn->lock);
	spin_unlock(&ports_of(d)->lock);
	return err;
}

/* ---- closing ---- */

/* chn is bound to rchn of rd, both domains are locked: parts the two. */
static void part(struct domain *d, struct evtchn *chn, struct evtchn *rchn)
{
	lock_ports(chn, rchn);
	ASSERT(rchn->state == EVTCHN_INTERDOMAIN && rchn->u.remote.domain == d &&
	       rchn->u.remote.port == chn->port);
	rchn->state = EVTCHN_UNBOUND;
	rchn->u.remote.domain = NULL;
	rchn->u.remote_domid = d->id;
	set_free(d, chn);
	unlock_ports(chn, rchn);
}

/* One port, of a domain that is locked, and so is rd if it is bound to that. */
static int close_locked(struct domain *d, struct evtchn *chn)
{
	switch ((enum evtchn_state)chn->state) {
	case EVTCHN_FREE:
	case EVTCHN_RESERVED:
		return -EINVAL;
	case EVTCHN_INTERDOMAIN:
		part(d, chn, evtchn_of(chn->u.remote.domain, chn->u.remote.port));
		return 0;
	case EVTCHN_VIRQ:
		virq_detach(d, chn->u.virq, virq_is_global(chn->u.virq) ? 0 : chn->notify_vcpu);
		break;
	case EVTCHN_UNBOUND:
	case EVTCHN_IPI:
		break;
	}
	spin_lock(&chn->lock);
	set_free(d, chn);
	spin_unlock(&chn->lock);
	return 0;
}

int evtchn_close(struct domain *d, uint32_t port)
{
	struct evtchn *chn = evtchn_of(d, port);
	struct domain *rd = NULL, *bound_to;
	int err;

	if (!chn)
		return -EINVAL;
	/*
	 * Whose lock we need besides our own is known only under our own. Learn it, hold that
	 * domain, take both locks in order, and see whether it is still true.
	 */
	for (;;) {
		lock_domains(d, rd);
		bound_to = chn->state == EVTCHN_INTERDOMAIN ? chn->u.remote.domain : NULL;
		if (!bound_to || bound_to == d || bound_to == rd)
			break;
		policy_hold(bound_to); /* alive: it cannot go while a port of ours leads there */
		unlock_domains(d, rd);
		if (rd)
			domain_put(rd);
		rd = bound_to;
	}
	err = close_locked(d, chn);
	unlock_domains(d, rd);
	if (rd)
		domain_put(rd);
	return err;
}

int evtchn_close_all_step(struct domain *d, bool for_good)
{
	struct evtchn_domain *e = ports_of(d);
	uint32_t i, port;
	int err;

	if (!e->buckets)
		return 0;
	if (for_good) {
		spin_lock(&e->lock);
		e->closing = true;
		spin_unlock(&e->lock);
	}
	port = e->next_close;
	for (i = 0; i < CLOSE_BATCH && port < e->limit; i++, port++) {
		err = evtchn_close(d, port);
		(void)err; /* -EINVAL: was not bound */
	}
	e->next_close = port < e->limit ? port : 0;
	return port < e->limit ? -EAGAIN : 0;
}

int evtchn_return_to_2l(struct domain *d)
{
	struct evtchn_domain *e = ports_of(d);
	int err = 0;

	spin_lock(&e->lock);
	if (e->nr_bound) {
		err = -EBUSY;
	} else if (e->ops == &evtchn_fifo_ops) {
		e->ops = &evtchn_2l_ops;
		evtchn_fifo_free(d);
	}
	spin_unlock(&e->lock);
	return err;
}

/* ---- events ---- */

void evtchn_raise(struct domain *d, struct evtchn *chn)
{
	ports_of(d)->ops->raise(d->vcpus[READ_ONCE(chn->notify_vcpu)], chn);
}

int evtchn_send(struct domain *d, uint32_t port)
{
	struct evtchn *chn = evtchn_of(d, port);
	struct domain *rd;
	int err = 0;

	if (!chn)
		return -EINVAL;
	if (d->stats)
		__atomic_fetch_add(&d->stats->events_sent, 1, __ATOMIC_RELAXED);
	spin_lock(&chn->lock);
	switch ((enum evtchn_state)chn->state) {
	case EVTCHN_INTERDOMAIN:
		rd = chn->u.remote.domain;
		evtchn_raise(rd, evtchn_of(rd, chn->u.remote.port));
		break;
	case EVTCHN_IPI:
		evtchn_raise(d, chn);
		break;
	case EVTCHN_UNBOUND:
		break; /* nobody listens (yet): silently lost, as documented */
	case EVTCHN_FREE:
	case EVTCHN_RESERVED:
	case EVTCHN_VIRQ:
		err = -EINVAL;
		break;
	}
	spin_unlock(&chn->lock);
	return err;
}

int evtchn_unmask(struct domain *d, uint32_t port)
{
	struct evtchn *chn = evtchn_of(d, port);
	int err = -EINVAL;

	if (!chn)
		return -EINVAL;
	spin_lock(&chn->lock);
	if (chn->state != EVTCHN_FREE && chn->state != EVTCHN_RESERVED) {
		ports_of(d)->ops->unmask(d, chn);
		err = 0;
	}
	spin_unlock(&chn->lock);
	return err;
}

int evtchn_set_priority(struct domain *d, uint32_t port, uint32_t priority)
{
	struct evtchn *chn = evtchn_of(d, port);
	int err = -EINVAL;

	if (ports_of(d)->ops != &evtchn_fifo_ops)
		return -ENOSYS;
	if (!chn || priority > EVTCHN_FIFO_PRIORITY_MIN)
		return -EINVAL;
	spin_lock(&chn->lock);
	if (chn->state != EVTCHN_FREE && chn->state != EVTCHN_RESERVED) {
		chn->priority = (uint8_t)priority;
		err = 0;
	}
	spin_unlock(&chn->lock);
	return err;
}

bool evtchn_is_pending(struct domain *d, uint32_t port)
{
	struct evtchn *chn = evtchn_of(d, port);
	bool pending = false;

	if (!chn)
		return false;
	spin_lock(&chn->lock);
	if (chn->state != EVTCHN_FREE && chn->state != EVTCHN_RESERVED)
		pending = ports_of(d)->ops->is_pending(d, chn);
	spin_unlock(&chn->lock);
	return pending;
}

void evtchn_mark_upcall(struct vcpu *v)
{
	struct abi_vcpu *a = v->abi;
	uint8_t vector;

	if (__atomic_exchange_n(&a->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
		return;
	vector = READ_ONCE(a->upcall_vector);
	if (vector)
		arch_vcpu_raise(v, vector);
	else
		vcpu_kick(v);
}

void evtchn_wake_pollers(struct domain *d, uint32_t port)
{
	struct abi_domain *a = d->abi;
	uint32_t word, bit;
	uint64_t mask;
	struct vcpu *v;

	for (word = 0; word < ARRAY_SIZE(a->poll_mask); word++) {
		for (mask = __atomic_load_n(&a->poll_mask[word], __ATOMIC_SEQ_CST); mask;
		     mask &= mask - 1) {
			bit = (uint32_t)__builtin_ctzll(mask);
			v = d->vcpus[word * 64 + bit];
			if (READ_ONCE(v->abi->poll_port) && READ_ONCE(v->abi->poll_port) != port)
				continue;
			__atomic_fetch_and(&a->poll_mask[word], ~BIT(bit), __ATOMIC_SEQ_CST);
			vcpu_kick(v);
		}
	}
}
