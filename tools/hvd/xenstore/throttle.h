/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * So many requests a second for each guest. One that asks for more waits, with its event channel
 * masked, so that neither its requests nor its notifications cost anybody else a thing.
 */
#ifndef HVD_XENSTORE_THROTTLE_H
#define HVD_XENSTORE_THROTTLE_H

#include <stdbool.h>

#include "budget.h"

struct connection;
struct event;

struct throttle {
	struct budget budget;
	struct event *refill; /* NULL: never had to wait */
	uint64_t warned_ns;   /* 0: not yet */
};

/* A turn of a connection on a page, unless it has to wait; then it gets one later, by itself. */
void throttle_turn(struct connection *con);
void throttle_fini(struct connection *con);

#endif
