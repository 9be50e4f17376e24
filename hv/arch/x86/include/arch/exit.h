/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files behind one VM exit offer each other. Own CPU, v loaded. */
#ifndef ARCH_EXIT_H
#define ARCH_EXIT_H

#include <hv/types.h>

struct vcpu;
struct vm_exit;

void exit_handle(struct vcpu *v, struct vm_exit *x); /* exit.c */

void exit_cpuid(struct vcpu *v);						/* cpuid.c */
int exit_read_msr(struct vcpu *v, uint32_t msr, uint64_t *ret_value);		/* msr.c */
int exit_write_msr(struct vcpu *v, uint32_t msr, uint64_t value);		/* -EINVAL: #GP */
void exit_io(struct vcpu *v, struct vm_exit *x);				/* ioport.c */

/* fpu.c: x87, SSE and what XCR0 names, switched when another vCPU is put on the CPU. */
void fpu_cpu_init(void);
uint64_t fpu_supported_xcr0(void); /* 0: no XSAVE */
uint32_t fpu_area_size(uint64_t xcr0); /* bytes of the standard format */
uint32_t fpu_compact_size(uint64_t xcr0); /* of that of XSAVEC and XSAVES */
bool fpu_guest_has_xsaves(void); /* and IA32_XSS, in which no bit can be set */
int fpu_init(struct vcpu *v);
void fpu_fini(struct vcpu *v);
void fpu_reset(struct vcpu *v); /* not loaded */
void fpu_load(struct vcpu *v);
void fpu_save(struct vcpu *v);
int fpu_set_xcr0(struct vcpu *v, uint64_t value); /* -EINVAL: #GP */

#endif
