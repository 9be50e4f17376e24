/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client and its turn.
 *
 * Each turn is bounded: so many requests, then the next client. A client whose replies pile up
 * is not asked for more until it has read them. Events come from others' doings and cannot be
 * held back like that; equal ones that wait are merged, and beyond its quota a guest loses events
 * (and is told so in the log): who does not read harms himself alone.
 * What a request means is in request.c.
 */
#include "xenstore/client.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xmem.h"
#include "xenstore/path.h"
#include "xenstore/record.h"
#include "xenstore/request.h"
#include "xenstore/store.h"
#include "xenstore/transaction.h"

/* Beyond this many bytes of output no more requests are taken. */
#define OUTPUT_HIGH 16384u
/* Beyond this many even the control domain's programs lose events. */
#define OUTPUT_MAX (4u << 20)

struct client_watch {
	struct watch watch;
	TAILQ_ENTRY(client_watch) link;
	struct client *client;
	uint32_t id;
	size_t relative;	  /* how much of an event's path the client does not see */
	struct wire_queue events; /* of this watch, that wait; they are on client.out too */
	char *path;		  /* absolute */
	char *token;
};

void client_init(struct client *c, struct store *store, const struct xs_who *who, struct wire_in *in,
		 const struct client_ops *ops, void *arg)
{
	*c = (struct client){ .store = store, .who = *who, .in = in, .ops = ops, .arg = arg };
	snprintf(c->home, sizeof(c->home), "/local/domain/%u", who->domid);
	TAILQ_INIT(&c->out);
	TAILQ_INIT(&c->watches);
	TAILQ_INIT(&c->txns);
}

static void client_drop_out(struct client *c, struct wire_out *out)
{
	TAILQ_REMOVE(&c->out, out, link);
	c->out_bytes -= out->length;
	c->nr_waiting_events -= out->header.type == XS_WATCH_EVENT;
	if (out->watch)
		TAILQ_REMOVE(&out->watch->events, out, same_watch);
	free(out);
}

void client_reset(struct client *c)
{
	while (!TAILQ_EMPTY(&c->out))
		client_drop_out(c, TAILQ_FIRST(&c->out));
	client_forget(c);
	wire_in_next(c->in);
}

void client_fini(struct client *c)
{
	client_reset(c);
}

bool client_has_output(const struct client *c)
{
	return !TAILQ_EMPTY(&c->out);
}

bool client_takes_requests(const struct client *c)
{
	return c->out_bytes <= OUTPUT_HIGH;
}

/* ---- output ---- */

static void client_queue(struct client *c, struct wire_out *out, uint32_t watch_id)
{
	out->id = ++c->last_out_id;
	record_out(c, out, watch_id);
	TAILQ_INSERT_TAIL(&c->out, out, link);
	c->out_bytes += out->length;
}

void client_reply(struct client *c, uint32_t type, const void *payload, size_t length)
{
	if (length > XENSTORE_PAYLOAD_MAX) {
		client_reply_error(c, -E2BIG);
		return;
	}
	client_queue(
		c, wire_out_create(type, c->in->header.req_id, c->in->header.tx_id, payload, length), 0);
}

void client_reply_error(struct client *c, int err)
{
	const char *name = wire_error_name(err);

	client_reply(c, XS_ERROR, name, strlen(name) + 1);
}

static bool event_waits(const struct client_watch *cw, const struct wire_out *event)
{
	const struct wire_out *out;

	TAILQ_FOREACH (out, &cw->events, same_watch) {
		if (out->length == event->length && !out->sent &&
		    !memcmp(out->payload, event->payload, event->header.len))
			return true;
	}
	return false;
}

static void client_queue_event(struct client *c, struct client_watch *cw, struct wire_out *event)
{
	bool full = c->out_bytes > OUTPUT_MAX ||
		    (!c->who.privileged &&
		     c->nr_waiting_events >= c->store->quota.limits.waiting_events);

	if (full && !c->nr_lost_events++)
		log_warning("xenstore: domain %u does not read its watch events and loses some",
			    c->who.domid);
	if (full || event_waits(cw, event)) {
		free(event);
		return;
	}
	event->watch = cw;
	TAILQ_INSERT_TAIL(&cw->events, event, same_watch);
	client_queue(c, event, cw->id);
	c->nr_waiting_events++;
	c->ops->wake(c->arg);
}

/* ---- watches ---- */

static void client_on_event(struct watch *w, const char *path)
{
	struct client_watch *cw = (struct client_watch *)w;

	client_queue_event(cw->client, cw,
			   wire_out_event(path + cw->relative, cw->path + cw->relative, cw->token));
}

_Static_assert(offsetof(struct client_watch, watch) == 0, "a watch is its client_watch");

static struct client_watch *client_find_watch(struct client *c, const char *path, const char *token)
{
	struct client_watch *cw;

	TAILQ_FOREACH (cw, &c->watches, link) {
		if (!strcmp(cw->path, path) && !strcmp(cw->token, token))
			return cw;
	}
	return NULL;
}

static void watch_new(struct client *c, uint32_t id, const char *path, size_t relative,
		      const char *token)
{
	struct client_watch *cw = xcalloc(1, sizeof(*cw));

	quota_add(&c->store->quota, c->who.domid, QUOTA_WATCHES, 1);
	TAILQ_INIT(&cw->events);
	cw->client = c;
	cw->id = id;
	cw->relative = relative;
	cw->path = xstrdup(path);
	cw->token = xstrdup(token);
	cw->watch.who = c->who;
	cw->watch.on_event = client_on_event;
	watch_add(&c->store->watches, &cw->watch, cw->path);
	TAILQ_INSERT_TAIL(&c->watches, cw, link);
}

int client_watch(struct client *c, const char *path, size_t relative, const char *token)
{
	if (client_find_watch(c, path, token))
		return -EEXIST;
	if (!quota_allows(&c->store->quota, &c->who, QUOTA_WATCHES, 1))
		return -E2BIG;
	watch_new(c, ++c->last_watch_id, path, relative, token);
	record_watch(c, c->last_watch_id, path, relative, token);
	return 0;
}

void client_fire_first(struct client *c, const char *path, const char *token)
{
	struct client_watch *cw = client_find_watch(c, path, token);

	client_on_event(&cw->watch, path);
}

static void watch_free(struct client *c, struct client_watch *cw)
{
	watch_remove(&c->store->watches, &cw->watch);
	quota_add(&c->store->quota, c->who.domid, QUOTA_WATCHES, -1);
	TAILQ_REMOVE(&c->watches, cw, link);
	free(cw->path);
	free(cw->token);
	free(cw);
}

/* Its events that wait go with it, but for one that the client has begun to read. */
static void client_drop_watch(struct client *c, struct client_watch *cw)
{
	struct wire_out *out, *next;

	for (out = TAILQ_FIRST(&cw->events); out; out = next) {
		next = TAILQ_NEXT(out, same_watch);
		if (out->sent) {
			out->watch = NULL;
			continue;
		}
		record_out_drop(c, out);
		client_drop_out(c, out);
	}
	record_unwatch(c, cw->id);
	watch_free(c, cw);
}

int client_unwatch(struct client *c, const char *path, const char *token)
{
	struct client_watch *cw = client_find_watch(c, path, token);

	if (!cw)
		return -ENOENT;
	client_drop_watch(c, cw);
	return 0;
}

/* ---- transactions ---- */

struct client_txn {
	TAILQ_ENTRY(client_txn) link;
	uint32_t id;
	struct txn *txn;
};

static struct client_txn *client_txn_by_id(struct client *c, uint32_t id)
{
	struct client_txn *ct;

	TAILQ_FOREACH (ct, &c->txns, link) {
		if (ct->id == id)
			return ct;
	}
	return NULL;
}

struct txn *client_find_txn(struct client *c, uint32_t id)
{
	struct client_txn *ct = client_txn_by_id(c, id);

	return ct ? ct->txn : NULL;
}

int client_txn_start(struct client *c, uint32_t *ret_id)
{
	struct client_txn *ct;
	struct txn *txn;
	int err = store_txn_start(c->store, &c->who, &txn);

	if (err)
		return err;
	do {
		c->last_txn_id++;
	} while (!c->last_txn_id || client_txn_by_id(c, c->last_txn_id));
	ct = xcalloc(1, sizeof(*ct));
	ct->id = c->last_txn_id;
	ct->txn = txn;
	TAILQ_INSERT_TAIL(&c->txns, ct, link);
	record_txn(c, ct->id);
	*ret_id = ct->id;
	return 0;
}

int client_txn_end(struct client *c, uint32_t id, bool commit)
{
	struct client_txn *ct = client_txn_by_id(c, id);
	struct caller caller = { c->who, ct->txn };

	TAILQ_REMOVE(&c->txns, ct, link);
	free(ct);
	record_txn_end(c, id);
	return store_txn_end(c->store, &caller, commit);
}

void client_forget(struct client *c)
{
	while (!TAILQ_EMPTY(&c->watches))
		client_drop_watch(c, TAILQ_FIRST(&c->watches));
	while (!TAILQ_EMPTY(&c->txns))
		client_txn_end(c, TAILQ_FIRST(&c->txns)->id, false);
}

/* ---- the turn ---- */

static int client_flush(struct client *c)
{
	struct wire_out *out;
	ssize_t n;

	while ((out = TAILQ_FIRST(&c->out))) {
		n = c->ops->write(c->arg, wire_out_bytes(out) + out->sent, out->length - out->sent);
		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return (int)n;
		out->sent += (size_t)n;
		if (out->sent == out->length)
			client_drop_out(c, out);
	}
	return 0;
}

/* 1: a request was answered; 0: none is there. */
static int client_take_request(struct client *c)
{
	size_t wanted;
	void *space;
	ssize_t n;
	int done = wire_in_status(c->in); /* a whole request may have been left to us */

	while (!done) {
		space = wire_in_space(c->in, &wanted);
		n = c->ops->read(c->arg, space, wanted);
		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return (int)n;
		done = wire_in_added(c->in, (size_t)n);
	}
	if (done < 0)
		return done;

	request_handle(c);
	wire_in_next(c->in);
	if (c->ops->done)
		c->ops->done(c->arg);
	return 1;
}

int client_run(struct client *c)
{
	unsigned int turn = c->store->quota.limits.requests_per_turn;
	int result;

	result = client_flush(c);
	while (!result && turn-- && client_takes_requests(c)) {
		result = client_take_request(c);
		if (result <= 0)
			return result ? result : client_flush(c);
		c->nr_requests++;
		result = client_flush(c);
	}
	if (result)
		return result;
	/* Either the turn is over, or the client must read first. */
	return client_takes_requests(c);
}

/* ---- an earlier hvd's ---- */

static struct client_watch *watch_by_id(struct client *c, uint32_t id)
{
	struct client_watch *cw;

	TAILQ_FOREACH (cw, &c->watches, link) {
		if (id && cw->id == id)
			return cw;
	}
	return NULL;
}

void client_restore_watch(struct client *c, uint32_t id, const char *path, size_t relative,
			  const char *token)
{
	bool makes_sense = path_is_special(path) ? !relative :
						   path_is_valid(path) && relative < strlen(path);

	if (!makes_sense || !id || watch_by_id(c, id))
		return;
	watch_new(c, id, path, relative, token);
	if (c->last_watch_id < id)
		c->last_watch_id = id;
}

void client_restore_unwatch(struct client *c, uint32_t id)
{
	struct client_watch *cw = watch_by_id(c, id);
	struct wire_out *out;

	if (!cw)
		return;
	/* Those that went with it have records of their own. */
	while ((out = TAILQ_FIRST(&cw->events))) {
		TAILQ_REMOVE(&cw->events, out, same_watch);
		out->watch = NULL;
	}
	watch_free(c, cw);
}

void client_restore_txn(struct client *c, uint32_t id)
{
	struct client_txn *ct;

	if (!id || client_txn_by_id(c, id))
		return;
	quota_add(&c->store->quota, c->who.domid, QUOTA_TRANSACTIONS, 1);
	ct = xcalloc(1, sizeof(*ct));
	ct->id = id;
	ct->txn = txn_create(&c->store->tree, c->who.privileged ?
						      UINT_MAX :
						      c->store->quota.limits.transaction_nodes);
	ct->txn->is_lost = true;
	TAILQ_INSERT_TAIL(&c->txns, ct, link);
	if (c->last_txn_id < id)
		c->last_txn_id = id;
}

void client_restore_txn_end(struct client *c, uint32_t id)
{
	if (client_txn_by_id(c, id))
		client_txn_end(c, id, false);
}

void client_restore_out(struct client *c, uint32_t id, uint32_t watch_id, const void *bytes, size_t n)
{
	struct xsd_sockmsg header;
	struct wire_out *out;

	if (n < sizeof(header))
		return;
	memcpy(&header, bytes, sizeof(header));
	if (header.len > XENSTORE_PAYLOAD_MAX || header.len != n - sizeof(header))
		return;
	out = wire_out_create(header.type, header.req_id, header.tx_id,
			      (const char *)bytes + sizeof(header), header.len);
	out->id = id;
	if (c->last_out_id < id)
		c->last_out_id = id;
	TAILQ_INSERT_TAIL(&c->out, out, link);
	c->out_bytes += out->length;
	if (header.type != XS_WATCH_EVENT)
		return;
	c->nr_waiting_events++;
	out->watch = watch_by_id(c, watch_id);
	if (out->watch)
		TAILQ_INSERT_TAIL(&out->watch->events, out, same_watch);
}

void client_restore_out_drop(struct client *c, uint32_t id)
{
	struct wire_out *out;

	TAILQ_FOREACH (out, &c->out, link) {
		if (out->id == id) {
			client_drop_out(c, out);
			return;
		}
	}
}

void client_restore_sent(struct client *c, size_t n)
{
	struct wire_out *out;

	while (n && (out = TAILQ_FIRST(&c->out))) {
		if (n < out->length) {
			out->sent = n;
			return;
		}
		n -= out->length;
		client_drop_out(c, out);
	}
}

size_t client_sent(const struct client *c)
{
	return TAILQ_EMPTY(&c->out) ? 0 : TAILQ_FIRST(&c->out)->sent;
}

void client_record(struct client *c)
{
	struct client_watch *cw;
	struct client_txn *ct;
	struct wire_out *out;

	TAILQ_FOREACH (cw, &c->watches, link)
		record_watch(c, cw->id, cw->path, cw->relative, cw->token);
	TAILQ_FOREACH (ct, &c->txns, link)
		record_txn(c, ct->id);
	TAILQ_FOREACH (out, &c->out, link)
		record_out(c, out, out->watch ? out->watch->id : 0);
}
