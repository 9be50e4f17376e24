/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd's side of a back-end process's counters: see stats.h.
 */
#include "backend/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

int backend_stats_open(const char *dir, const char *name, bool fresh, int *ret_fd)
{
	char path[PATH_MAX];
	int fd, err;

	if (snprintf(path, sizeof(path), "%s/%s.stats", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (fresh && unlink(path) && errno != ENOENT)
		return -errno;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)sizeof(struct backend_stats))) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

void backend_stats_remove(const char *dir, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s.stats", dir, name) < (int)sizeof(path))
		unlink(path);
}

bool backend_stats_read(int fd, struct backend_stats *ret)
{
	/* Most processes serve one device: the rest is read only if there is more. */
	size_t head = offsetof(struct backend_stats, slots[1]), all;

	if (pread(fd, ret, head, 0) != (ssize_t)head || ret->magic != BACKEND_STATS_MAGIC ||
	    ret->version != BACKEND_STATS_VERSION || ret->slot_size != sizeof(ret->slots[0]))
		return false;
	if (ret->nr_slots > BACKEND_STATS_SLOTS)
		ret->nr_slots = BACKEND_STATS_SLOTS;
	if (ret->nr_slots <= 1)
		return true;
	all = offsetof(struct backend_stats, slots) + ret->nr_slots * sizeof(ret->slots[0]);
	return pread(fd, ret->slots + 1, all - head, (off_t)head) == (ssize_t)(all - head);
}
