/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of definitions.c, below a folder's descriptor: NAME.xml, autostart/NAME.xml.
 *
 * Every change is on the disk when the function returns, and is whole or not there at all. Names are
 * the caller's to check. 0 or a negative errno.
 */
#ifndef DOMAIN_DEFINITION_FILES_H
#define DOMAIN_DEFINITION_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct definition_names {
	char **name; /* sorted, without ".xml" */
	size_t nr;
};

/* Makes it, and autostart/ below it, if they are missing. */
int definition_folder_open(const char *path, int *ret_dir);

/* All NAME.xml but hidden ones. */
int definition_file_names(int dir, struct definition_names *ret_names);
void definition_file_names_free(struct definition_names *names);

/* The text, which ends in NUL and has no other. -EFBIG: more than 'max' bytes. */
int definition_file_read(int dir, const char *name, size_t max, char **ret_text);
int definition_file_write(int dir, const char *name, const char *text);
int definition_file_remove(int dir, const char *name);

/* Writes 'text' as TO.xml and removes FROM.xml; the link, if there is one, follows. */
int definition_file_rename(int dir, const char *from, const char *to, const char *text, bool link);
/* Ends a rename that was cut off by the end of the host. */
void definition_file_finish_rename(int dir);

bool definition_link_exists(int dir, const char *name);
/* Sets or removes it; either may be so already. */
int definition_link_set(int dir, const char *name, bool on);

#endif
