/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a guest writes its memory: hv counts the pages of a period (HVABI_DIRTY).
 *
 * hv works in bounded steps, one for each turn of the loop. Whatever happens meanwhile, a
 * measurement ends with hv's STOP, after its period at the latest: a client that is known to have gone
 * and the domain's end make it come sooner. What an hvd leaves behind that dies in between, the next one
 * stops (domains_adopt).
 */
#include "control/dirty_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "control/conn.h"
#include "control/ops.h"
#include "domain/spec.h"
#include "hvcall.h"
#include "lib/xmem.h"

#define PERIOD_MAX_S 60
#define PAGE_BYTES 4096

struct dirty_request {
	TAILQ_ENTRY(dirty_request) link;
	struct conn *conn; /* NULL: the client has gone */
	struct hvcall *hv;
	uint16_t domid;
	struct domain_observer observer;
	struct event *tick;
	uint32_t step; /* HVABI_DIRTY_* */
	long long period_s;
	struct timespec began;
	uint64_t pages, period_ms;
	struct fault fault; /* why there is no answer; FAULT_NONE */
};

static TAILQ_HEAD(, dirty_request) measured = TAILQ_HEAD_INITIALIZER(measured);

static void tick_after(struct dirty_request *r, long long seconds)
{
	struct timeval tv = { .tv_sec = seconds };

	event_add(r->tick, &tv);
}

static void stop_now(struct dirty_request *r)
{
	r->step = HVABI_DIRTY_STOP;
	domain_unobserve(&r->observer);
	tick_after(r, 0);
}

static void finish(struct dirty_request *r)
{
	struct json_object *o;

	TAILQ_REMOVE(&measured, r, link);
	if (r->conn) {
		r->conn->dirty = NULL;
		o = json_object_new_object();
		json_object_object_add(o, "pages", json_object_new_uint64(r->pages));
		json_object_object_add(o, "period_ms", json_object_new_uint64(r->period_ms));
		json_object_object_add(o, "bytes_per_s",
				       json_object_new_uint64(r->pages * PAGE_BYTES * 1000 /
							      (r->period_ms ? r->period_ms : 1)));
		if (r->fault.code == FAULT_NONE) {
			reply_result(r->conn, o);
		} else {
			json_object_put(o);
			reply_fault(r->conn, &r->fault);
		}
	}
	event_free(r->tick);
	free(r);
}

static void explain(struct dirty_request *r, int err)
{
	const char *name = r->observer.domain->spec->name;

	switch (err) {
	case -EOPNOTSUPP:
		fault_set(&r->fault, FAULT_HYPERVISOR,
			  "this host's CPU does not record which pages a guest writes");
		break;
	case -ENOMEM:
		fault_set(&r->fault, FAULT_NOT_ENOUGH_MEMORY,
			  "hv has no memory left for page tables in which domain '%s' could be measured", name);
		break;
	default:
		fault_set(&r->fault, FAULT_HYPERVISOR, "hv does not count what domain '%s' writes: %s", name,
			  strerror(-err));
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct dirty_request *r = arg;
	int err = hvcall_dirty(r->hv, r->domid, r->step, &r->pages);
	struct timespec now;

	(void)fd;
	(void)what;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (err == -EAGAIN) {
		tick_after(r, 0);
	} else if (r->step == HVABI_DIRTY_STOP) {
		finish(r);
	} else if (err) {
		explain(r, err);
		stop_now(r);
	} else if (r->step == HVABI_DIRTY_START) {
		r->began = now;
		r->step = HVABI_DIRTY_COUNT;
		tick_after(r, r->period_s);
	} else {
		r->period_ms = (uint64_t)((now.tv_sec - r->began.tv_sec) * 1000 +
					  (now.tv_nsec - r->began.tv_nsec) / 1000000);
		stop_now(r);
	}
}

static void on_domain(void *arg, struct domain *d)
{
	struct dirty_request *r = arg;

	if (d->state == DOMAIN_PAUSED || d->state == DOMAIN_RUNNING)
		return;
	fault_set(&r->fault, FAULT_WRONG_STATE, "domain '%s' has ended", d->spec->name);
	stop_now(r);
}

static bool is_measured(const struct domain *d)
{
	const struct dirty_request *r;

	TAILQ_FOREACH(r, &measured, link)
		if (r->domid == d->domid)
			return true;
	return false;
}

void op_dirty_rate(struct conn *c, struct json_object *rq)
{
	long long period = json_line_number(rq, "period_s", 1);
	struct domain *d = op_domain(c, rq, NULL);
	struct dirty_request *r;

	if (!d)
		return;
	if (d->state != DOMAIN_RUNNING && d->state != DOMAIN_PAUSED) {
		op_refuse(c, FAULT_WRONG_STATE, "domain '%s' is %s", d->spec->name, domain_state_name(d->state));
		return;
	}
	if (is_measured(d)) {
		op_refuse(c, FAULT_WRONG_STATE, "domain '%s' is being measured already", d->spec->name);
		return;
	}
	if (period < 1 || period > PERIOD_MAX_S) {
		op_refuse(c, FAULT_BAD_REQUEST, "\"period_s\" is not between 1 and %d", PERIOD_MAX_S);
		return;
	}
	r = xcalloc(1, sizeof(*r));
	r->conn = c;
	c->dirty = r;
	r->hv = op_domains(c)->env.hv;
	r->domid = d->domid;
	r->period_s = period;
	r->step = HVABI_DIRTY_START;
	r->tick = evtimer_new(event_get_base(c->more), on_tick, r);
	r->observer.changed = on_domain;
	r->observer.arg = r;
	domain_observe(d, &r->observer);
	TAILQ_INSERT_TAIL(&measured, r, link);
	tick_after(r, 0);
}

void dirty_ops_leave(struct conn *c)
{
	struct dirty_request *r = c->dirty;

	if (!r)
		return;
	c->dirty = NULL;
	r->conn = NULL;
	stop_now(r);
	on_tick(-1, 0, r); /* mostly that is all */
}
