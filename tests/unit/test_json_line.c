/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Framing of JSON lines.
 */
#include "lib/json_line.h"

#include <errno.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "unit.h"

static void feed(struct json_line_reader *r, const char *text)
{
	json_line_feed(r, text, strlen(text));
}

static int next_op(struct json_line_reader *r, const char *op)
{
	struct json_object *o;
	const char *found;
	int err = json_line_next(r, &o);

	if (err)
		return err;
	found = json_line_string(o, "op");
	err = found && !strcmp(found, op) ? 0 : -ENOENT;
	json_object_put(o);
	return err;
}

static void lines_come_in_any_pieces(void)
{
	const char *text = "{\"op\":\"a\"}\n\n{\"op\":\"b\"}\r\n";
	struct json_line_reader r;
	unsigned int lines = 0;

	json_line_init(&r, 100);
	for (const char *c = text; *c; c++) {
		json_line_feed(&r, c, 1);
		if (!next_op(&r, lines ? "b" : "a"))
			lines++;
	}
	CU_ASSERT_EQUAL(lines, 2);
	CU_ASSERT_EQUAL(next_op(&r, "c"), -EAGAIN);
	feed(&r, text);
	CU_ASSERT_EQUAL(next_op(&r, "a"), 0);
	CU_ASSERT_EQUAL(next_op(&r, "b"), 0);
	json_line_fini(&r);
}

static void a_bad_line_is_taken_and_the_next_is_read(void)
{
	static const char *const bad[] = { "hello", "[1]", "1", "{\"op\":1", "{} {}", "{\"a\":\"\xff\"}",
					   "{\"op\":'x'}" };
	struct json_line_reader r;

	json_line_init(&r, 1000);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		feed(&r, bad[i]);
		feed(&r, "\n{\"op\":\"next\"}\n");
		CU_ASSERT_EQUAL(next_op(&r, "x"), -EINVAL);
		CU_ASSERT_EQUAL(next_op(&r, "next"), 0);
	}
	json_line_fini(&r);
}

static void a_long_line_is_refused_with_and_without_its_end(void)
{
	struct json_line_reader r;

	json_line_init(&r, 10);
	feed(&r, "{\"op\":\"01234\"}\n{\"op\":\"a\"}\n");
	CU_ASSERT_EQUAL(next_op(&r, "x"), -EMSGSIZE);
	CU_ASSERT_EQUAL(next_op(&r, "a"), 0);
	CU_ASSERT_EQUAL(next_op(&r, "x"), -EAGAIN);
	json_line_fini(&r);
	json_line_init(&r, 10);
	feed(&r, "{\"op\":\"01234");
	CU_ASSERT_EQUAL(next_op(&r, "x"), -EMSGSIZE);
	/* Told once; what is still to come of it is not kept. */
	for (int i = 0; i < 100; i++) {
		feed(&r, "0123456789");
		CU_ASSERT_EQUAL(next_op(&r, "x"), -EAGAIN);
		CU_ASSERT_EQUAL(r.used, 0);
	}
	feed(&r, "\"}\n{\"op\":\"b\"}\n");
	CU_ASSERT_EQUAL(next_op(&r, "b"), 0);
	json_line_fini(&r);
}

static void deep_nesting_is_refused(void)
{
	struct json_line_reader r;

	json_line_init(&r, 1000);
	feed(&r, "{\"a\":");
	for (int i = 0; i < 100; i++)
		feed(&r, "[");
	for (int i = 0; i < 100; i++)
		feed(&r, "]");
	feed(&r, "}\n");
	CU_ASSERT_EQUAL(next_op(&r, "x"), -EINVAL);
	json_line_fini(&r);
}

static void what_follows_a_line_is_kept(void)
{
	struct json_line_reader r;
	const void *rest;
	size_t n;

	json_line_init(&r, 1000);
	feed(&r, "{\"op\":\"console\"}\nraw\n\xff");
	CU_ASSERT_EQUAL(next_op(&r, "console"), 0);
	rest = json_line_rest(&r, &n);
	CU_ASSERT(n == 5 && !memcmp(rest, "raw\n\xff", 5));
	json_line_fini(&r);
}

static void fields_of_another_type_are_missing(void)
{
	struct json_object *o = json_tokener_parse("{\"s\":\"x\",\"n\":3,\"b\":true}");
	char *line;
	size_t n;

	CU_ASSERT_STRING_EQUAL(json_line_string(o, "s"), "x");
	CU_ASSERT_PTR_NULL(json_line_string(o, "n"));
	CU_ASSERT_EQUAL(json_line_number(o, "n", 7), 3);
	CU_ASSERT_EQUAL(json_line_number(o, "s", 7), 7);
	CU_ASSERT_EQUAL(json_line_bool(o, "b", 0), 1);
	CU_ASSERT_EQUAL(json_line_bool(o, "n", 0), 0);
	CU_ASSERT_EQUAL(json_line_bool(o, "none", 1), 1);
	line = json_line_format(o, &n);
	CU_ASSERT_STRING_EQUAL(line, "{\"s\":\"x\",\"n\":3,\"b\":true}\n");
	CU_ASSERT_EQUAL(n, strlen(line));
	free(line);
	json_object_put(o);
}

UNIT_MAIN("json_line", UNIT_TEST(lines_come_in_any_pieces),
	  UNIT_TEST(a_bad_line_is_taken_and_the_next_is_read),
	  UNIT_TEST(a_long_line_is_refused_with_and_without_its_end), UNIT_TEST(deep_nesting_is_refused),
	  UNIT_TEST(what_follows_a_line_is_kept), UNIT_TEST(fields_of_another_type_are_missing))
