/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talks to a store as its clients do, through client.c, without sockets or rings: what the client
 * sends is put into a buffer, what it gets is taken apart into messages.
 */
#ifndef TESTS_XS_TALK_H
#define TESTS_XS_TALK_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "xenstore/client.h"
#include "xenstore/store.h"

/* A client and both ends of its line. */
struct talk {
	struct client client;
	struct wire_in in;
	char to_store[1 << 16];
	size_t to_store_begin, to_store_end;
	char from_store[1 << 20];
	size_t from_store_begin, from_store_end;
	size_t window; /* how much the client is willing to have unread */
	unsigned int nr_wakes;
	/* What the last ask() got. */
	char reply[XENSTORE_PAYLOAD_MAX + 1];
	size_t reply_length;
	uint32_t reply_type;
};

static inline ssize_t talk_read(void *arg, void *buf, size_t n)
{
	struct talk *t = arg;
	size_t there = t->to_store_end - t->to_store_begin;

	n = n < there ? n : there;
	if (!n)
		return -EAGAIN;
	memcpy(buf, t->to_store + t->to_store_begin, n);
	t->to_store_begin += n;
	if (t->to_store_begin == t->to_store_end)
		t->to_store_begin = t->to_store_end = 0;
	return (ssize_t)n;
}

static inline ssize_t talk_write(void *arg, const void *buf, size_t n)
{
	struct talk *t = arg;
	size_t unread = t->from_store_end - t->from_store_begin;
	size_t room = t->window > unread ? t->window - unread : 0;

	n = n < room ? n : room;
	if (!n)
		return -EAGAIN;
	memcpy(t->from_store + t->from_store_end, buf, n);
	t->from_store_end += n;
	return (ssize_t)n;
}

static inline void talk_wake(void *arg)
{
	((struct talk *)arg)->nr_wakes++;
}

static inline int talk_introduce(void *arg, uint16_t domid, uint32_t port)
{
	(void)arg;
	return domid == 7 && port == 3 ? 0 : -EIO;
}

static inline int talk_release(void *arg, uint16_t domid)
{
	(void)arg;
	return domid == 7 ? 0 : -ENOENT;
}

static inline bool talk_is_introduced(void *arg, uint16_t domid)
{
	(void)arg;
	return domid == 7;
}

static const struct client_ops talk_ops = {
	.read = talk_read,
	.write = talk_write,
	.wake = talk_wake,
	.introduce = talk_introduce,
	.release = talk_release,
	.is_introduced = talk_is_introduced,
};

static inline struct talk *talk_begin(struct store *s, uint16_t domid)
{
	struct talk *t = calloc(1, sizeof(*t));
	struct xs_who who = { domid, domid == 0 };

	client_init(&t->client, s, &who, &t->in, &talk_ops, t);
	t->window = sizeof(t->from_store) / 2;
	return t;
}

static inline void talk_end(struct talk *t)
{
	client_fini(&t->client);
	free(t);
}

static inline void talk_put_bytes(struct talk *t, const void *bytes, size_t n)
{
	memcpy(t->to_store + t->to_store_end, bytes, n);
	t->to_store_end += n;
}

static inline void talk_put(struct talk *t, uint32_t type, uint32_t tx, const void *payload,
			    size_t length)
{
	struct xsd_sockmsg header = { type, 99, tx, (uint32_t)length };

	talk_put_bytes(t, &header, sizeof(header));
	talk_put_bytes(t, payload, length);
}

/* Takes the next message that the client got. False: there is none. */
static inline bool talk_get(struct talk *t)
{
	struct xsd_sockmsg header;

	if (t->from_store_end - t->from_store_begin < sizeof(header))
		return false;
	memcpy(&header, t->from_store + t->from_store_begin, sizeof(header));
	if (t->from_store_end - t->from_store_begin < sizeof(header) + header.len)
		return false;
	memcpy(t->reply, t->from_store + t->from_store_begin + sizeof(header), header.len);
	t->reply[header.len] = '\0';
	t->reply_length = header.len;
	t->reply_type = header.type;
	t->from_store_begin += sizeof(header) + header.len;
	if (t->from_store_begin == t->from_store_end)
		t->from_store_begin = t->from_store_end = 0;
	return true;
}

static inline int talk_run(struct talk *t)
{
	int result;

	do {
		result = client_run(&t->client);
	} while (result == 1);
	return result;
}

/*
 * One request and its reply; events that come before it are thrown away. 0, or the error that the
 * reply names.
 */
static inline int talk_ask_bytes(struct talk *t, uint32_t type, uint32_t tx, const void *payload,
				 size_t length)
{
	size_t i;

	talk_put(t, type, tx, payload, length);
	CU_ASSERT_EQUAL_FATAL(talk_run(t), 0);
	do {
		CU_ASSERT_TRUE_FATAL(talk_get(t));
	} while (t->reply_type == XS_WATCH_EVENT);
	if (t->reply_type != XS_ERROR) {
		CU_ASSERT_EQUAL(t->reply_type, type);
		return 0;
	}
	for (i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
		if (!strcmp(xsd_errors[i].errstring, t->reply))
			return -xsd_errors[i].errnum;
	}
	return -1;
}

/* Payload of strings, each with its NUL. */
static inline int talk_ask(struct talk *t, uint32_t type, uint32_t tx, unsigned int nr, ...)
{
	char payload[XENSTORE_PAYLOAD_MAX];
	size_t length = 0;
	const char *s;
	va_list args;

	va_start(args, nr);
	while (nr--) {
		s = va_arg(args, const char *);
		strcpy(payload + length, s);
		length += strlen(s) + 1;
	}
	va_end(args);
	return talk_ask_bytes(t, type, tx, payload, length);
}

static inline int talk_write_node(struct talk *t, uint32_t tx, const char *path, const char *value)
{
	char payload[XENSTORE_PAYLOAD_MAX];
	size_t path_size = strlen(path) + 1, length = strlen(value);

	memcpy(payload, path, path_size);
	memcpy(payload + path_size, value, length);
	return talk_ask_bytes(t, XS_WRITE, tx, payload, path_size + length);
}

#define talk_read_node(t, tx, path)  talk_ask(t, XS_READ, tx, 1, path)
#define talk_rm(t, tx, path)	     talk_ask(t, XS_RM, tx, 1, path)
#define talk_mkdir(t, tx, path)	     talk_ask(t, XS_MKDIR, tx, 1, path)
#define talk_watch(t, path, token)   talk_ask(t, XS_WATCH, 0, 2, path, token)
#define talk_unwatch(t, path, token) talk_ask(t, XS_UNWATCH, 0, 2, path, token)

static inline uint32_t talk_txn(struct talk *t)
{
	CU_ASSERT_EQUAL_FATAL(talk_ask(t, XS_TRANSACTION_START, 0, 1, ""), 0);
	return (uint32_t)strtoul(t->reply, NULL, 10);
}

#define talk_commit(t, tx) talk_ask(t, XS_TRANSACTION_END, tx, 1, "T")
#define talk_abort(t, tx)  talk_ask(t, XS_TRANSACTION_END, tx, 1, "F")

/* The next message is an event "path token". */
static inline bool talk_event(struct talk *t, const char *path, const char *token)
{
	client_run(&t->client);
	if (!talk_get(t) || t->reply_type != XS_WATCH_EVENT)
		return false;
	return !strcmp(t->reply, path) && !strcmp(t->reply + strlen(path) + 1, token) &&
	       t->reply_length == strlen(path) + strlen(token) + 2;
}

static inline bool talk_silence(struct talk *t)
{
	client_run(&t->client);
	return !talk_get(t);
}

#endif
