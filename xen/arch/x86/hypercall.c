// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86's way into the hypercall table: VMCALL or VMMCALL in the guest's kernel mode.
 *
 *	64-bit code: number rax, arguments rdi, rsi, rdx, r10, r8, result rax
 *	32-bit code: number eax, arguments ebx, ecx, edx, esi, edi, result eax
 *
 * A call that has to be continued leaves rip on the instruction, with its progress in the
 * argument registers, which callers give up anyway.
 */
#include "hypercall.h"

#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/guest_abi.h>
#include <hv/guest_copy.h>
#include <hv/string.h>

#include "shared_info.h"

/* Both VMCALL and VMMCALL are this long. */
#define INSTRUCTION_SIZE 3u

static void load_args(struct hypercall *c, const struct guest_regs *r)
{
	if (c->is_64bit) {
		c->args[0] = r->rdi;
		c->args[1] = r->rsi;
		c->args[2] = r->rdx;
		c->args[3] = r->r10;
		c->args[4] = r->r8;
	} else {
		c->args[0] = (uint32_t)r->rbx;
		c->args[1] = (uint32_t)r->rcx;
		c->args[2] = (uint32_t)r->rdx;
		c->args[3] = (uint32_t)r->rsi;
		c->args[4] = (uint32_t)r->rdi;
	}
}

static void store_args(const struct hypercall *c, struct guest_regs *r)
{
	if (c->is_64bit) {
		r->rdi = c->args[0];
		r->rsi = c->args[1];
		r->rdx = c->args[2];
		r->r10 = c->args[3];
		r->r8 = c->args[4];
	} else {
		r->rbx = (uint32_t)c->args[0];
		r->rcx = (uint32_t)c->args[1];
		r->rdx = (uint32_t)c->args[2];
		r->rsi = (uint32_t)c->args[3];
		r->rdi = (uint32_t)c->args[4];
	}
}

static void skip_instruction(struct guest_regs *r, bool is_64bit)
{
	r->rip += INSTRUCTION_SIZE;
	if (!is_64bit)
		r->rip = (uint32_t)r->rip;
}

void guest_abi_hypercall(struct vcpu *v)
{
	struct guest_regs *r = &v->arch.regs;
	struct hypercall c = { .v = v, .d = v->domain, .is_64bit = arch_vcpu_is_64bit(v) };
	int64_t result;

	if (!arch_vcpu_is_kernel(v)) {
		result = -EPERM;
	} else {
		load_args(&c, r);
		result = hypercall_dispatch(&c, c.is_64bit ? r->rax : (uint32_t)r->rax);
	}
	if (result == -ERESTART) {
		store_args(&c, r);
		return;
	}
	r->rax = c.is_64bit ? (uint64_t)result : (uint32_t)result;
	skip_instruction(r, c.is_64bit);
}
