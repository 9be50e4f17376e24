/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hvd-blk and hvd-net have in common: how they start, and how they talk to hvd.
 *
 * A child is started with the control channel as descriptor 3. It opens the grant and event
 * channel devices while it still may, gives up everything else, and serves until the channel closes.
 */
#ifndef BACKEND_CHILD_H
#define BACKEND_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <xengnttab.h>

#include "lib/chan.h"

#define CHILD_CHANNEL_FD 3

struct child {
	struct event_base *base;
	struct evtchn_mux *mux;
	xengnttab_handle *gnttab;
	struct chan *chan;
	uint16_t domid; /* whom we serve */
	const char *user;
	const char *chroot_dir;
	chan_message_cb on_message;
	void *arg;
};

/*
 * Reads the command line (--domid N --name TEXT --user NAME --chroot DIR), opens the devices and
 * joins the channel. Prints what fails; the process must then exit.
 */
int child_init(struct child *c, const char *program, int argc, char **argv,
	       chan_message_cb on_message, void *arg);

/* No way back; 'ioctls' are those that the program needs besides the two devices' own. */
int child_sandbox(struct child *c, const unsigned long *ioctls, size_t nr_ioctls);

/* Serves until hvd closes the channel; messages are received from here on. */
int child_run(struct child *c);

/* Tells hvd about device 'id'. 'error' may be NULL. child_send() takes the object's reference. */
void child_send_event(struct child *c, const char *event, unsigned int id, const char *error);
void child_send(struct child *c, struct json_object *msg);

/* Fields of messages; the fallback when there is none of that type. */
int64_t child_get_int(struct json_object *msg, const char *key, int64_t fallback);
const char *child_get_string(struct json_object *msg, const char *key, const char *fallback);

#endif
