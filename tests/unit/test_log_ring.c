/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvd's log over its lives: numbers go on, nothing is lost that the file has room for, nothing is made up. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "lib/log.h"
#include "log_ring.h"
#include "unit.h"

static char path[] = "/tmp/hvd-log-ring-XXXXXX";

static void fresh_file(void)
{
	int fd;

	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
}

/* A line of a known length, without what log_message() puts before it. */
static void say(unsigned int nr, size_t length)
{
	char text[2048];

	memset(text, 'x', sizeof(text));
	snprintf(text, sizeof(text), "line %u ", nr);
	text[strlen(text)] = 'x';
	text[length] = '\0';
	log_error("%s", text);
}

/* Line 'number', "" when there is none. To be freed. */
static char *line_at(uint64_t number)
{
	uint64_t at = number;
	struct json_object *list = log_ring_get(&at, NULL, 1);
	char *line = strdup(at == number + 1 && json_object_array_length(list) == 1 ?
				    json_object_get_string(json_object_array_get_idx(list, 0)) :
				    "");

	json_object_put(list);
	return line;
}

static bool says(uint64_t number, const char *what)
{
	char *line = line_at(number);
	bool good = strstr(line, what) != NULL;

	free(line);
	return good;
}

/* As often as it is killed: there is no orderly end of it. */
static void begin_life(void)
{
	log_ring_stop();
	log_ring_start();
}

static void lines_outlive_hvd_and_their_numbers_go_on(void)
{
	fresh_file();
	begin_life();
	say(0, 20);
	CU_ASSERT_EQUAL(log_ring_keep(path), 0);
	say(1, 20);
	begin_life();
	say(2, 20); /* before it knows of the file */
	CU_ASSERT_EQUAL(log_ring_next(), 1);
	CU_ASSERT_EQUAL(log_ring_keep(path), 0);
	say(3, 20);
	CU_ASSERT_EQUAL(log_ring_next(), 4);
	CU_ASSERT(says(0, "line 0 "));
	CU_ASSERT(says(1, "line 1 "));
	CU_ASSERT(says(2, "line 2 "));
	CU_ASSERT(says(3, "line 3 "));
	unlink(path);
}

/* Several times around the file's bytes and the ring's lines, with lines of all lengths. */
static void a_full_file_has_the_last_whole_lines(void)
{
	unsigned int nr = 0, found = 0;
	uint64_t next;

	fresh_file();
	begin_life();
	CU_ASSERT_EQUAL(log_ring_keep(path), 0);
	for (; nr < 9000; nr++)
		say(nr, 20 + nr * 7 % 300);
	next = log_ring_next();
	CU_ASSERT_EQUAL(next, nr);
	begin_life();
	CU_ASSERT_EQUAL(log_ring_keep(path), 0);
	CU_ASSERT_EQUAL(log_ring_next(), next);
	for (unsigned int i = 0; i < nr; i++) {
		char wanted[32], *line = line_at(i);

		snprintf(wanted, sizeof(wanted), "line %u x", i);
		CU_ASSERT(!*line || strstr(line, wanted));
		CU_ASSERT(!*line || found == 0 || i == nr - 1 || says(i + 1, "line "));
		found += *line != '\0';
		free(line);
	}
	/* 256 KiB of some 200 bytes each. */
	CU_ASSERT(found > 1000 && found <= LOG_RING_LINES);
	CU_ASSERT(says(next - 1, "line 8999 "));
	unlink(path);
}

static void a_file_of_anything_is_begun_anew(void)
{
	static const char junk[] = "not a log at all";
	int fd;

	fresh_file();
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CU_ASSERT(write(fd, junk, sizeof(junk)) == (ssize_t)sizeof(junk));
	close(fd);
	begin_life();
	CU_ASSERT_EQUAL(log_ring_keep(path), 0);
	CU_ASSERT_EQUAL(log_ring_next(), 0);
	say(0, 20);
	CU_ASSERT(says(0, "line 0 "));
	unlink(path);
	begin_life();
	CU_ASSERT_EQUAL(log_ring_keep("/nowhere/at/all"), -ENOENT);
	say(0, 20);
	CU_ASSERT(says(0, "line 0 "));
	log_ring_stop();
}

/* A count that makes no sense, whoever wrote it: every byte is looked at at most once, none beyond. */
static void counts_that_make_no_sense_are_survived(void)
{
	static const uint64_t wrong[] = { UINT64_MAX, UINT64_MAX - 3, 1ull << 63, 12345678901 };

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int fd;

		fresh_file();
		begin_life();
		CU_ASSERT_EQUAL(log_ring_keep(path), 0);
		say(0, 20);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		CU_ASSERT(pwrite(fd, &wrong[i], sizeof(wrong[i]), 8) == 8); /* bytes */
		CU_ASSERT(pwrite(fd, &wrong[i], sizeof(wrong[i]), 16) == 8); /* lines */
		close(fd);
		begin_life();
		CU_ASSERT_EQUAL(log_ring_keep(path), 0);
		say(1, 20);
		CU_ASSERT(says(log_ring_next() - 1, "line 1 "));
		unlink(path);
	}
	log_ring_stop();
}

UNIT_MAIN("log ring", UNIT_TEST(lines_outlive_hvd_and_their_numbers_go_on),
	  UNIT_TEST(a_full_file_has_the_last_whole_lines), UNIT_TEST(a_file_of_anything_is_begun_anew),
	  UNIT_TEST(counts_that_make_no_sense_are_survived))
