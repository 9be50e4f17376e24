/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket and its clients: who is let in, how lines come in, when a client goes.
 */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <json-c/json.h>

#include "control/conn.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define CLIENTS_MAX 64u
#define GROUPS_MAX 256u /* of a peer */
#define ACCEPT_PAUSE_MS 500

struct control {
	struct event_base *base;
	struct domains *domains;
	struct evconnlistener *listener;
	struct event *resume_accept;
	char *socket_path;
	bool inherited; /* the socket is systemd's, and stays when we go */
	bool has_group;
	gid_t group;
	TAILQ_HEAD(, conn) conns;
	unsigned int nr_conns;
};

struct domains *control_domains(const struct control *control)
{
	return control->domains;
}

/* ---- Clients ---- */

static void conn_free(struct conn *c)
{
	struct control *control = c->control;

	wait_cancel(c);
	view_end(c);
	TAILQ_REMOVE(&control->conns, c, link);
	control->nr_conns--;
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
		c->busy = false;
		c->closing = c->broken = true;
	}
	event_active(c->more, EV_TIMEOUT, 0);
}

/* ---- Who is let in ---- */

static bool peer_in_group(int fd, const struct ucred *peer, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t size = sizeof(groups);

	if (peer->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size))
		return false;
	for (unsigned int i = 0; i < size / sizeof(gid_t); i++)
		if (groups[i] == group)
			return true;
	return false;
}

static bool peer_allowed(const struct control *control, int fd, struct ucred *peer)
{
	socklen_t size = sizeof(*peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &size))
		return false;
	return peer->uid == 0 || peer->uid == geteuid() ||
	       (control->has_group && peer_in_group(fd, peer, control->group));
}

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

static void conn_create(struct control *control, int fd, unsigned int uid)
{
	struct timeval write_timeout = { .tv_sec = CONN_WRITE_TIMEOUT_S };
	struct conn *c = xcalloc(1, sizeof(*c));

	c->control = control;
	c->uid = uid;
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
}

static void control_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
			      struct sockaddr *addr, int len, void *arg)
{
	struct control *control = arg;
	struct ucred peer = { .uid = (uid_t)-1 };

	(void)listener;
	(void)addr;
	(void)len;
	if (!peer_allowed(control, fd, &peer)) {
		log_warning("uid %u was turned away from the control socket", peer.uid);
		turn_away(fd, FAULT_DENIED, "only root and group hvd may control this host");
		return;
	}
	if (control->nr_conns >= CLIENTS_MAX) {
		turn_away(fd, FAULT_TOO_MANY, "hvd has too many clients");
		return;
	}
	conn_create(control, fd, peer.uid);
}

/* Out of descriptors: trying again at once would burn the CPU. */
static void control_on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct control *control = arg;
	struct timeval tv = { .tv_usec = ACCEPT_PAUSE_MS * 1000 };

	log_warning("the control socket cannot accept: %s", strerror(errno));
	evconnlistener_disable(listener);
	event_add(control->resume_accept, &tv);
}

static void control_on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;

	(void)fd;
	(void)what;
	evconnlistener_enable(control->listener);
}

/* ---- The socket ---- */

static int make_address(const char *path, struct sockaddr_un *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	strcpy(addr->sun_path, path);
	return 0;
}

/* A socket that nobody listens on is left over from an hvd that died. */
static int remove_stale(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) || errno == EAGAIN)
		err = -EADDRINUSE;
	else if (errno == ECONNREFUSED)
		unlink(addr->sun_path);
	close(fd);
	return err;
}

static int listen_on(struct control *control, int *ret_fd)
{
	struct sockaddr_un addr;
	mode_t mask;
	int fd, err;

	err = make_address(control->socket_path, &addr);
	if (!err)
		err = remove_stale(&addr);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177); /* nobody gets in between bind() and chown() */
	err = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!err && control->has_group && !geteuid()) {
		if (chown(addr.sun_path, 0, control->group) || chmod(addr.sun_path, 0660))
			err = -errno;
	}
	if (!err && listen(fd, 64))
		err = -errno;
	if (err)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}

int control_create(struct event_base *base, struct domains *domains, const char *socket_path,
		   const char *group, int listening, struct control **ret_control)
{
	struct control *control = xcalloc(1, sizeof(*control));
	struct group *gr = getgrnam(group);
	int fd = listening, err;

	control->base = base;
	control->domains = domains;
	control->socket_path = xstrdup(socket_path);
	control->has_group = gr != NULL;
	control->group = gr ? gr->gr_gid : 0;
	TAILQ_INIT(&control->conns);
	control->inherited = listening >= 0;
	err = control->inherited ? 0 : listen_on(control, &fd);
	if (err) {
		free(control->socket_path);
		free(control);
		return err;
	}
	control->listener = evconnlistener_new(base, control_on_accept, control,
					       LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	evconnlistener_set_error_cb(control->listener, control_on_accept_error);
	control->resume_accept = evtimer_new(base, control_on_resume, control);
	*ret_control = control;
	return 0;
}

void control_destroy(struct control *control)
{
	if (!control)
		return;
	while (!TAILQ_EMPTY(&control->conns))
		conn_free(TAILQ_FIRST(&control->conns));
	evconnlistener_free(control->listener);
	event_free(control->resume_accept);
	if (!control->inherited)
		unlink(control->socket_path);
	free(control->socket_path);
	free(control);
}
