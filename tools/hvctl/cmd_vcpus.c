/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl vcpus: one line a virtual CPU.
 */
#include <stdio.h>

#include <json-c/json.h>

#include "hvctl.h"

int cmd_vcpus(int argc, char **argv)
{
	struct json_object *result, *list;
	int status;

	if (argc != 2)
		return usage_error(argv);
	status = conn_call(conn_request("vcpus", argv[1]), &result);
	if (status != EXIT_OK)
		return status;
	if (options.json) {
		print_json(result);
	} else if (json_object_object_get_ex(result, "vcpus", &list)) {
		printf("%5s %5s %-9s %10s %10s %12s %18s\n", "VCPU", "CPU", "State", "Time(s)",
		       "Ready(s)", "Exits", "RIP");
		for (size_t i = 0; i < json_object_array_length(list); i++) {
			struct json_object *v = json_object_array_get_idx(list, i);

			printf("%5lld %5lld %-9s %10.1f %10.1f %12lld %#18llx\n",
			       json_line_number(v, "vcpu", 0), json_line_number(v, "cpu", 0),
			       json_line_bool(v, "online", 0) ? json_line_string(v, "state") : "offline",
			       seconds(json_line_number(v, "cpu_time_ns", 0)),
			       seconds(json_line_number(v, "ready_time_ns", 0)),
			       json_line_number(v, "exits", 0),
			       (unsigned long long)json_line_unsigned(v, "rip"));
		}
	}
	json_object_put(result);
	return EXIT_OK;
}
