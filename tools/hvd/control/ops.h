/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations of the control protocol, between the files that have them: request.c has the table and
 * those that look at domains or change what runs, the others their own. Each operation replies
 * exactly once, now or later.
 */
#ifndef CONTROL_OPS_H
#define CONTROL_OPS_H

#include <stdbool.h>

#include "domain/definitions.h"
#include "fault.h"

struct conn;
struct domain;
struct domains;
struct json_object;

#define OP_CREATE_TIMEOUT_S 360
#define OP_LOG_CHUNK (64u << 10) /* bytes of a log in one reply */

/* ---- request.c: what operations have in common ---- */

struct domains *op_domains(struct conn *c);
void op_refuse(struct conn *c, enum fault_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Replies at once, by what a function of domain.h has returned. */
void op_reply(struct conn *c, int err, const struct fault *f);

/* What the request has as "domain": a name, or a number in digits. NULL: neither. */
const char *op_domain_key(struct json_object *rq, char digits[24]);
/*
 * The domain that the request names by "domain". NULL: replied. The control domain is found only
 * where '*ret_is_control' can say so.
 */
struct domain *op_domain(struct conn *c, struct json_object *rq, bool *ret_is_control);

/* ---- define_ops.c ---- */

/* NULL: there is no definition of that name. */
struct definition *op_definition(struct conn *c, const char *name);

/* Adds those that are defined and do not run to 'list', and files with mistakes to 'reply'. */
void list_shut_off(struct conn *c, struct json_object *list, struct json_object *reply);
/* 'info' and 'wait' of a domain that is defined and does not run. False: it is none, not replied. */
bool info_shut_off(struct conn *c, struct json_object *rq);
bool wait_shut_off(struct conn *c, struct json_object *rq);

void op_define(struct conn *c, struct json_object *rq);
void op_undefine(struct conn *c, struct json_object *rq);
void op_start(struct conn *c, struct json_object *rq);
void op_autostart(struct conn *c, struct json_object *rq);
void op_rename(struct conn *c, struct json_object *rq);
void op_dumpxml(struct conn *c, struct json_object *rq);

/* ---- watch_ops.c ---- */

void op_events(struct conn *c, struct json_object *rq);
void op_top(struct conn *c, struct json_object *rq);
void op_log(struct conn *c, struct json_object *rq);

/* ---- past_ops.c: what a domain has said and done ---- */

void op_history(struct conn *c, struct json_object *rq);
void op_console_log(struct conn *c, struct json_object *rq);

#endif
