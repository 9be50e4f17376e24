/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP endpoint: GET /metrics, and a page that names it. By libevent's evhttp, in hvd's loop.
 *
 * Whoever connects may be slow, dead or hostile. A request's head is at most 8 KiB, it has no body;
 * a connection that has not finished a request within its time is closed, and so is the oldest one
 * when there are too many. The text is made at most a few times a second, whoever asks how often,
 * and all who ask meanwhile share one copy of it; a bounded number of old copies may wait for clients
 * that do not read.
 */
#ifndef METRICS_HTTP_H
#define METRICS_HTTP_H

#include <stdint.h>

#include "metrics/expo.h"

struct event_base;
struct http;

#define HTTP_CONNECTIONS_MAX 16u

/* Appends the whole text to 'e', which is empty. */
typedef void (*http_render_cb)(void *arg, struct expo *e);

struct http_figures {
	uint64_t renders, render_cpu_ns;
	uint64_t connections; /* open now */
	uint64_t dropped;
};

/* 'listen': ADDRESS:PORT, an IPv6 address in brackets. -EINVAL: it is none; or what bind says. */
int http_create(struct event_base *base, const char *listen, http_render_cb render, void *arg,
		struct http **ret);
void http_destroy(struct http *h); /* NULL is fine */

uint16_t http_port(const struct http *h);
void http_get_figures(struct http *h, struct http_figures *ret);

/* Is this such an address? -EINVAL: no. (address.c) */
int http_parse_listen(const char *listen, char host[64], uint16_t *ret_port);

#endif
