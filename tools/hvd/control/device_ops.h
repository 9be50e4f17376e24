/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of running domains, as operations of the control socket.
 */
#ifndef CONTROL_DEVICE_OPS_H
#define CONTROL_DEVICE_OPS_H

struct conn;
struct disk_spec;
struct domain;
struct json_object;

void op_attach_device(struct conn *c, struct json_object *rq);
void op_detach_device(struct conn *c, struct json_object *rq);
/* The client goes: what it has asked for goes on. */
void device_ops_leave(struct conn *c);

/* The disk's image has another size: the guest is told. */
int device_ops_resized(struct domain *d, const struct disk_spec *disk);

#endif
