/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The states of a domain and the moves between them.
 *
 *	                ┌────────── restart ──────────────────────────┐
 *	                ▼                                             │
 *	  (new) ──▶ building ──▶ paused ◀──▶ running ──▶ shutdown ──▶ dying ──▶ gone
 *	                │           │           └──────▶ crashed  ──────▲
 *	                └───────────┴── destroy ────────────────────────┘
 *
 * A domain rests in 'shutdown' or 'crashed' when its on_* action says preserve, and passes through
 * otherwise. 'dying' ends when hv has the last frame back.
 */
#ifndef DOMAIN_LIFECYCLE_H
#define DOMAIN_LIFECYCLE_H

#include <stdbool.h>

enum domain_state {
	DOMAIN_BUILDING,
	DOMAIN_PAUSED,
	DOMAIN_RUNNING,
	DOMAIN_SHUTDOWN, /* it has turned itself off or wants a reboot */
	DOMAIN_CRASHED,
	DOMAIN_DYING,
	DOMAIN_GONE,
};
#define DOMAIN_NR_STATES 7u

const char *domain_state_name(enum domain_state state);
bool lifecycle_allows(enum domain_state from, enum domain_state to);

#endif
