/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87, SSE and extended state. hv itself uses none of it, so it is switched only when another vCPU
 * is put on the CPU. One page per vCPU holds it: components that would not fit are not offered.
 *
 * Guests may save theirs by XSAVES, which leaves out what has not changed since the XRSTORS from the
 * same place (Intel SDM vol. 1, 13.6). Every vCPU that is put on the CPU comes by an XRSTOR of hv's, so
 * what the CPU remembers of another guest's is forgotten then; hv saves everything, always. Components
 * for supervisors are offered to nobody: IA32_XSS stays zero.
 */
#include <arch/exit.h>
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/cpu.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/string.h>
#include <hv/vcpu.h>

#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
#define XCR0_AVX512 (BIT(5) | BIT(6) | BIT(7))
#define XCR0_PKRU BIT(9)
#define XCR0_OFFERED (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU)

#define CPUID_D_ECX_ALIGNED BIT(1)

#define FCW_RESET 0x037fu
#define MXCSR_RESET 0x1f80u
#define FXSAVE_MXCSR 24 /* byte offset in the area (APM vol. 2, figure 11-8) */

static uint64_t supported; /* 0: FXSAVE only */

static bool has_xsave(void)
{
	return cpuid(1, 0).ecx & BIT(26);
}

static uint64_t xgetbv(void)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

static void xsetbv(uint64_t value)
{
	__asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

void fpu_cpu_init(void)
{
	struct cpuid_regs r;

	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	if (!has_xsave())
		return;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	r = cpuid(0xd, 0);
	supported = ((uint64_t)r.edx << 32 | r.eax) & XCR0_OFFERED;
	if (cpuid(0xd, 1).eax & CPUID_D1_EAX_XSAVES)
		wrmsr(MSR_XSS, 0); /* whatever the firmware left */
	if (fpu_area_size(supported) > PAGE_SIZE)
		supported &= XCR0_X87 | XCR0_SSE | XCR0_AVX;
	xsetbv(supported);
}

uint64_t fpu_supported_xcr0(void)
{
	return supported;
}

/* Compact: in ascending order, one behind the other, some on the next 64 bytes (Intel SDM vol. 1, 13.4.3). */
static uint32_t area_size(uint64_t xcr0, bool compact)
{
	uint32_t size = 512 + 64, i;

	for (i = 2; i < 63; i++) {
		struct cpuid_regs r;

		if (!(xcr0 & BIT(i)))
			continue;
		r = cpuid(0xd, i);
		if (!compact)
			size = MAX(size, r.ebx + r.eax);
		else if (r.ecx & CPUID_D_ECX_ALIGNED)
			size = ((size + 63) & ~63u) + r.eax;
		else
			size += r.eax;
	}
	return size;
}

uint32_t fpu_area_size(uint64_t xcr0)
{
	return area_size(xcr0, false);
}

uint32_t fpu_compact_size(uint64_t xcr0)
{
	return area_size(xcr0, true);
}

bool fpu_guest_has_xsaves(void)
{
	struct cpuid_regs r;

	if (!supported)
		return false;
	r = cpuid(0xd, 1);
	if (virt->hide_cpuid)
		virt->hide_cpuid(0xd, 1, &r);
	return r.eax & CPUID_D1_EAX_XSAVES;
}

int fpu_init(struct vcpu *v)
{
	v->arch.fpu = page_alloc_zeroed();
	if (!v->arch.fpu)
		return -ENOMEM;
	fpu_reset(v);
	return 0;
}

void fpu_fini(struct vcpu *v)
{
	page_free(v->arch.fpu);
	v->arch.fpu = NULL;
}

void fpu_reset(struct vcpu *v)
{
	uint32_t mxcsr = MXCSR_RESET;
	uint16_t fcw = FCW_RESET;

	memset(v->arch.fpu, 0, PAGE_SIZE);
	memcpy(v->arch.fpu, &fcw, sizeof(fcw));
	memcpy((char *)v->arch.fpu + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
	v->arch.xcr0 = XCR0_X87;
}

/*
 * AMD's restore leaves the addresses of the last x87 instruction and operand alone while no
 * exception is pending: the vCPU that comes would read those of the one that went (CVE-2006-1056).
 * An x87 load of ours puts its own there. FNCLEX first, or that load would report an exception.
 */
static void forget_x87_pointers(void)
{
	static const uint32_t zero;

	__asm__ volatile("fnclex; ffree %%st(7); fildl %0" ::"m"(zero));
}

void fpu_load(struct vcpu *v)
{
	forget_x87_pointers();
	if (!supported) {
		__asm__ volatile("fxrstor64 (%0)" ::"r"(v->arch.fpu) : "memory");
		return;
	}
	xsetbv(supported);
	__asm__ volatile("xrstor64 (%0)" ::"r"(v->arch.fpu), "a"((uint32_t)supported),
			 "d"((uint32_t)(supported >> 32))
			 : "memory");
	xsetbv(v->arch.xcr0);
}

void fpu_save(struct vcpu *v)
{
	if (!supported) {
		__asm__ volatile("fxsave64 (%0)" ::"r"(v->arch.fpu) : "memory");
		return;
	}
	/* Read back rather than remembered: not every emulator honours the XSETBV intercept. */
	v->arch.xcr0 = xgetbv();
	xsetbv(supported);
	__asm__ volatile("xsave64 (%0)" ::"r"(v->arch.fpu), "a"((uint32_t)supported),
			 "d"((uint32_t)(supported >> 32))
			 : "memory");
	xsetbv(v->arch.xcr0); /* still usable: see arch_vcpu_save */
}

int fpu_set_xcr0(struct vcpu *v, uint64_t value)
{
	if (!supported || (value & ~supported) || !(value & XCR0_X87))
		return -EINVAL;
	if ((value & XCR0_AVX) && !(value & XCR0_SSE))
		return -EINVAL;
	if ((value & XCR0_AVX512) && ((value & XCR0_AVX512) != XCR0_AVX512 || !(value & XCR0_AVX)))
		return -EINVAL;
	v->arch.xcr0 = value;
	xsetbv(value);
	return 0;
}
