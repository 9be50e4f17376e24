/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual local APIC: x2APIC mode only (Intel SDM vol. 3, 11.12; AMD APM vol. 2, 16.9).
 *
 * One state, two executors: hv works on it when an access exits, and delivers what it asks for; or
 * the CPU does both by itself between an entry and the exit after it (by_hardware), and hv steps in
 * for what exits nevertheless. Requests that come meanwhile are posted, and taken over before the
 * next entry; or even in the guest, by a CPU that can (takes_posted), but for level interrupts. Own CPU,
 * v loaded, except vlapic_raise.
 */
#ifndef ARCH_VLAPIC_H
#define ARCH_VLAPIC_H

#include <hv/types.h>

struct vcpu;
struct vlapic;

int vlapic_init(struct vcpu *v, uint32_t apic_id); /* -ENOMEM */
void vlapic_reset(struct vcpu *v);		    /* INIT: all but the id */
void vlapic_fini(struct vcpu *v);

/* MSRs 0x800 to 0x8ff. -EINVAL: the guest gets #GP. */
int vlapic_read(struct vcpu *v, uint32_t msr, uint64_t *ret_value);
int vlapic_write(struct vcpu *v, uint32_t msr, uint64_t value);

/* The vector to be delivered next, -1: none above the processor priority. */
int vlapic_pending_vector(struct vcpu *v);
/* The same, though the task priority may forbid it: the guest lowers that without an exit. */
int vlapic_held_back_vector(struct vcpu *v);
/* The guest has taken 'vector', which was the last answer of one of these. */
void vlapic_in_service(struct vcpu *v, unsigned int vector);

/* ---- for CPUs that work on the state by themselves ---- */

bool vlapic_is_enabled(const struct vlapic *a); /* else nothing is delivered */
/* Does the page hold what a read of this MSR gives, PPR apart? */
bool vlapic_is_in_page(uint32_t msr);
/* The CPU has carried out a write that hv must know of: EOI of 'vector', or self IPI with an illegal one. */
void vlapic_was_written(struct vcpu *v, uint32_t msr, unsigned int vector);

/* What INIT and start-up IPIs have left in init_request. With an INIT, v waits for its start from here on. */
uint32_t vlapic_take_init(struct vcpu *v);

/* Any CPU. Sets the request and kicks v. */
void vlapic_raise(struct vcpu *v, unsigned int vector, bool level);

#endif
