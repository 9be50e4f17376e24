/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains: a guest's memory, vCPUs and limits. Domain 0 is the control domain.
 *
 * Life: domain_create() (paused) -> running -> shut down (by itself, or crashed: vCPUs run no
 * more, memory stays for inspection) -> domain_destroy_step() until 0 -> dying while others hold
 * references to its frames -> gone.
 */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include <hv/clock.h>
#include <hv/compiler.h>
#include <hv/list.h>
#include <hv/physmap.h>
#include <hv/spinlock.h>
#include <hv/types.h>

#include <arch/domain.h> /* struct arch_domain */

struct vcpu;
struct abi_domain;
struct stats_domain;

#define DOMAIN_MAX_VCPUS 128u

enum domain_state {
	DOMAIN_RUNNING,	 /* or paused */
	DOMAIN_SHUTDOWN, /* shutdown_reason tells why */
	DOMAIN_DYING,	 /* being torn down, or waiting for its last frame */
};

/* Why a domain shut down; equal to Xen's SHUTDOWN_* (xen/abi_check.c). */
enum shutdown_reason {
	SHUTDOWN_REASON_POWEROFF = 0,
	SHUTDOWN_REASON_REBOOT = 1,
	SHUTDOWN_REASON_SUSPEND = 2,
	SHUTDOWN_REASON_CRASH = 3,
	SHUTDOWN_REASON_WATCHDOG = 4,
	SHUTDOWN_REASON_SOFT_RESET = 5,
};

struct domain_limits {
	uint64_t max_frames;
	uint32_t max_vcpus;
	uint32_t max_grant_frames;
	uint32_t max_evtchn_ports;
	uint32_t tsc_khz; /* of its TSC; 0: the host's */
};

struct domain {
	domid_t id;		/* constant */
	bool is_control;	/* domain 0; constant */
	bool is_made;		/* complete: others may find it; domain list lock */
	uint8_t uuid[16];	/* constant */
	uint32_t refs;		/* atomic; the list holds one */
	struct list all_link;	/* domain list lock */

	struct spinlock lock;	/* state, pause_count, crash_reason */
	enum domain_state state;
	enum shutdown_reason shutdown_reason;
	uint32_t pause_count;	/* vCPUs may run at 0 */
	bool has_run;		/* was unpaused once */
	bool being_destroyed;	/* a step is under way */
	bool torn_down;		/* destroyed; may still own frames that others map */
	char crash_reason[128];

	uint64_t max_frames;	/* quota; constant */
	uint64_t nr_frames;	/* charged now; atomic */

	uint32_t nr_vcpus;	/* constant; all exist */
	struct vcpu **vcpus;	/* constant; index < nr_vcpus */

	struct spinlock physmap_lock;
	struct physmap physmap;

	struct domain_limits limits; /* constant */
	struct tsc_rate tsc;	     /* constant */
	struct arch_domain arch;
	struct abi_domain *abi; /* the guest ABI's part; constant */
	struct stats_domain *stats; /* NULL: no record; constant */
};

extern struct domain *control_domain; /* NULL until it is built */

/*
 * Makes a paused domain (pause_count 1) with its vCPUs offline, vCPU 0 online. id DOMID_NONE:
 * choose. -EEXIST, -EINVAL (limits), -EOPNOTSUPP (its TSC: clock_get_tsc_rate()), -ENOMEM; nothing
 * is left behind then.
 */
int domain_create(domid_t id, const uint8_t uuid[16], const struct domain_limits *limits,
		  struct domain **ret_d) __must_check;

/* With a reference; NULL: no such domain. Dying ones are found too. */
struct domain *domain_get(domid_t id) __must_check;
/* The one with the lowest id >= 'id', for lists; NULL: none. */
struct domain *domain_get_next(domid_t id) __must_check;
void domain_put(struct domain *d);

void domain_pause(struct domain *d);	   /* afterwards no vCPU of it runs; not for the caller's own */
int domain_unpause(struct domain *d);	   /* -EINVAL: not paused, or dying */

/* Stops its vCPUs with a reason; they do not come back. Caller may be one of them. */
void domain_shutdown(struct domain *d, enum shutdown_reason reason);
/* The same for a guest's mistake; the text is kept for hvctl info and logged. */
void domain_crash(struct domain *d, const char *fmt, ...) __printf(2, 3);

/* -EAGAIN: more to do, call again. 0: gone, or dying. -EPERM: the control domain. */
int domain_destroy_step(struct domain *d);

uint32_t domain_count(void);
uint64_t domain_cpu_time_ns(const struct domain *d);

/* frame.c: quota. false: over it, or the domain is torn down. */
bool domain_charge_frames(struct domain *d, uint64_t nr);
void domain_uncharge_frames(struct domain *d, uint64_t nr);

static inline bool domain_is_control(const struct domain *d)
{
	return d->is_control;
}

#endif
