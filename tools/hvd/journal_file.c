/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal's way to its file. Alone here so that tests can let hvd die in the middle of it.
 */
#include "journal.h"

#include <errno.h>
#include <unistd.h>

int journal_file_write(int fd, const void *bytes, size_t n, uint64_t offset)
{
	const char *at = bytes;

	while (n) {
		ssize_t written = pwrite(fd, at, n, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written ? -errno : -ENOSPC;
		at += written;
		offset += (uint64_t)written;
		n -= (size_t)written;
	}
	return 0;
}
