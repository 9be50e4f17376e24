/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl dmesg: the hypervisor's log.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "hvctl.h"

/* Shows what comes from 'position' on; moves it. */
static int show_chunk(long long *position, bool *ret_more)
{
	struct json_object *request = conn_request("dmesg", NULL), *result;
	const char *text;
	int status;

	json_object_object_add(request, "position", json_object_new_int64(*position));
	status = conn_call(request, &result);
	if (status != EXIT_OK)
		return status;
	text = json_line_string(result, "text");
	*ret_more = text && *text;
	*position = json_line_number(result, "next", *position);
	if (options.json && *ret_more)
		print_json(result);
	else if (text)
		fputs(text, stdout);
	json_object_put(result);
	return EXIT_OK;
}

int cmd_dmesg(int argc, char **argv)
{
	bool follow = take_flag(&argc, argv, "follow"), more = true;
	long long position = 0;
	int status = EXIT_OK;

	if (argc != 1)
		return usage_error(argv);
	while (status == EXIT_OK && (more || follow)) {
		status = show_chunk(&position, &more);
		if (status == EXIT_OK && !more && follow) {
			fflush(stdout);
			usleep(500 * 1000);
		}
	}
	return status;
}
