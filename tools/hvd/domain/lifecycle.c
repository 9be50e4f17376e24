/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of moves; lifecycle.h has the picture of it.
 */
#include "domain/lifecycle.h"

static const char *const names[DOMAIN_NR_STATES] = {
	[DOMAIN_BUILDING] = "building",
	[DOMAIN_PAUSED] = "paused",
	[DOMAIN_RUNNING] = "running",
	[DOMAIN_SHUTDOWN] = "shutdown",
	[DOMAIN_CRASHED] = "crashed",
	[DOMAIN_DYING] = "dying",
	[DOMAIN_GONE] = "gone",
};

#define TO(state) (1u << DOMAIN_##state)

static const unsigned int moves[DOMAIN_NR_STATES] = {
	[DOMAIN_BUILDING] = TO(PAUSED) | TO(DYING),
	/* A paused domain can be made to shut down or crash from outside of hvd. */
	[DOMAIN_PAUSED] = TO(RUNNING) | TO(SHUTDOWN) | TO(CRASHED) | TO(DYING),
	[DOMAIN_RUNNING] = TO(PAUSED) | TO(SHUTDOWN) | TO(CRASHED) | TO(DYING),
	[DOMAIN_SHUTDOWN] = TO(DYING),
	[DOMAIN_CRASHED] = TO(DYING),
	[DOMAIN_DYING] = TO(BUILDING) | TO(GONE),
	[DOMAIN_GONE] = 0,
};

const char *domain_state_name(enum domain_state state)
{
	return names[state];
}

bool lifecycle_allows(enum domain_state from, enum domain_state to)
{
	return moves[from] & 1u << to;
}
