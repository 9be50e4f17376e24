/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model-specific registers that exit. Three answers: kept for the vCPU, a constant, or #GP. Linux
 * survives #GP on any MSR that it did not expect.
 */
#include <arch/exit.h>
#include <arch/virt.h>
#include <arch/vlapic.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/guest_abi.h>
#include <hv/trace.h>
#include <hv/vcpu.h>

#define APIC_BASE_ADDRESS 0xfee00000ull
#define MTRR_CAP_WC BIT(10)
#define MTRR_DEF_ENABLED BIT(11)
#define MTRR_TYPE_WB 6ull
#define MISC_FAST_STRINGS BIT(0)
#define MISC_NO_BTS BIT(11)
#define MISC_NO_PEBS BIT(12)
#define MSR_SYSCFG 0xc0010010u
#define MSR_INT_PENDING 0xc0010055u /* AMD: how idle states tell of pending interrupts */

static uint64_t apic_base(const struct vcpu *v)
{
	return APIC_BASE_ADDRESS | APIC_BASE_ENABLE | APIC_BASE_EXTD | (v->id ? 0 : APIC_BASE_BSP);
}

static bool is_mtrr(uint32_t msr)
{
	return msr == MSR_MTRR_DEF_TYPE || (msr >= MSR_MTRR_PHYS_FIRST && msr <= MSR_MTRR_PHYS_LAST) ||
	       (msr >= MSR_MTRR_FIX_FIRST && msr <= MSR_MTRR_FIX_LAST);
}

/* What the machine's CPU says; #GP where it has no such register. */
static int read_host_msr(uint32_t msr, uint64_t *ret_value)
{
	return rdmsr_safe(msr, ret_value) ? 0 : -EINVAL;
}

/*
 * A guest sees MTRRs that are on, with write-back as the default and no ranges. The control domain
 * sees the machine's: its memory is the machine's. Neither can change them.
 */
static int read_mtrr(struct vcpu *v, uint32_t msr, uint64_t *ret_value)
{
	if (domain_is_control(v->domain))
		return read_host_msr(msr, ret_value);
	if (msr == MSR_MTRR_CAP)
		*ret_value = MTRR_CAP_WC;
	else if (msr == MSR_MTRR_DEF_TYPE)
		*ret_value = MTRR_DEF_ENABLED | MTRR_TYPE_WB;
	else
		return -EINVAL;
	return 0;
}

/*
 * Intel's switches of optional features. A domain has none of what the host's may offer (counters,
 * MWAIT, speed steps), and string instructions as fast as they are: were the first bit clear, Linux
 * would copy without them.
 */
static int read_misc_enable(uint64_t *ret_value)
{
	int err = read_host_msr(MSR_MISC_ENABLE, ret_value);

	if (!err)
		*ret_value = MISC_FAST_STRINGS | MISC_NO_BTS | MISC_NO_PEBS;
	return err;
}

int exit_read_msr(struct vcpu *v, uint32_t msr, uint64_t *ret_value)
{
	int err;

	if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
		return vlapic_read(v, msr, ret_value);
	if (msr == MSR_MTRR_CAP || is_mtrr(msr))
		return read_mtrr(v, msr, ret_value);
	err = virt->read_msr(v, msr, ret_value);
	if (err != -ENOENT)
		return err;
	err = guest_abi_read_msr(v, msr, ret_value);
	if (err != -ENOENT)
		return err;

	switch (msr) {
	case MSR_APIC_BASE:
		*ret_value = apic_base(v);
		return 0;
	case MSR_MISC_ENABLE:
		return read_misc_enable(ret_value);
	case MSR_UCODE_REV:
	case MSR_HWCR:
	case MSR_DE_CFG:
	case MSR_SYSCFG:
		return read_host_msr(msr, ret_value);
	case MSR_XSS:
		*ret_value = 0;
		return fpu_guest_has_xsaves() ? 0 : -EINVAL;
	case MSR_MCG_CAP:
	case MSR_MCG_STATUS:
		*ret_value = 0; /* machine checks are the host's */
		return 0;
	case MSR_INT_PENDING:
		/* C1E off: Linux looks for it on old families, and complains when it may not. */
		*ret_value = 0;
		return 0;
	}
	return -EINVAL;
}

int exit_write_msr(struct vcpu *v, uint32_t msr, uint64_t value)
{
	int err;

	trace(TRACE_MSR, msr, value);
	if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
		return vlapic_write(v, msr, value);
	err = virt->write_msr(v, msr, value);
	if (err != -ENOENT)
		return err;
	err = guest_abi_write_msr(v, msr, value);
	if (err != -ENOENT)
		return err;
	if (is_mtrr(msr))
		return 0;

	switch (msr) {
	case MSR_APIC_BASE:
		/* x2APIC mode is the only one there is. */
		return value == apic_base(v) ? 0 : -EINVAL;
	case MSR_XSS:
		return !value && fpu_guest_has_xsaves() ? 0 : -EINVAL;
	case MSR_TSC:
	case MSR_UCODE_REV:
	case MSR_MISC_ENABLE:
	case MSR_HWCR:
	case MSR_DE_CFG:
	case MSR_SYSCFG:
	case MSR_MCG_STATUS:
		return 0; /* accepted and dropped: firmware and kernels write what is there already */
	}
	return -EINVAL;
}
