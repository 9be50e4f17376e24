/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of domains, and what a person can do with one; the contract is in domain.h.
 *
 * start.c has the way from a spec to a running guest, teardown.c the way out.
 */
#include "domain/domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <event2/event.h>
#include <json-c/json.h>
#include <xen/sched.h>
#include <xen/xen.h>

#include "backend/backend.h"
#include "console.h"
#include "domain/build.h"
#include "domain/history.h"
#include "domain/spec.h"
#include "events.h"
#include "hvcall.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "xenstore/xs.h"

#define FAST_CRASH_S 5
#define FAST_CRASHES_MAX 3u

void domains_create(const struct domain_env *env, struct domains **ret_all)
{
	struct domains *all = xcalloc(1, sizeof(*all));

	all->env = *env;
	TAILQ_INIT(&all->list);
	*ret_all = all;
}

/* ---- Observers and viewers ---- */

void domain_observe(struct domain *d, struct domain_observer *o)
{
	o->domain = d;
	TAILQ_INSERT_TAIL(&d->observers, o, link);
}

void domain_unobserve(struct domain_observer *o)
{
	if (!o->domain)
		return;
	TAILQ_REMOVE(&o->domain->observers, o, link);
	o->domain = NULL;
}

static void tell_observers(struct domain *d)
{
	struct domain_observer *o, *next;

	/* An observer may take itself away here, but no other one. */
	for (o = TAILQ_FIRST(&d->observers); o; o = next) {
		next = TAILQ_NEXT(o, link);
		o->changed(o->arg, d);
	}
}

static void viewer_attach(struct domain *d, struct domain_viewer *v)
{
	int err = console_attach(d->console, v->output, v->arg, &v->attached);

	if (err)
		log_warning("domain '%s': cannot show its console: %s", d->spec->name, strerror(-err));
}

void domain_attach_viewers(struct domain *d)
{
	struct domain_viewer *v;

	TAILQ_FOREACH(v, &d->viewers, link)
		viewer_attach(d, v);
}

void domain_view(struct domain *d, struct domain_viewer *v)
{
	v->domain = d;
	v->attached = NULL;
	TAILQ_INSERT_TAIL(&d->viewers, v, link);
	if (d->console)
		viewer_attach(d, v);
}

void domain_unview(struct domain_viewer *v)
{
	if (!v->domain)
		return;
	console_detach(v->attached);
	v->attached = NULL;
	TAILQ_REMOVE(&v->domain->viewers, v, link);
	v->domain = NULL;
}

size_t domain_type(struct domain *d, const void *bytes, size_t n)
{
	return d->console ? console_input(d->console, bytes, n) : 0;
}

/* ---- State ---- */

static const char *const reason_names[] = {
	[SHUTDOWN_poweroff] = "poweroff", [SHUTDOWN_reboot] = "reboot",
	[SHUTDOWN_suspend] = "suspend",	  [SHUTDOWN_crash] = "crash",
	[SHUTDOWN_watchdog] = "watchdog", [SHUTDOWN_soft_reset] = "soft reset",
};

const char *shutdown_reason_name(unsigned int reason)
{
	if (reason >= sizeof(reason_names) / sizeof(reason_names[0]))
		return "unknown";
	return reason_names[reason];
}

static void log_state(const struct domain *d, enum domain_state to)
{
	const char *name = d->spec->name;

	if (to == DOMAIN_CRASHED)
		log_warning("domain '%s' (%u) crashed: %s", name, d->domid, d->crash_reason);
	else if (to == DOMAIN_SHUTDOWN)
		log_info("domain '%s' (%u): shutdown (%s)", name, d->domid,
			 shutdown_reason_name(d->shutdown_reason));
	else
		log_info("domain '%s' (%u): %s", name, d->domid, domain_state_name(to));
}

static void emit_state(struct domain *d)
{
	struct json_object *details = NULL;

	if (d->state == DOMAIN_SHUTDOWN || d->state == DOMAIN_CRASHED) {
		details = json_object_new_object();
		json_object_object_add(details, "reason",
				       json_object_new_string(shutdown_reason_name(d->shutdown_reason)));
		if (d->state == DOMAIN_CRASHED)
			json_object_object_add(details, "crash_reason",
					       json_object_new_string(d->crash_reason));
	}
	events_emit(d->all->env.events, "lifecycle", domain_state_name(d->state), d->spec->name,
		    d->domid, details);
}

void domain_set_state(struct domain *d, enum domain_state to)
{
	enum domain_state from = d->state;

	if (!lifecycle_allows(d->state, to)) {
		/* Our own mistake; going on as if nothing had happened is what loses domains. */
		log_error("domain '%s': no way from %s to %s", d->spec->name,
			  domain_state_name(d->state), domain_state_name(to));
		abort();
	}
	d->state = to;
	log_state(d, to);
	domain_record(d);
	emit_state(d);
	history_note_state(d->all->env.history, d, from);
	tell_observers(d);
}

/* ---- Life ---- */

struct domain *domain_find_id(struct domains *all, uint16_t domid)
{
	struct domain *d;

	TAILQ_FOREACH(d, &all->list, link)
		if (domid && d->domid == domid)
			return d;
	return NULL;
}

struct domain *domain_find(struct domains *all, const char *key)
{
	struct domain *d;

	if (*key && strspn(key, "0123456789") == strlen(key)) {
		unsigned long domid = strtoul(key, NULL, 10);

		return domid < DOMID_FIRST_RESERVED ? domain_find_id(all, (uint16_t)domid) : NULL;
	}
	TAILQ_FOREACH(d, &all->list, link)
		if (!strcmp(d->spec->name, key))
			return d;
	return NULL;
}

static int check_unique(struct domains *all, const struct domain_spec *spec, struct fault *ret_fault)
{
	struct domain *d;

	TAILQ_FOREACH(d, &all->list, link) {
		if (!strcmp(d->spec->name, spec->name))
			return fault_set(ret_fault, FAULT_NAME_IN_USE,
					 "a domain '%s' exists already (id %u, %s)", spec->name,
					 d->domid, domain_state_name(d->state));
		if (!memcmp(d->spec->uuid, spec->uuid, 16))
			return fault_set(ret_fault, FAULT_UUID_IN_USE,
					 "the domain '%s' has the same UUID", d->spec->name);
	}
	return 0;
}

struct domain *domain_new(struct domains *all, struct domain_spec *spec, const char *xml)
{
	struct domain *d = xcalloc(1, sizeof(*d));

	d->all = all;
	d->spec = spec;
	d->xml = xml ? xstrdup(xml) : NULL;
	TAILQ_INIT(&d->observers);
	TAILQ_INIT(&d->viewers);
	return d;
}

void domain_remember(struct domain *d)
{
	TAILQ_INSERT_TAIL(&d->all->list, d, link);
	d->all->nr++;
}

static void choose_uuid(struct domain_spec *spec)
{
	uint8_t uuid[16];

	if (spec->uuid_given) {
		spec_set_uuid(spec, spec->uuid);
		return;
	}
	while (getrandom(uuid, sizeof(uuid), 0) != (ssize_t)sizeof(uuid))
		;
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40); /* RFC 4122: version 4, variant 1 */
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	spec_set_uuid(spec, uuid);
}

int domain_create(struct domains *all, struct domain_spec *spec, const char *xml, bool paused,
		  struct domain **ret_d, struct fault *ret_fault)
{
	struct domain *d;
	int err;

	choose_uuid(spec);
	err = check_unique(all, spec, ret_fault);
	if (!err && all->nr >= DOMAINS_MAX)
		err = fault_set(ret_fault, FAULT_TOO_MANY, "there are %u domains already", all->nr);
	if (err) {
		spec_destroy(spec);
		return err;
	}

	d = domain_new(all, spec, xml);
	d->start_paused = paused;
	domain_remember(d);
	domain_record_spec(d);
	err = domain_start(d, ret_fault);
	if (err) {
		domain_forget(d);
		return err;
	}
	*ret_d = d;
	return 0;
}

static void let_go_viewers(struct domain *d)
{
	struct domain_viewer *v;

	while ((v = TAILQ_FIRST(&d->viewers))) {
		domain_unview(v);
		v->gone(v->arg);
	}
}

void domain_forget(struct domain *d)
{
	struct domain_observer *o;

	if (d->state == DOMAIN_GONE || !d->domid)
		domain_record_gone(d);
	let_go_viewers(d);
	while ((o = TAILQ_FIRST(&d->observers)))
		domain_unobserve(o);
	if (d->teardown_tick)
		event_free(d->teardown_tick);
	TAILQ_REMOVE(&d->all->list, d, link);
	d->all->nr--;
	spec_destroy(d->spec);
	free(d->xml);
	free(d->orphan);
	free(d);
}

static int wrong_state(struct domain *d, const char *wanted, struct fault *ret_fault)
{
	return fault_set(ret_fault, FAULT_WRONG_STATE, "domain '%s' is %s, not %s", d->spec->name,
			 domain_state_name(d->state), wanted);
}

static int hv_failed(struct domain *d, const char *what, int err, struct fault *ret_fault)
{
	return fault_set(ret_fault, FAULT_HYPERVISOR, "domain '%s': cannot %s: %s", d->spec->name, what,
			 strerror(-err));
}

int domain_pause(struct domain *d, struct fault *ret_fault)
{
	int err;

	if (d->state != DOMAIN_RUNNING)
		return wrong_state(d, "running", ret_fault);
	err = hvcall_domain_pause(d->all->env.hv, d->domid);
	if (err)
		return hv_failed(d, "pause", err, ret_fault);
	domain_set_state(d, DOMAIN_PAUSED);
	return 0;
}

int domain_resume(struct domain *d, struct fault *ret_fault)
{
	int err;

	if (d->state != DOMAIN_PAUSED)
		return wrong_state(d, "paused", ret_fault);
	err = hvcall_domain_unpause(d->all->env.hv, d->domid);
	if (err)
		return hv_failed(d, "resume", err, ret_fault);
	if (!d->started.tv_sec)
		clock_gettime(CLOCK_MONOTONIC, &d->started);
	domain_set_state(d, DOMAIN_RUNNING);
	if (d->all->env.backend)
		backend_retry(d->all->env.backend, d->domid);
	return 0;
}

void domains_on_disk_stopped(void *arg, uint16_t domid, const char *disk, const char *error)
{
	struct domains *all = arg;
	struct fault f = { 0 };
	struct domain *d;

	(void)disk;
	(void)error;
	TAILQ_FOREACH(d, &all->list, link)
		if (d->domid == domid && d->state == DOMAIN_RUNNING && domain_pause(d, &f))
			log_error("domain '%s' (%u): %s", d->spec->name, domid, f.text);
}

int domain_ask_shutdown(struct domain *d, bool reboot, struct fault *ret_fault)
{
	char path[64];
	int err;

	if (d->state != DOMAIN_RUNNING)
		return wrong_state(d, "running", ret_fault);
	if (d->orphan)
		return fault_set(ret_fault, FAULT_WRONG_STATE,
				 "domain '%s' is of an earlier hvd (%s) and cannot be asked; destroy it",
				 d->spec->name, d->orphan);
	snprintf(path, sizeof(path), "/local/domain/%u/control/shutdown", d->domid);
	err = xs_write(d->all->env.xs, path, reboot ? "reboot" : "poweroff");
	if (err)
		return fault_set(ret_fault, FAULT_XENSTORE, "cannot write %s: %s", path, strerror(-err));
	return 0;
}

void domain_destroy(struct domain *d)
{
	if (d->state == DOMAIN_DYING) {
		d->end = DOMAIN_END_DESTROY;
		domain_record(d);
	} else if (d->state != DOMAIN_GONE) {
		domain_teardown(d, DOMAIN_END_DESTROY);
	}
}

/* ---- When a domain stops by itself ---- */

static bool is_crash(unsigned int reason)
{
	/* Nobody has asked it to suspend, and no one could resume it: an error of the guest. */
	return reason != SHUTDOWN_poweroff && reason != SHUTDOWN_reboot;
}

/* A guest that crashes as soon as it starts would be restarted for ever. */
static bool crashes_too_fast(struct domain *d)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - d->started.tv_sec >= FAST_CRASH_S)
		d->fast_crashes = 0;
	return ++d->fast_crashes >= FAST_CRASHES_MAX;
}

/* What becomes of it, from what its vm.xml says. */
static enum domain_end end_of(struct domain *d, enum domain_action action, bool crashed)
{
	if (d->orphan && action == DOMAIN_ACTION_RESTART)
		action = DOMAIN_ACTION_DESTROY;
	if (crashed && action == DOMAIN_ACTION_RESTART && crashes_too_fast(d)) {
		log_error("domain '%s' crashed %u times right after its start: it stays down",
			  d->spec->name, d->fast_crashes);
		action = DOMAIN_ACTION_PRESERVE;
	}
	switch (action) {
	case DOMAIN_ACTION_DESTROY:
		return DOMAIN_END_DESTROY;
	case DOMAIN_ACTION_RESTART:
		return DOMAIN_END_RESTART;
	case DOMAIN_ACTION_PRESERVE:
		break;
	}
	return DOMAIN_END_NOTHING;
}

static void domain_on_stopped(struct domain *d, const struct hvabi_info *info)
{
	bool crashed = is_crash(info->shutdown_reason);

	d->shutdown_reason = info->shutdown_reason;
	xs_server_domain_shutdown(d->all->env.xs, d->domid);
	if (crashed) {
		strcpy(d->crash_reason, info->crash_reason);
		if (!d->crash_reason[0])
			snprintf(d->crash_reason, sizeof(d->crash_reason), "the guest said: %s",
				 shutdown_reason_name(info->shutdown_reason));
		d->end = end_of(d, d->spec->on_crash, true);
	} else {
		d->fast_crashes = 0;
		d->end = end_of(d, info->shutdown_reason == SHUTDOWN_reboot ? d->spec->on_reboot :
									      d->spec->on_poweroff,
				false);
	}
	/* With the state goes what comes next: an hvd that finds it so goes on with that. */
	domain_set_state(d, crashed ? DOMAIN_CRASHED : DOMAIN_SHUTDOWN);
	if (d->end != DOMAIN_END_NOTHING)
		domain_teardown(d, d->end);
}

void domains_on_exception(void *arg)
{
	struct domains *all = arg;
	struct domain *d, *next;

	for (d = TAILQ_FIRST(&all->list); d; d = next) {
		struct hvabi_info info;
		int err;

		next = TAILQ_NEXT(d, link);
		if (d->state == DOMAIN_DYING) {
			struct timeval now = { 0 };

			event_add(d->teardown_tick, &now); /* perhaps the last frame is back */
			continue;
		}
		if (d->state != DOMAIN_RUNNING && d->state != DOMAIN_PAUSED)
			continue;
		err = hvcall_domain_info(all->env.hv, d->domid, &info);
		if (err || info.state == HVABI_DOM_DYING) {
			log_error("domain '%s' (%u) has gone behind hvd's back", d->spec->name, d->domid);
			domain_teardown(d, DOMAIN_END_DESTROY);
		} else if (info.state == HVABI_DOM_SHUTDOWN) {
			domain_on_stopped(d, &info);
		}
	}
}

void domains_destroy(struct domains *all)
{
	struct domain *d;

	if (!all)
		return;
	while ((d = TAILQ_FIRST(&all->list))) {
		build_cancel(d->build);
		console_close(d->console);
		domain_forget(d);
	}
	free(all);
}
