/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What 'hvctl image' shows.
 */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "hvctl.h"

/* "10 GiB", "1.5 GiB", "512 bytes" */
static const char *size_text(long long bytes, char text[32])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double value = (double)bytes;
	unsigned int unit = 0;

	while (value >= 1024 && unit < 5) {
		value /= 1024;
		unit++;
	}
	snprintf(text, 32, value == (double)(long long)value ? "%.0f %s" : "%.1f %s", value, units[unit]);
	return text;
}

static void print_size(struct json_object *o, const char *key, const char *label)
{
	char text[32];

	if (json_object_object_get_ex(o, key, NULL))
		print_field(label, "%s", size_text(json_line_number(o, key, 0), text));
}

static void print_list(struct json_object *result)
{
	struct json_object *list;
	char size[32], used[32];

	if (!json_object_object_get_ex(result, "images", &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *name = json_line_string(o, "name");

		if (!json_object_object_get_ex(o, "size", NULL))
			printf("%s\n", name);
		else if (!json_object_object_get_ex(o, "used", NULL))
			printf("%-32s %12s\n", name, size_text(json_line_number(o, "size", 0), size));
		else
			printf("%-32s %12s %12s\n", name, size_text(json_line_number(o, "size", 0), size),
			       size_text(json_line_number(o, "used", 0), used));
	}
}

static void print_each(struct json_object *result, const char *key, const char *label)
{
	struct json_object *list;

	if (!json_object_object_get_ex(result, key, &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		char size[32];

		if (json_object_is_type(o, json_type_string))
			print_field(label, "%s", json_object_get_string(o));
		else if (json_line_string(o, "domain"))
			print_field(label, "%s %s", json_line_string(o, "domain"), json_line_string(o, "target"));
		else
			print_field(label, "%s, %s", json_line_string(o, "name"),
				    size_text(json_line_number(o, "size", 0), size));
	}
}

static void print_lock(struct json_object *result)
{
	struct json_object *lock;
	const char *note;

	if (!json_object_object_get_ex(result, "lock", &lock))
		return;
	note = json_line_string(lock, "note");
	print_field("Lock", "%s, held by %s at %s%s%s", json_line_string(lock, "kind"),
		    json_line_string(lock, "client"), json_line_string(lock, "address"), note ? ": " : "",
		    note ? note : "");
}

static void print_info(struct json_object *result)
{
	const char *parent = json_line_string(result, "parent");

	print_field("Image", "%s", json_line_string(result, "image"));
	print_size(result, "size", "Size");
	print_size(result, "used", "Used");
	print_size(result, "object_size", "Objects of");
	if (parent)
		print_field("Parent", "%s", parent);
	print_each(result, "snapshots", "Snapshot");
	print_each(result, "clients", "Open at");
	print_lock(result);
	if (json_line_bool(result, "in_use", 0))
		print_field("In use", "yes");
	print_each(result, "used_by", "Disk of");
}

void image_print(const char *action, struct json_object *result)
{
	if (!strcmp(action, "list"))
		print_list(result);
	else if (!strcmp(action, "info"))
		print_info(result);
	else if (!strcmp(action, "resize"))
		print_each(result, "told", "Told");
}
