/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Framing of JSON objects by line; the contract is in json_line.h.
 */
#include "lib/json_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "lib/xmem.h"

#define JSON_DEPTH_MAX 16

void json_line_init(struct json_line_reader *r, size_t max)
{
	memset(r, 0, sizeof(*r));
	r->max = max;
}

void json_line_fini(struct json_line_reader *r)
{
	free(r->bytes);
	r->bytes = NULL;
	r->used = r->scanned = 0;
}

/* What still belongs to a line that was too long; returns how much of 'n' that is. */
static size_t skipped(struct json_line_reader *r, const char *bytes, size_t n)
{
	const char *end = memchr(bytes, '\n', n);

	if (!end)
		return n;
	r->skipping = false;
	return (size_t)(end - bytes) + 1;
}

void json_line_feed(struct json_line_reader *r, const void *bytes, size_t n)
{
	if (n && r->skipping) {
		size_t skip = skipped(r, bytes, n);

		bytes = (const char *)bytes + skip;
		n -= skip;
	}
	if (!n)
		return;
	r->bytes = xrealloc(r->bytes, r->used + n);
	memcpy(r->bytes + r->used, bytes, n);
	r->used += n;
}

static void take(struct json_line_reader *r, size_t n)
{
	r->used -= n;
	memmove(r->bytes, r->bytes + n, r->used);
	r->scanned = 0;
}

/* Gives up the line of which this much has come; its rest, if any, is not kept. */
static int refuse(struct json_line_reader *r, size_t n, bool has_end)
{
	take(r, n);
	r->skipping = !has_end;
	return -EMSGSIZE;
}

static int parse(const char *line, size_t n, struct json_object **ret_obj)
{
	struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH_MAX);
	struct json_object *obj;
	int ok;

	if (!tok)
		return -EINVAL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	obj = json_tokener_parse_ex(tok, line, (int)n);
	ok = json_tokener_get_error(tok) == json_tokener_success &&
	     json_tokener_get_parse_end(tok) == n && json_object_is_type(obj, json_type_object);
	json_tokener_free(tok);
	if (!ok) {
		json_object_put(obj);
		return -EINVAL;
	}
	*ret_obj = obj;
	return 0;
}

static size_t trimmed(const char *line, size_t n)
{
	while (n && (line[n - 1] == '\r' || line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	return n;
}

int json_line_next(struct json_line_reader *r, struct json_object **ret_obj)
{
	for (;;) {
		char *end = NULL;
		size_t line, n;
		int err;

		if (r->used > r->scanned)
			end = memchr(r->bytes + r->scanned, '\n', r->used - r->scanned);
		if (!end) {
			r->scanned = r->used;
			return r->used > r->max ? refuse(r, r->used, false) : -EAGAIN;
		}
		line = (size_t)(end - r->bytes);
		if (line > r->max)
			return refuse(r, line + 1, true);
		n = trimmed(r->bytes, line);
		err = n ? parse(r->bytes, n, ret_obj) : 0;
		take(r, line + 1);
		if (n)
			return err;
	}
}

const void *json_line_rest(const struct json_line_reader *r, size_t *ret_n)
{
	*ret_n = r->used;
	return r->bytes;
}

char *json_line_format(struct json_object *obj, size_t *ret_size)
{
	const char *text;
	char *line;
	size_t n;

	text = json_object_to_json_string_length(
		obj, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
	line = xmalloc(n + 2);
	memcpy(line, text, n);
	line[n] = '\n';
	line[n + 1] = '\0';
	*ret_size = n + 1;
	return line;
}

const char *json_line_string(struct json_object *obj, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(obj, key, &v) || !json_object_is_type(v, json_type_string))
		return NULL;
	return json_object_get_string(v);
}

long long json_line_number(struct json_object *obj, const char *key, long long missing)
{
	struct json_object *v;

	if (!json_object_object_get_ex(obj, key, &v) || !json_object_is_type(v, json_type_int))
		return missing;
	return json_object_get_int64(v);
}

unsigned long long json_line_unsigned(struct json_object *obj, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(obj, key, &v) || !json_object_is_type(v, json_type_int))
		return 0;
	return json_object_get_uint64(v);
}

int json_line_bool(struct json_object *obj, const char *key, int missing)
{
	struct json_object *v;

	if (!json_object_object_get_ex(obj, key, &v) || !json_object_is_type(v, json_type_boolean))
		return missing;
	return json_object_get_boolean(v);
}
