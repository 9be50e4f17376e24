/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what on the control sockets.
 *
 * There are two sockets, as libvirt has them: one whose clients may do everything, and one whose
 * clients may only look. So the kernel turns strangers away before hvd hears of them. On both the
 * peer's own identity is asked as well, because a socket may have been made by somebody else.
 */
#ifndef CONTROL_ACCESS_H
#define CONTROL_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct event_base;

enum access { ACCESS_NONE, ACCESS_READ, ACCESS_FULL };

struct access_group {
	bool exists;
	gid_t gid;
};

/* A group by its name, or by a number; it need not exist. */
void access_find_group(const char *name, struct access_group *ret_group);

/* Who 'hvd's own user' is: the one who started it, whomever it became then. Else: whom it is now. */
void access_set_owner(uid_t uid);

/*
 * What the peer of 'fd' may do at most. Root and hvd's own user may do everything, members of 'full'
 * too, members of 'read' may look. '*ret_uid' is the peer's, also when he may do nothing.
 */
enum access access_of_peer(int fd, const struct access_group *full, const struct access_group *read,
			   unsigned int *ret_uid);

/*
 * Makes a socket at 'path', for root and 'group', and listens on it. A file there that nobody
 * listens on is of an hvd that died, and makes way. -EADDRINUSE: somebody listens.
 */
int access_listen(const char *path, const struct access_group *group, int *ret_fd);

#endif
