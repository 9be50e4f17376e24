/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection that has become a console.
 *
 * Output that a client does not take in time is left out, and the client told how much: the guest
 * never waits for a viewer. Input that the guest does not read waits in the client's socket.
 */
#include <stdio.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <json-c/json.h>

#include "console_tail.h"
#include "control/conn.h"
#include "domain/spec.h"
#include "lib/xmem.h"

#define INPUT_RETRY_MS 50
#define LINES_MAX 100000u

static void view_on_output(void *arg, const void *bytes, size_t n)
{
	struct conn *c = arg;

	if (c->skips)
		return;
	if (evbuffer_get_length(bufferevent_get_output(c->bev)) + n > CONN_CONSOLE_MAX)
		c->left_out += n;
	else
		bufferevent_write(c->bev, bytes, n);
}

void view_on_written(struct conn *c)
{
	char note[80];
	int len;

	if (!c->left_out)
		return;
	len = snprintf(note, sizeof(note), "\r\n[hvd: %llu bytes left out]\r\n",
		       (unsigned long long)c->left_out);
	c->left_out = 0;
	bufferevent_write(c->bev, note, (size_t)len);
}

static void view_on_gone(void *arg)
{
	struct conn *c = arg;

	conn_finish(c);
}

void view_on_readable(struct conn *c)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);
	struct timeval retry = { .tv_usec = INPUT_RETRY_MS * 1000 };
	unsigned char bytes[4096];
	size_t taken;
	ssize_t n;

	while ((n = evbuffer_copyout(input, bytes, sizeof(bytes))) > 0) {
		taken = c->viewer.domain ? domain_type(c->viewer.domain, bytes, (size_t)n) : 0;
		evbuffer_drain(input, taken);
		if (taken < (size_t)n) {
			/* The guest is slow to read, or is being built: the rest comes later. */
			event_add(c->more, &retry);
			return;
		}
	}
}

/* More than a console has in memory is in its log; false: it has none. */
static bool show_lines(struct conn *c, struct domain *d, unsigned int lines)
{
	const char *dir = d->all->env.console_dir;
	struct console_text text;
	char *path;
	int err;

	if (!dir)
		return false;
	path = xasprintf("%s/%s.log", dir, d->spec->name);
	err = console_text_tail(path, lines, CONN_CONSOLE_MAX / 2, &text);
	free(path);
	if (err)
		return false;
	bufferevent_write(c->bev, text.bytes, text.n);
	free(text.bytes);
	return true;
}

void view_begin(struct conn *c, struct domain *d, long long lines)
{
	const void *rest;
	size_t n;

	c->is_console = true;
	c->viewer.output = view_on_output;
	c->viewer.gone = view_on_gone;
	c->viewer.arg = c;
	reply_result(c, NULL);

	/* What came behind the request's line is input already. */
	rest = json_line_rest(&c->reader, &n);
	if (n)
		evbuffer_prepend(bufferevent_get_input(c->bev), rest, n);
	json_line_fini(&c->reader);
	if (lines >= 0)
		c->skips = show_lines(c, d, lines < LINES_MAX ? (unsigned int)lines : LINES_MAX);
	/* Within this call comes what was said before; all that comes later is new. */
	domain_view(d, &c->viewer);
	c->skips = false;
}

void view_end(struct conn *c)
{
	domain_unview(&c->viewer);
}
