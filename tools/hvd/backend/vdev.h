/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of virtual disks and the numbers that front ends know them by.
 */
#ifndef BACKEND_VDEV_H
#define BACKEND_VDEV_H

/*
 * "xvda" -> 51712. Whole disks of the families xvd, sd and hd, as Xen's "vbd-interface" numbers
 * them. -EINVAL: not such a name, or a partition.
 */
int vdev_parse(const char *target, unsigned int *ret_number);

#endif
