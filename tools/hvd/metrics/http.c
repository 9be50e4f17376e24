/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP endpoint; the promise is in http.h.
 *
 * evhttp has no limit on connections and does not tell when one ends. So each bufferevent that it
 * works with is made here, and we keep a reference: when evhttp lets go of it, its callbacks are
 * gone, and the slot is free again. To end a connection we shut its socket down, and evhttp does
 * the rest.
 */
#include "metrics/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/util.h>

#include "lib/log.h"
#include "lib/xmem.h"

#define HEAD_MAX 8192
#define IDLE_TIMEOUT_S 60 /* between two requests, or two pieces of one: Prometheus asks every 15 s */
#define REQUEST_TIMEOUT_S 20 /* from connection to first request, or of an answer's way out */
#define FRESH_MS 200
#define OLD_TEXTS_MAX 4u

/* One text, shared by the answers that carry it. */
struct text {
	unsigned int refs;
	char *bytes;
	size_t size;
};

struct slot {
	struct bufferevent *bev; /* NULL: free */
	uint64_t since_ns;	 /* when it last did something good: connected, or asked */
	bool asked;
};

struct http {
	struct event_base *base;
	struct evhttp *evhttp;
	struct event *tick;
	uint16_t port;
	http_render_cb render;
	void *arg;
	struct slot slots[HTTP_CONNECTIONS_MAX];
	struct text *fresh[2]; /* by format */
	uint64_t made_ns[2];
	struct http_figures figures;
};

/* Not in struct http: libevent lets go of buffers later, when that may be gone. */
static unsigned int nr_texts;

static uint64_t clock_now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- connections ---- */

static bool let_go(struct bufferevent *bev)
{
	bufferevent_data_cb readable, written;
	bufferevent_event_cb event;
	void *arg;

	bufferevent_getcb(bev, &readable, &written, &event, &arg);
	return !event;
}

static void slot_free(struct slot *slot)
{
	bufferevent_decref(slot->bev);
	slot->bev = NULL;
	slot->asked = false;
}

/* Frees the slots of connections that evhttp has ended. */
static unsigned int reap(struct http *h)
{
	unsigned int nr = 0;

	for (struct slot *slot = h->slots; slot < h->slots + HTTP_CONNECTIONS_MAX; slot++) {
		if (slot->bev && let_go(slot->bev))
			slot_free(slot);
		nr += slot->bev != NULL;
	}
	h->figures.connections = nr;
	return nr;
}

/* evhttp hears of it in the loop. */
static void hang_up(struct http *h, struct slot *slot)
{
	shutdown(bufferevent_getfd(slot->bev), SHUT_RDWR);
	h->figures.dropped++;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval second = { 1, 0 };
	uint64_t now = clock_now(CLOCK_MONOTONIC);
	struct http *h = arg;

	(void)fd;
	(void)what;
	for (struct slot *slot = h->slots; slot < h->slots + HTTP_CONNECTIONS_MAX; slot++) {
		uint64_t limit_s = slot->asked ? IDLE_TIMEOUT_S : REQUEST_TIMEOUT_S;

		if (slot->bev && !let_go(slot->bev) && now - slot->since_ns > limit_s * 1000000000u)
			hang_up(h, slot);
	}
	if (reap(h))
		evtimer_add(h->tick, &second);
}

static struct slot *oldest(struct http *h)
{
	struct slot *old = NULL;

	for (struct slot *slot = h->slots; slot < h->slots + HTTP_CONNECTIONS_MAX; slot++)
		if (slot->bev && (!old || slot->since_ns < old->since_ns))
			old = slot;
	return old;
}

/*
 * evhttp has accepted a connection and wants something to work with. If all slots are taken the
 * oldest connection is given up; its slot is ours at once.
 */
static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	static const struct timeval second = { 1, 0 };
	struct slot *slot = NULL;
	struct http *h = arg;

	if (!bev)
		return NULL;
	if (reap(h) == HTTP_CONNECTIONS_MAX) {
		slot = oldest(h);
		hang_up(h, slot);
		slot_free(slot);
	}
	for (slot = h->slots; slot->bev; slot++)
		;
	bufferevent_incref(bev);
	*slot = (struct slot){ .bev = bev, .since_ns = clock_now(CLOCK_MONOTONIC) };
	if (!evtimer_pending(h->tick, NULL))
		evtimer_add(h->tick, &second);
	return bev;
}

static void note_request(struct http *h, struct evhttp_request *rq)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evhttp_request_get_connection(rq));

	for (struct slot *slot = h->slots; slot < h->slots + HTTP_CONNECTIONS_MAX; slot++) {
		if (slot->bev != bev)
			continue;
		slot->since_ns = clock_now(CLOCK_MONOTONIC);
		slot->asked = true;
	}
}

/* ---- texts ---- */

static void text_put(struct text *t)
{
	if (!t || --t->refs)
		return;
	nr_texts--;
	free(t->bytes);
	free(t);
}

static void on_text_sent(const void *bytes, size_t size, void *arg)
{
	(void)bytes;
	(void)size;
	text_put(arg);
}

/* The text in this format, made anew if it is not fresh. NULL: too many clients do not read theirs. */
static struct text *text_get(struct http *h, enum expo_format format)
{
	uint64_t now = clock_now(CLOCK_MONOTONIC), cpu;
	struct text *t = h->fresh[format];
	struct expo e;

	if (t && now - h->made_ns[format] < FRESH_MS * 1000000u)
		return t;
	h->fresh[format] = NULL;
	text_put(t);
	if (nr_texts >= OLD_TEXTS_MAX)
		return NULL;
	cpu = clock_now(CLOCK_THREAD_CPUTIME_ID);
	expo_init(&e, format);
	h->render(h->arg, &e);
	t = xcalloc(1, sizeof(*t));
	*t = (struct text){ .refs = 1, .bytes = e.text, .size = e.size };
	nr_texts++;
	h->fresh[format] = t;
	h->made_ns[format] = now;
	h->figures.renders++;
	h->figures.render_cpu_ns += clock_now(CLOCK_THREAD_CPUTIME_ID) - cpu;
	return t;
}

/* ---- requests ---- */

static void on_metrics(struct evhttp_request *rq, void *arg)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(rq);
	enum expo_format format = expo_negotiate(
		evhttp_find_header(evhttp_request_get_input_headers(rq), "Accept"));
	struct evbuffer *body;
	struct http *h = arg;
	struct text *t;

	note_request(h, rq);
	t = text_get(h, format);
	if (!t) {
		evhttp_add_header(headers, "Retry-After", "10");
		evhttp_send_error(rq, HTTP_SERVUNAVAIL, "too many answers wait to be read");
		return;
	}
	evhttp_add_header(headers, "Content-Type", expo_content_type(format));
	evhttp_add_header(headers, "Vary", "Accept");
	if (evhttp_request_get_command(rq) == EVHTTP_REQ_HEAD) {
		char length[24];

		/* evhttp would send the body, too. */
		snprintf(length, sizeof(length), "%zu", t->size);
		evhttp_add_header(headers, "Content-Length", length);
		evhttp_send_reply(rq, HTTP_OK, "OK", NULL);
		return;
	}
	body = evhttp_request_get_output_buffer(rq);
	t->refs++;
	if (evbuffer_add_reference(body, t->bytes, t->size, on_text_sent, t)) {
		text_put(t);
		evhttp_send_error(rq, HTTP_INTERNAL, NULL);
		return;
	}
	evhttp_send_reply(rq, HTTP_OK, "OK", NULL);
}

static void on_other(struct evhttp_request *rq, void *arg)
{
	static const char page[] = "<!DOCTYPE html><title>hvd</title><a href=\"/metrics\">metrics</a>\n";
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(rq);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

	note_request(arg, rq);
	if (!path || strcmp(path, "/")) {
		evhttp_send_error(rq, HTTP_NOTFOUND, "there is only /metrics");
		return;
	}
	evhttp_add_header(evhttp_request_get_output_headers(rq), "Content-Type", "text/html");
	evbuffer_add(evhttp_request_get_output_buffer(rq), page, sizeof(page) - 1);
	evhttp_send_reply(rq, HTTP_OK, "OK", NULL);
}

/* ---- life ---- */

static uint16_t port_of(evutil_socket_t fd)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len))
		return 0;
	return ntohs(addr.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&addr)->sin6_port :
						  ((struct sockaddr_in *)&addr)->sin_port);
}

int http_create(struct event_base *base, const char *listen, http_render_cb render, void *arg,
		struct http **ret)
{
	struct evhttp_bound_socket *bound;
	struct http *h;
	uint16_t port;
	char host[64];
	int err;

	err = http_parse_listen(listen, host, &port);
	if (err)
		return err;
	h = xcalloc(1, sizeof(*h));
	h->base = base;
	h->render = render;
	h->arg = arg;
	h->evhttp = evhttp_new(base);
	h->tick = evtimer_new(base, on_tick, h);
	if (!h->evhttp || !h->tick) {
		http_destroy(h);
		return -ENOMEM;
	}
	evhttp_set_timeout(h->evhttp, IDLE_TIMEOUT_S);
	evhttp_set_max_headers_size(h->evhttp, HEAD_MAX);
	evhttp_set_max_body_size(h->evhttp, 0);
	evhttp_set_allowed_methods(h->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_bevcb(h->evhttp, on_connection, h);
	evhttp_set_cb(h->evhttp, "/metrics", on_metrics, h);
	evhttp_set_gencb(h->evhttp, on_other, h);
	errno = 0;
	bound = evhttp_bind_socket_with_handle(h->evhttp, host, port);
	if (!bound) {
		err = errno ? -errno : -EADDRNOTAVAIL;
		http_destroy(h);
		return err;
	}
	h->port = port_of(evhttp_bound_socket_get_fd(bound));
	*ret = h;
	return 0;
}

void http_destroy(struct http *h)
{
	if (!h)
		return;
	if (h->evhttp)
		evhttp_free(h->evhttp); /* and its connections: ours are the last references */
	for (struct slot *slot = h->slots; slot < h->slots + HTTP_CONNECTIONS_MAX; slot++)
		if (slot->bev)
			slot_free(slot);
	for (unsigned int i = 0; i < 2; i++)
		text_put(h->fresh[i]);
	if (h->tick)
		event_free(h->tick);
	free(h);
}

uint16_t http_port(const struct http *h)
{
	return h->port;
}

void http_get_figures(struct http *h, struct http_figures *ret)
{
	reap(h);
	*ret = h->figures;
}
