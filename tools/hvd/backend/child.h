/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hvd-blk and hvd-net have in common: how they start, and how they talk to hvd.
 *
 * A child is started with the control channel as descriptor 3, and a socket on which the next hvd will
 * look for it as 4. It opens the grant and event channel devices while it still may, gives up everything
 * else, and serves until hvd says "quit", or says nothing at all.
 */
#ifndef BACKEND_CHILD_H
#define BACKEND_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xengnttab.h>

#include "lib/chan.h"

#define CHILD_CHANNEL_FD 3
#define CHILD_LISTEN_FD 4

struct child {
	struct event_base *base;
	struct evtchn_mux *mux;
	xengnttab_handle *gnttab;
	struct chan *chan; /* NULL: hvd is away */
	struct event *listening;
	bool stays; /* when hvd dies: it has said that it will find us again */
	uint16_t domid; /* whom we serve */
	const char *user;
	const char *chroot_dir;
	chan_message_cb on_message;
	/* hvd is new and wants to know what we serve: one child_send() for each device. */
	void (*on_hello)(void *arg);
	void *arg;
};

/*
 * Reads the command line (--domid N --name TEXT --user NAME --chroot DIR), opens the devices and
 * joins the channel. Prints what fails; the process must then exit.
 */
int child_init(struct child *c, const char *program, int argc, char **argv,
	       chan_message_cb on_message, void (*on_hello)(void *arg), void *arg);

/* No way back; 'ioctls' are those that the program needs besides the two devices' own. */
int child_sandbox(struct child *c, const unsigned long *ioctls, size_t nr_ioctls);

/* The same for a program that reaches its disk through the network. */
int child_sandbox_network(struct child *c);

/* Serves until hvd says that it is over; messages are received from here on. */
int child_run(struct child *c);

/* Tells hvd about device 'id'. 'error' may be NULL. child_send() takes the object's reference. */
void child_send_event(struct child *c, const char *event, unsigned int id, const char *error);
/* While hvd is away nothing is sent: it will ask. A descriptor may go with it; it stays the caller's. */
void child_send(struct child *c, struct json_object *msg);
void child_send_fd(struct child *c, struct json_object *msg, int fd);
/* The answer to hello for one device, to be filled and sent. 'link': "idle", "connected" ... */
struct json_object *child_serving(unsigned int id, const char *link);

/* Fields of messages; the fallback when there is none of that type. */
int64_t child_get_int(struct json_object *msg, const char *key, int64_t fallback);
const char *child_get_string(struct json_object *msg, const char *key, const char *fallback);

#endif
