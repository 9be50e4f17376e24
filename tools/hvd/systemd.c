/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readiness, watchdog and inherited sockets; the contract is in systemd.h.
 */
#include "systemd.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xmem.h"

#define LISTEN_FDS_START 3
#define LISTEN_FDS_MAX 16

struct systemd {
	int notify; /* datagram socket, connected; -1: nobody wants to know */
	struct event *feed;
	int listening[LISTEN_FDS_MAX]; /* -1: taken */
	unsigned int nr_listening;
};

static int open_notify(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	socklen_t size;
	int fd;

	if (!len || len >= sizeof(addr.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -1;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, size)) {
		log_warning("systemd cannot be told how hvd is: %s", strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* A number in the environment that is meant for this process; 0: none. */
static unsigned long long number_for_us(const char *name, const char *pid_name)
{
	const char *text = getenv(name), *pid = getenv(pid_name);

	if (!text || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(text, NULL, 10);
}

static void on_feed(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	systemd_notify(arg, "WATCHDOG=1");
}

static void start_watchdog(struct systemd *s, struct event_base *base)
{
	unsigned long long us = number_for_us("WATCHDOG_USEC", "WATCHDOG_PID") / 4;
	struct timeval tv = { .tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000) };

	if (!us || s->notify < 0)
		return;
	s->feed = event_new(base, -1, EV_PERSIST, on_feed, s);
	event_add(s->feed, &tv);
}

static void take_sockets(struct systemd *s)
{
	/* Here the process id is not optional: descriptors that are another's are no sockets. */
	unsigned long long n = getenv("LISTEN_PID") ? number_for_us("LISTEN_FDS", "LISTEN_PID") : 0;

	for (int fd = LISTEN_FDS_START; n-- && s->nr_listening < LISTEN_FDS_MAX; fd++) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		s->listening[s->nr_listening++] = fd;
	}
}

static void clear_environment(void)
{
	static const char *const names[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
					     "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

void systemd_forget(void)
{
	const char *pid = getenv("LISTEN_PID"), *nr = getenv("LISTEN_FDS");
	unsigned long n = pid && nr && strtoll(pid, NULL, 10) == getppid() ? strtoul(nr, NULL, 10) : 0;

	for (int fd = LISTEN_FDS_START; n-- && fd < LISTEN_FDS_START + LISTEN_FDS_MAX; fd++)
		close(fd);
	clear_environment();
}

void systemd_create(struct event_base *base, struct systemd **ret_systemd)
{
	struct systemd *s = xcalloc(1, sizeof(*s));

	s->notify = open_notify(getenv("NOTIFY_SOCKET"));
	start_watchdog(s, base);
	take_sockets(s);
	clear_environment();
	*ret_systemd = s;
}

void systemd_destroy(struct systemd *s)
{
	if (!s)
		return;
	if (s->feed)
		event_free(s->feed);
	for (unsigned int i = 0; i < s->nr_listening; i++)
		if (s->listening[i] >= 0)
			close(s->listening[i]);
	if (s->notify >= 0)
		close(s->notify);
	free(s);
}

void systemd_notify(struct systemd *s, const char *lines)
{
	if (!s || s->notify < 0)
		return;
	/* Never waits: a systemd that is busy hears the next one. */
	if (send(s->notify, lines, strlen(lines), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		log_debug("systemd was not told '%s': %s", lines, strerror(errno));
}

static int is_listening_at(int fd, const char *path)
{
	struct sockaddr_un addr;
	socklen_t size = sizeof(addr), int_size = sizeof(int);
	int listening = 0, type = 0;

	memset(&addr, 0, sizeof(addr));
	return !getsockname(fd, (struct sockaddr *)&addr, &size) && addr.sun_family == AF_UNIX &&
	       !strncmp(addr.sun_path, path, sizeof(addr.sun_path)) &&
	       !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &int_size) && listening &&
	       !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_size) && type == SOCK_STREAM;
}

int systemd_take_socket(struct systemd *s, const char *path)
{
	int fd;

	for (unsigned int i = 0; s && i < s->nr_listening; i++) {
		fd = s->listening[i];
		if (fd < 0 || !is_listening_at(fd, path))
			continue;
		s->listening[i] = -1;
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		return fd;
	}
	return -1;
}
