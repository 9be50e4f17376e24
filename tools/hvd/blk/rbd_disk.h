/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of hvd-blk-rbd: a disk that is an image in a Ceph cluster.
 *
 *   rbd_conf.c     what hvd asked for and what files say, read while there are files
 *   rbd_session.c  everything of librbd that waits, on a thread of its own: connecting, fencing,
 *                  opening, locking, asking for the size, closing
 *   rbd.c          requests and completions, in the loop
 */
#ifndef BLK_RBD_DISK_H
#define BLK_RBD_DISK_H

#include <rados/librados.h>
#include <rbd/librbd.h>
#include <stdbool.h>
#include <stdint.h>

struct json_object;
struct rbd_session;

#define RBD_TEXT_MAX 400
#define RBD_ADDRESS_MAX 128

struct rbd_conf {
	rados_t cluster; /* configured, not connected */
	char *pool, *namespace, *image, *snapshot; /* namespace, snapshot: NULL where not given */
	char *user;
	bool readonly;
	bool ignore_flush;
};

/*
 * Makes a cluster handle of what an "add" message says, the configuration file and the keyring.
 * 'keyring_fd' may be -1. Reads files and asks the resolver: before the sandbox. A sentence of at
 * most RBD_TEXT_MAX bytes in 'error' on failure, never with a key in it.
 */
int rbd_conf_read(struct json_object *msg, int keyring_fd, struct rbd_conf *ret, char *error);
void rbd_conf_free(struct rbd_conf *conf); /* not the cluster handle */

/*
 * The key of client 'user' in the text of a keyring. Pure. -ENOENT: it is not there; -EINVAL: what
 * is there is no key.
 */
int rbd_keyring_find(const char *text, const char *user, char *key, size_t size);

/* ---- rbd_session.c ---- */

struct rbd_session_info {
	uint64_t size;
	uint64_t object_size;
	bool locked;
	bool fenced; /* the cluster refuses us, and will not take us again */
};

/*
 * Starts the thread. It takes 'conf' over. 'previous' is the address of an instance that has died
 * and must not write any more ("": there was none); 'own' receives ours before anything can be
 * written, with room for RBD_ADDRESS_MAX bytes, and may be NULL. 'notify' is called on some thread
 * whenever rbd_session_poll() has news.
 */
int rbd_session_start(const struct rbd_conf *conf, char *own, const char *previous,
		      void (*notify)(void *arg), void *arg, struct rbd_session **ret);

enum rbd_session_state { RBD_CONNECTING, RBD_OPEN, RBD_FAILED };

/* Never waits. Of RBD_FAILED 'ret_err' and 'error' (RBD_TEXT_MAX bytes). */
enum rbd_session_state rbd_session_poll(struct rbd_session *s, struct rbd_session_info *ret_info,
					int *ret_err, char *error);

/* What it is doing while it connects, for the message when it takes too long. */
const char *rbd_session_step(struct rbd_session *s);

/* Of an open one. */
rbd_image_t rbd_session_image(struct rbd_session *s);

/* Closes the image, which gives the lock back, and waits for that, but not for ever. */
void rbd_session_stop(struct rbd_session *s);

#endif
