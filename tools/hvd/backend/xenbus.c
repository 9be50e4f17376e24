/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back end's half of the xenbus handshake: see xenbus.h.
 */
#include "backend/xenbus.h"

static enum xenbus_action set_state(const struct xenbus *x, enum xenbus_state wanted,
				    enum xenbus_state *ret_state)
{
	if (x->state == wanted)
		return XENBUS_NOTHING;
	*ret_state = wanted;
	return XENBUS_SET_STATE;
}

/* The front end is closed, or its nodes are gone. */
static enum xenbus_action on_closed(const struct xenbus *x, enum xenbus_state *ret_state)
{
	if (x->link == LINK_CONNECTED)
		return XENBUS_DISCONNECT;
	if (x->state != XENBUS_CLOSED)
		return set_state(x, XENBUS_CLOSED, ret_state);
	return x->online ? XENBUS_NOTHING : XENBUS_REMOVE;
}

/* The front end starts from the beginning. */
static enum xenbus_action on_initialising(const struct xenbus *x, enum xenbus_state *ret_state)
{
	/* It did not say goodbye: a kernel that was replaced without closing its devices. */
	if (x->link == LINK_CONNECTED)
		return XENBUS_DISCONNECT;
	/* Nobody has ever taken the device, so nobody will close it. */
	if (!x->online)
		return on_closed(x, ret_state);
	return set_state(x, XENBUS_INIT_WAIT, ret_state);
}

enum xenbus_action xenbus_next(const struct xenbus *x, enum xenbus_state front,
			       enum xenbus_state *ret_state)
{
	if (x->forced)
		return x->state != XENBUS_CLOSED ? set_state(x, XENBUS_CLOSED, ret_state) : XENBUS_REMOVE;

	switch (x->link) {
	case LINK_ABSENT:
		/* Without a process the front end can only be led to its end. */
		if (x->state == XENBUS_INITIALISING)
			return XENBUS_NOTHING;
		if (front == XENBUS_CLOSED || front == XENBUS_UNKNOWN ||
		    (front == XENBUS_INITIALISING && !x->online))
			return on_closed(x, ret_state);
		return XENBUS_NOTHING;
	case LINK_LOST:
	case LINK_CONNECTING:
	case LINK_DISCONNECTING:
		return XENBUS_NOTHING;
	case LINK_IDLE:
	case LINK_CONNECTED:
		break;
	}

	switch (front) {
	case XENBUS_INITIALISING:
		return on_initialising(x, ret_state);
	case XENBUS_INIT_WAIT:
		break;
	case XENBUS_INITIALISED:
	case XENBUS_CONNECTED:
		if (!x->online && x->state != XENBUS_CLOSED)
			return set_state(x, XENBUS_CLOSING, ret_state);
		if (x->state == XENBUS_INIT_WAIT && x->link == LINK_IDLE && !x->broken)
			return XENBUS_CONNECT;
		break;
	case XENBUS_CLOSING:
		if (x->state == XENBUS_CLOSED)
			break;
		return set_state(x, XENBUS_CLOSING, ret_state);
	case XENBUS_CLOSED:
	case XENBUS_UNKNOWN:
		return on_closed(x, ret_state);
	}
	return XENBUS_NOTHING;
}
