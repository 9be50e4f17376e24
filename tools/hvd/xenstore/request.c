/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What requests mean: one handler for each type, in one table.
 *
 * A handler checks the payload, calls the store, and either queues a reply and returns 0, or
 * returns the error that request_handle() sends. Types that a guest has no business with, and
 * those that nobody needs here, are answered with an error like any other failure.
 */
#include "xenstore/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "xenstore/client.h"
#include "xenstore/path.h"
#include "xenstore/store.h"

struct request {
	struct client *client;
	struct store *store;
	struct caller caller;
	uint32_t type;
	const char *payload; /* followed by a NUL */
	size_t length;
};

static int reply(struct request *r, const void *payload, size_t length)
{
	client_reply(r->client, r->type, payload, length);
	return 0;
}

static int reply_string(struct request *r, const char *s)
{
	return reply(r, s, strlen(s) + 1);
}

static int reply_ok(struct request *r, int err)
{
	return err ? err : reply_string(r, "OK");
}

/* The payload's first string as an absolute path in 'buf'; the rest is 'ret_rest' bytes. */
static int take_path(struct request *r, char *buf, const char **ret_rest, size_t *ret_length)
{
	const char *given;
	int err = wire_strings(r->payload, r->length, &given, 1, ret_length);

	if (err)
		return err;
	if (ret_rest)
		*ret_rest = given + strlen(given) + 1;
	return path_resolve(given, r->client->home, buf);
}

/* The same where the path may also be one of the special ones. */
static int take_any_path(struct request *r, char *buf, const char **ret_rest, size_t *ret_length)
{
	const char *given;

	if (r->payload[0] != '@')
		return take_path(r, buf, ret_rest, ret_length);
	if (wire_strings(r->payload, r->length, &given, 1, ret_length) || !path_is_special(given))
		return -EINVAL;
	if (ret_rest)
		*ret_rest = given + strlen(given) + 1;
	strcpy(buf, given);
	return 0;
}

/* ---- nodes ---- */

static int handle_read(struct request *r)
{
	const struct xs_body *body = NULL;
	char path[XS_PATH_SIZE];
	int err = take_path(r, path, NULL, NULL);

	if (!err)
		err = store_read(r->store, &r->caller, path, &body);
	return err ? err : reply(r, body->value, body->length);
}

/* A list of names that is cut out of all: 'skip' bytes are left out, 'size' fit. */
struct names {
	char buf[XENSTORE_PAYLOAD_MAX];
	size_t used, size;
	size_t skip, at; /* 'at': where in the whole list we are */
	bool cut;
};

static int names_add(void *arg, struct xs_node *child)
{
	size_t length = strlen(child->name) + 1;
	struct names *names = arg;

	names->at += length;
	if (names->at <= names->skip)
		return 0;
	if (names->used + length > names->size) {
		names->cut = true;
		return 1;
	}
	memcpy(names->buf + names->used, child->name, length);
	names->used += length;
	return 0;
}

static int handle_directory(struct request *r)
{
	struct names names = { .size = XENSTORE_PAYLOAD_MAX };
	const struct xs_node *n = NULL;
	char path[XS_PATH_SIZE];
	int err = take_path(r, path, NULL, NULL);

	if (!err)
		err = store_directory(r->store, &r->caller, path, &n);
	if (err)
		return err;
	if (tree_each_child(n, names_add, &names))
		return -E2BIG; /* the client comes again with DIRECTORY_PART */
	return reply(r, names.buf, names.used);
}

/*
 * The part of a directory from an offset on. The reply begins with a generation, so that the
 * client notices when the list changed between two parts; an empty name is the end.
 */
static int handle_directory_part(struct request *r)
{
	struct names names = { 0 };
	const struct xs_node *n = NULL;
	char path[XS_PATH_SIZE];
	const char *strings[2];
	uint32_t offset = 0;
	size_t begin;
	int err;

	err = wire_strings(r->payload, r->length, strings, 2, NULL);
	if (!err)
		err = wire_number(strings[1], UINT32_MAX, &offset);
	if (!err)
		err = path_resolve(strings[0], r->client->home, path);
	if (!err)
		err = store_directory(r->store, &r->caller, path, &n);
	if (err)
		return err;

	begin = (size_t)snprintf(names.buf, sizeof(names.buf), "%llu",
				 (unsigned long long)n->children_generation) +
		1;
	names.used = begin;
	names.size = sizeof(names.buf) - 1; /* the empty name must fit */
	names.skip = offset;
	tree_each_child(n, names_add, &names);
	if (!names.cut)
		names.buf[names.used++] = '\0';
	return reply(r, names.buf, names.used);
}

static int handle_write(struct request *r)
{
	char path[XS_PATH_SIZE];
	const char *value;
	size_t length;
	int err = take_path(r, path, &value, &length);

	if (!err)
		err = store_write(r->store, &r->caller, path, value, length);
	return reply_ok(r, err);
}

static int handle_mkdir(struct request *r)
{
	char path[XS_PATH_SIZE];
	int err = take_path(r, path, NULL, NULL);

	return reply_ok(r, err ? err : store_mkdir(r->store, &r->caller, path));
}

static int handle_rm(struct request *r)
{
	char path[XS_PATH_SIZE];
	int err = take_path(r, path, NULL, NULL);

	return reply_ok(r, err ? err : store_rm(r->store, &r->caller, path));
}

static int handle_get_perms(struct request *r)
{
	const struct xs_perms *perms;
	char path[XS_PATH_SIZE], text[PERMS_MAX * 8];
	int err = take_any_path(r, path, NULL, NULL);

	if (!err)
		err = store_get_perms(r->store, &r->caller, path, &perms);
	return err ? err : reply(r, text, perms_format(perms, text, sizeof(text)));
}

static int handle_set_perms(struct request *r)
{
	unsigned int max = r->caller.who.privileged ? PERMS_MAX : r->store->quota.limits.perms;
	struct xs_perms *perms = NULL;
	char path[XS_PATH_SIZE];
	const char *text;
	size_t length;
	int err;

	err = take_any_path(r, path, &text, &length);
	if (!err)
		err = perms_parse(text, length, max, &perms);
	if (err)
		return err;
	err = store_set_perms(r->store, &r->caller, path, perms);
	perms_put(perms);
	return reply_ok(r, err);
}

/* ---- watches ---- */

/* How much of an absolute path a client does not see that gave it as a relative one. */
static size_t relative_part(const struct request *r, const char *given)
{
	return given[0] == '/' || given[0] == '@' ? 0 : strlen(r->client->home) + 1;
}

static int handle_watch(struct request *r)
{
	char path[XS_PATH_SIZE];
	const char *token;
	size_t length;
	int err;

	err = take_any_path(r, path, &token, &length);
	if (!err)
		err = wire_strings(token, length, &token, 1, NULL);
	if (!err)
		err = client_watch(r->client, path, relative_part(r, r->payload), token);
	if (err)
		return err;
	reply_ok(r, 0);
	client_fire_first(r->client, path, token);
	return 0;
}

static int handle_unwatch(struct request *r)
{
	char path[XS_PATH_SIZE];
	const char *token;
	size_t length;
	int err;

	err = take_any_path(r, path, &token, &length);
	if (!err)
		err = wire_strings(token, length, &token, 1, NULL);
	return reply_ok(r, err ? err : client_unwatch(r->client, path, token));
}

static int handle_reset_watches(struct request *r)
{
	client_forget(r->client);
	return reply_ok(r, 0);
}

/* ---- transactions ---- */

static int handle_transaction_start(struct request *r)
{
	char text[16];
	uint32_t id;
	int err;

	if (r->caller.txn)
		return -EBUSY;
	err = client_txn_start(r->client, &id);
	if (err)
		return err;
	snprintf(text, sizeof(text), "%u", id);
	return reply_string(r, text);
}

static int handle_transaction_end(struct request *r)
{
	bool commit = !strcmp(r->payload, "T");

	if (!r->caller.txn)
		return -ENOENT;
	if (!commit && strcmp(r->payload, "F"))
		return -EINVAL;
	return reply_ok(r, client_txn_end(r->client, r->client->in->header.tx_id, commit));
}

/* ---- domains ---- */

static int take_domid(struct request *r, const char **ret_strings, unsigned int nr,
		      uint16_t *ret_domid)
{
	uint32_t value;
	size_t rest;

	if (wire_strings(r->payload, r->length, ret_strings, nr, &rest) ||
	    wire_number(ret_strings[0], UINT16_MAX, &value))
		return -EINVAL;
	*ret_domid = (uint16_t)value;
	return 0;
}

static int handle_introduce(struct request *r)
{
	const char *strings[3];
	uint16_t domid;
	uint32_t port;
	char *end;
	int err;

	if (!r->caller.who.privileged)
		return -EACCES;
	err = take_domid(r, strings, 3, &domid);
	if (err)
		return err;
	/* The page's frame number: the page comes by a grant (guest_page.h). */
	(void)strtoull(strings[1], &end, 10);
	if (!*strings[1] || *end || wire_number(strings[2], UINT32_MAX, &port))
		return -EINVAL;
	return reply_ok(r, r->client->ops->introduce(r->client->arg, domid, port));
}

static int handle_release(struct request *r)
{
	const char *string;
	uint16_t domid;
	int err;

	if (!r->caller.who.privileged)
		return -EACCES;
	err = take_domid(r, &string, 1, &domid);
	return reply_ok(r, err ? err : r->client->ops->release(r->client->arg, domid));
}

static int handle_is_domain_introduced(struct request *r)
{
	const char *string;
	uint16_t domid;
	int err = take_domid(r, &string, 1, &domid);

	if (err)
		return err;
	return reply_string(r, r->client->ops->is_introduced(r->client->arg, domid) ? "T" : "F");
}

static int handle_get_domain_path(struct request *r)
{
	const char *string;
	uint16_t domid;
	char text[32];
	int err = take_domid(r, &string, 1, &domid);

	if (err)
		return err;
	snprintf(text, sizeof(text), "/local/domain/%u", domid);
	return reply_string(r, text);
}

/* Device models and suspended domains: we have neither. */
static int handle_privileged_only(struct request *r)
{
	return r->caller.who.privileged ? -ENOSYS : -EACCES;
}

/* ---- maintenance ---- */

static int handle_control(struct request *r)
{
	const struct quota_limits *limits = &r->store->quota.limits;
	const char *command;
	char text[512];
	size_t rest;

	if (!r->caller.who.privileged)
		return -EACCES;
	if (wire_strings(r->payload, r->length, &command, 1, &rest))
		return -EINVAL;
	if (!strcmp(command, "help"))
		return reply_string(r, "help\nprint <text>\nquota\nstats\n");
	if (!strcmp(command, "print")) {
		if (rest)
			log_info("xenstore: %s", command + strlen(command) + 1);
		return reply_ok(r, 0);
	}
	if (!strcmp(command, "quota")) {
		snprintf(text, sizeof(text),
			 "nodes: %u\nwatches: %u\ntransactions: %u\ntransaction-nodes: %u\n"
			 "node-size: %u\npermissions: %u\nwaiting-events: %u\n",
			 limits->nodes, limits->watches, limits->transactions,
			 limits->transaction_nodes, limits->node_size, limits->perms,
			 limits->waiting_events);
		return reply_string(r, text);
	}
	if (!strcmp(command, "stats")) {
		snprintf(text, sizeof(text), "watches: %zu\n",
			 r->store->watches.by_path.nr_entries);
		return reply_string(r, text);
	}
	return -EINVAL;
}

/* ---- the table ---- */

static const struct {
	int (*handle)(struct request *r);
	bool in_transaction; /* else a transaction id in the header is ignored */
} handlers[XS_TYPE_COUNT] = {
	[XS_CONTROL] = { handle_control, false },
	[XS_DIRECTORY] = { handle_directory, true },
	[XS_READ] = { handle_read, true },
	[XS_GET_PERMS] = { handle_get_perms, true },
	[XS_WATCH] = { handle_watch, false },
	[XS_UNWATCH] = { handle_unwatch, false },
	[XS_TRANSACTION_START] = { handle_transaction_start, true },
	[XS_TRANSACTION_END] = { handle_transaction_end, true },
	[XS_INTRODUCE] = { handle_introduce, false },
	[XS_RELEASE] = { handle_release, false },
	[XS_GET_DOMAIN_PATH] = { handle_get_domain_path, false },
	[XS_WRITE] = { handle_write, true },
	[XS_MKDIR] = { handle_mkdir, true },
	[XS_RM] = { handle_rm, true },
	[XS_SET_PERMS] = { handle_set_perms, true },
	[XS_IS_DOMAIN_INTRODUCED] = { handle_is_domain_introduced, false },
	[XS_RESUME] = { handle_privileged_only, false },
	[XS_SET_TARGET] = { handle_privileged_only, false },
	[XS_RESET_WATCHES] = { handle_reset_watches, false },
	[XS_DIRECTORY_PART] = { handle_directory_part, true },
};

static int request_dispatch(struct request *r)
{
	uint32_t tx_id = r->client->in->header.tx_id;

	if (r->type >= XS_TYPE_COUNT || !handlers[r->type].handle)
		return -ENOSYS;
	if (tx_id && handlers[r->type].in_transaction) {
		r->caller.txn = client_find_txn(r->client, tx_id);
		if (!r->caller.txn)
			return -ENOENT;
	}
	return handlers[r->type].handle(r);
}

void request_handle(struct client *c)
{
	struct request r = {
		.client = c,
		.store = c->store,
		.caller.who = c->who,
		.type = c->in->header.type,
		.payload = c->in->payload,
		.length = c->in->header.len,
	};
	int err = request_dispatch(&r);

	if (err)
		client_reply_error(c, err);
}
