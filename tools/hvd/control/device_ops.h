/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of running domains, as operations of the control socket.
 */
#ifndef CONTROL_DEVICE_OPS_H
#define CONTROL_DEVICE_OPS_H

struct disk_spec;
struct domain;

/* The disk's image has another size: the guest is told. */
int device_ops_resized(struct domain *d, const struct disk_spec *disk);

#endif
