/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few calls that hv makes upwards, into the guest ABI (xen/). This is the whole interface in
 * that direction: hv knows neither hypercall numbers nor event channels.
 */
#ifndef HV_GUEST_ABI_H
#define HV_GUEST_ABI_H

#include <hv/compiler.h>
#include <hv/types.h>

struct domain;
struct domain_limits;
struct vcpu;

/* Boot, once, before the first domain. */
void guest_abi_init(void);
/* Boot: makes and fills the control domain from the boot modules; refuses to boot if it cannot. */
void guest_abi_build_control_domain(void);

/* A domain is born (not yet visible to others), is torn down (bounded steps, -EAGAIN: again; its
 * vCPUs do not run any more), is gone. */
int guest_abi_domain_init(struct domain *d) __must_check;
int guest_abi_domain_destroy_step(struct domain *d);
void guest_abi_domain_free(struct domain *d);
int guest_abi_vcpu_init(struct vcpu *v) __must_check;
void guest_abi_vcpu_free(struct vcpu *v);

/* It shut down, crashed, is dying or gone: whoever watches domains wants to know. */
void guest_abi_domain_changed(struct domain *d);

/* The running vCPU issued a hypercall; registers are in v->arch.regs. rip is advanced by it. */
void guest_abi_hypercall(struct vcpu *v);

/* true: the leaf is the ABI's, ret[] = eax, ebx, ecx, edx. */
bool guest_abi_cpuid(struct vcpu *v, uint32_t leaf, uint32_t subleaf, uint32_t ret[4]);
/* 0: done; -ENOENT: not an MSR of the ABI; other: fault. */
int guest_abi_write_msr(struct vcpu *v, uint32_t msr, uint64_t value);
int guest_abi_read_msr(struct vcpu *v, uint32_t msr, uint64_t *ret_value);

/*
 * Before the first entry after v was put on a CPU: clock page and run state in guest memory are
 * brought up to date. Own CPU, no locks.
 */
void guest_abi_vcpu_switched_in(struct vcpu *v);
/* After v was taken off the CPU (it may be anywhere by the time of the next call). */
void guest_abi_vcpu_switched_out(struct vcpu *v);

/* A vector to be injected directly, outside the virtual APIC, as soon as interrupts are enabled
 * (Xen's global callback vector): -1 when nothing is pending. Asked before each entry: cheap. */
int guest_abi_upcall_vector(struct vcpu *v);
/* Does an upcall wait for v, whatever the way it is delivered? Asked before blocking. */
bool guest_abi_upcall_pending(struct vcpu *v);

/* A byte that the guest wrote to its debug port (0xE9): early messages of kernels. */
void guest_abi_debug_char(struct vcpu *v, char c);

/* Bytes have come on the serial line: console_input_read() has them. */
void guest_abi_console_input(void);

#endif
