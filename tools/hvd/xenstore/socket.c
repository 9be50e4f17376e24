/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients on the UNIX socket: programs of the control domain, through libxenstore.
 *
 * Who may open the socket has all rights in the store, so its file's permissions are the check:
 * root, and group hvd if there is one.
 */
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "journal.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "xenstore/connection.h"

#define SOCKETS_MAX 256u

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
	ssize_t result;

	journal_commit(con->srv->store.journal);
	result = send(con->fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);

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

void socket_turn(struct connection *con)
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

static void socket_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
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
	con = connection_create(srv, CONNECTION_SOCKET, 0, xcalloc(1, sizeof(struct wire_in)),
				&socket_ops);
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

int socket_listen(struct xs_server *srv, const char *path)
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
	srv->listener = evconnlistener_new(srv->base, socket_on_accept, srv,
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

void socket_unlisten(struct xs_server *srv)
{
	if (!srv->listener)
		return;
	evconnlistener_free(srv->listener);
	unlink(srv->socket_path);
	free(srv->socket_path);
}

void socket_fini(struct connection *con)
{
	if (con->readable)
		event_free(con->readable);
	if (con->writable)
		event_free(con->writable);
	close(con->fd);
	free(con->client.in);
	con->srv->nr_sockets--;
}
