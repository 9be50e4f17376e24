/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What SCHEDOP_poll and SCHEDOP_watchdog keep. */
#ifndef XEN_SCHED_OP_H
#define XEN_SCHED_OP_H

struct domain;
struct vcpu;

void sched_op_domain_init(struct domain *d);
void sched_op_domain_fini(struct domain *d);
void sched_op_vcpu_init(struct vcpu *v);
void sched_op_vcpu_fini(struct vcpu *v);

#endif
