/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting what is defined; the contract is in autostart.h.
 */
#include "domain/autostart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "domain/definitions.h"
#include "domain/domain.h"
#include "domain/spec.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define PATIENCE_S 30

struct autostart {
	struct domains *all;
	char *marker;
	char *last; /* name of the one that was started last; NULL: none yet */
	struct domain_observer observer;
	struct event *next;
};

int definition_start(struct domains *all, struct definition *def, bool paused, struct domain **ret_d,
		     struct fault *ret_fault)
{
	struct domain_spec *spec;
	char *xml = NULL;
	int err = definitions_load(all->env.definitions, def, &xml, &spec, ret_fault);

	if (!err)
		err = domain_create(all, spec, xml, paused, ret_d, ret_fault);
	free(xml);
	return err;
}

static void next_soon(struct autostart *a)
{
	static const struct timeval now = { 0, 0 };

	domain_unobserve(&a->observer);
	event_add(a->next, &now);
}

static void on_change(void *arg, struct domain *d)
{
	/* It runs, or it has gone and will not. */
	if (d->state != DOMAIN_BUILDING && d->state != DOMAIN_DYING)
		next_soon(arg);
}

/* The next by name. By name and not by place: definitions come and go meanwhile. */
static struct definition *find_next(struct autostart *a)
{
	struct definition *def;

	TAILQ_FOREACH(def, definitions_list(a->all->env.definitions), link)
		if (def->autostart && (!a->last || strcmp(def->name, a->last) > 0))
			return def;
	return NULL;
}

static void leave_marker(struct autostart *a)
{
	int fd = open(a->marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		log_warning("cannot make %s: %s: the next hvd will autostart again", a->marker,
			    strerror(errno));
	else
		close(fd);
}

static void on_next(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval patience = { PATIENCE_S, 0 };
	struct autostart *a = arg;
	struct definition *def;
	struct domain *d;
	struct fault f;

	(void)fd;
	(void)what;
	domain_unobserve(&a->observer);
	while ((def = find_next(a))) {
		free(a->last);
		a->last = xstrdup(def->name);
		if (domain_find(a->all, def->name))
			continue;
		if (definition_start(a->all, def, false, &d, &f)) {
			log_error("autostart of domain '%s': %s", a->last, f.text);
			continue;
		}
		domain_observe(d, &a->observer);
		event_add(a->next, &patience);
		return;
	}
	leave_marker(a);
}

void autostart_begin(struct domains *all, const char *marker, struct autostart **ret_a)
{
	struct autostart *a;

	if (!all->env.definitions || !access(marker, F_OK))
		return;
	a = xcalloc(1, sizeof(*a));
	a->all = all;
	a->marker = xstrdup(marker);
	a->observer.changed = on_change;
	a->observer.arg = a;
	a->next = evtimer_new(all->env.base, on_next, a);
	next_soon(a);
	*ret_a = a;
}

void autostart_end(struct autostart *a)
{
	if (!a)
		return;
	domain_unobserve(&a->observer);
	event_free(a->next);
	free(a->marker);
	free(a->last);
	free(a);
}
