/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of the control socket, over a socket pair: the real listener, requests, replies, waits,
 * consoles, definitions and files, over domains that are structs and nothing else
 * (control_world.c). An input is what the client sends; its first byte says whether it may act or
 * only look, and in which pieces the rest comes. Whatever it is, hvd must come to rest, answer
 * with JSON as long as the connection is no console, and leave nothing behind.
 */
#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <libxml/parser.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/control.h"
#include "control_world.h"
#include "lib/json_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPLY_MAX (8u << 20)
#define ROUNDS_MAX 100000u

struct peer {
	int fd;
	struct json_line_reader replies;
	bool is_stream; /* a console: what comes is no JSON any more */
};

/* False: the connection is closed. */
static bool peer_read(struct peer *p, unsigned int *progress)
{
	struct json_object *reply;
	char bytes[65536];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	(*progress)++;
	if (p->is_stream)
		return true;
	json_line_feed(&p->replies, bytes, (size_t)n);
	for (;;) {
		int err = json_line_next(&p->replies, &reply);

		if (err == -EAGAIN)
			return true;
		if (err)
			abort(); /* a reply that is none */
		json_object_put(reply);
	}
}

/* Until nothing moves any more. */
static bool settle(struct event_base *base, struct peer *p)
{
	unsigned int still = 0;

	for (unsigned int i = 0; i < ROUNDS_MAX && still < 4; i++) {
		unsigned int progress = 0;

		event_base_loop(base, EVLOOP_NONBLOCK);
		if (!peer_read(p, &progress))
			return false;
		still = progress ? 0 : still + 1;
	}
	return true;
}

static void send_pieces(struct event_base *base, struct peer *p, const uint8_t *data, size_t size,
			size_t piece)
{
	while (size) {
		size_t n = size < piece ? size : piece;
		ssize_t sent = send(p->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
		} else if (errno != EAGAIN) {
			return;
		}
		if (!settle(base, p))
			return;
		if (sent < 0 && errno == EAGAIN)
			return; /* a request waits for something that does not happen here */
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event_base *base;
	struct peer p = { 0 };
	struct control *control;
	int fds[2];

	if (!size)
		return 0;
	if (!base) {
		xmlInitParser();
		base = event_base_new();
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		abort();
	if (control_create(base, world_create(base), NULL, NULL, &control))
		abort();
	control_add_client(control, fds[0], data[0] & 1 ? ACCESS_READ : ACCESS_FULL, 0);
	p.fd = fds[1];
	/* Whether it asks for one does not matter here: afterwards anything may come. */
	p.is_stream = memmem(data, size, "console", 7) != NULL || memchr(data, '\\', size) != NULL;
	json_line_init(&p.replies, REPLY_MAX);
	send_pieces(base, &p, data + 1, size - 1, data[0] & 2 ? 7 : 65536);
	shutdown(p.fd, SHUT_WR);
	settle(base, &p);
	close(p.fd);
	json_line_fini(&p.replies);
	control_destroy(control);
	world_destroy();
	event_base_loop(base, EVLOOP_NONBLOCK);
	return 0;
}
