/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that ask too much; the contract is in throttle.h.
 */
#include "xenstore/throttle.h"

#include <event2/event.h>

#include "evtchn.h"
#include "lib/log.h"
#include "xenstore/connection.h"

#define BURST_S 2u
#define WAIT_MAX_US 250000u
#define WARN_AGAIN_NS (60ull * 1000000000)

static void throttle_on_refill(evutil_socket_t fd, short what, void *arg)
{
	struct connection *con = arg;

	(void)fd;
	(void)what;
	evtchn_port_release(con->port);
	connection_make_runnable(con);
}

static void warn(struct connection *con, uint64_t now_ns)
{
	struct throttle *t = &con->throttle;

	if (t->warned_ns && now_ns - t->warned_ns < WARN_AGAIN_NS)
		return;
	t->warned_ns = now_ns;
	log_warning("xenstore: domain %u asks for more than %u requests a second, and has to wait",
		    con->client.who.domid, con->srv->store.quota.limits.requests_per_second);
}

static bool must_wait(struct connection *con)
{
	const struct quota_limits *limits = &con->srv->store.quota.limits;
	struct throttle *t = &con->throttle;
	struct timeval tv = { 0 };
	uint64_t now_ns = budget_now_ns();

	if (t->refill && event_pending(t->refill, EV_TIMEOUT, NULL))
		return true;
	if (budget_allows(&t->budget, limits->requests_per_second,
			  (uint64_t)limits->requests_per_second * BURST_S, now_ns))
		return false;
	if (!t->refill)
		t->refill = evtimer_new(con->srv->base, throttle_on_refill, con);
	if (!t->refill)
		return false;
	warn(con, now_ns);
	evtchn_port_hold(con->port);
	tv.tv_usec = budget_wait_us(&t->budget, limits->requests_per_second,
				    limits->requests_per_turn, WAIT_MAX_US);
	event_add(t->refill, &tv);
	return true;
}

void throttle_turn(struct connection *con)
{
	uint64_t before = con->client.nr_requests;

	if (con->client.who.privileged) {
		page_turn(con);
		return;
	}
	if (must_wait(con))
		return;
	page_turn(con);
	/* A turn without a request is not free: notifications alone can flood, too. */
	budget_spend(&con->throttle.budget, con->client.nr_requests - before + 1);
}

void throttle_fini(struct connection *con)
{
	if (con->throttle.refill)
		event_free(con->throttle.refill);
}
