/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies: {"id":..,"result":{..}} or {"id":..,"error":{"code":"..","message":".."}}.
 */
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <json-c/json.h>

#include "control/conn.h"
#include "control/describe.h"

static void send_reply(struct conn *c, const char *key, struct json_object *value)
{
	struct json_object *reply = json_object_new_object();
	size_t size;
	char *line;

	if (c->id)
		json_object_object_add(reply, "id", c->id);
	json_object_object_add(reply, key, value);
	c->id = NULL;
	line = json_line_format(reply, &size);
	json_object_put(reply);
	bufferevent_write(c->bev, line, size);
	free(line);

	c->busy = false;
	event_active(c->more, EV_TIMEOUT, 0);
}

void reply_progress(struct conn *c, struct json_object *progress)
{
	struct json_object *line = json_object_new_object();
	size_t size;
	char *text;

	if (c->id)
		json_object_object_add(line, "id", json_object_get(c->id));
	json_object_object_add(line, "progress", progress);
	text = json_line_format(line, &size);
	json_object_put(line);
	if (evbuffer_get_length(bufferevent_get_output(c->bev)) < CONN_OUTPUT_MAX)
		bufferevent_write(c->bev, text, size);
	free(text);
}

void reply_result(struct conn *c, struct json_object *result)
{
	op_record_end(c, NULL);
	send_reply(c, "result", result ? result : json_object_new_object());
}

void reply_fault(struct conn *c, const struct fault *fault)
{
	struct json_object *error = json_object_new_object();

	op_record_end(c, fault);
	json_object_object_add(error, "code", json_object_new_string(fault_name(fault->code)));
	json_object_object_add(error, "message", describe_text(fault->text));
	send_reply(c, "error", error);
}
