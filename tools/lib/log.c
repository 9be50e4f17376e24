/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines on standard error; the contract is in log.h.
 *
 * A line is put together first and written with one write(), so that lines of hvd and its children,
 * which share the descriptor, do not mix.
 */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *log_process = "hv";
static enum log_level log_max_level = LOG_LEVEL_INFO;
static bool log_to_journal;

static const struct {
	const char *name;
	const char *journal_prefix; /* sd-daemon(3): "<priority>" */
	const char *mark;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", "<3>", "error: " },
	[LOG_LEVEL_WARNING] = { "warning", "<4>", "warning: " },
	[LOG_LEVEL_INFO] = { "info", "<6>", "" },
	[LOG_LEVEL_DEBUG] = { "debug", "<7>", "debug: " },
};

void log_init(const char *process, enum log_level max_level)
{
	log_process = process;
	log_max_level = max_level;
	log_to_journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_set_level(enum log_level max_level)
{
	log_max_level = max_level;
}

enum log_level log_get_level(void)
{
	return log_max_level;
}

static void (*log_sink)(const char *line, size_t n);

void log_set_sink(void (*sink)(const char *line, size_t n))
{
	log_sink = sink;
}

const char *log_level_name(enum log_level level)
{
	return levels[level].name;
}

bool log_level_parse(const char *name, enum log_level *ret_level)
{
	for (unsigned int i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (!strcmp(name, levels[i].name)) {
			*ret_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static int log_prefix(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm tm;
	char stamp[32];

	if (log_to_journal)
		return snprintf(line, size, "%s%s", levels[level].journal_prefix, levels[level].mark);

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%FT%T", &tm);
	return snprintf(line, size, "%s.%03ldZ %s: %s", stamp, now.tv_nsec / 1000000, log_process,
			levels[level].mark);
}

void log_message(enum log_level level, const char *fmt, ...)
{
	char line[2048];
	size_t used, max = sizeof(line) - 1;
	va_list ap;
	int len;

	if (level > log_max_level)
		return;

	used = (size_t)log_prefix(line, max, level);
	va_start(ap, fmt);
	len = vsnprintf(line + used, max - used, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	for (char *c = line + used; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	used += (size_t)len < max - used ? (size_t)len : max - used - 1;
	if (log_sink)
		log_sink(line, used);
	line[used++] = '\n';
	if (write(STDERR_FILENO, line, used) < 0)
		return; /* nowhere left to say so */
}
