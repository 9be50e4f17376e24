/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CR0 and CR4. The guest writes most bits without an exit. Those that the host needs are kept: the
 * guest reads a shadow of them, and a write that would change one exits. It is not carried out
 * here: the shadow is brought up to what is to be written, and the guest executes the instruction
 * again; now it changes no kept bit, and the CPU does all that a change of the others entails
 * (paging on and off, long mode, page-directory pointers, its own checks).
 */
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/compiler.h>
#include <hv/vcpu.h>

#include "vmx.h"

#define BIT_PCE (1ul << 8)
#define BIT_MCE (1ul << 6)
#define BIT_PCIDE (1ul << 17)

/* What a guest may change by itself: what CPUID offers it. The CPU refuses what it lacks. */
#define CR4_GUEST_OWNED                                                                            \
	(0xful /* VME PVI TSD DE */ | CR4_PSE | CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT |   \
	 1ul << 11 /* UMIP */ | CR4_LA57 | 1ul << 16 /* FSGSBASE */ | BIT_PCIDE | CR4_OSXSAVE |     \
	 1ul << 20 /* SMEP */ | 1ul << 21 /* SMAP */)
/* What kernels set without asking, and what then means nothing here: machine checks, counters. */
#define CR4_SHADOW_ONLY (BIT_MCE | BIT_PCE)

uint64_t vmx_cr4_host_owned(void)
{
	return ~CR4_GUEST_OWNED;
}

bool vmx_write_cr(struct vcpu *v, uint64_t q)
{
	/* Registers are numbered here as in guest_regs. */
	uint64_t value = (&v->arch.regs.rax)[CR_REGISTER(q)];

	/* CLTS and LMSW touch no kept bit, reads never exit. */
	if (CR_ACCESS(q) != CR_MOV_TO)
		return false;
	if (!virt->is_64bit(v))
		value = (uint32_t)value;
	switch (CR_NUMBER(q)) {
	case 0:
		if (value >> 32)
			return false;
		vmwrite(CR0_SHADOW, value);
		return true;
	case 4:
		if (value & ~(CR4_GUEST_OWNED | CR4_SHADOW_ONLY))
			return false;
		vmwrite(CR4_SHADOW, value);
		return true;
	}
	return false;
}
