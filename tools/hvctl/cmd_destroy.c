/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl destroy: ends a domain at once, and waits until its memory is back.
 */
#include <stdio.h>

#include "hvctl.h"

int cmd_destroy(int argc, char **argv)
{
	int status;

	if (argc != 2)
		return usage_error(argv);
	status = conn_simple("destroy", argv[1]);
	if (status == EXIT_OK && !options.json)
		printf("Domain %s ended\n", argv[1]);
	return status;
}
