/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a console said: the last bytes in memory for a new viewer, and a log file of bounded size.
 */
#ifndef HVD_CONSOLE_LOG_H
#define HVD_CONSOLE_LOG_H

#include <stddef.h>
#include <sys/types.h>

struct console_log {
	char *path; /* NULL: memory only */
	int fd;
	off_t size, max_size;
	char *backlog;				       /* a ring of backlog_size bytes */
	size_t backlog_size, backlog_used, backlog_at; /* 'at': where the next byte goes */
};

/* Appends to the file at 'path'; NULL: no file. */
int console_log_open(struct console_log *log, const char *path, off_t max_size,
		     size_t backlog_size);
void console_log_close(struct console_log *log);

/*
 * Keeps the bytes. A file that would grow over its size becomes 'path'.1 in place of the one
 * before. A disk that is full loses output from the file, never from the backlog.
 */
void console_log_add(struct console_log *log, const char *bytes, size_t n);

/*
 * How many bytes console_log_add() would put into one and the same file now; makes a new one where there
 * is none left. Without a file: as many as you like.
 */
size_t console_log_room(struct console_log *log);

/* Fills the backlog from the file, from the byte 'begin' on: what an hvd before us had in its memory. */
void console_log_recall(struct console_log *log, off_t begin);

/* The backlog in order: first this part, then that; either may be empty. */
void console_log_backlog(const struct console_log *log, const char *ret_part[2], size_t ret_n[2]);

#endif
