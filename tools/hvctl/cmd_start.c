/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl start: starts a domain that is defined.
 */
#include <stdio.h>

#include <json-c/json.h>

#include "hvctl.h"

int cmd_start(int argc, char **argv)
{
	bool paused = take_flag(&argc, argv, "paused");
	bool console = take_flag(&argc, argv, "console");
	struct json_object *request, *result;
	int status;

	if (argc != 2 || (paused && console))
		return usage_error(argv);
	request = conn_request("start", argv[1]);
	/* With --console it starts only when we see its console: the first line is not missed. */
	json_object_object_add(request, "paused", json_object_new_boolean(paused || console));
	status = conn_call(request, &result);
	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	else
		printf("Domain %s started (id %lld)%s\n", argv[1], json_line_number(result, "domid", 0),
		       paused ? ", paused" : "");
	json_object_put(result);
	if (!console)
		return EXIT_OK;
	fflush(stdout);
	return console_run(argv[1], NULL, -1, true);
}
