/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl log: what hvd has logged of late, about one domain or at all.
 */
#include <stdio.h>
#include <unistd.h>

#include <json-c/json.h>

#include "hvctl.h"

/* '*end': where the log ended when we first looked: our own requests may be lines, too. */
static int show_some(const char *domain, long long *position, long long *end, bool *ret_more)
{
	struct json_object *request = conn_request("log", domain), *result, *list;
	long long before = *position;
	int status;

	json_object_object_add(request, "position", json_object_new_int64(*position));
	status = conn_call(request, &result);
	if (status != EXIT_OK)
		return status;
	*position = json_line_number(result, "next", *position);
	if (*end < 0)
		*end = json_line_number(result, "end", *position);
	*ret_more = *position != before && *position < *end;
	if (json_object_object_get_ex(result, "lines", &list)) {
		if (options.json && *position != before)
			print_json(result);
		for (size_t i = 0; !options.json && i < json_object_array_length(list); i++)
			puts(json_object_get_string(json_object_array_get_idx(list, i)));
	}
	json_object_put(result);
	return fflush(stdout) || ferror(stdout) ? EXIT_FAILED : EXIT_OK;
}

int cmd_log(int argc, char **argv)
{
	bool follow = take_flag(&argc, argv, "follow"), more = true;
	long long position = 0, end = -1;
	int status = EXIT_OK;

	if (argc > 2)
		return usage_error(argv);
	if (follow)
		conn_follow();
	while (status == EXIT_OK && (more || follow)) {
		status = show_some(argc == 2 ? argv[1] : NULL, &position, &end, &more);
		/* The next hvd has the lines of this one, and goes on with their numbers. */
		if (follow && status == EXIT_NO_HVD)
			status = conn_again(status);
		if (status == EXIT_OK && !more && follow)
			usleep(500 * 1000);
	}
	return status;
}
