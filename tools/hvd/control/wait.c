/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that are answered later: when a domain has been created, has stopped, or is gone.
 */
#include <stdlib.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "control/conn.h"
#include "control/describe.h"
#include "domain/spec.h"

static void wait_end(struct conn *c)
{
	domain_unobserve(&c->observer);
	if (c->deadline)
		event_free(c->deadline);
	c->deadline = NULL;
	c->goal = WAIT_NOTHING;
}

void wait_cancel(struct conn *c)
{
	wait_end(c);
}

static void succeed(struct conn *c, struct json_object *result)
{
	wait_end(c);
	reply_result(c, result);
}

static void fail(struct conn *c)
{
	wait_end(c);
	reply_fault(c, &c->fault);
}

static void see_created(struct conn *c, struct domain *d)
{
	switch (d->state) {
	case DOMAIN_BUILDING:
	case DOMAIN_DYING:
		break;
	case DOMAIN_PAUSED:
		if (!d->start_paused)
			break;
		/* fall through */
	case DOMAIN_RUNNING:
	case DOMAIN_SHUTDOWN:
	case DOMAIN_CRASHED:
		succeed(c, describe_created(d));
		break;
	case DOMAIN_GONE:
		/* Only now, so that who reads the error finds everything as it was before. */
		if (d->fault.code != FAULT_NONE)
			c->fault = d->fault;
		else
			fault_set(&c->fault, FAULT_CANCELLED, "domain '%s' was destroyed while it was built",
				  d->spec->name);
		fail(c);
		break;
	}
}

static struct json_object *outcome(const char *state, struct domain *d)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "state", json_object_new_string(state));
	if (d->crash_reason[0])
		json_object_object_add(o, "crash_reason", describe_text(d->crash_reason));
	return o;
}

static void see_stopped(struct conn *c, struct domain *d)
{
	if (d->state == DOMAIN_GONE)
		succeed(c, outcome("gone", d));
	else if (d->generation != c->generation)
		succeed(c, outcome("restarted", d));
	else if ((d->state == DOMAIN_SHUTDOWN && d->spec->on_poweroff == DOMAIN_ACTION_PRESERVE) ||
		 (d->state == DOMAIN_CRASHED && d->spec->on_crash == DOMAIN_ACTION_PRESERVE))
		succeed(c, outcome(domain_state_name(d->state), d));
}

static void wait_on_change(void *arg, struct domain *d)
{
	struct conn *c = arg;

	switch (c->goal) {
	case WAIT_NOTHING:
		break;
	case WAIT_CREATED:
		see_created(c, d);
		break;
	case WAIT_GONE:
		if (d->state == DOMAIN_GONE)
			succeed(c, NULL);
		break;
	case WAIT_STOPPED:
		see_stopped(c, d);
		break;
	}
}

static void wait_on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	struct domain *d = c->observer.domain;

	(void)fd;
	(void)what;
	fault_set(&c->fault, FAULT_TIMEOUT, "domain '%s' is still %s", d->spec->name,
		  domain_state_name(d->state));
	fail(c);
}

void wait_begin(struct conn *c, struct domain *d, enum wait_goal goal, unsigned int timeout_s)
{
	struct timeval tv = { .tv_sec = timeout_s };

	c->goal = goal;
	c->generation = d->generation;
	c->observer.changed = wait_on_change;
	c->observer.arg = c;
	domain_observe(d, &c->observer);
	c->deadline = evtimer_new(event_get_base(c->more), wait_on_deadline, c);
	event_add(c->deadline, &tv);
	wait_on_change(c, d);
}
