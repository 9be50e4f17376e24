/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels: ports of a domain, what each is bound to, and how an event reaches the guest.
 *
 * Locks, outer to inner:
 *   evtchn_domain.lock   allocation and binding of a domain's ports. Two domains: lower address
 *                        first.
 *   evtchn.lock          one port's state. Two ports: lower address first. A sender holds its own
 *                        port's lock only; the other end stays bound meanwhile, because to part
 *                        the two needs both locks.
 *   abi_vcpu.virq_lock   which port a virtual interrupt of a vCPU goes to (around evtchn.lock's
 *                        holder never; a VIRQ's sender holds this one and no other)
 *   fifo queue's lock, scheduler's locks
 */
#ifndef XEN_EVTCHN_H
#define XEN_EVTCHN_H

#include <hv/compiler.h>
#include <hv/spinlock.h>
#include <hv/types.h>

struct domain;
struct vcpu;
struct evtchn_fifo;

enum evtchn_state {
	EVTCHN_FREE = 0,
	EVTCHN_RESERVED, /* port 0: never used */
	EVTCHN_UNBOUND,
	EVTCHN_INTERDOMAIN,
	EVTCHN_VIRQ,
	EVTCHN_IPI,
};

/* Its domain's evtchn_domain.lock and its own lock to change state and u; either to read them. */
struct evtchn {
	struct spinlock lock;
	uint32_t port;	       /* constant */
	uint8_t state;	       /* enum evtchn_state */
	uint8_t priority;      /* FIFO: where it is queued next */
	uint8_t last_priority; /* FIFO: the queue that it was put into last; that queue's lock */
	bool raised_early;     /* FIFO: raised while its word's page was not there yet */
	uint16_t notify_vcpu;  /* < nr_vcpus always */
	uint16_t last_vcpu;    /* FIFO, as last_priority */
	union {
		domid_t remote_domid; /* UNBOUND: who may bind to it */
		struct {
			struct domain *domain; /* alive as long as the port is bound */
			uint32_t port;
		} remote; /* INTERDOMAIN */
		uint32_t virq;
	} u;
};

/* The two ways to tell a guest about a port. No function takes the locks above queue locks. */
struct evtchn_ops {
	uint32_t (*max_ports)(const struct domain *d);
	void (*raise)(struct vcpu *v, struct evtchn *chn);
	void (*unmask)(struct domain *d, struct evtchn *chn);
	void (*clear_pending)(struct domain *d, struct evtchn *chn);
	bool (*is_pending)(struct domain *d, const struct evtchn *chn);
	bool (*is_masked)(struct domain *d, const struct evtchn *chn);
	/* The guest's structures still hold the closed port: it must not be given out again yet. */
	bool (*is_busy)(struct domain *d, const struct evtchn *chn);
};
extern const struct evtchn_ops evtchn_2l_ops;
extern const struct evtchn_ops evtchn_fifo_ops;

#define EVTCHNS_PER_BUCKET   64u
#define EVTCHN_LIMIT_DEFAULT 4096u
#define EVTCHN_LIMIT_CONTROL 16384u

struct evtchn_domain {
	struct spinlock lock;
	const struct evtchn_ops *ops; /* changes under lock while no port is bound */
	struct evtchn **buckets;      /* lock to add; entries never change once set */
	uint32_t nr_buckets;	      /* constant: size of that array */
	uint32_t limit;		      /* constant: ports, port 0 included */
	uint32_t free_hint;	      /* no port below it is free; lock */
	uint32_t next_close;	      /* progress of evtchn_close_all_step; lock */
	uint32_t nr_bound;	      /* lock */
	bool closing;		      /* no new ports: the domain is torn down; lock */
	struct evtchn_fifo *fifo;     /* NULL: two-level; lock */
};

int evtchn_domain_init(struct domain *d) __must_check;
/* Closes all ports in bounded steps, for reset and for the end: -EAGAIN until done. */
int evtchn_close_all_step(struct domain *d, bool for_good);
void evtchn_domain_free(struct domain *d); /* after a close for good */
/* Back to the two-level ABI. -EBUSY: a port is bound. */
int evtchn_return_to_2l(struct domain *d);

/* NULL: no such port. Stays valid as long as the domain; look at its state under a lock. */
struct evtchn *evtchn_of(struct domain *d, uint32_t port);

int evtchn_alloc_unbound(struct domain *d, domid_t remote, uint32_t *ret_port) __must_check;
/* remote: whom the port leads to; the caller holds a reference on it. */
int evtchn_bind_interdomain(struct domain *d, struct vcpu *notify, struct domain *remote,
			    uint32_t remote_port, uint32_t *ret_port) __must_check;
int evtchn_bind_virq(struct domain *d, uint32_t virq, uint32_t vcpu,
		     uint32_t *ret_port) __must_check;
int evtchn_bind_ipi(struct domain *d, uint32_t vcpu, uint32_t *ret_port) __must_check;
int evtchn_bind_vcpu(struct domain *d, uint32_t port, uint32_t vcpu) __must_check;
int evtchn_close(struct domain *d, uint32_t port) __must_check;
int evtchn_send(struct domain *d, uint32_t port) __must_check;
int evtchn_unmask(struct domain *d, uint32_t port) __must_check;
int evtchn_set_priority(struct domain *d, uint32_t port, uint32_t priority) __must_check;
bool evtchn_is_pending(struct domain *d, uint32_t port);

/* Brings an event to the port's vCPU. The caller holds what keeps the port bound. */
void evtchn_raise(struct domain *d, struct evtchn *chn);

/* Raises v's upcall flag, and the interrupt that goes with it if it was not raised already. */
void evtchn_mark_upcall(struct vcpu *v);
/* Wakes those vCPUs of d that poll for 'port'. */
void evtchn_wake_pollers(struct domain *d, uint32_t port);

/* virq.c */
#define VIRQ_TIMER_NR 0u
bool virq_is_global(uint32_t virq);
int virq_attach(struct domain *d, uint32_t virq, uint32_t vcpu, uint32_t port) __must_check;
void virq_detach(struct domain *d, uint32_t virq, uint32_t vcpu);
void virq_raise(struct vcpu *v, uint32_t virq);
void virq_raise_global(struct domain *d, uint32_t virq);

/* evtchn_fifo.c; those with a return value under d's evtchn lock */
int evtchn_fifo_init_control(struct domain *d, uint32_t vcpu, uint64_t gfn,
			     uint32_t offset) __must_check;
int evtchn_fifo_expand_array(struct domain *d, uint64_t gfn) __must_check;
void evtchn_fifo_free(struct domain *d);

#endif
