/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd's settings as they come to be: defaults, over them the file, over that the command line. Read
 * at the start, and again at SIGHUP.
 */
#ifndef HVD_OPTIONS_H
#define HVD_OPTIONS_H

#include <stdio.h>

#include "conf.h"

struct event_base;
struct systemd;
struct reload;

void options_usage(FILE *to);
/* All settings as lines of hvd.conf; those that hvd decides by itself begin with #. */
void options_print(const struct conf *conf, FILE *to);

/* The file that is read: of the command line, or the default one. */
const char *options_path(int argc, char **argv);

/*
 * Fills 'conf' (to be released with conf_fini() in any case). -EINVAL: '*ret_error' (to be freed)
 * says in which file and line, or in which option, and what is wrong there. That the file of the
 * default path is missing is no error.
 */
int options_read(struct conf *conf, int argc, char **argv, char **ret_error);

/*
 * From here on SIGHUP reads the settings again. A mistake in them is logged with file, line and
 * reason, and nothing changes. Else those that can change in a running hvd do so, in 'conf';
 * the others are named in the log, and wait for a restart. argv must stay as it is.
 */
void reload_create(struct event_base *base, struct conf *conf, int argc, char **argv,
		   struct systemd *systemd, struct reload **ret_reload);
/*
 * 'try' is called with settings that have no mistake: the key of one that cannot be had, and in '*ret_error'
 * (to be freed) why not; nothing of the new ones is taken then. NULL: fine. 'done' is called after that.
 */
struct reload_calls {
	const char *(*try)(void *arg, const struct conf *new, char **ret_error);
	void (*done)(void *arg);
};
void reload_set_calls(struct reload *r, const struct reload_calls *calls, void *arg);
void reload_destroy(struct reload *r);

#endif
