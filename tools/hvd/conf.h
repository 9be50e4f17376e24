/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hvd can be told: by /etc/hvd/hvd.conf ("key = value" lines, # begins a comment), and over
 * that by options of the same names ("--log-level=debug").
 */
#ifndef HVD_CONF_H
#define HVD_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/log.h"

#ifndef HVD_CONFDIR /* what configure was told */
#define HVD_CONFDIR "/etc/hvd"
#endif
#ifndef HVD_LIBEXECDIR
#define HVD_LIBEXECDIR "/usr/libexec/hv"
#endif
#define CONF_PATH_DEFAULT HVD_CONFDIR "/hvd.conf"

#define CONF_KEYS_MAX 32u

struct conf {
	char *socket;	       /* socket: /run/hvd/hvd.sock */
	char *group;	       /* group: hvd */
	char *read_only_socket; /* read-only-socket: NULL: hvd-ro.sock beside the other one */
	char *read_only_group;	/* read-only-group: hvd-ro */
	char *run_dir;	       /* run-dir: /run/hvd */
	char *xenstore_socket; /* xenstore-socket: where libxenstore looks */
	char *domains_dir;     /* domains-dir: /etc/hvd/domains */
	char *history_dir;     /* history-dir: /var/lib/hvd/history */
	char *console_dir;     /* console-dir: /var/log/hv/console */
	char *blk_program;     /* blk-program: NULL: as installed */
	char *net_program;     /* net-program */
	char *image_program;   /* image-program */
	char *secrets_dir;     /* secrets-dir: /etc/hvd/secrets */
	char *image_folders;   /* image-folders: with colons between; NULL: all but the host's own */
	char *user;	       /* user: whom the back ends become; NULL: their default */
	char *metrics_listen;  /* metrics-listen: 127.0.0.1:9177; "off" */
	char *metrics_per_vcpu; /* metrics-per-vcpu: "yes" or "no" */
	char *thresholds;      /* thresholds: NULL: none */
	/* What one guest may use; 0 of those a second: without limit. */
	unsigned int console_rate;	    /* console-bytes-per-second: 256 KiB */
	unsigned int xenstore_rate;	    /* xenstore-requests-per-second: 1000 */
	unsigned int xenstore_nodes;	    /* xenstore-nodes: 1000 */
	unsigned int xenstore_watches;	    /* xenstore-watches: 128 */
	unsigned int xenstore_transactions; /* xenstore-transactions, open at a time: 10 */
	enum log_level log_level; /* log-level: info */
	unsigned int lines[CONF_KEYS_MAX]; /* by conf_key(): where in the file each was set last; 0: not there */
};

void conf_init(struct conf *conf);
void conf_fini(struct conf *conf);

/* Sets one key. -EINVAL: '*ret_error' (to be freed) says why not. */
int conf_set(struct conf *conf, const char *key, const char *value, char **ret_error);

/* The names of all keys. */
size_t conf_nr_keys(void);
const char *conf_key(size_t i);

/* The line of the file that has set a key; 0: none, but the command line or nobody. */
unsigned int conf_line(const struct conf *conf, const char *key);

/* What a key is set to, as text, to be freed; "" where hvd decides by itself. */
char *conf_get(const struct conf *conf, const char *key);

/* May it change while hvd runs? And those that may, from 'new' to 'conf'. */
bool conf_changes_live(const char *key);
void conf_apply_live(struct conf *conf, const struct conf *new);

/* Reads a text of lines; 'name' stands in messages ("NAME:3: ..."). */
int conf_parse(struct conf *conf, const char *text, const char *name, char **ret_error);

/* Reads a file. -ENOENT: there is none; '*ret_error' is set for every failure. */
int conf_read(struct conf *conf, const char *path, char **ret_error);

#endif
