/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl define, undefine, autostart, rename, dumpxml: domains that are known whether they run or not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "hvctl.h"

/* Sends a request and says 'text' with the domain's name, or shows the reply as JSON. */
static int finish(struct json_object *request, const char *text, const char *name)
{
	struct json_object *result;
	int status = conn_call(request, &result);

	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	else
		printf("Domain %s %s\n", name ? name : json_line_string(result, "name"), text);
	json_object_put(result);
	return EXIT_OK;
}

int cmd_define(int argc, char **argv)
{
	struct json_object *request;
	size_t size;
	char *xml;

	if (argc != 2)
		return usage_error(argv);
	xml = read_xml(argv[1], &size);
	if (!xml)
		return EXIT_BAD_XML;
	request = conn_request("define", NULL);
	json_object_object_add(request, "xml", json_object_new_string_len(xml, (int)size));
	free(xml);
	return finish(request, "defined", NULL);
}

int cmd_undefine(int argc, char **argv)
{
	if (argc != 2)
		return usage_error(argv);
	return finish(conn_request("undefine", argv[1]), "is no longer defined", argv[1]);
}

int cmd_autostart(int argc, char **argv)
{
	bool disable = take_flag(&argc, argv, "disable");
	struct json_object *request;

	if (argc != 2)
		return usage_error(argv);
	request = conn_request("autostart", argv[1]);
	json_object_object_add(request, "enable", json_object_new_boolean(!disable));
	return finish(request, disable ? "does not start with the host" : "starts with the host", argv[1]);
}

int cmd_rename(int argc, char **argv)
{
	struct json_object *request;

	if (argc != 3)
		return usage_error(argv);
	request = conn_request("rename", argv[1]);
	json_object_object_add(request, "name", json_object_new_string(argv[2]));
	return finish(request, "is the new name", argv[2]);
}

int cmd_dumpxml(int argc, char **argv)
{
	struct json_object *result;
	const char *xml;
	int status;

	if (argc != 2)
		return usage_error(argv);
	status = conn_call(conn_request("dumpxml", argv[1]), &result);
	if (status != EXIT_OK)
		return status;
	xml = json_line_string(result, "xml");
	if (options.json)
		print_json(result);
	else if (xml)
		printf("%s%s", xml, *xml && xml[strlen(xml) - 1] == '\n' ? "" : "\n");
	json_object_put(result);
	return EXIT_OK;
}
