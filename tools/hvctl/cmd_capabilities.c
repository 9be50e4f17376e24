/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl capabilities: what the host has.
 */
#include <stdio.h>

#include <json-c/json.h>

#include "hvctl.h"

static void print_features(struct json_object *host)
{
	struct json_object *list;

	if (!json_object_object_get_ex(host, "features", &list))
		return;
	printf("%-16s", "Features");
	for (size_t i = 0; i < json_object_array_length(list); i++)
		printf(" %s", json_object_get_string(json_object_array_get_idx(list, i)));
	putchar('\n');
}

static void print_host(struct json_object *host)
{
	print_field("Hypervisor", "%s %s", json_line_string(host, "hypervisor"),
		    json_line_string(host, "version"));
	print_field("CPUs", "%lld x %s", json_line_number(host, "cpus", 0),
		    json_line_string(host, "cpu_model"));
	print_field("Virtualisation", "%s", json_line_string(host, "virtualisation"));
	print_field("TSC", "%lld kHz", json_line_number(host, "tsc_khz", 0));
	print_field("Memory", "%lld MiB, %lld MiB free, %lld MiB hv's own",
		    json_line_number(host, "total_memory_kib", 0) / 1024,
		    json_line_number(host, "free_memory_kib", 0) / 1024,
		    json_line_number(host, "hv_memory_kib", 0) / 1024);
	print_field("Scheduler", "%s", json_line_string(host, "scheduler"));
	print_field("Domains", "%lld", json_line_number(host, "domains", 0));
	print_features(host);
}

int cmd_capabilities(int argc, char **argv)
{
	struct json_object *result;
	int status;

	if (argc != 1)
		return usage_error(argv);
	status = conn_call(conn_request("capabilities", NULL), &result);
	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	else
		print_host(result);
	json_object_put(result);
	return EXIT_OK;
}
