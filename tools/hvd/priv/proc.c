/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells of another process; the contract is in proc.h. */
#include "priv/proc.h"

#include <stdio.h>
#include <string.h>

/* Field 22 of /proc/PID/stat; the name before it may contain anything. */
uint64_t proc_start_time(pid_t pid)
{
	unsigned long long value = 0;
	char path[32], text[1024];
	char *at;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %llu", &value) != 1)
		return 0;
	return value;
}
