/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on images, as operations of the control socket.
 */
#ifndef CONTROL_IMAGE_OPS_H
#define CONTROL_IMAGE_OPS_H

struct conn;
struct json_object;

void op_image(struct conn *c, struct json_object *rq);
/* The client goes, or does not read: nobody waits for what is at work. */
void image_ops_cancel(struct conn *c);

#endif
