/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduling: the mechanism (sched.c: run queues, wake, block, migrate) and the joint where a
 * policy plugs in. A policy sees entities, not domains or hardware, so that the same file runs in
 * a simulator on the host.
 */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include <hv/list.h>
#include <hv/spinlock.h>
#include <hv/timer.h>
#include <hv/types.h>

struct cpu;
struct domain;
struct vcpu;
struct sched_cpu;

#define SCHED_WEIGHT_DEFAULT 256u
#define SCHED_WEIGHT_MAX 65535u

struct sched_entity {
	struct list link;     /* in the queue's list while runnable and not running */
	bool queued;
	uint32_t weight;      /* 1 .. 65535 */
	uint64_t virtual_ns;  /* weighted CPU time used: the fair policy's */
	uint64_t started_ns;  /* when it was last put on the CPU */
	uint64_t affinity[2]; /* bit n: may run on CPU n */
};

struct sched_queue {
	struct list runnable; /* in the policy's order */
	uint32_t nr_runnable;
	uint64_t min_virtual_ns; /* the fair policy's clock: never goes back */
	struct sched_entity *running; /* NULL: idle */
};

/* All with the queue's lock held. */
struct sched_policy {
	const char *name;
	void (*enqueue)(struct sched_queue *q, struct sched_entity *e, bool woken, uint64_t now_ns);
	void (*dequeue)(struct sched_queue *q, struct sched_entity *e);
	/* The next to run, NULL: none. Not taken off; *ret_slice_ns: how long at most. */
	struct sched_entity *(*pick)(struct sched_queue *q, uint64_t now_ns, uint64_t *ret_slice_ns);
	/* 'e' has run for ran_ns since it was picked. */
	void (*account)(struct sched_queue *q, struct sched_entity *e, uint64_t ran_ns);
	/* Should the CPU choose anew, instead of going on with q->running, now that 'e' is in the queue? */
	bool (*preempts)(struct sched_queue *q, const struct sched_entity *e);
};
extern const struct sched_policy sched_fair;
extern const struct sched_policy *sched_policy; /* sched= on the command line; constant after boot */

struct sched_cpu {
	struct spinlock lock;
	struct sched_queue queue;
	struct timer slice; /* runs out when somebody else should get the CPU; own CPU */
};

void sched_init(void); /* boot: the policy that sched= names */
int sched_cpu_init(struct cpu *cpu);
void sched_vcpu_init(struct vcpu *v); /* places it on a CPU; offline */

/* Chooses who runs on this CPU from now on (NULL: idle), accounts and saves the one before. */
struct vcpu *sched_choose(void);

/* The transitions of vcpu.h; any CPU unless said, no lock of the scheduler held. */
void sched_wake(struct vcpu *v);		    /* BLOCKED -> RUNNABLE */
void sched_block(struct vcpu *v);		    /* running vCPU: at the next choice */
void sched_yield(struct vcpu *v);		    /* running vCPU: behind the next one */
void sched_set_online(struct vcpu *v, bool online);
void sched_pause(struct vcpu *v); /* does not wait */
void sched_unpause(struct vcpu *v);
void sched_get_times(struct vcpu *v, uint32_t *ret_state, uint64_t *ret_since_ns,
		     uint64_t ret_ns[4]);

int sched_set_weight(struct domain *d, uint32_t weight); /* -EINVAL: out of range */
uint32_t sched_get_weight(const struct domain *d);
/* -EINVAL: no online CPU in the mask. Moves the vCPU if it must. */
int sched_set_affinity(struct vcpu *v, const uint64_t mask[2]);

#endif
