/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl blkdeviotune, blockresize: limits and size of a running domain's disk, by virsh's names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "domain/spec.h"
#include "domain/spec_iotune.h"
#include "hvctl.h"
#include "image/name.h"
#include "lib/xmem.h"

/* "total_bytes_sec" is the option --total-bytes-sec. To be freed. */
static char *option_name(const char *limit)
{
	char *name = xstrdup(limit);

	for (char *p = name; *p; p++)
		if (*p == '_')
			*p = '-';
	return name;
}

/* A number; of bytes also one with K, M, G. */
static bool parse_limit(const char *name, const char *text, unsigned long long *ret)
{
	bool is_bytes = strstr(name, "bytes") && !strstr(name, "length");
	size_t n = strlen(text);

	if (n && n <= 18 && strspn(text, "0123456789") == n) {
		*ret = strtoull(text, NULL, 10);
		return true;
	}
	if (is_bytes && image_size_parse(text, ret))
		return true;
	complain(0, "'%s' is not a number%s", text, is_bytes ? ", nor one with K, M or G" : "");
	return false;
}

/* The limits of the command line; NULL: complained. */
static struct json_object *take_limits(int *argc, char **argv)
{
	struct json_object *limits = json_object_new_object();
	unsigned long long value = 0;
	const char *name;

	for (unsigned int i = 0; (name = spec_iotune_name(i)); i++) {
		char *option = option_name(name);
		const char *text = take_option(argc, argv, option);

		free(option);
		if (!text)
			continue;
		if (!parse_limit(name, text, &value)) {
			json_object_put(limits);
			return NULL;
		}
		json_object_object_add(limits, name, json_object_new_int64((int64_t)value));
	}
	return limits;
}

static void print_limits(struct json_object *limits)
{
	const char *name;

	for (unsigned int i = 0; (name = spec_iotune_name(i)); i++)
		printf("%-28s %lld\n", name, json_line_number(limits, name, 0));
}

/* Takes the reference of 'result'. */
static int show_limits(struct json_object *result)
{
	struct json_object *limits = NULL;

	json_object_object_get_ex(result, "limits", &limits);
	if (options.json)
		print_json(result);
	else
		print_limits(limits);
	json_object_put(result);
	return EXIT_OK;
}

static struct json_object *find_disk(struct json_object *info, const char *target)
{
	struct json_object *disks;

	if (!json_object_object_get_ex(info, "disks", &disks))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(disks); i++) {
		struct json_object *disk = json_object_array_get_idx(disks, i);
		const char *name = json_line_string(disk, "target");

		if (name && !strcmp(name, target))
			return disk;
	}
	return NULL;
}

/* Those that there are: all of a domain's are part of what 'info' tells. */
static int look_at_limits(const char *domain, const char *target)
{
	struct json_object *info, *disk, *limits, *result;
	int status = conn_call(conn_request("info", domain), &info);

	if (status != EXIT_OK)
		return status;
	disk = find_disk(info, target);
	if (!disk) {
		json_object_put(info);
		return complain(EXIT_FAILED, "domain '%s' has no disk '%s'", domain, target);
	}
	limits = json_object_object_get_ex(disk, "iotune", &limits) ? json_object_get(limits) :
								      json_object_new_object();
	json_object_put(info);
	result = json_object_new_object();
	json_object_object_add(result, "limits", limits);
	return show_limits(result);
}

int cmd_blkdeviotune(int argc, char **argv)
{
	struct json_object *limits = take_limits(&argc, argv), *rq, *result;
	int status;

	if (!limits)
		return EXIT_USAGE;
	if (argc != 3 || !json_object_object_length(limits)) {
		json_object_put(limits);
		return argc == 3 ? look_at_limits(argv[1], argv[2]) : usage_error(argv);
	}
	rq = conn_request("disk-limits", argv[1]);
	json_object_object_add(rq, "disk", json_object_new_string(argv[2]));
	json_object_object_add(rq, "limits", limits);
	status = conn_call(rq, &result);
	return status == EXIT_OK ? show_limits(result) : status;
}

int cmd_blockresize(int argc, char **argv)
{
	bool shrink = take_flag(&argc, argv, "shrink");
	unsigned long long bytes;
	struct json_object *rq, *result;
	int status;

	if (argc != 3 && argc != 4)
		return usage_error(argv);
	if (argc == 4 && !image_size_parse(argv[3], &bytes))
		return complain(EXIT_USAGE, "'%s' is not a size like 4096, 512M or 10G", argv[3]);
	rq = conn_request("disk-resize", argv[1]);
	json_object_object_add(rq, "disk", json_object_new_string(argv[2]));
	if (argc == 4)
		json_object_object_add(rq, "size", json_object_new_int64((int64_t)bytes));
	if (shrink)
		json_object_object_add(rq, "shrink", json_object_new_boolean(true));
	status = conn_call_long(rq, "resize", &result);
	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	else
		image_print("resize", result);
	json_object_put(result);
	return EXIT_OK;
}
