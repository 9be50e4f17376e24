/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking in the domains of an hvd that has died.
 *
 * hv says what there is, the journal what it was meant to be:
 *
 *	journal		hv		what happens
 *	paused, running	exists		goes on; what it did meanwhile is handled as if it did it now
 *	new and whole	exists, paused	is started, unless it was to stay paused
 *	stopped		exists		stays, or goes on to what its vm.xml says
 *	building	exists or not	is taken back; where it was a restart, it is begun again
 *	dying		exists or not	goes on dying; where a restart comes after it, that comes
 *	any other	gone		ended behind our back: as if it had crashed
 *	nothing, or	exists		runs on as an orphan, with the reason: it can be looked at, paused
 *	unreadable			and destroyed, and that is never done by itself
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "console.h"
#include "domain/record.h"
#include "domain/spec.h"
#include "hvcall.h"
#include "journal.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "xenstore/xs.h"

/* ---- Orphans ---- */

static struct domain_spec *orphan_spec(struct domains *all, uint16_t domid, const struct hvabi_info *info,
				       const struct domain_note *note)
{
	struct domain_spec *spec = xcalloc(1, sizeof(*spec));

	memcpy(spec->uuid, info->uuid, 16);
	if (note && note->name && !domain_find(all, note->name))
		spec->name = xstrdup(note->name);
	else
		spec->name = xasprintf("domain-%u", domid);
	spec->memory_bytes = spec->memory_target_bytes = info->max_frames << 12;
	spec->nr_vcpus = info->nr_vcpus;
	spec->nr_vcpus_online = info->nr_online_vcpus;
	spec->cmdline = xstrdup("");
	return spec;
}

static void adopt_orphan(struct domains *all, uint16_t domid, const struct hvabi_info *info,
			 const struct domain_note *note, const char *why)
{
	struct domain *d = domain_new(all, orphan_spec(all, domid, info, note), NULL);

	d->orphan = xstrdup(why);
	d->domid = domid;
	d->generation = 1;
	d->state = info->pause_count ? DOMAIN_PAUSED : DOMAIN_RUNNING;
	domain_remember(d);
	log_warning("domain '%s' (%u) runs on as an orphan: %s", d->spec->name, domid, why);
}

/* ---- Domains that the journal knows ---- */

static int note_parse(const struct domain_note *note, struct domain_spec **ret_spec, char **ret_why)
{
	struct domain_spec *spec;
	char *error = NULL;
	int err;

	if (!note->xml || !note->has_state || note->state >= DOMAIN_NR_STATES ||
	    note->end > DOMAIN_END_RESTART) {
		*ret_why = xstrdup("its record in the journal cannot be understood");
		return -EINVAL;
	}
	err = spec_parse(note->xml, strlen(note->xml), &spec, &error);
	if (err) {
		*ret_why = xasprintf("its vm.xml is not accepted any more: %s", error);
		free(error);
		return err;
	}
	spec_set_uuid(spec, note->uuid);
	free(spec->name); /* it may have been renamed since */
	spec->name = xstrdup(note->name);
	*ret_spec = spec;
	return 0;
}

static struct domain *domain_of_note(struct domains *all, const struct domain_note *note,
				     struct domain_spec *spec)
{
	struct domain *d = domain_new(all, spec, note->xml);

	d->domid = note->domid;
	d->start_paused = note->start_paused;
	d->generation = note->generation;
	d->fast_crashes = note->fast_crashes;
	d->shutdown_reason = note->shutdown_reason;
	d->console_port = note->console_port;
	d->store_port = note->store_port;
	d->created = note->created;
	d->started = note->started;
	strcpy(d->crash_reason, note->crash_reason);
	domain_remember(d);
	return d;
}

/* Console and devices of a domain that goes on. What fails here does not end it. */
static void reconnect(struct domain *d)
{
	struct domain_env *env = &d->all->env;
	struct fault f;

	if (!xs_server_has_domain(env->xs, d->domid))
		log_error("domain '%s' (%u): its xenstore connection is lost", d->spec->name, d->domid);
	if (domain_open_console(d, &f))
		log_error("domain '%s' (%u): %s", d->spec->name, d->domid, f.text);
	if (env->backend)
		backend_adopt_domain(env->backend, d->domid, d->spec);
}

static void go_on_running(struct domain *d, const struct hvabi_info *info)
{
	struct fault f;

	reconnect(d);
	d->state = info->pause_count ? DOMAIN_PAUSED : DOMAIN_RUNNING;
	log_info("domain '%s' (%u) is taken in: %s", d->spec->name, d->domid, domain_state_name(d->state));
	if (d->state == DOMAIN_RUNNING && !d->started.tv_sec)
		clock_gettime(CLOCK_MONOTONIC, &d->started);
	/* It was made, and the last step was missing. */
	if (d->state == DOMAIN_PAUSED && !d->start_paused && !d->started.tv_sec &&
	    info->state == HVABI_DOM_RUNNING && domain_resume(d, &f))
		log_error("%s", f.text);
}

/* 'info' NULL: hv has no domain of this uuid. */
static void take_in(struct domain *d, const struct domain_note *note, const struct hvabi_info *info)
{
	enum domain_state was = (enum domain_state)note->state;
	struct fault f;

	if (was == DOMAIN_BUILDING) {
		d->state = DOMAIN_BUILDING;
		log_info("domain '%s' was being built: %s", d->spec->name,
			 d->generation > 1 ? "it is begun again" : "it is taken back");
		domain_teardown(d, d->generation > 1 ? DOMAIN_END_RESTART : DOMAIN_END_DESTROY);
		return;
	}
	d->state = DOMAIN_RUNNING; /* from where all other states can be reached */
	if (was == DOMAIN_DYING || was == DOMAIN_GONE) {
		domain_teardown(d, note->end == DOMAIN_END_RESTART ? DOMAIN_END_RESTART :
								     DOMAIN_END_DESTROY);
	} else if (!info || info->state == HVABI_DOM_DYING) {
		log_error("domain '%s' (%u) has gone behind hvd's back", d->spec->name, d->domid);
		domain_teardown(d, d->spec->on_crash == DOMAIN_ACTION_RESTART ? DOMAIN_END_RESTART :
										DOMAIN_END_DESTROY);
	} else if (was == DOMAIN_PAUSED || was == DOMAIN_RUNNING) {
		go_on_running(d, info);
	} else if (note->end == DOMAIN_END_NOTHING) { /* stopped, and preserved */
		reconnect(d);
		d->state = was;
	} else {
		if (domain_open_console(d, &f)) /* for its last words */
			log_warning("%s", f.text);
		domain_teardown(d, (enum domain_end)note->end);
	}
}

/* ---- All of them ---- */

static void adopt_living(struct domains *all, struct domain_notes *notes, uint16_t domid,
			 const struct hvabi_info *info)
{
	struct domain_spec *spec = NULL;
	struct domain_note *note;
	char *why = NULL;

	TAILQ_FOREACH(note, notes, link)
		if (!memcmp(note->uuid, info->uuid, 16))
			break;
	if (note && note_parse(note, &spec, &why) == 0) {
		if (note->domid != domid) /* hv had made it, and we were about to say so */
			note->domid = domid;
		take_in(domain_of_note(all, note, spec), note, info);
	} else if (info->state != HVABI_DOM_DYING) { /* that one goes by itself */
		adopt_orphan(all, domid, info, note, why ? why : "no hvd that is known has made it");
	}
	free(why);
	if (note)
		domain_note_free(notes, note);
}

/* Of those that are left hv knows nothing (any more). */
static void adopt_departed(struct domains *all, struct domain_note *note)
{
	struct domain_spec *spec = NULL;
	struct hvabi_info info;
	char *why = NULL;

	if (note_parse(note, &spec, &why)) {
		log_warning("domain '%s' is gone, and forgotten: %s", note->name ? note->name : "?", why);
		free(why);
		return;
	}
	/* Its number may have been given to another one, whose things must be left alone. */
	if (note->domid && hvcall_domain_info(all->env.hv, note->domid, &info) != -ESRCH)
		note->domid = 0;
	take_in(domain_of_note(all, note, spec), note, NULL);
}

static bool lives(void *arg, uint16_t domid)
{
	return domain_find_id(arg, domid) != NULL;
}

static bool has_console(void *arg, unsigned int domid)
{
	return domid <= UINT16_MAX && lives(arg, (uint16_t)domid);
}

/* Homes in the store, and processes, of domains that nobody knows. */
static void sweep(struct domains *all)
{
	struct xs_server *xs = all->env.xs;
	char **names;
	size_t nr;

	xs_server_drop_lost(xs, lives, all);
	console_sweep(all->env.keep_dir, has_console, all);
	if (!xs_list(xs, "/local/domain", &names, &nr)) {
		for (size_t i = 0; i < nr; i++) {
			unsigned long domid = strtoul(names[i], NULL, 10);

			if (domid && domid <= UINT16_MAX && !lives(all, (uint16_t)domid))
				domain_remove_nodes(all, (uint16_t)domid, NULL);
		}
		free(names);
	}
	if (all->env.backend)
		backend_sweep(all->env.backend, lives, all);
}

void domains_adopt(struct domains *all)
{
	struct domain_notes notes;
	struct hvabi_info info;
	uint16_t domid;

	domain_notes_read(all->env.journal, &notes);
	for (domid = 1; !hvcall_domain_next(all->env.hv, &domid, &info); domid++) {
		/* Nobody waits for what an earlier hvd had counted. */
		while (hvcall_dirty(all->env.hv, domid, HVABI_DIRTY_STOP, NULL) == -EAGAIN)
			;
		adopt_living(all, &notes, domid, &info);
	}
	while (!TAILQ_EMPTY(&notes)) {
		adopt_departed(all, TAILQ_FIRST(&notes));
		domain_note_free(&notes, TAILQ_FIRST(&notes));
	}
	sweep(all);
	journal_add_part(all->env.journal, domains_snapshot, all);
	domains_on_exception(all);
}
