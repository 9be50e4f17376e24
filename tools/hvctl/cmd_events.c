/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl events: what happens on this host, a JSON object a line.
 *
 * Who follows is not left alone by a restart of hvd: the next one's events come after a line that says so. It
 * counts its events from 1 again.
 */
#include <stdio.h>
#include <time.h>

#include <json-c/json.h>

#include "hvctl.h"

#define WAIT_S 30

/* Between the events of two hvds: what happened meanwhile is in neither's. */
static void show_notice(void)
{
	struct json_object *o = json_object_new_object();
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%FT%TZ", &tm);
	json_object_object_add(o, "time", json_object_new_string(stamp));
	json_object_object_add(o, "kind", json_object_new_string("hvd"));
	json_object_object_add(o, "event", json_object_new_string("reconnected"));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

/* Shows what comes from 'from' on; moves it. 'is_new': another hvd than before, which has to answer first. */
static int show_some(long long *from, bool wait, bool is_new, size_t *ret_nr)
{
	struct json_object *request = conn_request("events", NULL), *result, *list;
	int status;

	json_object_object_add(request, "from", json_object_new_int64(*from));
	if (wait)
		json_object_object_add(request, "wait_s", json_object_new_int(WAIT_S));
	status = conn_call(request, &result);
	if (status != EXIT_OK)
		return status;
	if (is_new)
		show_notice();
	*ret_nr = 0;
	if (json_object_object_get_ex(result, "events", &list))
		*ret_nr = json_object_array_length(list);
	for (size_t i = 0; i < *ret_nr; i++)
		puts(json_object_to_json_string_ext(json_object_array_get_idx(list, i),
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	*from = json_line_number(result, "next", *from);
	json_object_put(result);
	/* Who reads a pipe wants an event when it happens; and when nobody reads, we are done. */
	return fflush(stdout) || ferror(stdout) ? EXIT_FAILED : EXIT_OK;
}

int cmd_events(int argc, char **argv)
{
	bool follow = take_flag(&argc, argv, "follow"), is_new = false;
	long long from = 0;
	size_t nr = 1;
	int status = EXIT_OK;

	if (argc != 1)
		return usage_error(argv);
	if (follow)
		conn_follow();
	while (status == EXIT_OK && (nr || follow)) {
		status = show_some(&from, follow && !nr && !is_new, is_new, &nr);
		is_new = follow && status == EXIT_NO_HVD;
		if (is_new) {
			status = conn_again(status);
			from = 0;
		}
	}
	return status;
}
