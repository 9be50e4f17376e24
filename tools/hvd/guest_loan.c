/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors for pages that guests lend from the start; the contract is in guest_loan.h.
 */
#include "guest_loan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xen/sys/gntdev.h>

int guest_loan_open(uint16_t domid, uint32_t loan, int *ret_fd, uint64_t *ret_offset)
{
	struct ioctl_gntdev_map_grant_ref map = { .count = 1, .refs = { { .domid = domid, .ref = loan } } };
	int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, &map)) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	*ret_offset = map.index;
	return 0;
}
