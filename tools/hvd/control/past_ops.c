/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations about the past: a domain's history, and its console's log. Both outlive it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "console_tail.h"
#include "control/conn.h"
#include "control/describe.h"
#include "control/ops.h"
#include "domain/history.h"
#include "domain/spec.h"
#include "lib/xmem.h"

#define ENTRIES_DEFAULT 100
#define ENTRIES_MAX 100000
#define LINES_MAX 100000

/*
 * The name under which something of the domain may have been kept; it need not exist any more. To
 * be freed. NULL: replied.
 */
static char *past_name(struct conn *c, struct json_object *rq)
{
	char digits[24];
	const char *key = op_domain_key(rq, digits);
	struct domain *d = key ? domain_find(op_domains(c), key) : NULL;

	if (d)
		return xstrdup(d->spec->name);
	if (key && definition_name_is_valid(key))
		return xstrdup(key);
	if (key)
		op_refuse(c, FAULT_NO_SUCH_DOMAIN, "there is no domain '%.80s'", key);
	else
		op_refuse(c, FAULT_BAD_REQUEST, "the request names no \"domain\"");
	return NULL;
}

static bool exists(struct conn *c, const char *name)
{
	return domain_find(op_domains(c), name) || op_definition(c, name);
}

void op_history(struct conn *c, struct json_object *rq)
{
	long long max = json_line_number(rq, "max", ENTRIES_DEFAULT);
	char *name = past_name(c, rq);
	struct json_object *list, *o;
	int err;

	if (!name)
		return;
	if (max < 0 || max > ENTRIES_MAX)
		max = ENTRIES_MAX;
	err = history_read(op_domains(c)->env.history, name, (unsigned int)max, &list);
	if (err) {
		op_refuse(c, FAULT_HISTORY, "the history of '%s' cannot be read: %s", name, strerror(-err));
	} else if (!json_object_array_length(list) && !exists(c, name)) {
		json_object_put(list);
		op_refuse(c, FAULT_NO_SUCH_DOMAIN, "there is and was no domain '%s'", name);
	} else {
		o = json_object_new_object();
		json_object_object_add(o, "name", json_object_new_string(name));
		json_object_object_add(o, "entries", list);
		reply_result(c, o);
	}
	free(name);
}

static struct json_object *describe_log(const struct console_text *text)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "text", describe_bytes(text->bytes, (int)text->n));
	json_object_object_add(o, "next", json_object_new_string(text->next));
	if (text->lost)
		json_object_object_add(o, "lost", json_object_new_boolean(true));
	return o;
}

static int read_log(struct conn *c, struct json_object *rq, const char *name,
		    struct console_text *text)
{
	const char *dir = op_domains(c)->env.console_dir;
	long long lines = json_line_number(rq, "lines", -1);
	char *path;
	int err;

	if (!dir)
		return -ENOENT;
	path = xasprintf("%s/%s.log", dir, name);
	if (lines >= 0)
		err = console_text_tail(path, lines < LINES_MAX ? (unsigned int)lines : LINES_MAX,
					OP_LOG_CHUNK, text);
	else
		err = console_text_from(path, json_line_string(rq, "from"), OP_LOG_CHUNK, text);
	free(path);
	return err;
}

void op_console_log(struct conn *c, struct json_object *rq)
{
	char *name = past_name(c, rq);
	struct console_text text;
	int err;

	if (!name)
		return;
	err = read_log(c, rq, name, &text);
	if (err == -EINVAL) {
		op_refuse(c, FAULT_BAD_REQUEST, "\"from\" is not what an earlier reply had as \"next\"");
	} else if (err == -ENOENT && !exists(c, name)) {
		op_refuse(c, FAULT_NO_SUCH_DOMAIN, "there is no domain '%s', and no log of one", name);
	} else if (err) {
		op_refuse(c, FAULT_CONSOLE, "the console log of '%s' cannot be read: %s", name,
			  strerror(-err));
	} else {
		reply_result(c, describe_log(&text));
		free(text.bytes);
	}
	free(name);
}
