/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a domain, from whatever stage it is in.
 *
 * Three things must happen before it is gone: the back ends let go of its pages, hv tears it down
 * (in bounded steps, one for each turn of the loop), and hv gets the last frame back. They run side
 * by side; teardown_tick() moves on what it can and comes again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "backend/backend.h"
#include "console.h"
#include "domain/build.h"
#include "domain/domain.h"
#include "domain/spec.h"
#include "hvcall.h"
#include "lib/log.h"
#include "xenstore/xs.h"

#define POLL_MS 50
#define WARN_AFTER_S 15

static void tick_after(struct domain *d, unsigned int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

	event_add(d->teardown_tick, &tv);
}

static void finish(struct domain *d)
{
	struct fault fault;

	if (d->end != DOMAIN_END_RESTART) {
		domain_set_state(d, DOMAIN_GONE);
		domain_forget(d);
		return;
	}
	d->start_paused = false;
	if (domain_start(d, &fault)) {
		log_error("domain '%s' cannot be started again: %s", d->spec->name, fault.text);
		d->fault = fault;
		domain_set_state(d, DOMAIN_GONE);
		domain_forget(d);
		return;
	}
	d->end = DOMAIN_END_NOTHING;
	domain_set_state(d, DOMAIN_BUILDING);
}

static void warn_once(struct domain *d)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (d->dying_warned || now.tv_sec - d->dying_since.tv_sec < WARN_AFTER_S)
		return;
	d->dying_warned = true;
	log_warning("domain '%s' (%u) does not end: %s", d->spec->name, d->domid,
		    d->backends_gone ? "somebody still holds its memory" : "its back ends still run");
}

static void teardown_tick(evutil_socket_t fd, short what, void *arg)
{
	struct domain *d = arg;
	struct hvabi_info info;
	int err;

	(void)fd;
	(void)what;
	if (!d->hv_destroyed) {
		err = hvcall_domain_destroy(d->all->env.hv, d->domid);
		if (err == -EAGAIN) {
			tick_after(d, 0);
			return;
		}
		if (err && err != -ESRCH)
			log_error("domain '%s' (%u): hv does not destroy it: %s", d->spec->name,
				  d->domid, strerror(-err));
		else
			d->hv_destroyed = true;
	}
	err = d->domid ? hvcall_domain_info(d->all->env.hv, d->domid, &info) : -ESRCH;
	/* Its number may have gone to another domain already. */
	if (!err && memcmp(info.uuid, d->spec->uuid, sizeof(info.uuid)))
		err = -ESRCH;
	if (err == -ESRCH && d->backends_gone) {
		finish(d);
		return;
	}
	warn_once(d);
	tick_after(d, POLL_MS);
}

static void backends_on_gone(void *arg, uint16_t domid)
{
	struct domain *d = arg;

	(void)domid;
	d->backends_gone = true;
	tick_after(d, 0);
}

void domain_remove_nodes(struct domains *all, uint16_t domid, const uint8_t uuid_bytes[16])
{
	struct xs_server *xs = all->env.xs;
	char path[64], uuid[37];

	xs_server_remove_domain(xs, domid);
	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	xs_rm(xs, path);
	if (!uuid_bytes)
		return;
	spec_format_uuid(uuid_bytes, uuid);
	snprintf(path, sizeof(path), "/vm/%s", uuid);
	xs_rm(xs, path);
}

static void close_console(struct domain *d)
{
	struct domain_viewer *v;

	/* The viewers get what is still in the ring, and wait for the next console, if there is one. */
	console_close(d->console);
	d->console = NULL;
	TAILQ_FOREACH(v, &d->viewers, link)
		v->attached = NULL;
}

void domain_teardown(struct domain *d, enum domain_end end)
{
	struct domain_env *env = &d->all->env;

	d->end = end;
	d->hv_destroyed = d->backends_gone = d->dying_warned = false;
	clock_gettime(CLOCK_MONOTONIC, &d->dying_since);
	if (!d->teardown_tick)
		d->teardown_tick = evtimer_new(env->base, teardown_tick, d);

	build_cancel(d->build);
	d->build = NULL;
	/* It says nothing more: what the console's ring holds now is its last word. */
	if (d->domid)
		hvcall_domain_pause(env->hv, d->domid);
	close_console(d);
	console_forget(env->keep_dir, d->domid);

	domain_set_state(d, DOMAIN_DYING);
	if (!d->domid) /* one that died with an earlier hvd */
		d->hv_destroyed = d->backends_gone = true;
	else if (env->backend)
		backend_remove_domain(env->backend, d->domid, backends_on_gone, d);
	else
		d->backends_gone = true;
	if (d->domid)
		domain_remove_nodes(d->all, d->domid, d->spec->uuid);
	tick_after(d, 0);
}
