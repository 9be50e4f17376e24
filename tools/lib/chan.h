/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON objects, and descriptors with them, between hvd and its children.
 *
 * One packet of a SOCK_SEQPACKET socket holds one object, ended by a newline, and at most one
 * descriptor: so a message cannot be cut, and a descriptor cannot come with the wrong one.
 */
#ifndef LIB_CHAN_H
#define LIB_CHAN_H

struct chan;
struct event_base;
struct json_object;

#define CHAN_MESSAGE_MAX (32 * 1024)

/*
 * 'msg' is borrowed. 'fd' is -1 or the receiver's to close. The receiver may destroy the channel
 * from within the call.
 */
typedef void (*chan_message_cb)(void *arg, struct json_object *msg, int fd);

/* The peer has gone, or sent what is not JSON. Called once; nothing else is called afterwards. */
typedef void (*chan_closed_cb)(void *arg, const char *reason);

/* Takes 'sock' over. -ENOMEM or what fcntl says. */
int chan_create(struct event_base *base, int sock, chan_message_cb on_message,
		chan_closed_cb on_closed, void *arg, struct chan **ret);
void chan_destroy(struct chan *c);

/*
 * Queues 'msg' (takes its reference) and a duplicate of 'fd' (-1: none). -EMSGSIZE: too long;
 * -ENOBUFS: the peer does not read and its queue is full; -EPIPE: closed.
 */
int chan_send(struct chan *c, struct json_object *msg, int fd);

/* A connected pair for parent and child, both close-on-exec. */
int chan_pair(int ret_socks[2]);

#endif
