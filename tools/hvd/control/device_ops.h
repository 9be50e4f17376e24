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

/* The domain of the request, if it can get and give devices now; NULL: replied. */
struct domain *device_ops_live_domain(struct conn *c, struct json_object *rq);
/* Another text for a domain that runs ('xml' is taken over); NULL is logged, and nothing changes. */
void device_ops_set_text(struct domain *d, char *xml);

void op_attach_device(struct conn *c, struct json_object *rq);
void op_detach_device(struct conn *c, struct json_object *rq);
/* The client goes: what it has asked for goes on. */
void device_ops_leave(struct conn *c);

/* ---- disk_ops.c ---- */

void op_disk_limits(struct conn *c, struct json_object *rq);
void op_disk_resize(struct conn *c, struct json_object *rq);

/* The disk's file or device has another size: the guest is told. A negative errno: it has no such disk now. */
int device_ops_resized(struct domain *d, const struct disk_spec *disk);

#endif
