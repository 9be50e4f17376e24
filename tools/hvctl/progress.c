/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far long work is: a bar on a terminal, and elsewhere a line now and then, on standard error.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hvctl.h"

#define BAR 40
#define LINE_S 10 /* between lines */

static bool shown; /* a bar stands on the terminal's last line */
static int last_percent = -1;
static time_t last_line;

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

void progress_show(const char *what, long long done, long long total)
{
	char bar[BAR + 1];
	int percent, full;

	if (options.json || total <= 0)
		return;
	if (done > total)
		done = total;
	percent = (int)((double)done * 100 / (double)total);
	if (percent == last_percent)
		return;
	if (isatty(STDERR_FILENO)) {
		full = percent * BAR / 100;
		memset(bar, '#', (size_t)full);
		memset(bar + full, '.', (size_t)(BAR - full));
		bar[BAR] = '\0';
		fprintf(stderr, "\r%s [%s] %3d %%", what, bar, percent);
		shown = true;
	} else if (!last_line || now() - last_line >= LINE_S) {
		fprintf(stderr, "%s: %d %%\n", what, percent);
		last_line = now();
	}
	last_percent = percent;
}

void progress_end(void)
{
	/* The bar makes room for what is said next. */
	if (shown)
		fprintf(stderr, "\r%70s\r", "");
	shown = false;
}
