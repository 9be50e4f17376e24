/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server: who is connected, and whose turn it is.
 *
 * A connection is a client (client.h) with either a UNIX socket or a shared page and an event
 * channel. Whatever happens to one, readable, writable, notified, an event for it, only puts it on
 * the list of the runnable. Once in every round of the loop each of them gets one turn, which is
 * bounded; who is not done goes to the end of the list and waits for the next round. So a guest
 * that floods us costs the others at most its turn.
 *
 * A connection that breaks the protocol, or whose page has impossible indices, is dropped and
 * logged; the domain finds the reason in its page.
 */
#include "xenstore/server.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>
#include <xen/sys/xenbus_dev.h>
#include <xenforeignmemory.h>

#include "evtchn.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "xenstore/client.h"
#include "xenstore/ring.h"

#define RING_PAGE_SIZE 4096u
#define SOCKETS_MAX    256u

enum connection_kind { CONNECTION_SOCKET, CONNECTION_RING };

struct connection {
	struct client client;
	struct xs_server *srv;
	TAILQ_ENTRY(connection) link;
	TAILQ_ENTRY(connection) run_link;
	bool runnable;
	uint64_t runnable_since; /* the round in which it became so */
	unsigned int nr_breaks;	 /* how often it was broken */
	bool broken;		 /* a ring that we do not listen to any more */
	enum connection_kind kind;

	int fd; /* CONNECTION_SOCKET */
	struct event *readable, *writable;

	struct xenstore_domain_interface *page; /* CONNECTION_RING */
	bool page_is_foreign;
	bool moved; /* bytes went through the page in this turn */
	struct evtchn_port *port;
};

void server_schedule(struct xs_server *srv)
{
	static const struct timeval now = { 0, 0 };

	/* A timer, not event_active(): the loop looks at its descriptors between two rounds. */
	if (!event_pending(srv->turn, EV_TIMEOUT, NULL))
		event_add(srv->turn, &now);
}

static void connection_make_runnable(struct connection *con)
{
	if (con->runnable || con->broken)
		return;
	con->runnable = true;
	con->runnable_since = con->srv->round;
	TAILQ_INSERT_TAIL(&con->srv->runnable, con, run_link);
	server_schedule(con->srv);
}

static void connection_wake(void *arg)
{
	connection_make_runnable(arg);
}

/* ---- requests about domains ---- */

static struct connection *find_domain(struct xs_server *srv, uint16_t domid)
{
	struct connection *con;

	TAILQ_FOREACH (con, &srv->connections, link) {
		if (con->kind == CONNECTION_RING && con->client.who.domid == domid)
			return con;
	}
	return NULL;
}

static bool connection_is_introduced(void *arg, uint16_t domid)
{
	struct connection *con = arg;

	return find_domain(con->srv, domid) != NULL;
}

static int connection_introduce(void *arg, uint16_t domid, uint64_t page_gfn, uint32_t port)
{
	struct connection *con = arg;

	if (find_domain(con->srv, domid))
		return 0;
	return xs_server_add_domain(con->srv, domid, page_gfn, port);
}

static int connection_release(void *arg, uint16_t domid)
{
	struct connection *con = arg;

	if (!domid)
		return -EINVAL;
	if (!find_domain(con->srv, domid))
		return -ENOENT;
	xs_server_remove_domain(con->srv, domid);
	return 0;
}

/* ---- connections ---- */

static struct connection *connection_create(struct xs_server *srv, enum connection_kind kind,
					    uint16_t domid, const struct client_ops *ops)
{
	struct connection *con = xcalloc(1, sizeof(*con));
	struct xs_who who = { domid, domid == 0 };

	con->srv = srv;
	con->kind = kind;
	con->fd = -1;
	client_init(&con->client, &srv->store, &who, ops, con);
	TAILQ_INSERT_TAIL(&srv->connections, con, link);
	return con;
}

static void connection_destroy(struct connection *con)
{
	struct xs_server *srv = con->srv;

	client_fini(&con->client);
	if (con->runnable)
		TAILQ_REMOVE(&srv->runnable, con, run_link);
	TAILQ_REMOVE(&srv->connections, con, link);
	if (con->readable)
		event_free(con->readable);
	if (con->writable)
		event_free(con->writable);
	if (con->fd >= 0) {
		close(con->fd);
		srv->nr_sockets--;
	}
	evtchn_port_unbind(con->port);
	if (con->page && con->page_is_foreign)
		xenforeignmemory_unmap(srv->foreign, con->page, 1);
	else if (con->page)
		munmap(con->page, RING_PAGE_SIZE);
	free(con);
}

/* ---- rings ---- */

static ssize_t page_read(void *arg, void *buf, size_t n)
{
	struct connection *con = arg;
	ssize_t result = ring_read(con->page, buf, n);

	con->moved |= result > 0;
	return result;
}

static ssize_t page_write(void *arg, const void *buf, size_t n)
{
	struct connection *con = arg;
	ssize_t result = ring_write(con->page, buf, n);

	con->moved |= result > 0;
	return result;
}

static const struct client_ops ring_ops = {
	.read = page_read,
	.write = page_write,
	.wake = connection_wake,
	.introduce = connection_introduce,
	.release = connection_release,
	.is_introduced = connection_is_introduced,
};

/* The domain stays known (it is introduced), but nobody listens until it asks to reconnect. */
static void ring_break(struct connection *con, int err)
{
	bool protocol = err == -EPROTO;

	con->nr_breaks++;
	if (!(con->nr_breaks & (con->nr_breaks - 1))) /* or a guest could fill the log */
		log_warning("xenstore: domain %u: %s: not listening to it any more (%u times)",
			    con->client.who.domid,
			    protocol ? "message longer than allowed" : "impossible ring indices",
			    con->nr_breaks);
	client_reset(&con->client);
	con->broken = true;
	ring_set_error(con->page, protocol ? XENSTORE_ERROR_PROTO : XENSTORE_ERROR_RINGIDX);
	evtchn_port_notify(con->port);
}

static void ring_turn(struct connection *con)
{
	int result;

	con->moved = false;
	if (ring_wants_restart(con->page)) {
		client_reset(&con->client);
		ring_restart(con->page);
		con->moved = true;
	}
	result = client_run(&con->client);
	if (result < 0) {
		ring_break(con, result);
		return;
	}
	if (con->moved)
		evtchn_port_notify(con->port);
	if (result)
		connection_make_runnable(con);
}

static void ring_on_notify(void *arg)
{
	struct connection *con = arg;

	if (con->broken && ring_wants_restart(con->page))
		con->broken = false;
	connection_make_runnable(con);
}

/* Takes over 'page', also when it fails. */
static int ring_connect(struct xs_server *srv, uint16_t domid,
			struct xenstore_domain_interface *page, bool is_foreign,
			uint32_t remote_port)
{
	struct connection *con = connection_create(srv, CONNECTION_RING, domid, &ring_ops);
	int err;

	con->page = page;
	con->page_is_foreign = is_foreign;
	err = evtchn_mux_bind(srv->mux, domid, remote_port, ring_on_notify, con, &con->port);
	if (err) {
		connection_destroy(con);
		return err;
	}
	ring_start(page);
	/* Requests may wait already; and the control domain's kernel waits for a sign of life. */
	evtchn_port_notify(con->port);
	connection_make_runnable(con);
	return 0;
}

/* ---- sockets ---- */

static ssize_t socket_read(void *arg, void *buf, size_t n)
{
	struct connection *con = arg;
	ssize_t result = recv(con->fd, buf, n, MSG_DONTWAIT);

	if (result > 0)
		return result;
	return result ? (errno == EINTR ? -EAGAIN : -errno) : -EPIPE;
}

static ssize_t socket_write(void *arg, const void *buf, size_t n)
{
	struct connection *con = arg;
	ssize_t result = send(con->fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (result >= 0)
		return result;
	return errno == EINTR ? -EAGAIN : -errno;
}

static const struct client_ops socket_ops = {
	.read = socket_read,
	.write = socket_write,
	.wake = connection_wake,
	.introduce = connection_introduce,
	.release = connection_release,
	.is_introduced = connection_is_introduced,
};

static void socket_turn(struct connection *con)
{
	int result = client_run(&con->client);

	if (result < 0) {
		connection_destroy(con);
		return;
	}
	/* The loop looks anew each time: what is left in the socket comes up by itself. */
	if (client_takes_requests(&con->client))
		event_add(con->readable, NULL);
	if (client_has_output(&con->client))
		event_add(con->writable, NULL);
}

static void socket_on_ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	connection_make_runnable(arg);
}

static void server_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
			     struct sockaddr *address, int length, void *arg)
{
	struct xs_server *srv = arg;
	struct connection *con;

	(void)listener;
	(void)address;
	(void)length;
	if (srv->nr_sockets >= SOCKETS_MAX) {
		log_warning("xenstore: more than %u programs connected, one turned away",
			    SOCKETS_MAX);
		close(fd);
		return;
	}
	con = connection_create(srv, CONNECTION_SOCKET, 0, &socket_ops);
	con->fd = fd;
	srv->nr_sockets++;
	con->readable = event_new(srv->base, fd, EV_READ, socket_on_ready, con);
	con->writable = event_new(srv->base, fd, EV_WRITE, socket_on_ready, con);
	if (!con->readable || !con->writable || event_add(con->readable, NULL))
		connection_destroy(con);
}

static int socket_address(const char *path, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret_address->sun_path))
		return -ENAMETOOLONG;
	strcpy(ret_address->sun_path, path);
	return 0;
}

/* Makes way for our socket: makes the folder, removes the file of a server that is gone. */
static int socket_clear(const char *path, const struct sockaddr_un *address)
{
	char *folder = xstrdup(path), *slash = strrchr(folder, '/');
	int fd, answered;

	if (slash && slash != folder) {
		*slash = '\0';
		mkdir(folder, 0755); /* bind() tells if that was no use */
	}
	free(folder);

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	answered = !connect(fd, (const struct sockaddr *)address, sizeof(*address));
	close(fd);
	if (answered)
		return -EADDRINUSE;
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

/* Who may connect may do everything: root, and group hvd if there is one. */
static void socket_permit(const char *path)
{
	struct group *group = getgrnam("hvd");

	if (group && !chown(path, (uid_t)-1, group->gr_gid) && !chmod(path, 0660))
		return;
	if (chmod(path, 0600))
		log_warning("xenstore: cannot set the permissions of %s: %s", path,
			    strerror(errno));
}

static int server_listen(struct xs_server *srv, const char *path)
{
	struct sockaddr_un address;
	mode_t mask;
	int fd, err;

	err = socket_address(path, &address);
	if (!err)
		err = socket_clear(path, &address);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177);
	err = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (err)
		goto undo_socket;
	socket_permit(path);
	srv->listener = evconnlistener_new(srv->base, server_on_accept, srv,
					   LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE, 16, fd);
	if (!srv->listener) {
		err = errno ? -errno : -ENOMEM;
		goto undo_bind;
	}
	srv->socket_path = xstrdup(path);
	return 0;

undo_bind:
	unlink(path);
undo_socket:
	close(fd);
	return err;
}

/* ---- the server ---- */

static void server_on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct xs_server *srv = arg;
	struct connection *con;

	(void)fd;
	(void)what;
	/* Those who join from here on, who were not done included, have the next round. */
	srv->round++;
	while ((con = TAILQ_FIRST(&srv->runnable)) && con->runnable_since < srv->round) {
		TAILQ_REMOVE(&srv->runnable, con, run_link);
		con->runnable = false;
		switch (con->kind) {
		case CONNECTION_SOCKET:
			socket_turn(con);
			break;
		case CONNECTION_RING:
			ring_turn(con);
			break;
		}
	}

	local_deliver(srv);
	if (!TAILQ_EMPTY(&srv->runnable) || !TAILQ_EMPTY(&srv->local_events))
		server_schedule(srv);
}

int xs_server_create(struct event_base *base, struct evtchn_mux *mux, const char *socket_path,
		     struct xs_server **ret_srv)
{
	struct xs_server *srv = xcalloc(1, sizeof(*srv));
	int err;

	srv->base = base;
	srv->mux = mux;
	TAILQ_INIT(&srv->connections);
	TAILQ_INIT(&srv->runnable);
	TAILQ_INIT(&srv->local_events);
	TAILQ_INIT(&srv->local_watches);
	store_init(&srv->store, &quota_default);
	srv->turn = evtimer_new(base, server_on_turn, srv);
	err = srv->turn ? 0 : -ENOMEM;
	if (!err)
		err = xs_mkdir(srv, "/local/domain");
	if (!err)
		err = xs_mkdir(srv, "/tool");
	if (!err && socket_path)
		err = server_listen(srv, socket_path);
	if (err) {
		xs_server_destroy(srv);
		return err;
	}
	*ret_srv = srv;
	return 0;
}

void xs_server_destroy(struct xs_server *srv)
{
	if (!srv)
		return;
	while (!TAILQ_EMPTY(&srv->connections))
		connection_destroy(TAILQ_FIRST(&srv->connections));
	local_fini(srv);
	if (srv->listener) {
		evconnlistener_free(srv->listener);
		unlink(srv->socket_path);
	}
	if (srv->foreign)
		xenforeignmemory_close(srv->foreign);
	if (srv->turn)
		event_free(srv->turn);
	store_fini(&srv->store);
	free(srv->socket_path);
	free(srv);
}

/* ---- domains ---- */

/* A number from a file of /proc/xen. */
static int proc_number(const char *path, uint32_t *ret_value)
{
	FILE *f = fopen(path, "re");
	unsigned int value;
	int err;

	if (!f)
		return -errno;
	err = fscanf(f, "%u", &value) == 1 ? 0 : -EINVAL;
	fclose(f);
	if (!err)
		*ret_value = value;
	return err;
}

/* The page and port of our own kernel, from the device that is made for it or from /proc/xen. */
static int dom0_page(struct xenstore_domain_interface **ret_page, uint32_t *ret_port)
{
	int fd, port, err = 0;
	void *page;

	fd = open("/dev/xen/xenbus_backend", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		port = ioctl(fd, IOCTL_XENBUS_BACKEND_EVTCHN);
		if (port < 0)
			err = -errno;
		else
			*ret_port = (uint32_t)port;
	} else {
		err = proc_number("/proc/xen/xsd_port", ret_port);
		if (!err)
			fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
		if (!err && fd < 0)
			err = -errno;
	}
	if (!err) {
		page = mmap(NULL, RING_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (page == MAP_FAILED)
			err = -errno;
		else
			*ret_page = page;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

int xs_server_add_dom0(struct xs_server *srv)
{
	struct xenstore_domain_interface *page = NULL;
	uint32_t port = 0;
	int err;

	if (find_domain(srv, 0))
		return -EEXIST;
	err = dom0_page(&page, &port);
	if (err)
		return err;
	return ring_connect(srv, 0, page, false, port);
}

int xs_server_add_domain(struct xs_server *srv, uint16_t domid, uint64_t page_gfn,
			 uint32_t remote_port)
{
	xen_pfn_t pfn = page_gfn;
	void *page;
	int err;

	if (find_domain(srv, domid))
		return -EEXIST;
	if (!srv->foreign)
		srv->foreign = xenforeignmemory_open(NULL, 0);
	if (!srv->foreign)
		return -errno;
	page = xenforeignmemory_map(srv->foreign, domid, PROT_READ | PROT_WRITE, 1, &pfn, NULL);
	if (!page)
		return -errno;
	err = ring_connect(srv, domid, page, true, remote_port);
	if (!err)
		store_fire_special(&srv->store, "@introduceDomain");
	return err;
}

void xs_server_remove_domain(struct xs_server *srv, uint16_t domid)
{
	struct connection *con = find_domain(srv, domid);

	if (con)
		connection_destroy(con);
	store_forget_domain(&srv->store, domid);
	store_fire_special(&srv->store, "@releaseDomain");
}

void xs_server_domain_shutdown(struct xs_server *srv, uint16_t domid)
{
	(void)domid; /* the protocol's event does not say who */
	store_fire_special(&srv->store, "@releaseDomain");
}
