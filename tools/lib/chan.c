/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between hvd and its children: see chan.h.
 *
 * Neither side waits for the other. What the socket does not take at once stays in a bounded
 * queue; a peer that lets it fill up is treated as broken by the caller.
 */
#include "lib/chan.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fd_packet.h"

#define QUEUE_MAX 4096

struct packet {
	TAILQ_ENTRY(packet) link;
	int fd;
	size_t len;
	char text[];
};

TAILQ_HEAD(packet_list, packet);

struct chan {
	int sock;
	struct event *readable;
	struct event *writable;
	struct packet_list queue;
	unsigned int nr_queued;
	bool closed;
	/* Set while callbacks run: tells chan_destroy() to leave the memory to the caller below. */
	bool busy;
	bool destroyed;
	chan_message_cb on_message;
	chan_closed_cb on_closed;
	void *arg;
	char buf[CHAN_MESSAGE_MAX + 1];
};

static void packet_free(struct packet *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

static void chan_release(struct chan *c)
{
	struct packet *p;

	while ((p = TAILQ_FIRST(&c->queue))) {
		TAILQ_REMOVE(&c->queue, p, link);
		packet_free(p);
	}
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	close(c->sock);
	free(c);
}

static void chan_fail(struct chan *c, const char *reason)
{
	if (c->closed)
		return;
	c->closed = true;
	event_del(c->readable);
	event_del(c->writable);
	if (c->on_closed && !c->destroyed)
		c->on_closed(c->arg, reason);
}

/* 1: sent, 0: try again when writable, < 0: broken. */
static int packet_send(int sock, const struct packet *p)
{
	const struct iovec part = { (void *)(uintptr_t)p->text, p->len };
	int err = fd_packet_send(sock, &part, 1, &p->fd, p->fd >= 0, MSG_DONTWAIT);

	if (err == -EAGAIN)
		return 0;
	return err ? err : 1;
}

static void chan_on_writable(evutil_socket_t sock, short what, void *arg)
{
	struct chan *c = arg;
	struct packet *p;
	int rc;

	(void)what;
	while ((p = TAILQ_FIRST(&c->queue))) {
		rc = packet_send(sock, p);
		if (rc == 0)
			return;
		if (rc < 0) {
			/* The reading side reports the end, after what the peer said last. */
			event_del(c->writable);
			return;
		}
		TAILQ_REMOVE(&c->queue, p, link);
		c->nr_queued--;
		packet_free(p);
	}
	event_del(c->writable);
}

static struct json_object *parse_object(const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(16);
	struct json_object *obj;

	if (!tok)
		return NULL;
	obj = json_tokener_parse_ex(tok, text, (int)len);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    !json_object_is_type(obj, json_type_object)) {
		json_object_put(obj);
		obj = NULL;
	}
	json_tokener_free(tok);
	return obj;
}

static void chan_on_readable(evutil_socket_t sock, short what, void *arg)
{
	struct chan *c = arg;
	struct iovec part = { c->buf, sizeof(c->buf) };
	struct json_object *obj;
	unsigned int nr_fds = 1;
	int fd = -1;
	ssize_t n;

	(void)what;
	n = fd_packet_receive(sock, &part, 1, &fd, &nr_fds, MSG_DONTWAIT);
	if (n == -EAGAIN)
		return;

	c->busy = true;
	if (n <= 0) {
		chan_fail(c, n ? strerror((int)-n) : "closed");
	} else {
		obj = parse_object(c->buf, (size_t)n);
		if (obj) {
			c->on_message(c->arg, obj, fd);
			json_object_put(obj);
		} else {
			if (fd >= 0)
				close(fd);
			chan_fail(c, "not a JSON object");
		}
	}
	c->busy = false;
	if (c->destroyed)
		chan_release(c);
}

int chan_create(struct event_base *base, int sock, chan_message_cb on_message,
		chan_closed_cb on_closed, void *arg, struct chan **ret)
{
	struct chan *c;
	int flags;

	flags = fcntl(sock, F_GETFL);
	if (flags < 0 || fcntl(sock, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	TAILQ_INIT(&c->queue);
	c->on_message = on_message;
	c->on_closed = on_closed;
	c->arg = arg;
	c->sock = sock;
	c->readable = event_new(base, sock, EV_READ | EV_PERSIST, chan_on_readable, c);
	c->writable = event_new(base, sock, EV_WRITE | EV_PERSIST, chan_on_writable, c);
	if (!c->readable || !c->writable || event_add(c->readable, NULL)) {
		if (c->readable)
			event_free(c->readable);
		if (c->writable)
			event_free(c->writable);
		free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void chan_destroy(struct chan *c)
{
	if (!c)
		return;
	c->destroyed = true;
	if (!c->busy)
		chan_release(c);
}

int chan_send(struct chan *c, struct json_object *msg, int fd)
{
	const char *text = json_object_to_json_string_ext(msg, JSON_C_TO_STRING_PLAIN);
	size_t len = strlen(text);
	struct packet *p = NULL;
	int err = 0;

	if (c->closed)
		err = -EPIPE;
	else if (len + 1 > CHAN_MESSAGE_MAX)
		err = -EMSGSIZE;
	else if (c->nr_queued >= QUEUE_MAX)
		err = -ENOBUFS;
	if (err)
		goto out;

	p = malloc(sizeof(*p) + len + 1);
	if (!p) {
		err = -ENOMEM;
		goto out;
	}
	memcpy(p->text, text, len);
	p->text[len] = '\n';
	p->len = len + 1;
	p->fd = -1;
	if (fd >= 0) {
		p->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (p->fd < 0) {
			err = -errno;
			packet_free(p);
			goto out;
		}
	}
	TAILQ_INSERT_TAIL(&c->queue, p, link);
	c->nr_queued++;
	if (c->nr_queued == 1) {
		event_add(c->writable, NULL);
		chan_on_writable(c->sock, EV_WRITE, c);
	}
out:
	json_object_put(msg);
	return err;
}

int chan_pair(int ret_socks[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_socks))
		return -errno;
	return 0;
}
