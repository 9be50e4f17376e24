/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening the key of a cluster: see secret.h.
 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/xmem.h"

static int check(int fd, const char *path, char **ret_error)
{
	struct stat st;

	if (fstat(fd, &st)) {
		*ret_error = xasprintf("the secret %s cannot be looked at: %s", path, strerror(errno));
		return -EINVAL;
	}
	if (!S_ISREG(st.st_mode)) {
		*ret_error = xasprintf("the secret %s is not a regular file", path);
		return -EINVAL;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		*ret_error = xasprintf("the secret %s does not belong to root: chown root %s", path, path);
		return -EPERM;
	}
	if (st.st_mode & 077) {
		*ret_error = xasprintf("the secret %s is open to others than root: chmod 600 %s", path,
				       path);
		return -EPERM;
	}
	return 0;
}

int secret_open(const char *dir, const char *name, int *ret_fd, char **ret_error)
{
	char *path;
	int fd, err;

	if (!*name || *name == '.' || strchr(name, '/')) {
		*ret_error = xasprintf("'%.80s' is not a secret's name", name);
		return -EINVAL;
	}
	path = xasprintf("%s/%s.keyring", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0) {
		err = -errno;
		*ret_error = err == -ENOENT ?
			xasprintf("there is no secret '%s': put the user's keyring into %s, mode 0600", name,
				  path) :
			xasprintf("the secret %s cannot be opened: %s", path, strerror(-err));
	} else {
		err = check(fd, path, ret_error);
		if (err)
			close(fd);
		else
			*ret_fd = fd;
	}
	free(path);
	return err;
}
