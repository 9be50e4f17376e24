/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a console's log file (console_log.h) while it grows and is cut into 'path' and 'path'.1.
 *
 * A place in it is a text, "INODE:OFFSET", which stays true when the file becomes 'path'.1.
 */
#ifndef HVD_CONSOLE_TAIL_H
#define HVD_CONSOLE_TAIL_H

#include <stdbool.h>
#include <stddef.h>

#define CONSOLE_PLACE_SIZE 48

struct console_text {
	char *bytes; /* to be freed */
	size_t n;
	char next[CONSOLE_PLACE_SIZE]; /* the place behind it */
	bool lost; /* what stood at the place that was asked for is gone: this is what came later */
};

/*
 * Up to 'max' bytes from 'place' on, NULL: from the oldest on. None: that was all until now.
 * -ENOENT: there is no log; -EINVAL: 'place' is none.
 */
int console_text_from(const char *path, const char *place, size_t max, struct console_text *ret_text);

/* The last 'lines' lines, but no more than 'max' bytes. -ENOENT: there is no log. */
int console_text_tail(const char *path, unsigned int lines, size_t max, struct console_text *ret_text);

#endif
