/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl events: what happens on this host, a JSON object a line.
 */
#include <stdio.h>

#include <json-c/json.h>

#include "hvctl.h"

#define WAIT_S 30

/* Shows what comes from 'from' on; moves it. */
static int show_some(long long *from, bool wait, size_t *ret_nr)
{
	struct json_object *request = conn_request("events", NULL), *result, *list;
	int status;

	json_object_object_add(request, "from", json_object_new_int64(*from));
	if (wait)
		json_object_object_add(request, "wait_s", json_object_new_int(WAIT_S));
	status = conn_call(request, &result);
	if (status != EXIT_OK)
		return status;
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
	bool follow = take_flag(&argc, argv, "follow");
	long long from = 0;
	size_t nr = 1;
	int status = EXIT_OK;

	if (argc != 1)
		return usage_error(argv);
	while (status == EXIT_OK && (nr || follow))
		status = show_some(&from, follow && !nr, &nr);
	return status;
}
