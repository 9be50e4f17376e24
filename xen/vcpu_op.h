/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The timers that a guest sets by hypercall. */
#ifndef XEN_VCPU_OP_H
#define XEN_VCPU_OP_H

struct vcpu;

void vcpu_timers_init(struct vcpu *v);
void vcpu_timers_fini(struct vcpu *v); /* v does not run; none fires afterwards */

#endif
