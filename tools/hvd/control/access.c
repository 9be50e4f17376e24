/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets' permissions and their peers' identities; the contract is in access.h.
 */
#include "control/access.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define GROUPS_MAX 256u /* of a peer */
#define BACKLOG 64

void access_find_group(const char *name, struct access_group *ret_group)
{
	struct group *gr = getgrnam(name);

	*ret_group = (struct access_group){ .exists = gr != NULL, .gid = gr ? gr->gr_gid : 0 };
	if (!gr && *name && strlen(name) < 10 && strspn(name, "0123456789") == strlen(name))
		*ret_group = (struct access_group){ true, (gid_t)strtoul(name, NULL, 10) };
}

/* ---- Peers ---- */

static uid_t owner_uid = (uid_t)-1;

void access_set_owner(uid_t uid)
{
	owner_uid = uid;
}

static uid_t owner(void)
{
	return owner_uid == (uid_t)-1 ? geteuid() : owner_uid;
}

struct peer {
	struct ucred cred;
	gid_t groups[GROUPS_MAX];
	size_t nr_groups;
};

static bool peer_in(const struct peer *peer, const struct access_group *group)
{
	if (!group->exists)
		return false;
	for (size_t i = 0; i < peer->nr_groups; i++)
		if (peer->groups[i] == group->gid)
			return true;
	return peer->cred.gid == group->gid;
}

enum access access_of_peer(int fd, const struct access_group *full, const struct access_group *read,
			   unsigned int *ret_uid)
{
	struct peer peer = { .cred = { .uid = (uid_t)-1 } };
	socklen_t size = sizeof(peer.cred), groups_size = sizeof(peer.groups);

	*ret_uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer.cred, &size))
		return ACCESS_NONE;
	*ret_uid = peer.cred.uid;
	/* One with more groups than we have room for is judged by his first. */
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups, &groups_size))
		peer.nr_groups = groups_size / sizeof(gid_t);
	if (peer.cred.uid == 0 || peer.cred.uid == owner() || peer_in(&peer, full))
		return ACCESS_FULL;
	return peer_in(&peer, read) ? ACCESS_READ : ACCESS_NONE;
}

/* ---- Sockets ---- */

static int make_address(const char *path, struct sockaddr_un *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	strcpy(addr->sun_path, path);
	return 0;
}

static int remove_stale(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) || errno == EAGAIN)
		err = -EADDRINUSE;
	else if (errno == ECONNREFUSED)
		unlink(addr->sun_path);
	close(fd);
	return err;
}

static int bind_to(int fd, const struct sockaddr_un *addr, const struct access_group *group)
{
	mode_t mask = umask(0177); /* nobody gets in between bind() and chown() */
	int err = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;

	umask(mask);
	if (err || !group->exists || geteuid())
		return err;
	if (chown(addr->sun_path, 0, group->gid) || chmod(addr->sun_path, 0660))
		return -errno;
	return 0;
}

int access_listen(const char *path, const struct access_group *group, int *ret_fd)
{
	struct sockaddr_un addr;
	int fd, err;

	err = make_address(path, &addr);
	if (!err)
		err = remove_stale(&addr);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = bind_to(fd, &addr, group);
	if (!err && listen(fd, BACKLOG))
		err = -errno;
	if (err)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}
