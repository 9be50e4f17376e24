/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of virtual disks: see vdev.h.
 *
 *	xvda .. xvdp    202 << 8 | disk << 4
 *	xvdq ..         1 << 28 | disk << 8
 *	sda .. sdp      8 << 8 | disk << 4
 *	hda .. hdd      3 << 8 | disk << 6, and 22 << 8 | (disk - 2) << 6
 */
#include "backend/vdev.h"

#include <errno.h>
#include <string.h>

#define MAX_DISKS (1u << 20)

/* "a" -> 0, "z" -> 25, "aa" -> 26. */
static int parse_letters(const char *s, unsigned int *ret)
{
	unsigned int n = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < 'a' || *s > 'z' || n > MAX_DISKS / 26)
			return -EINVAL;
		n = n * 26 + (unsigned int)(*s - 'a') + 1;
	}
	*ret = n - 1;
	return n - 1 < MAX_DISKS ? 0 : -EINVAL;
}

int vdev_parse(const char *target, unsigned int *ret_number)
{
	unsigned int disk;

	if (strncmp(target, "xvd", 3) == 0) {
		if (parse_letters(target + 3, &disk))
			return -EINVAL;
		*ret_number = disk < 16 ? 202u << 8 | disk << 4 : 1u << 28 | disk << 8;
		return 0;
	}
	if (strncmp(target, "sd", 2) == 0) {
		if (parse_letters(target + 2, &disk) || disk >= 16)
			return -EINVAL;
		*ret_number = 8u << 8 | disk << 4;
		return 0;
	}
	if (strncmp(target, "hd", 2) == 0) {
		if (parse_letters(target + 2, &disk) || disk >= 4)
			return -EINVAL;
		*ret_number = disk < 2 ? 3u << 8 | disk << 6 : 22u << 8 | (disk - 2) << 6;
		return 0;
	}
	return -EINVAL;
}
