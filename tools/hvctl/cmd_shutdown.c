/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl shutdown and reboot: ask the guest, and with --wait see what comes of it.
 */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "hvctl.h"

#define TIMEOUT_DEFAULT_S 60

static int wait_for(const char *domain, long timeout_s)
{
	struct json_object *request = conn_request("wait", domain), *result;
	const char *state;
	int status;

	json_object_object_add(request, "timeout_s", json_object_new_int64(timeout_s));
	status = conn_call(request, &result);
	if (status == EXIT_NO_DOMAIN) /* it was faster than our second request */
		return EXIT_OK;
	if (status == EXIT_TIMEOUT)
		complain(0, "the guest did not react within %ld s; 'hvctl destroy %s' ends it at once",
			 timeout_s, domain);
	if (status != EXIT_OK)
		return status;
	state = json_line_string(result, "state");
	if (options.json)
		print_json(result);
	else if (state && !strcmp(state, "gone"))
		printf("Domain %s has ended\n", domain);
	else
		printf("Domain %s: %s\n", domain, state ? state : "?");
	status = state && !strcmp(state, "crashed") ? EXIT_FAILED : EXIT_OK;
	json_object_put(result);
	return status;
}

static int run(const char *op, int argc, char **argv)
{
	const char *timeout = take_option(&argc, argv, "timeout");
	bool wait = take_flag(&argc, argv, "wait");
	long timeout_s = TIMEOUT_DEFAULT_S;
	struct json_object *result;
	int status;

	if (argc != 2)
		return usage_error(argv);
	if (timeout && !parse_seconds(timeout, &timeout_s))
		return EXIT_USAGE;
	status = conn_call(conn_request(op, argv[1]), &result);
	if (status != EXIT_OK)
		return status;
	if (options.json && !wait)
		print_json(result);
	json_object_put(result);
	if (wait)
		return wait_for(argv[1], timeout_s);
	if (!options.json)
		printf("Domain %s is asked to %s\n", argv[1],
		       strcmp(op, "reboot") ? "power off" : "reboot");
	return EXIT_OK;
}

int cmd_shutdown(int argc, char **argv)
{
	return run("shutdown", argc, argv);
}

int cmd_reboot(int argc, char **argv)
{
	return run("reboot", argc, argv);
}
