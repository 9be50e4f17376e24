/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control sockets and their clients: who is let in, how lines come in, when a client goes.
 */
#include "control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <json-c/json.h>

#include "control/conn.h"
#include "control/device_ops.h"
#include "control/dirty_ops.h"
#include "control/image_ops.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define CLIENTS_MAX 64u
#define READERS_MAX 32u /* of them on the read-only socket: they shall not keep out who may act */
#define ACCEPT_PAUSE_MS 500

/* One of the two sockets. */
struct door {
	struct control *control;
	enum access access; /* at most */
	struct access_group group;
	struct evconnlistener *listener;
	struct event *resume_accept;
};

struct control {
	struct event_base *base;
	struct domains *domains;
	struct door full, read;
	TAILQ_HEAD(, conn) conns;
	unsigned int nr_conns, nr_readers;
};

struct domains *control_domains(const struct control *control)
{
	return control->domains;
}

/* ---- Clients ---- */

static void conn_free(struct conn *c)
{
	struct control *control = c->control;

	watch_cancel(c);
	wait_cancel(c);
	image_ops_cancel(c);
	device_ops_leave(c);
	dirty_ops_leave(c);
	op_record_drop(c);
	view_end(c);
	TAILQ_REMOVE(&control->conns, c, link);
	control->nr_conns--;
	control->nr_readers -= c->access == ACCESS_READ;
	json_line_fini(&c->reader);
	json_object_put(c->id);
	event_free(c->more);
	bufferevent_free(c->bev);
	free(c);
}

void conn_finish(struct conn *c)
{
	/* No more input; conn_on_more() closes when the output has left. */
	c->closing = true;
	c->busy = false;
	bufferevent_disable(c->bev, EV_READ);
	event_active(c->more, EV_TIMEOUT, 0);
}

static size_t output_size(const struct conn *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

static void bad_line(struct conn *c, const char *why)
{
	struct fault f;

	fault_set(&f, FAULT_BAD_REQUEST, "%s", why);
	c->busy = true;
	reply_fault(c, &f);
}

static void start_request(struct conn *c, struct json_object *rq)
{
	struct json_object *id;

	c->busy = true;
	c->id = json_object_object_get_ex(rq, "id", &id) ? json_object_get(id) : NULL;
	request_run(c, rq);
}

/* Takes the next request, if one has come whole. False: there is nothing to do now. */
static bool take_line(struct conn *c)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);
	struct json_object *rq;
	unsigned char bytes[4096];
	int err, n;

	for (;;) {
		err = json_line_next(&c->reader, &rq);
		if (err != -EAGAIN)
			break;
		n = evbuffer_remove(input, bytes, sizeof(bytes));
		if (n <= 0)
			return false;
		json_line_feed(&c->reader, bytes, (size_t)n);
	}
	if (err == -EMSGSIZE) {
		bad_line(c, "the line is too long");
	} else if (err) {
		bad_line(c, "the line is not a JSON object");
	} else {
		start_request(c, rq);
		json_object_put(rq);
	}
	return true;
}

/*
 * Moves a client on: runs requests until one has to wait, or replies do. The only place where a
 * client is freed, so nobody's pointer to it goes stale inside of a callback.
 */
static void conn_on_more(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	while (!c->is_console && !c->busy && !c->closing && output_size(c) <= CONN_OUTPUT_MAX) {
		if (take_line(c))
			continue;
		/* A client that has closed its side has had the replies to all that it sent. */
		c->closing = c->eof;
		break;
	}
	if (c->is_console && !c->closing)
		view_on_readable(c);
	if (c->closing && !c->busy && (c->broken || !output_size(c)))
		conn_free(c);
}

static void conn_on_readable(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	event_active(c->more, EV_TIMEOUT, 0);
}

static void conn_on_written(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if (c->is_console)
		view_on_written(c);
	event_active(c->more, EV_TIMEOUT, 0);
}

static void conn_on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	c->eof = true;
	if (c->is_console) {
		view_end(c);
		c->closing = true;
	}
	if (what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) {
		/* It does not take what we send: nothing that waits will ever arrive. */
		wait_cancel(c);
		image_ops_cancel(c);
		device_ops_leave(c);
		dirty_ops_leave(c);
		op_record_drop(c);
		c->busy = false;
		c->closing = c->broken = true;
	}
	event_active(c->more, EV_TIMEOUT, 0);
}

/* ---- Who is let in ---- */

/* One line of refusal, as far as the socket takes it at once. */
static void turn_away(int fd, enum fault_code code, const char *why)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n",
			   fault_name(code), why);

	if (send(fd, line, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("a client went before it was turned away");
	close(fd);
}

void control_add_client(struct control *control, int fd, enum access access, unsigned int uid)
{
	struct timeval write_timeout = { .tv_sec = CONN_WRITE_TIMEOUT_S };
	struct conn *c = xcalloc(1, sizeof(*c));

	c->control = control;
	c->uid = uid;
	c->access = access;
	c->bev = bufferevent_socket_new(control->base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->more = event_new(control->base, -1, 0, conn_on_more, c);
	json_line_init(&c->reader, CONN_LINE_MAX);
	bufferevent_setcb(c->bev, conn_on_readable, conn_on_written, conn_on_event, c);
	/* While a request is at work the rest waits here, and then in the socket. */
	bufferevent_setwatermark(c->bev, EV_READ, 0, 64u << 10);
	bufferevent_set_timeouts(c->bev, NULL, &write_timeout);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	TAILQ_INSERT_TAIL(&control->conns, c, link);
	control->nr_conns++;
	control->nr_readers += access == ACCESS_READ;
}

static bool is_full(const struct control *control, enum access access)
{
	return control->nr_conns >= CLIENTS_MAX ||
	       (access == ACCESS_READ && control->nr_readers >= READERS_MAX);
}

static void door_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
			   struct sockaddr *addr, int len, void *arg)
{
	struct door *door = arg;
	struct control *control = door->control;
	unsigned int uid;
	enum access access = access_of_peer(fd, &control->full.group, &control->read.group, &uid);

	(void)listener;
	(void)addr;
	(void)len;
	if (access > door->access)
		access = door->access;
	if (access == ACCESS_NONE) {
		log_warning("uid %u was turned away from the control socket", uid);
		turn_away(fd, FAULT_DENIED, "only root and group hvd may control this host");
	} else if (is_full(control, access)) {
		turn_away(fd, FAULT_TOO_MANY, "hvd has too many clients");
	} else {
		control_add_client(control, fd, access, uid);
	}
}

/* Out of descriptors: trying again at once would burn the CPU. */
static void door_on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct door *door = arg;
	struct timeval tv = { .tv_usec = ACCEPT_PAUSE_MS * 1000 };

	log_warning("the control socket cannot accept: %s", strerror(errno));
	evconnlistener_disable(listener);
	event_add(door->resume_accept, &tv);
}

static void door_on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct door *door = arg;

	(void)fd;
	(void)what;
	evconnlistener_enable(door->listener);
}

/* ---- The sockets ---- */

static void door_open(struct door *door, struct control *control, enum access access,
		     const struct control_socket *conf)
{
	door->control = control;
	door->access = access;
	door->group = conf->members;
	door->listener = evconnlistener_new(control->base, door_on_accept, door,
					    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0,
					    conf->listening);
	evconnlistener_set_error_cb(door->listener, door_on_accept_error);
	door->resume_accept = evtimer_new(control->base, door_on_resume, door);
}

static void door_close(struct door *door)
{
	if (!door->listener)
		return;
	evconnlistener_free(door->listener);
	event_free(door->resume_accept);
}

int control_listen(struct control_socket *socket)
{
	return access_listen(socket->path, &socket->members, &socket->listening);
}

int control_create(struct event_base *base, struct domains *domains,
		   const struct control_socket *full, const struct control_socket *read,
		   struct control **ret_control)
{
	struct control *control = xcalloc(1, sizeof(*control));

	control->base = base;
	control->domains = domains;
	TAILQ_INIT(&control->conns);
	if (full)
		door_open(&control->full, control, ACCESS_FULL, full);
	if (read)
		door_open(&control->read, control, ACCESS_READ, read);
	*ret_control = control;
	return 0;
}

void control_destroy(struct control *control)
{
	if (!control)
		return;
	while (!TAILQ_EMPTY(&control->conns))
		conn_free(TAILQ_FIRST(&control->conns));
	door_close(&control->full);
	door_close(&control->read);
	free(control);
}
