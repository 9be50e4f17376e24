/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl history: what happened to a domain.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <json-c/json.h>

#include "hvctl.h"

static void print_who(struct json_object *e)
{
	const char *by = json_line_string(e, "by");
	long long uid = json_line_number(e, "uid", -1);
	struct passwd *pw = uid < 0 ? NULL : getpwuid((uid_t)uid);

	if (pw)
		printf("%-10s ", pw->pw_name);
	else if (uid >= 0)
		printf("uid %-6lld ", uid);
	else
		printf("%-10s ", by ? by : "?");
}

static void print_entry(struct json_object *e)
{
	long long time_ms = json_line_number(e, "time_ms", 0);
	long long duration = json_line_number(e, "duration_ms", -1);
	const char *what = json_line_string(e, "what"), *outcome = json_line_string(e, "outcome");
	const char *message = json_line_string(e, "message");
	time_t at = (time_t)(time_ms / 1000);
	char when[64] = "?";

	strftime(when, sizeof(when), "%F %T", localtime(&at));
	printf("%s.%03lld  ", when, time_ms % 1000);
	print_who(e);
	printf("%-12s ", what ? what : "?");
	if (duration >= 0)
		printf("%9.3f s  ", (double)duration / 1000);
	else
		printf("%13s", "");
	printf("%s%s%s\n", outcome ? outcome : "", outcome && message ? ": " : "", message ? message : "");
}

int cmd_history(int argc, char **argv)
{
	const char *max = take_option(&argc, argv, "max");
	struct json_object *request, *result, *list;
	int status;

	if (argc != 2 || (max && !is_line_count(max)))
		return usage_error(argv);
	request = conn_request("history", argv[1]);
	if (max)
		json_object_object_add(request, "max", json_object_new_int(atoi(max)));
	status = conn_call(request, &result);
	if (status != EXIT_OK)
		return status;
	if (options.json) {
		print_json(result);
	} else if (json_object_object_get_ex(result, "entries", &list)) {
		for (size_t i = 0; i < json_object_array_length(list); i++)
			print_entry(json_object_array_get_idx(list, i));
	}
	json_object_put(result);
	return EXIT_OK;
}
