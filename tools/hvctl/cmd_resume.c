/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl resume: lets a paused domain run.
 */
#include <stdio.h>

#include "hvctl.h"

int cmd_resume(int argc, char **argv)
{
	int status;

	if (argc != 2)
		return usage_error(argv);
	status = conn_simple("resume", argv[1]);
	if (status == EXIT_OK && !options.json)
		printf("Domain %s resumed\n", argv[1]);
	return status;
}
