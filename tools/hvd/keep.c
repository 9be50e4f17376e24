/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are mapped; the contract is in keep.h.
 *
 * Their pages are taken from the file system when they are made: a tmpfs that is full says so then, and
 * not by a signal in the middle of a store.
 */
#include "keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/xmem.h"

static int open_file(const char *path, size_t size, int *ret_fd, bool *ret_fresh)
{
	struct stat st;
	int fd, err;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) ? -errno : 0;
	*ret_fresh = !err && (size_t)st.st_size != size;
	if (!err && *ret_fresh && ftruncate(fd, 0))
		err = -errno;
	if (!err && *ret_fresh)
		err = -posix_fallocate(fd, 0, (off_t)size);
	if (err) {
		close(fd);
		unlink(path);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int keep_map(const char *dir, const char *name, size_t size, void **ret, bool *ret_fresh)
{
	char *path;
	void *memory;
	int fd = -1, err;

	*ret_fresh = true;
	if (dir) {
		path = xasprintf("%s/%s", dir, name);
		err = open_file(path, size, &fd, ret_fresh);
		free(path);
		if (err)
			return err;
	}
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED,
		      fd, 0);
	err = memory == MAP_FAILED ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (!err)
		*ret = memory;
	return err;
}

void keep_unmap(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}

void keep_remove(const char *dir, const char *name)
{
	char *path;

	if (!dir)
		return;
	path = xasprintf("%s/%s", dir, name);
	unlink(path);
	free(path);
}

void keep_sweep(const char *dir, const char *prefix, bool (*is_wanted)(void *arg, unsigned int number),
		void *arg)
{
	size_t length = strlen(prefix);
	struct dirent *entry;
	DIR *d = dir ? opendir(dir) : NULL;

	if (!d)
		return;
	while ((entry = readdir(d))) {
		const char *digits = entry->d_name + length;

		if (strncmp(entry->d_name, prefix, length) || !*digits ||
		    strspn(digits, "0123456789") != strlen(digits))
			continue;
		if (!is_wanted(arg, (unsigned int)strtoul(digits, NULL, 10)))
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	closedir(d);
}
