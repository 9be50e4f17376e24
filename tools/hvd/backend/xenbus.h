/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back end's half of the xenbus handshake, as a pure state machine.
 *
 *   front end                       back end
 *   1 Initialising                  1 Initialising   until the process has the device
 *                                   2 InitWait       features are readable
 *   3 Initialised / 4 Connected                      rings are readable
 *                                   4 Connected      the process has mapped them
 *   5 Closing                       5 Closing        still served: the front end may flush
 *   6 Closed                        6 Closed         nothing is mapped any more
 *   1 Initialising                  2 InitWait       a second driver takes over (GRUB, then Linux)
 *
 * The front end's state is a number that a guest writes; any order of any values must leave us in
 * a state from which a well-behaved driver can connect again.
 */
#ifndef BACKEND_XENBUS_H
#define BACKEND_XENBUS_H

#include <stdbool.h>

enum xenbus_state {
	XENBUS_UNKNOWN = 0, /* no such node */
	XENBUS_INITIALISING = 1,
	XENBUS_INIT_WAIT = 2,
	XENBUS_INITIALISED = 3,
	XENBUS_CONNECTED = 4,
	XENBUS_CLOSING = 5,
	XENBUS_CLOSED = 6,
};

/* Between the device and the process that serves it. */
enum xenbus_link {
	LINK_ABSENT,        /* "add" is not answered yet, or the process is gone for good */
	LINK_LOST,          /* the process has died, the next one is not there yet */
	LINK_IDLE,
	LINK_CONNECTING,    /* waits for an answer */
	LINK_CONNECTED,
	LINK_DISCONNECTING, /* waits for an answer */
};

struct xenbus {
	enum xenbus_state state; /* what we last wrote */
	enum xenbus_link link;
	bool online; /* false: the device is to be unplugged */
	bool forced; /* and is, whatever the front end does: nobody serves a ring of it */
	bool broken; /* the front end must close before it may connect again */
};

enum xenbus_action {
	XENBUS_NOTHING,
	XENBUS_SET_STATE,  /* to *ret_state, then ask again */
	XENBUS_CONNECT,    /* tell the process to connect */
	XENBUS_DISCONNECT, /* tell the process to disconnect */
	XENBUS_REMOVE,     /* the device is unplugged: forget it */
};

/* What to do now that the front end is in state 'front'. */
enum xenbus_action xenbus_next(const struct xenbus *x, enum xenbus_state front,
			       enum xenbus_state *ret_state);

#endif
