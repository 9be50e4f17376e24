/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line a message, to standard error: systemd's journal or a terminal takes it from there.
 *
 * Messages are sentences without a full stop, for the person who runs the host. Control characters
 * are replaced, because names and texts of guests get in here.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * 'process' ("hvd", "hvd-blk") starts each line; it must outlive the logging. Under systemd
 * ($JOURNAL_STREAM) lines carry their priority, else a UTC time.
 */
void log_init(const char *process, enum log_level max_level);
void log_set_level(enum log_level max_level);
enum log_level log_get_level(void);
bool log_level_parse(const char *name, enum log_level *ret_level); /* "error" .. "debug" */
const char *log_level_name(enum log_level level);

/* Gives every line that is written to 'sink' as well, without its line end. NULL: no more. */
void log_set_sink(void (*sink)(const char *line, size_t n));

void log_message(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
