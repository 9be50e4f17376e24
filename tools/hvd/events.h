/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens on this host, as a row of events: lives of domains, devices, thresholds.
 *
 * A ring of the last EVENTS_KEPT events, each with a number that grows by one. Whoever follows them
 * keeps the number he has come to, so that a slow follower costs nothing: what he is too late for is
 * gone, and the gap in the numbers says so.
 */
#ifndef HVD_EVENTS_H
#define HVD_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct events;
struct json_object;

#define EVENTS_KEPT 1024u

/* Somebody who waits for the next event; called once for each. Must not emit. */
struct events_follower {
	TAILQ_ENTRY(events_follower) link;
	void (*happened)(void *arg);
	void *arg;
};

struct events *events_create(void);
void events_destroy(struct events *ev); /* NULL is fine */

/*
 * One more. 'kind': "lifecycle", "device", "threshold"; 'what': a word for programs; 'domain' may be
 * NULL; 'details' (taken over) are further fields, or NULL. 'ev' may be NULL: nothing happens.
 */
void events_emit(struct events *ev, const char *kind, const char *what, const char *domain,
		 uint16_t domid, struct json_object *details);

/* The number that the next event will get; the first one has 1. */
uint64_t events_next(const struct events *ev);

/*
 * At most 'max' events from number 'from' on, oldest first, as an array. '*ret_next': where to go on.
 */
struct json_object *events_get(const struct events *ev, uint64_t from, unsigned int max,
			       uint64_t *ret_next);

void events_follow(struct events *ev, struct events_follower *f);
void events_unfollow(struct events *ev, struct events_follower *f);

#endif
