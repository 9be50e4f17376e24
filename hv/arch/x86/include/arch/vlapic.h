/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual local APIC: x2APIC mode only, all of it behind MSR exits (Intel SDM vol. 3, 10.12;
 * AMD APM vol. 2, 16.9). Own CPU, v loaded, except vlapic_raise.
 */
#ifndef ARCH_VLAPIC_H
#define ARCH_VLAPIC_H

#include <hv/types.h>

struct vcpu;

void vlapic_init(struct vcpu *v, uint32_t apic_id);
void vlapic_reset(struct vcpu *v); /* INIT: all but the id */
void vlapic_fini(struct vcpu *v);

/* MSRs 0x800 to 0x8ff. -EINVAL: the guest gets #GP. */
int vlapic_read(struct vcpu *v, uint32_t msr, uint64_t *ret_value);
int vlapic_write(struct vcpu *v, uint32_t msr, uint64_t value);

/* The vector to be delivered next, -1: none above the processor priority. */
int vlapic_pending_vector(struct vcpu *v);
/* The same, though the task priority may forbid it: the guest lowers that without an exit. */
int vlapic_held_back_vector(struct vcpu *v);
/* Takes its request away while it is offered to the guest; then either it is in service, or the
 * request is put back. */
void vlapic_take(struct vcpu *v, unsigned int vector);
void vlapic_put_back(struct vcpu *v, unsigned int vector);
void vlapic_in_service(struct vcpu *v, unsigned int vector);

/* What INIT and start-up IPIs have left in init_request. With an INIT, v waits for its start from here on. */
uint32_t vlapic_take_init(struct vcpu *v);

/* Any CPU. Sets the request and kicks v. */
void vlapic_raise(struct vcpu *v, unsigned int vector, bool level);

#endif
