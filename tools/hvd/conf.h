/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hvd can be told: by /etc/hv/hvd.conf ("key = value" lines, # begins a comment), and over
 * that by options of the same names ("--log-level=debug").
 */
#ifndef HVD_CONF_H
#define HVD_CONF_H

#include <stdbool.h>

#include "lib/log.h"

struct conf {
	char *socket;	       /* socket: /run/hvd/hvd.sock */
	char *group;	       /* group: hvd */
	char *run_dir;	       /* run-dir: /run/hvd */
	char *xenstore_socket; /* xenstore-socket: where libxenstore looks */
	char *console_dir;     /* console-dir: /var/log/hv/console */
	char *blk_program;     /* blk-program: NULL: as installed */
	char *net_program;     /* net-program */
	char *user;	       /* user: whom the back ends become; NULL: their default */
	enum log_level log_level; /* log-level: info */
};

void conf_init(struct conf *conf);
void conf_fini(struct conf *conf);

/* Sets one key. -EINVAL: '*ret_error' (to be freed) says why not. */
int conf_set(struct conf *conf, const char *key, const char *value, char **ret_error);

/* Reads a text of lines; 'name' stands in messages ("NAME:3: ..."). */
int conf_parse(struct conf *conf, const char *text, const char *name, char **ret_error);

/* Reads a file. -ENOENT: there is none; '*ret_error' is set for every failure. */
int conf_read(struct conf *conf, const char *path, char **ret_error);

#endif
