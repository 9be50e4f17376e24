// SPDX-License-Identifier: GPL-2.0-or-later
/* The hypervisor's CPUID leaves, and the MSR that asks for the hypercall page. */
#include <hv/clock.h>
#include <hv/compiler.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/guest_abi.h>
#include <hv/guest_copy.h>
#include <hv/string.h>

#include <arch/x86.h>

#include <xen/arch-x86/cpuid.h>
#include <xen/xen.h>

#include "abi_state.h"
#include "shared_info.h"
#include "version.h"

#define HYPERCALL_MSR 0x40000000u
#define LAST_LEAF     (XEN_CPUID_FIRST_LEAF + 5)
#define STUB_SIZE     32u
#define NR_STUBS      (PAGE_SIZE / STUB_SIZE)

/* TSC mode "never emulated", as leaf 3 names it. */
#define TSC_MODE_NEVER_EMULATE 2u

static void leaf_tsc(const struct tsc_rate *rate, uint32_t subleaf, uint32_t ret[4])
{
	struct clock_scale scale;

	switch (subleaf) {
	case 0:
		ret[0] = clock_tsc_is_stable() ? BIT(1) : 0; /* bit 1: host TSC is safe */
		ret[1] = TSC_MODE_NEVER_EMULATE;
		ret[2] = rate->khz ? rate->khz : clock_tsc_khz();
		ret[3] = 0; /* incarnation: restarts of the guest elsewhere */
		break;
	case 1:
		clock_get_guest_scale(rate, &scale);
		ret[2] = scale.mul;
		ret[3] = (uint32_t)scale.shift;
		break;
	case 2:
		ret[0] = clock_tsc_khz();
		break;
	default:
		break;
	}
}

bool guest_abi_cpuid(struct vcpu *v, uint32_t leaf, uint32_t subleaf, uint32_t ret[4])
{
	if (leaf < XEN_CPUID_FIRST_LEAF || leaf > LAST_LEAF)
		return false;
	memset(ret, 0, 4 * sizeof(ret[0]));
	switch (leaf - XEN_CPUID_FIRST_LEAF) {
	case 0:
		ret[0] = LAST_LEAF;
		ret[1] = XEN_CPUID_SIGNATURE_EBX;
		ret[2] = XEN_CPUID_SIGNATURE_ECX;
		ret[3] = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		ret[0] = ABI_VERSION_MAJOR << 16 | ABI_VERSION_MINOR;
		break;
	case 2:
		ret[0] = 1; /* pages: FreeBSD and GRUB refuse any other number */
		ret[1] = HYPERCALL_MSR;
		break;
	case 3:
		leaf_tsc(&v->domain->tsc, subleaf, ret);
		break;
	case 4:
		if (subleaf == 0) {
			ret[0] = XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT |
				 XEN_HVM_CPUID_UPCALL_VECTOR;
			ret[1] = v->id;
			ret[2] = v->domain->id;
		}
		break;
	case 5:
		break;
	}
	return true;
}

/* Stub n: mov $n, %eax; vmmcall or vmcall; ret. The vendor decides which the CPU knows. */
static void fill_hypercall_page(uint8_t *page)
{
	struct cpuid_regs vendor = cpuid(0, 0);
	bool is_intel = vendor.ebx == 0x756e6547; /* "Genu" */
	uint32_t i;

	memset(page, 0xcc, PAGE_SIZE);
	for (i = 0; i < NR_STUBS; i++) {
		uint8_t *stub = page + i * STUB_SIZE;

		stub[0] = 0xb8;
		memcpy(&stub[1], &i, sizeof(i));
		stub[5] = 0x0f;
		stub[6] = 0x01;
		stub[7] = is_intel ? 0xc1 : 0xd9;
		stub[8] = 0xc3;
	}
}

int guest_abi_write_msr(struct vcpu *v, uint32_t msr, uint64_t value)
{
	uint8_t *stubs;
	int err;

	if (msr != HYPERCALL_MSR)
		return -ENOENT;
	if (value & ~PAGE_MASK)
		return -EINVAL; /* the low bits number the page: there is one */
	shared_info_latch_layout(v);
	stubs = page_alloc_zeroed();
	if (!stubs)
		return -ENOMEM;
	fill_hypercall_page(stubs);
	err = copy_to_gpa(v->domain, value, stubs, PAGE_SIZE);
	page_free(stubs);
	return err;
}

int guest_abi_read_msr(struct vcpu *v, uint32_t msr, uint64_t *ret_value)
{
	(void)v;
	if (msr != HYPERCALL_MSR)
		return -ENOENT;
	*ret_value = 0;
	return 0;
}
