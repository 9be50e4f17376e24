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
	int listening;	   /* systemd's, or made by control_listen() */
	struct access_group members; /* of 'group', while groups can still be looked up */
};

/*
 * Makes the socket, for 'members', and fills in 'listening'. To be called with root's rights, whose
 * socket it then is: nobody else can take it away. -EADDRINUSE: another hvd answers there.
 */
int control_listen(struct control_socket *socket);

/*
 * Serves two sockets: 'full' for those who may do everything, 'read' for those who may look
 * (control/access.h). NULL: without that one.
 */
int control_create(struct event_base *base, struct domains *domains,
		   const struct control_socket *full, const struct control_socket *read,
		   struct control **ret_control);
/* Takes over 'fd', a stream socket whose peer may do so much. */
void control_add_client(struct control *control, int fd, enum access access, unsigned int uid);
/* Drops all clients. The sockets' files stay. NULL is fine. */
void control_destroy(struct control *control);

#endif
