/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys of clusters: files that vm.xml and hvctl call by name, and that nobody but root can read.
 *
 * hvd opens them and hands the descriptor on. It never reads one: a key that hvd does not have cannot
 * get into its log or into a core.
 */
#ifndef HVD_SECRET_H
#define HVD_SECRET_H

/*
 * Opens DIR/NAME.keyring for reading. On failure '*ret_error' is a sentence (to be freed):
 *   -ENOENT  there is none
 *   -EPERM   it does not belong to root (or to whom hvd runs as), or others may read it
 *   -EINVAL  the name is not a name, or it is no regular file
 */
int secret_open(const char *dir, const char *name, int *ret_fd, char **ret_error);

#endif
