/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The row of events; the contract is in events.h.
 */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <json-c/json.h>

#include "lib/xmem.h"

struct events {
	struct json_object *kept[EVENTS_KEPT]; /* by number */
	uint64_t next;
	TAILQ_HEAD(, events_follower) followers;
};

struct events *events_create(void)
{
	struct events *ev = xcalloc(1, sizeof(*ev));

	ev->next = 1;
	TAILQ_INIT(&ev->followers);
	return ev;
}

void events_destroy(struct events *ev)
{
	if (!ev)
		return;
	for (unsigned int i = 0; i < EVENTS_KEPT; i++)
		json_object_put(ev->kept[i]);
	free(ev);
}

static struct json_object *time_now(void)
{
	struct timespec ts;
	char text[64], stamp[32];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%FT%T", &tm);
	snprintf(text, sizeof(text), "%s.%03ldZ", stamp, ts.tv_nsec / 1000000);
	return json_object_new_string(text);
}

void events_emit(struct events *ev, const char *kind, const char *what, const char *domain,
		 uint16_t domid, struct json_object *details)
{
	struct events_follower *f, *next;
	struct json_object *o, **place;

	if (!ev) {
		json_object_put(details);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "number", json_object_new_uint64(ev->next));
	json_object_object_add(o, "time", time_now());
	json_object_object_add(o, "kind", json_object_new_string(kind));
	json_object_object_add(o, "event", json_object_new_string(what));
	if (domain) {
		json_object_object_add(o, "domain", json_object_new_string(domain));
		json_object_object_add(o, "domid", json_object_new_int(domid));
	}
	if (details) {
		json_object_object_foreach(details, key, value)
			json_object_object_add(o, key, json_object_get(value));
		json_object_put(details);
	}
	place = &ev->kept[ev->next % EVENTS_KEPT];
	json_object_put(*place);
	*place = o;
	ev->next++;
	for (f = TAILQ_FIRST(&ev->followers); f; f = next) {
		next = TAILQ_NEXT(f, link);
		f->happened(f->arg);
	}
}

uint64_t events_next(const struct events *ev)
{
	return ev ? ev->next : 1;
}

struct json_object *events_get(const struct events *ev, uint64_t from, unsigned int max,
			       uint64_t *ret_next)
{
	struct json_object *list = json_object_new_array();
	uint64_t first = events_next(ev) > EVENTS_KEPT ? events_next(ev) - EVENTS_KEPT : 1;

	if (from < first)
		from = first;
	for (; from < events_next(ev) && json_object_array_length(list) < max; from++)
		json_object_array_add(list, json_object_get(ev->kept[from % EVENTS_KEPT]));
	*ret_next = from < events_next(ev) ? from : events_next(ev);
	return list;
}

void events_follow(struct events *ev, struct events_follower *f)
{
	TAILQ_INSERT_TAIL(&ev->followers, f, link);
}

void events_unfollow(struct events *ev, struct events_follower *f)
{
	TAILQ_REMOVE(&ev->followers, f, link);
}
