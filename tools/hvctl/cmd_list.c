/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl list: one line a domain; with --all also those that are defined and do not run.
 */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "hvctl.h"

static void print_shut_off(struct json_object *d)
{
	printf("%-32s %5s %9lld %5lld %-9s %10s\n", json_line_string(d, "name"), "-",
	       json_line_number(d, "max_memory_kib", 0) / 1024, json_line_number(d, "vcpus", 0),
	       "shut off", "-");
}

static void print_row(struct json_object *d)
{
	const char *state = json_line_string(d, "state");

	if (!strcmp(state ? state : "", "shutoff"))
		print_shut_off(d);
	else
		printf("%-32s %5lld %9lld %5lld %-9s %10.1f\n", json_line_string(d, "name"),
		       json_line_number(d, "domid", 0), json_line_number(d, "memory_kib", 0) / 1024,
		       json_line_number(d, "vcpus", 0), state,
		       seconds(json_line_number(d, "cpu_time_ns", 0)));
}

static void print_mistakes(struct json_object *result)
{
	struct json_object *list;

	if (!json_object_object_get_ex(result, "mistakes", &list))
		return;
	fflush(stdout);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		complain(0, "not a definition: %s",
			 json_object_get_string(json_object_array_get_idx(list, i)));
}

int cmd_list(int argc, char **argv)
{
	bool all = take_flag(&argc, argv, "all");
	struct json_object *request, *result, *list;
	int status;

	if (argc != 1)
		return usage_error(argv);
	request = conn_request("list", NULL);
	if (all)
		json_object_object_add(request, "all", json_object_new_boolean(true));
	status = conn_call(request, &result);
	if (status != EXIT_OK)
		return status;
	if (options.json) {
		print_json(result);
	} else if (json_object_object_get_ex(result, "domains", &list)) {
		printf("%-32s %5s %9s %5s %-9s %10s\n", "Name", "ID", "Mem(MiB)", "VCPUs", "State",
		       "Time(s)");
		for (size_t i = 0; i < json_object_array_length(list); i++)
			print_row(json_object_array_get_idx(list, i));
		print_mistakes(result);
	}
	json_object_put(result);
	return EXIT_OK;
}
