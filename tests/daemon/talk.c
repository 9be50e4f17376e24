/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of a UNIX socket for tests: sends its standard input, shuts down its sending side, and
 * prints what comes until the other side closes.
 *
 *	talk PATH            as said
 *	talk PATH silent     sends, and never reads, until it cannot send any more for two seconds
 *	talk PATH hold N     opens N connections and holds them until its input ends; prints how
 *	                     many were closed at once
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int open_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		perror(path);
		exit(1);
	}
	return fd;
}

static int send_all(int fd, const char *bytes, size_t n, int timeout_ms)
{
	while (n) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		ssize_t sent;

		if (poll(&p, 1, timeout_ms) == 0)
			return -1;
		sent = send(fd, bytes, n, MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN)
			return -1;
		if (sent > 0) {
			bytes += sent;
			n -= (size_t)sent;
		}
	}
	return 0;
}

static void receive(int fd)
{
	char bytes[65536];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		fwrite(bytes, 1, (size_t)n, stdout);
}

static void talk(const char *path, int silent)
{
	int fd = open_socket(path);
	char bytes[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		if (send_all(fd, bytes, (size_t)n, silent ? 2000 : 10000))
			break;
	if (silent)
		return;
	shutdown(fd, SHUT_WR);
	receive(fd);
}

static void hold(const char *path, int nr)
{
	int closed = 0, *fds = calloc((size_t)nr, sizeof(*fds));
	char c;

	for (int i = 0; i < nr; i++)
		fds[i] = open_socket(path);
	usleep(300 * 1000);
	for (int i = 0; i < nr; i++) {
		struct pollfd p = { .fd = fds[i], .events = POLLIN };

		closed += poll(&p, 1, 0) == 1;
	}
	printf("%d\n", closed);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	free(fds);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return 2;
	if (argc == 4)
		hold(argv[1], atoi(argv[3]));
	else
		talk(argv[1], argc == 3);
	return 0;
}
