/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: hvctl and other programs on this host speak to hvd here, one JSON object a
 * line (docs/control-protocol.md).
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdint.h>

#include "control/access.h"

struct control;
struct domains;
struct event_base;

struct control_socket {
	const char *path;
	const char *group; /* whose members are let in; it may not exist */
	int listening;	   /* the socket if somebody else has made it, and keeps it; -1: none */
};

/*
 * Listens on two sockets: 'full' for those who may do everything, 'read' for those who may look
 * (control/access.h). NULL: without that one. -EADDRINUSE: another hvd answers there.
 */
int control_create(struct event_base *base, struct domains *domains,
		   const struct control_socket *full, const struct control_socket *read,
		   struct control **ret_control);
/* Takes over 'fd', a stream socket whose peer may do so much. */
void control_add_client(struct control *control, int fd, enum access access, unsigned int uid);
/* Drops all clients and removes the sockets that were made here. NULL is fine. */
void control_destroy(struct control *control);

#endif
