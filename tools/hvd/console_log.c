/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a console. A guest may write as much as it likes for as long as it likes: the
 * file is cut into two of bounded size, of which the older is thrown away, and the backlog is a
 * ring. Both are written in place of what is oldest, so they never grow.
 */
#include "console_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xmem.h"

static int log_file_open(const char *path, int *ret_fd, off_t *ret_size)
{
	struct stat st;
	int fd;

	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	*ret_fd = fd;
	*ret_size = st.st_size;
	return 0;
}

int console_log_open(struct console_log *log, const char *path, off_t max_size, size_t backlog_size)
{
	int err = 0;

	*log = (struct console_log){ .fd = -1, .max_size = max_size, .backlog_size = backlog_size };
	if (path)
		err = log_file_open(path, &log->fd, &log->size);
	if (err)
		return err;
	log->path = path ? xstrdup(path) : NULL;
	log->backlog = xmalloc(backlog_size);
	return 0;
}

void console_log_close(struct console_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	free(log->path);
	free(log->backlog);
}

static void log_file_rotate(struct console_log *log)
{
	char *old = xasprintf("%s.1", log->path);
	int err;

	if (rename(log->path, old))
		log_warning("console log %s: cannot rename it: %s", log->path, strerror(errno));
	close(log->fd);
	log->fd = -1;
	err = log_file_open(log->path, &log->fd, &log->size);
	if (err)
		log_warning("console log %s: %s: no more output is kept", log->path,
			    strerror(-err));
	else if (log->size && !ftruncate(log->fd, 0))
		log->size = 0; /* it could not be renamed: the bound matters more */
	free(old);
}

size_t console_log_room(struct console_log *log)
{
	if (log->fd >= 0 && log->size >= log->max_size)
		log_file_rotate(log);
	return log->fd < 0 ? SIZE_MAX : (size_t)(log->max_size - log->size);
}

static void log_file_add(struct console_log *log, const char *bytes, size_t n)
{
	size_t part;
	ssize_t written;

	while (n && log->fd >= 0) {
		if (log->size >= log->max_size)
			log_file_rotate(log);
		if (log->fd < 0)
			return;
		part = (size_t)(log->max_size - log->size);
		part = part < n ? part : n;
		written = write(log->fd, bytes, part);
		if (written <= 0)
			return;
		log->size += written;
		bytes += written;
		n -= (size_t)written;
	}
}

static void backlog_add(struct console_log *log, const char *bytes, size_t n)
{
	size_t run;

	if (n > log->backlog_size) {
		bytes += n - log->backlog_size;
		n = log->backlog_size;
	}
	while (n) {
		run = log->backlog_size - log->backlog_at;
		run = run < n ? run : n;
		memcpy(log->backlog + log->backlog_at, bytes, run);
		log->backlog_at = (log->backlog_at + run) % log->backlog_size;
		log->backlog_used += run;
		bytes += run;
		n -= run;
	}
	if (log->backlog_used > log->backlog_size)
		log->backlog_used = log->backlog_size;
}

void console_log_add(struct console_log *log, const char *bytes, size_t n)
{
	backlog_add(log, bytes, n);
	log_file_add(log, bytes, n);
}

void console_log_recall(struct console_log *log, off_t begin)
{
	char bytes[4096];
	ssize_t n;
	int fd;

	if (!log->path || log->size <= begin)
		return;
	if ((size_t)(log->size - begin) > log->backlog_size)
		begin = log->size - (off_t)log->backlog_size;
	fd = open(log->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	while ((n = pread(fd, bytes, sizeof(bytes), begin)) > 0) {
		backlog_add(log, bytes, (size_t)n);
		begin += n;
	}
	close(fd);
}

void console_log_backlog(const struct console_log *log, const char *ret_part[2], size_t ret_n[2])
{
	size_t begin =
		(log->backlog_at + log->backlog_size - log->backlog_used) % log->backlog_size;
	size_t run = log->backlog_size - begin;

	ret_n[0] = run < log->backlog_used ? run : log->backlog_used;
	ret_n[1] = log->backlog_used - ret_n[0];
	ret_part[0] = log->backlog + begin;
	ret_part[1] = log->backlog;
}
