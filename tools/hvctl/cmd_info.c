/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl info: one domain in detail.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "hvctl.h"

static void print_string(struct json_object *d, const char *key, const char *label)
{
	const char *value = json_line_string(d, key);

	if (value && *value)
		print_field(label, "%s", value);
}

static void print_time(struct json_object *d, const char *key, const char *label)
{
	time_t at = json_line_number(d, key, 0);
	char text[64];

	if (at && strftime(text, sizeof(text), "%F %T", localtime(&at)))
		print_field(label, "%s", text);
}

static void print_limits(struct json_object *disk)
{
	struct json_object *limits;

	if (!json_object_object_get_ex(disk, "iotune", &limits))
		return;
	json_object_object_foreach(limits, name, value)
		print_field("", "%s %lld", name, (long long)json_object_get_int64(value));
}

static void print_disks(struct json_object *d)
{
	struct json_object *list;

	if (!json_object_object_get_ex(d, "disks", &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		print_field("Disk", "%s %s %s%s", json_line_string(o, "target"),
			    json_line_string(o, "type"), json_line_string(o, "source"),
			    json_line_bool(o, "readonly", 0) ? " (read-only)" : "");
		print_limits(o);
	}
}

static void print_interfaces(struct json_object *d)
{
	struct json_object *list;

	if (!json_object_object_get_ex(d, "interfaces", &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		print_field("Interface", "%s on bridge %s", json_line_string(o, "mac"),
			    json_line_string(o, "bridge"));
	}
}

static void print_use(struct json_object *d)
{
	print_field("Memory", "%lld MiB of at most %lld MiB",
		    json_line_number(d, "memory_kib", 0) / 1024,
		    json_line_number(d, "max_memory_kib", 0) / 1024);
	print_field("VCPUs", "%lld, %lld online", json_line_number(d, "vcpus", 0),
		    json_line_number(d, "vcpus_online", 0));
	print_field("CPU time", "%.1f s", seconds(json_line_number(d, "cpu_time_ns", 0)));
}

static void print_domain(struct json_object *d)
{
	const char *state = json_line_string(d, "state");
	bool shut_off = state && !strcmp(state, "shutoff");

	print_string(d, "name", "Name");
	if (!shut_off)
		print_field("ID", "%lld", json_line_number(d, "domid", 0));
	print_string(d, "uuid", "UUID");
	print_string(d, "title", "Title");
	print_field("State", "%s", shut_off ? "shut off" : state);
	print_string(d, "shutdown_reason", "Reason");
	print_string(d, "crash_reason", "Last crash");
	if (json_line_bool(d, "persistent", 0))
		print_field("Defined", "yes%s", json_line_bool(d, "autostart", 0) ?
							 ", starts with the host" : "");
	if (shut_off)
		print_field("Memory", "%lld MiB", json_line_number(d, "max_memory_kib", 0) / 1024);
	else
		print_use(d);
	print_time(d, "created", "Started");
	if (json_line_number(d, "restarts", 0))
		print_field("Restarts", "%lld", json_line_number(d, "restarts", 0));
	print_string(d, "kernel", "Kernel");
	print_string(d, "initrd", "Initrd");
	print_string(d, "cmdline", "Command line");
	print_string(d, "on_poweroff", "On poweroff");
	print_string(d, "on_reboot", "On reboot");
	print_string(d, "on_crash", "On crash");
	print_disks(d);
	print_interfaces(d);
	print_string(d, "console_log", "Console log");
	if (json_line_bool(d, "orphan", 0)) {
		print_field("Note", "an orphan: no console, no devices; destroy is what is left");
		print_string(d, "orphan_reason", "Orphan because");
	}
}

int cmd_info(int argc, char **argv)
{
	struct json_object *result;
	int status;

	if (argc != 2)
		return usage_error(argv);
	status = conn_call(conn_request("info", argv[1]), &result);
	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	else
		print_domain(result);
	json_object_put(result);
	return EXIT_OK;
}
