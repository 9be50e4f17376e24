/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reaching a Ceph cluster: for the processes that work on images. Blocks, so never in hvd.
 */
#ifndef IMAGE_CLUSTER_H
#define IMAGE_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>

#include <rados/librados.h>

struct rbd_spec;

#define CLUSTER_CONNECT_S 10u /* no monitor answers within: -ETIMEDOUT */

/*
 * Connects as 'where' says: its hosts or configuration file, its user. 'keyring' is the user's
 * keyring or -1, and stays the caller's. 'op_timeout_s' of 0: an operation waits for the cluster as long
 * as it takes; else it fails with -ETIMEDOUT. On failure 'error' has a sentence:
 *   -ENOENT     no configuration file, or the keyring does not hold the user's key
 *   -EACCES     the cluster does not accept the key
 *   -ETIMEDOUT  no monitor answers
 */
int cluster_connect(const struct rbd_spec *where, int keyring, unsigned int op_timeout_s, rados_t *ret,
		    char *error, size_t size);

/* The pool and namespace of 'where'. */
int cluster_open_pool(rados_t cluster, const struct rbd_spec *where, rados_ioctx_t *ret, char *error,
		      size_t size);

/* ---- cluster_text.c: pure ---- */

/* Finds "key = ..." of [client.USER]; false: there is none, or it does not fit. */
bool cluster_find_key(const char *keyring, const char *user, char *key, size_t size);

/* "v2:10.0.0.1:3300,[fd00::2],mon-3" for 'mon_host'; to be freed. */
char *cluster_hosts_text(const struct rbd_spec *where);

#endif
