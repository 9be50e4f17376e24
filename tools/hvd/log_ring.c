/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last lines of hvd's log; see log_ring.h.
 */
#include "log_ring.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "lib/log.h"
#include "lib/xmem.h"

#define LOOKED_AT_MAX 512u /* lines of one call */

static char *lines[LOG_RING_LINES]; /* by number */
static uint64_t next_line;

static void keep(const char *line, size_t n)
{
	char **place = &lines[next_line++ % LOG_RING_LINES];

	free(*place);
	*place = xstrndup(line, n);
}

void log_ring_start(void)
{
	log_set_sink(keep);
}

static bool is_of_name(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.+-", c));
}

static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(line, word); at; at = strstr(at + 1, word))
		if ((at == line || !is_of_name(at[-1])) && !is_of_name(at[n]))
			return true;
	return false;
}

/* Guests' words may be in a line: what is no ASCII becomes '?'. */
static struct json_object *text_of(const char *line)
{
	char *copy = xstrdup(line);
	struct json_object *o;

	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
			*c = '?';
	o = json_object_new_string(copy);
	free(copy);
	return o;
}

struct json_object *log_ring_get(uint64_t *position, const char *word, unsigned int max)
{
	uint64_t first = next_line > LOG_RING_LINES ? next_line - LOG_RING_LINES : 0, at = *position;
	struct json_object *list = json_object_new_array();
	unsigned int looked_at = 0;

	if (at < first)
		at = first;
	for (; at < next_line && looked_at < LOOKED_AT_MAX && json_object_array_length(list) < max;
	     at++, looked_at++) {
		const char *line = lines[at % LOG_RING_LINES];

		if (!word || has_word(line, word))
			json_object_array_add(list, text_of(line));
	}
	*position = at < next_line ? at : next_line;
	return list;
}

uint64_t log_ring_next(void)
{
	return next_line;
}
