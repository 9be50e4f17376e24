/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl list: one line a domain.
 */
#include <stdio.h>

#include <json-c/json.h>

#include "hvctl.h"

static void print_row(struct json_object *d)
{
	printf("%-32s %5lld %9lld %5lld %-9s %10.1f\n", json_line_string(d, "name"),
	       json_line_number(d, "domid", 0), json_line_number(d, "memory_kib", 0) / 1024,
	       json_line_number(d, "vcpus", 0), json_line_string(d, "state"),
	       seconds(json_line_number(d, "cpu_time_ns", 0)));
}

int cmd_list(int argc, char **argv)
{
	struct json_object *result, *list;
	int status;

	if (argc != 1)
		return usage_error(argv);
	status = conn_call(conn_request("list", NULL), &result);
	if (status != EXIT_OK)
		return status;
	if (options.json) {
		print_json(result);
	} else if (json_object_object_get_ex(result, "domains", &list)) {
		printf("%-32s %5s %9s %5s %-9s %10s\n", "Name", "ID", "Mem(MiB)", "VCPUs", "State",
		       "Time(s)");
		for (size_t i = 0; i < json_object_array_length(list); i++)
			print_row(json_object_array_get_idx(list, i));
	}
	json_object_put(result);
	return EXIT_OK;
}
