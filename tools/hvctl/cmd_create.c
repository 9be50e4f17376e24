/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl create: starts the domain that a vm.xml describes.
 */
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "hvctl.h"
#include "lib/xmem.h"

int cmd_create(int argc, char **argv)
{
	bool paused = take_flag(&argc, argv, "paused");
	bool console = take_flag(&argc, argv, "console");
	struct json_object *request, *result;
	char *xml, *name;
	size_t size;
	int status;

	if (argc != 2 || (paused && console))
		return usage_error(argv);
	xml = read_xml(argv[1], &size);
	if (!xml)
		return EXIT_BAD_XML;

	request = conn_request("create", NULL);
	json_object_object_add(request, "xml", json_object_new_string_len(xml, (int)size));
	/* With --console it starts only when we see its console: the first line is not missed. */
	json_object_object_add(request, "paused", json_object_new_boolean(paused || console));
	free(xml);
	status = conn_call(request, &result);
	if (status == EXIT_BAD_XML && !options.json)
		complain(0, "%s: no domain was created", argv[1]);
	if (status != EXIT_OK)
		return status;

	name = xstrdup(json_line_string(result, "name"));
	if (options.json)
		print_json(result);
	else
		printf("Domain %s created (id %lld)%s\n", name, json_line_number(result, "domid", 0),
		       paused ? ", paused" : "");
	json_object_put(result);
	if (console) {
		fflush(stdout);
		status = console_run(name, NULL, -1, true);
	}
	free(name);
	return status;
}
