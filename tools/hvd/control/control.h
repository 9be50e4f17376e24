/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: hvctl and other programs on this host speak to hvd here, one JSON object a
 * line (docs/control-protocol.md).
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdint.h>

struct control;
struct domains;
struct event_base;

/*
 * Listens on 'socket_path'. Peers are let in when they are root, run as hvd's own user, or are in
 * 'group' (which may not exist); the socket's mode says the same. 'listening' is that socket if
 * somebody else has made it, and is kept; -1: it is made here. -EADDRINUSE: another hvd answers there.
 */
int control_create(struct event_base *base, struct domains *domains, const char *socket_path,
		   const char *group, int listening, struct control **ret_control);
/* Drops all clients and removes the socket, if it was made here. NULL is fine. */
void control_destroy(struct control *control);

#endif
