/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the actions on RBD images share: getting there, and who else is there.
 */
#ifndef IMAGE_RBD_IMAGE_H
#define IMAGE_RBD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <rbd/librbd.h>

struct json_object;
struct task;

/* Connects, opens the pool of t->image. 0, or -1 and reported. */
int rbd_image_pool(struct task *t, rados_t *ret_cluster, rados_ioctx_t *ret_pool);

/* How many have it open for writing, we among them if we do; SIZE_MAX: it cannot tell. */
size_t rbd_image_watchers(rbd_image_t image);
/* Does anybody but us have it open for writing? An image that cannot tell counts as in use. */
bool rbd_image_others(rbd_image_t image);

/* Adds size, parent, snapshots, who has it open and who holds its lock. 'details': what it uses. */
int rbd_image_describe(rbd_image_t image, bool details, struct json_object *o);

/*
 * Ends the lock that 'hvctl image lock' made; with 'force' also that of a client that lives, which is
 * fenced. -ENOLCK: there is none; -EBUSY: without force, 'holder' says whose it is.
 */
int rbd_image_unlock(rbd_image_t image, bool force, char *holder, size_t size);

#endif
