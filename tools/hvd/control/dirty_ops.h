/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast does a guest write its memory? */
#ifndef CONTROL_DIRTY_OPS_H
#define CONTROL_DIRTY_OPS_H

struct conn;
struct json_object;

void op_dirty_rate(struct conn *c, struct json_object *rq);
/* The client goes: hv's account ends without a reply. */
void dirty_ops_leave(struct conn *c);

#endif
