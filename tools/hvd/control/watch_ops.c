/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that look on: events, the sampler's figures, hvd's log.
 *
 * "events" may wait: it is answered when something happens, or when its time is over, with what there
 * is by then. A client that follows asks again; between two requests nothing of it is kept here.
 */
#include <stdlib.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "control/conn.h"
#include "control/ops.h"
#include "domain/domain.h"
#include "events.h"
#include "log_ring.h"
#include "metrics/metrics.h"
#include "metrics/sampler.h"

#define EVENTS_IN_REPLY 256u
#define LINES_IN_REPLY 256u
#define EVENTS_WAIT_MAX_S 60
#define TOP_WINDOW_MS 1000
#define TOP_WINDOW_MAX_MS ((SAMPLES_KEPT - 1) * SAMPLE_MS)

static void end_wait(struct conn *c)
{
	if (!c->events)
		return;
	events_unfollow(c->events, &c->follower);
	c->events = NULL;
	if (c->deadline)
		event_free(c->deadline);
	c->deadline = NULL;
}

void watch_cancel(struct conn *c)
{
	end_wait(c);
}

static void reply_events(struct conn *c, struct events *ev, uint64_t from)
{
	struct json_object *o = json_object_new_object();
	uint64_t next;

	json_object_object_add(o, "events", events_get(ev, from, EVENTS_IN_REPLY, &next));
	json_object_object_add(o, "next", json_object_new_uint64(next));
	reply_result(c, o);
}

/* From the loop: more may have happened meanwhile, and whoever emitted is done. */
static void on_wait_over(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	struct events *ev = c->events;

	(void)fd;
	(void)what;
	end_wait(c);
	reply_events(c, ev, c->events_from);
}

static void on_event(void *arg)
{
	struct conn *c = arg;

	event_active(c->deadline, EV_TIMEOUT, 0);
}

void op_events(struct conn *c, struct json_object *rq)
{
	struct events *ev = op_domains(c)->env.events;
	long long from = json_line_number(rq, "from", -1), wait_s = json_line_number(rq, "wait_s", 0);
	struct timeval tv;

	if (!ev) {
		op_refuse(c, FAULT_UNKNOWN_OP, "this hvd keeps no events");
		return;
	}
	if (wait_s < 0 || wait_s > EVENTS_WAIT_MAX_S) {
		op_refuse(c, FAULT_BAD_REQUEST, "\"wait_s\" is not between 0 and %d", EVENTS_WAIT_MAX_S);
		return;
	}
	/* Without a number: what is still known. */
	c->events_from = from < 0 ? 0 : (uint64_t)from;
	if (!wait_s || c->events_from < events_next(ev)) {
		reply_events(c, ev, c->events_from);
		return;
	}
	c->events_from = events_next(ev);
	c->events = ev;
	c->follower = (struct events_follower){ .happened = on_event, .arg = c };
	events_follow(ev, &c->follower);
	tv = (struct timeval){ .tv_sec = wait_s };
	c->deadline = evtimer_new(event_get_base(c->more), on_wait_over, c);
	event_add(c->deadline, &tv);
}

void op_top(struct conn *c, struct json_object *rq)
{
	struct sampler *sampler = metrics_sampler(op_domains(c)->env.metrics);
	long long window = json_line_number(rq, "window_ms", TOP_WINDOW_MS);
	const char *domain = json_line_string(rq, "history");
	struct json_object *o;

	if (!sampler) {
		op_refuse(c, FAULT_HYPERVISOR, "hv has no statistics");
	} else if (window < 1 || window > TOP_WINDOW_MAX_MS) {
		op_refuse(c, FAULT_BAD_REQUEST, "\"window_ms\" is not between 1 and %u",
			  TOP_WINDOW_MAX_MS);
	} else if (domain) {
		o = sampler_history(sampler, domain);
		if (o)
			reply_result(c, o);
		else
			op_refuse(c, FAULT_NO_SUCH_DOMAIN, "there is no domain '%.80s'", domain);
	} else {
		reply_result(c, sampler_top(sampler, (unsigned int)window));
	}
}

void op_log(struct conn *c, struct json_object *rq)
{
	long long from = json_line_number(rq, "position", 0);
	uint64_t position = from < 0 ? 0 : (uint64_t)from;
	const char *word = json_line_string(rq, "domain");
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "lines", log_ring_get(&position, word, LINES_IN_REPLY));
	json_object_object_add(o, "next", json_object_new_uint64(position));
	json_object_object_add(o, "end", json_object_new_uint64(log_ring_next()));
	reply_result(c, o);
}
