/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a client of the metrics endpoint, over a loopback connection to the real server: it
 * answers in HTTP or not at all, gives the metrics only to who asked for them, and forgets the client.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "metrics/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)          \
	do {                     \
		if (!(condition)) \
			abort(); \
	} while (0)
#define INPUT_MAX 32768u

static struct event_base *base;
static struct http *server;
static const struct expo_family family = { "fuzz_marker", EXPO_GAUGE, "", "Help" };

static void on_render(void *arg, struct expo *e)
{
	(void)arg;
	expo_begin(e, &family);
	expo_number(e, NULL, NULL, 1);
	expo_finish(e);
}

static void start(void)
{
	if (base)
		return;
	base = event_base_new();
	MUST(base && !http_create(base, "127.0.0.1:0", on_render, NULL, &server));
}

/*
 * Each connection leaves a port in TIME_WAIT for a minute, and an address has but 28,000 of them: each
 * comes from an address of its own.
 */
static int connect_to_server(void)
{
	static uint32_t nr;
	struct sockaddr_in own = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK + nr++ % 0xfffffd) };
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(http_port(server)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && !bind(fd, (struct sockaddr *)&own, sizeof(own)));
	MUST(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

/*
 * A status line. evhttp answers in the version of the request, as far as it takes it: whoever says
 * HTTP/0.1 is told so, too, and one with more digits than an int is told what was left of them.
 */
static bool is_answer(const char *answer, size_t size)
{
	char line[64];
	unsigned int status;
	int major, minor, end = 0;

	size = size < sizeof(line) - 1 ? size : sizeof(line) - 1;
	memcpy(line, answer, size);
	line[size] = '\0';
	return sscanf(line, "HTTP/%d.%d %3u %n", &major, &minor, &status, &end) == 3 && end &&
	       status >= 200 && status < 600;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_figures figures;
	char answer[65536];
	size_t got = 0;
	ssize_t n = -1;
	int fd;

	start();
	if (size > INPUT_MAX)
		size = INPUT_MAX;
	fd = connect_to_server();
	(void)!send(fd, data, size, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	/* Its side is closed, so the server comes to an end; nobody has to be waited for. */
	for (unsigned int i = 0; i < 1000 && n != 0 && got < sizeof(answer); i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		n = recv(fd, answer + got, sizeof(answer) - got, MSG_DONTWAIT);
		got += n > 0 ? (size_t)n : 0;
		n = n < 0 ? 1 : n;
	}
	close(fd);
	for (unsigned int i = 0; i < 1000; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		http_get_figures(server, &figures);
		if (!figures.connections)
			break;
	}
	MUST(figures.connections == 0);
	MUST(got == 0 || is_answer(answer, got));
	if (got && memmem(answer, got, "fuzz_marker 1", 13))
		MUST(memmem(data, size, "metrics", 7) || memchr(data, '%', size));
	return 0;
}
