/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl console-log: what a domain's console has said, also when it is gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "hvctl.h"
#include "lib/xmem.h"

/* Shows the next piece; *from is the place that it goes on from, NULL: the beginning. */
static int show_chunk(const char *domain, const char *lines, char **from, bool *ret_more)
{
	struct json_object *request = conn_request("console_log", domain), *result;
	const char *text, *next;
	int status;

	if (*from)
		json_object_object_add(request, "from", json_object_new_string(*from));
	else if (lines)
		json_object_object_add(request, "lines", json_object_new_int(atoi(lines)));
	status = conn_call(request, &result);
	if (status != EXIT_OK)
		return status;
	text = json_line_string(result, "text");
	next = json_line_string(result, "next");
	*ret_more = text && *text;
	if (json_line_bool(result, "lost", 0))
		complain(0, "some of it was overwritten before it could be shown");
	if (options.json && *ret_more)
		print_json(result);
	else if (text)
		fputs(text, stdout);
	free(*from);
	*from = next ? xstrdup(next) : NULL;
	json_object_put(result);
	return EXIT_OK;
}

int cmd_console_log(int argc, char **argv)
{
	bool follow = take_flag(&argc, argv, "follow"), more = true;
	const char *lines = take_option(&argc, argv, "lines");
	int status = EXIT_OK;
	char *from = NULL;

	if (argc != 2 || (lines && !is_line_count(lines)))
		return usage_error(argv);
	while (status == EXIT_OK && (more || follow)) {
		status = show_chunk(argv[1], lines, &from, &more);
		fflush(stdout);
		if (ferror(stdout))
			break;
		if (status == EXIT_OK && !more && follow)
			usleep(250 * 1000);
	}
	free(from);
	return status;
}
