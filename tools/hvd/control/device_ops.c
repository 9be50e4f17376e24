/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of running domains: see device_ops.h.
 */
#include "control/device_ops.h"

#include <errno.h>

int device_ops_resized(struct domain *d, const struct disk_spec *disk)
{
	(void)d;
	(void)disk;
	return -ENOTSUP;
}
