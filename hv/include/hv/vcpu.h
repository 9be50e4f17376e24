/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual CPUs and the loop in which every physical CPU spends its life.
 *
 * State moves: OFFLINE <-> BLOCKED/RUNNABLE (vcpu_set_online), RUNNABLE -> RUNNING -> RUNNABLE or
 * BLOCKED (scheduler), BLOCKED -> RUNNABLE (vcpu_wake). A paused vCPU keeps its state and is not
 * chosen. There is no stack per vCPU: between two entries everything is in struct vcpu.
 */
#ifndef HV_VCPU_H
#define HV_VCPU_H

#include <hv/compiler.h>
#include <hv/sched.h>
#include <hv/spinlock.h>
#include <hv/timer.h>
#include <hv/types.h>

#include <arch/vcpu.h> /* struct arch_vcpu: registers, virtual APIC */

struct cpu;
struct domain;
struct abi_vcpu;
struct stats_vcpu;

/* The numbers are Xen's RUNSTATE_*; BLOCKED and OFFLINE differ in who may wake it. */
enum vcpu_state { VCPU_RUNNING = 0, VCPU_RUNNABLE = 1, VCPU_BLOCKED = 2, VCPU_OFFLINE = 3 };
#define NR_VCPU_STATES 4u

struct vcpu {
	struct domain *domain; /* constant */
	uint32_t id;	       /* constant */

	/* Scheduler lock of 'cpu' (sched_lock_vcpu). */
	enum vcpu_state state;
	uint32_t pause_count;	   /* runs only at 0 */
	bool wants_block, wants_yield, wants_offline; /* at the next choice */
	struct cpu *cpu;	   /* whose run queue it belongs to; it runs there only */
	uint64_t state_since_ns;
	uint64_t state_ns[NR_VCPU_STATES];
	struct sched_entity sched;

	struct cpu *loaded_on; /* CPU that last loaded its registers; that CPU */

	/*
	 * Set by who raises an event for it, cleared by the vCPU's CPU right before it looks for
	 * events to inject: so that none is slept over. Atomic.
	 */
	uint32_t event_pending;

	uint64_t nr_exits; /* own CPU */
	uint64_t last_rip;
	uint64_t exit_tsc; /* when it left the guest, 0: that exit is counted. Own CPU */
	bool was_woken;	   /* runnable because of an event; scheduler lock */
	struct stats_vcpu *stats; /* NULL: no record; constant */

	struct arch_vcpu arch; /* own CPU while it runs, else who paused it */
	struct abi_vcpu *abi;  /* constant */
};

int vcpu_create(struct domain *d, uint32_t id, struct vcpu **ret_v) __must_check;
void vcpu_destroy(struct vcpu *v);

/*
 * Something has happened that v may want to take: leaves guest mode or wakes up, then looks for
 * interrupts and upcalls. Any CPU, any lock below the scheduler's.
 */
void vcpu_kick(struct vcpu *v);
/* The same, but if v is in its guest it is 'interrupt' that tells its CPU. NULL: that knows already. */
void vcpu_kick_by(struct vcpu *v, void (*interrupt)(struct cpu *cpu));

/*
 * The running vCPU waits until vcpu_kick() (or does not wait if an event is pending already).
 * Takes effect when the handler returns to the loop.
 */
void vcpu_block(struct vcpu *v);
void vcpu_yield(struct vcpu *v);

/* Online: may be scheduled (it starts blocked or runnable); offline: it stops. Idempotent. */
void vcpu_set_online(struct vcpu *v, bool online);
bool vcpu_is_online(const struct vcpu *v);

/* Afterwards v is not running on any CPU. Nests. Not for the running vCPU itself. */
void vcpu_pause(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);

/* Times in each state up to now, and since when it is in the present one. */
void vcpu_get_runstate(struct vcpu *v, enum vcpu_state *ret_state, uint64_t *ret_since_ns,
		       uint64_t ret_ns[NR_VCPU_STATES]);

/* The handling of v's last exit ends now: it enters again, or leaves the CPU. Own CPU. */
void vcpu_count_exit(struct vcpu *v, uint64_t now_tsc);

/* Where every CPU ends up after boot: choose, enter, handle the exit, for ever. */
noreturn void vcpu_loop(void);

#endif
