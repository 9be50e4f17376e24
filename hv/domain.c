/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains: made, found, stopped, torn down (life in hv/domain.h).
 *
 * The list holds one reference on each domain, until it is torn down and owns no frame any more:
 * its id is not given to another one while somebody still maps its memory.
 */
#include <stdarg.h>

#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/guest_abi.h>
#include <hv/panic.h>
#include <hv/slab.h>
#include <hv/stats.h>
#include <hv/string.h>
#include <hv/trace.h>
#include <hv/vcpu.h>

#define HASH_SIZE 256u

struct domain *control_domain;

static struct spinlock list_lock = SPINLOCK_INIT;
static struct list by_id[HASH_SIZE]; /* empty slots are zero until first used */
static uint32_t nr_domains;
static domid_t last_id;

static struct list *bucket(domid_t id)
{
	struct list *l = &by_id[id % HASH_SIZE];

	if (!l->next)
		list_init(l);
	return l;
}

static struct domain *find_locked(domid_t id)
{
	struct domain *d;

	list_for_each (d, bucket(id), all_link)
		if (d->id == id)
			return d;
	return NULL;
}

/* The next id after the last one given: an id is used again as late as possible. */
static domid_t choose_id_locked(void)
{
	uint32_t i, id = last_id;

	for (i = 1; i < DOMID_LIMIT; i++) {
		id = id + 1 < DOMID_LIMIT ? id + 1 : 1;
		if (!find_locked((domid_t)id))
			return (domid_t)id;
	}
	return DOMID_NONE;
}

static int list_add_domain(struct domain *d)
{
	int err = 0;

	spin_lock(&list_lock);
	if (d->id == DOMID_NONE)
		d->id = choose_id_locked();
	if (d->id == DOMID_NONE || find_locked(d->id)) {
		err = -EEXIST;
	} else {
		list_add_tail(&d->all_link, bucket(d->id));
		last_id = d->id;
		nr_domains++;
	}
	spin_unlock(&list_lock);
	return err;
}

static void destroy_vcpus(struct domain *d)
{
	uint32_t i;

	for (i = 0; i < d->nr_vcpus; i++)
		if (d->vcpus[i])
			vcpu_destroy(d->vcpus[i]);
	hv_free(d->vcpus, d->nr_vcpus * sizeof(d->vcpus[0]));
	d->vcpus = NULL;
	d->nr_vcpus = 0;
}

static int create_vcpus(struct domain *d)
{
	uint32_t i;
	int err;

	d->vcpus = hv_alloc(d->limits.max_vcpus * sizeof(d->vcpus[0]));
	if (!d->vcpus)
		return -ENOMEM;
	d->nr_vcpus = d->limits.max_vcpus;
	for (i = 0; i < d->nr_vcpus; i++) {
		err = vcpu_create(d, i, &d->vcpus[i]);
		if (err) {
			destroy_vcpus(d);
			return err;
		}
		sched_pause(d->vcpus[i]);
	}
	vcpu_set_online(d->vcpus[0], true);
	return 0;
}

int domain_create(domid_t id, const uint8_t uuid[16], const struct domain_limits *limits,
		  struct domain **ret_d)
{
	struct domain *d;
	int err;

	if (!limits->max_vcpus || limits->max_vcpus > DOMAIN_MAX_VCPUS || !limits->max_frames)
		return -EINVAL;
	d = hv_alloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	err = clock_get_tsc_rate(limits->tsc_khz, &d->tsc);
	if (err)
		goto undo_alloc;
	d->id = id;
	d->is_control = !control_domain && id == 0;
	memcpy(d->uuid, uuid, sizeof(d->uuid));
	d->refs = 1;
	d->pause_count = 1;
	d->limits = *limits;
	d->max_frames = limits->max_frames;
	spin_init(&d->lock);
	list_init(&d->all_link);

	/* First into the list: the id is part of what is made below. Nobody finds it until done. */
	d->state = DOMAIN_DYING;
	err = list_add_domain(d);
	if (err)
		goto undo_alloc;
	stats_domain_open(d);
	err = physmap_init(d);
	if (err)
		goto undo_list;
	err = arch_domain_init(d);
	if (err)
		goto undo_physmap;
	err = guest_abi_domain_init(d);
	if (err)
		goto undo_arch;
	err = create_vcpus(d);
	if (err)
		goto undo_abi;

	spin_lock(&list_lock);
	d->state = DOMAIN_RUNNING;
	d->is_made = true;
	spin_unlock(&list_lock);
	spin_lock(&d->lock);
	stats_domain_show(d);
	spin_unlock(&d->lock);
	if (d->is_control)
		control_domain = d;
	*ret_d = d;
	return 0;

undo_abi:
	while (guest_abi_domain_destroy_step(d) == -EAGAIN)
		;
	guest_abi_domain_free(d);
undo_arch:
	arch_domain_fini(d);
undo_physmap:
	arch_physmap_free(d);
undo_list:
	stats_domain_close(d);
	spin_lock(&list_lock);
	list_del(&d->all_link);
	nr_domains--;
	spin_unlock(&list_lock);
undo_alloc:
	hv_free(d, sizeof(*d));
	return err;
}

struct domain *domain_get(domid_t id)
{
	struct domain *d;

	spin_lock(&list_lock);
	d = find_locked(id);
	if (d && !d->is_made)
		d = NULL;
	if (d)
		__atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);
	spin_unlock(&list_lock);
	return d;
}

struct domain *domain_get_next(domid_t id)
{
	struct domain *d, *best = NULL;
	uint32_t i;

	spin_lock(&list_lock);
	for (i = 0; i < HASH_SIZE; i++)
		list_for_each (d, bucket((domid_t)i), all_link)
			if (d->id >= id && d->is_made && (!best || d->id < best->id))
				best = d;
	if (best)
		__atomic_fetch_add(&best->refs, 1, __ATOMIC_RELAXED);
	spin_unlock(&list_lock);
	return best;
}

void domain_put(struct domain *d)
{
	if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL))
		return;
	destroy_vcpus(d);
	guest_abi_domain_free(d);
	arch_domain_fini(d);
	/* Only now: whoever held a reference may have looked up frames until here. */
	dirty_fini(d);
	arch_physmap_free(d);
	stats_domain_close(d);
	hv_free(d, sizeof(*d));
}

uint32_t domain_count(void)
{
	return READ_ONCE(nr_domains);
}

uint64_t domain_cpu_time_ns(const struct domain *d)
{
	uint64_t since, ns[NR_VCPU_STATES], sum = 0;
	enum vcpu_state state;
	uint32_t i;

	for (i = 0; i < d->nr_vcpus; i++) {
		vcpu_get_runstate(d->vcpus[i], &state, &since, ns);
		sum += ns[VCPU_RUNNING];
	}
	return sum;
}

/* ---- frames ---- */

/*
 * Charged first, looked second; the teardown sets torn_down first and looks at the account second.
 * So either we see that it is over, or the domain stays on the list until the frames are back.
 */
bool domain_charge_frames(struct domain *d, uint64_t nr)
{
	uint64_t now = __atomic_add_fetch(&d->nr_frames, nr, __ATOMIC_SEQ_CST);

	if (d->stats)
		__atomic_fetch_add(&d->stats->frames, nr, __ATOMIC_RELAXED);
	if (now <= d->max_frames && !READ_ONCE(d->torn_down))
		return true;
	domain_uncharge_frames(d, nr);
	return false;
}

/* Torn down, and nobody maps a frame of it any more: out of the list. Idempotent. */
static void domain_try_remove(struct domain *d)
{
	bool removed = false;

	spin_lock(&list_lock);
	if (d->torn_down && !READ_ONCE(d->nr_frames) && !list_is_empty(&d->all_link)) {
		list_del(&d->all_link);
		nr_domains--;
		removed = true;
	}
	spin_unlock(&list_lock);
	if (removed) {
		guest_abi_domain_changed(d);
		domain_put(d);
	}
}

void domain_uncharge_frames(struct domain *d, uint64_t nr)
{
	uint64_t left;

	/* First: with the last frame d may be gone. */
	if (d->stats)
		__atomic_fetch_sub(&d->stats->frames, nr, __ATOMIC_RELAXED);
	left = __atomic_sub_fetch(&d->nr_frames, nr, __ATOMIC_ACQ_REL);
	if (!left && READ_ONCE(d->torn_down))
		domain_try_remove(d);
}

/* ---- running and stopping ---- */

void domain_pause(struct domain *d)
{
	uint32_t i;

	spin_lock(&d->lock);
	d->pause_count++;
	stats_domain_show(d);
	spin_unlock(&d->lock);
	for (i = 0; i < d->nr_vcpus; i++)
		vcpu_pause(d->vcpus[i]);
}

int domain_unpause(struct domain *d)
{
	uint32_t i;

	spin_lock(&d->lock);
	/* The pause of the teardown is never taken back: its page tables go without a flush. */
	if (!d->pause_count || d->state == DOMAIN_DYING) {
		spin_unlock(&d->lock);
		return -EINVAL;
	}
	d->pause_count--;
	d->has_run = true;
	stats_domain_show(d);
	spin_unlock(&d->lock);
	for (i = 0; i < d->nr_vcpus; i++)
		vcpu_unpause(d->vcpus[i]);
	return 0;
}

/* The control domain is gone: nobody is left to run the host. */
static noreturn void host_follows(struct domain *d)
{
	switch (d->shutdown_reason) {
	case SHUTDOWN_REASON_REBOOT:
	case SHUTDOWN_REASON_WATCHDOG:
		log_info("the control domain restarts the host\n");
		host_restart();
	case SHUTDOWN_REASON_CRASH:
		panic("the control domain has crashed: %s\n", d->crash_reason);
	case SHUTDOWN_REASON_POWEROFF:
	case SHUTDOWN_REASON_SUSPEND:
	case SHUTDOWN_REASON_SOFT_RESET:
		break;
	}
	log_info("the control domain has shut down; halting\n");
	host_halt();
}

void domain_shutdown(struct domain *d, enum shutdown_reason reason)
{
	uint32_t i;
	bool first;

	spin_lock(&d->lock);
	first = d->state == DOMAIN_RUNNING;
	if (first) {
		d->state = DOMAIN_SHUTDOWN;
		d->shutdown_reason = reason;
		stats_domain_show(d);
	}
	spin_unlock(&d->lock);
	if (!first)
		return;
	if (domain_is_control(d))
		host_follows(d);
	/* This pause is never taken back. The caller may be one of them, so do not wait. */
	for (i = 0; i < d->nr_vcpus; i++)
		sched_pause(d->vcpus[i]);
	guest_abi_domain_changed(d);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	va_list args;
	char reason[sizeof(d->crash_reason)];

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	trace(TRACE_CRASH, d->id, 0);
	log_error("d%u crashed: %s\n", d->id, reason);
	spin_lock(&d->lock);
	if (d->state == DOMAIN_RUNNING)
		strcopy(d->crash_reason, reason, sizeof(d->crash_reason));
	spin_unlock(&d->lock);
	domain_shutdown(d, SHUTDOWN_REASON_CRASH);
}

/* First step of the teardown: from here on no vCPU of it runs, or will. */
static void stop_for_good(struct domain *d)
{
	bool first;

	spin_lock(&d->lock);
	first = d->state != DOMAIN_DYING;
	d->state = DOMAIN_DYING;
	stats_domain_show(d);
	spin_unlock(&d->lock);
	if (first)
		domain_pause(d);
}

/* What the steps keep of their progress belongs to one CPU at a time. */
static bool destroy_begin(struct domain *d)
{
	bool mine;

	spin_lock(&d->lock);
	mine = !d->being_destroyed;
	d->being_destroyed = true;
	spin_unlock(&d->lock);
	return mine;
}

static int destroy_some(struct domain *d)
{
	int err;

	if (d->torn_down)
		return 0;
	stop_for_good(d);
	err = guest_abi_domain_destroy_step(d);
	if (!err)
		err = physmap_destroy_step(d);
	if (err)
		return err;
	__atomic_store_n(&d->torn_down, true, __ATOMIC_SEQ_CST);
	domain_try_remove(d);
	return 0;
}

int domain_destroy_step(struct domain *d)
{
	int err;

	if (domain_is_control(d))
		return -EPERM;
	if (d == current_vcpu()->domain)
		return -EINVAL;
	if (!destroy_begin(d))
		return -EAGAIN;
	err = destroy_some(d);
	__atomic_store_n(&d->being_destroyed, false, __ATOMIC_RELEASE);
	return err;
}
