/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl dirtyrate: how fast a guest writes its memory.
 */
#include <stdio.h>

#include <json-c/json.h>

#include "hvctl.h"

int cmd_dirtyrate(int argc, char **argv)
{
	const char *period = take_option(&argc, argv, "period");
	struct json_object *request, *result;
	long seconds_asked = 1;
	int status;

	if (argc != 2)
		return usage_error(argv);
	if (period && !parse_seconds(period, &seconds_asked))
		return EXIT_USAGE;
	request = conn_request("dirty-rate", argv[1]);
	json_object_object_add(request, "period_s", json_object_new_int64(seconds_asked));
	status = conn_call(request, &result);
	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	else
		printf("%.1f MiB/s (%lld pages of 4 KiB in %.2f s)\n",
		       (double)json_line_number(result, "bytes_per_s", 0) / (1 << 20),
		       json_line_number(result, "pages", 0),
		       (double)json_line_number(result, "period_ms", 0) / 1000);
	json_object_put(result);
	return EXIT_OK;
}
