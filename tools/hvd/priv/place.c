/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places of open files; the contract is in place.h, the rules are in check.c.
 */
#include "priv/place.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "priv/check.h"

static const char *image_folders;

void place_limit_images(const char *folders)
{
	image_folders = folders;
}

static bool resolve(int fd, char path[PATH_MAX])
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return true;
}

const char *place_check_image(int fd)
{
	char path[PATH_MAX];

	return resolve(fd, path) ? check_image_path(path, image_folders) : "nowhere";
}

const char *place_check_boot(int fd)
{
	char path[PATH_MAX];

	return resolve(fd, path) ? check_boot_path(path) : "nowhere";
}
