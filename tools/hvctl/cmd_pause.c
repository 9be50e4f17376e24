/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl pause: stops a domain's CPUs.
 */
#include <stdio.h>

#include "hvctl.h"

int cmd_pause(int argc, char **argv)
{
	int status;

	if (argc != 2)
		return usage_error(argv);
	status = conn_simple("pause", argv[1]);
	if (status == EXIT_OK && !options.json)
		printf("Domain %s paused\n", argv[1]);
	return status;
}
