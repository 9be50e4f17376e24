/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON objects, one a line: how hvctl and hvd talk.
 *
 * The reader is fed whatever bytes have come and gives back whole objects. It is bounded in the
 * length of a line and the depth of an object, so a peer cannot make it grow.
 */
#ifndef LIB_JSON_LINE_H
#define LIB_JSON_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

struct json_line_reader {
	char *bytes;
	size_t used;	/* bytes that wait */
	size_t scanned; /* of them without a line feed */
	size_t max;	/* bytes of a line */
	bool skipping;	/* the rest of a line that was too long */
};

void json_line_init(struct json_line_reader *r, size_t max);
void json_line_fini(struct json_line_reader *r);

/* Adds bytes. Lines that have come whole should be taken before more is fed. */
void json_line_feed(struct json_line_reader *r, const void *bytes, size_t n);

/*
 * Takes the next line, empty ones left out.
 *   0          '*ret_obj' is an object, to be put by the caller
 *   -EAGAIN    no whole line yet
 *   -EMSGSIZE  the line is longer than allowed; it has been taken, with what is still to come of it
 *   -EINVAL    the line is not a JSON object; it has been taken
 */
int json_line_next(struct json_line_reader *r, struct json_object **ret_obj);

/* What waits untaken, for a connection that stops to be JSON. Valid until the next call. */
const void *json_line_rest(const struct json_line_reader *r, size_t *ret_n);

/* The object as one line with its line feed; to be freed. */
char *json_line_format(struct json_object *obj, size_t *ret_size);

/* Shorthands for the fields of an object: NULL, or the default, when missing or of another type. */
const char *json_line_string(struct json_object *obj, const char *key);
long long json_line_number(struct json_object *obj, const char *key, long long missing);
unsigned long long json_line_unsigned(struct json_object *obj, const char *key); /* or 0 */
int json_line_bool(struct json_object *obj, const char *key, int missing);

#endif
