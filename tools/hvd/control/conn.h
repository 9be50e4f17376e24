/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client of the control socket, between the files of this folder.
 *
 * A client has one request at work; what it sends meanwhile waits in its socket. So nothing grows
 * with what a client sends, and a client that does not read its replies is not served further.
 */
#ifndef CONTROL_CONN_H
#define CONTROL_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "control/access.h"
#include "domain/domain.h"
#include "events.h"
#include "fault.h"
#include "lib/json_line.h"

struct bufferevent;
struct dirty_request;
struct image_request;
struct control;
struct device_request;
struct event;
struct json_object;

#define CONN_LINE_MAX (1u << 20)   /* bytes of a request: a vm.xml with every character escaped */
#define CONN_OUTPUT_MAX (64u << 10) /* replies that wait, above which no more requests are taken */
#define CONN_CONSOLE_MAX (256u << 10) /* console output that waits, above which it is left out */
#define CONN_WRITE_TIMEOUT_S 60

/* What a request waits for. */
enum wait_goal { WAIT_NOTHING, WAIT_CREATED, WAIT_GONE, WAIT_STOPPED };

/* op_record.c: a request that goes into a domain's history when it has been replied to. */
struct op_record {
	const char *op; /* NULL: it does not */
	char *name;	/* of the domain, as far as it is known; NULL: not yet */
	uint64_t began_ms;
};

struct conn {
	TAILQ_ENTRY(conn) link;
	struct control *control;
	struct bufferevent *bev;
	struct event *more; /* fires when a line may wait in 'reader' */
	struct json_line_reader reader;
	unsigned int uid;
	enum access access;

	bool busy; /* a request has not been replied to */
	bool eof;  /* the client sends no more */
	bool closing; /* no more lines are taken; freed when the output has left */
	bool broken; /* the output will never leave */
	struct json_object *id; /* of that request: anything, or NULL */
	struct op_record record; /* of that request, for the domain's history */

	/* A request that waits for a domain. */
	enum wait_goal goal;
	struct domain_observer observer;
	struct event *deadline;
	unsigned int generation; /* of the domain when the wait began */
	struct fault fault;

	struct device_request *device; /* device_ops.c: a device comes or goes */
	struct dirty_request *dirty; /* dirty_ops.c: what a guest writes is measured */
	struct image_request *image; /* image_ops.c: a process works on an image */

	/* A request that waits for events; uses 'deadline' as well. */
	struct events *events; /* NULL: it does not */
	struct events_follower follower;
	uint64_t events_from;

	/* After 'console': bytes, no JSON. */
	bool is_console;
	struct domain_viewer viewer;
	bool skips; /* output that it has had already */
	uint64_t left_out; /* bytes of output that the client did not take in time */
};

struct domains *control_domains(const struct control *control);

/* ---- reply.c: exactly one of these ends a request ---- */

/* 'result' (taken over) may be NULL: an empty object. */
void reply_result(struct conn *c, struct json_object *result);
void reply_fault(struct conn *c, const struct fault *fault);
/* Not an end: a line before the reply. Takes 'progress' over; left out when the client does not read. */
void reply_progress(struct conn *c, struct json_object *progress);

/* ---- op_record.c ---- */

/* 'key': what the request names as its domain, or NULL. */
void op_record_begin(struct conn *c, const char *op, const char *key);
/* It is about this domain. */
void op_record_set_name(struct conn *c, const char *name);
/* 'fault' is NULL: it went well. */
void op_record_end(struct conn *c, const struct fault *fault);
/* The client has gone before its request was at its end. */
void op_record_drop(struct conn *c);

/* ---- request.c ---- */

/* Runs one request; takes nothing over. */
void request_run(struct conn *c, struct json_object *rq);

/* ---- wait.c ---- */

/* Replies when the domain has reached the goal, or with FAULT_TIMEOUT. */
void wait_begin(struct conn *c, struct domain *d, enum wait_goal goal, unsigned int timeout_s);
/* The client goes: the wait ends without a reply. */
void wait_cancel(struct conn *c);

/* ---- watch_ops.c ---- */

/* The client goes: the wait for events ends without a reply. */
void watch_cancel(struct conn *c);

/* ---- view.c ---- */

/*
 * From here on the connection carries the console's bytes, beginning with the last 'lines' lines;
 * -1: with what the console has at hand.
 */
void view_begin(struct conn *c, struct domain *d, long long lines);
void view_end(struct conn *c);
void view_on_readable(struct conn *c);
void view_on_written(struct conn *c);

/* ---- listener.c ---- */

/* Sends what waits, then closes; the client is freed by the loop, not in here. */
void conn_finish(struct conn *c);

#endif
