/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the privileged half finds in the file system: the programs it starts, and the user and the root
 * that they get.
 */
#ifndef PRIV_PATHS_H
#define PRIV_PATHS_H

struct conf;

struct priv_paths {
	char *programs[3]; /* by enum process_kind */
	char *user;	   /* whom back ends become */
	char *chroot_dir;  /* empty: their root, and that of who unpacks a kernel */
	char *read_only_socket;
};

void priv_paths_init(struct priv_paths *paths, const struct conf *conf);

#endif
