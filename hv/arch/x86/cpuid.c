/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a virtual CPU says it is: the host's leaves, less what hv does not virtualise. Features are
 * named by what is passed on, so that one that hv has never heard of stays hidden.
 */
#include <arch/exit.h>
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/guest_abi.h>
#include <hv/vcpu.h>

/* Leaf 1 ECX: SSE3 PCLMUL SSSE3 FMA CX16 PCID SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND */
#define LEAF1_ECX                                                                                  \
	(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(17) | BIT(19) | BIT(20) | BIT(22) |    \
	 BIT(23) | BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30))
#define LEAF1_ECX_X2APIC BIT(21)
#define LEAF1_ECX_OSXSAVE BIT(27)
#define LEAF1_ECX_HYPERVISOR BIT(31)
/* EDX: all but MCE, MCA (host's), DS, ACPI thermal, HTT (set by topology), TM, PBE */
#define LEAF1_EDX                                                                                  \
	(BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) |          \
	 BIT(11) | BIT(12) | BIT(13) | BIT(15) | BIT(16) | BIT(17) | BIT(19) | BIT(23) |           \
	 BIT(24) | BIT(25) | BIT(26))
#define LEAF1_EDX_HTT BIT(28)
/* Leaf 7 EBX: FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS INVPCID RDSEED ADX SMAP CLFLUSHOPT CLWB SHA, AVX-512 */
#define LEAF7_EBX                                                                                  \
	(BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(10) | BIT(16) | BIT(17) | BIT(18) |       \
	 BIT(19) | BIT(20) | BIT(21) | BIT(23) | BIT(24) | BIT(28) | BIT(29) | BIT(30) | BIT(31))
/* ECX: UMIP VBMI2 GFNI VAES VPCLMUL VNNI BITALG VPOPCNT LA57 RDPID */
#define LEAF7_ECX                                                                                  \
	(BIT(1) | BIT(2) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(12) | BIT(14) |      \
	 BIT(16) | BIT(22))
/* EDX: FSRM */
#define LEAF7_EDX BIT(4)
/* 0x80000001 ECX: LAHF CR8 ABM SSE4A misaligned PREFETCHW */
#define EXT1_ECX (BIT(0) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8))
/* EDX: leaf 1's common bits, SYSCALL NX MMXEXT FFXSR(no) 1GB RDTSCP LM 3DNow(no) */
#define EXT1_EDX                                                                                   \
	((LEAF1_EDX & 0x0183f3ff) | BIT(11) | BIT(20) | BIT(22) | BIT(23) | BIT(24) | BIT(26) |    \
	 BIT(27) | BIT(29))

#define MAX_BASIC 0xdu
#define MAX_EXTENDED 0x8000001eu

static void leaf_1(struct vcpu *v, struct cpuid_regs *r)
{
	uint32_t nr = v->domain->nr_vcpus;

	r->ebx = (r->ebx & 0xff00) | (arch_vcpu_apic_id(v) & 0xff) << 24 | (MIN(nr, 255u) & 0xff) << 16;
	r->ecx = (r->ecx & (uint32_t)LEAF1_ECX) | (uint32_t)(LEAF1_ECX_X2APIC | LEAF1_ECX_HYPERVISOR);
	if (virt->get_cr4(v) & CR4_OSXSAVE)
		r->ecx |= (uint32_t)LEAF1_ECX_OSXSAVE;
	r->edx &= (uint32_t)LEAF1_EDX;
}

/* One thread a core, all in one package: levels SMT and core, each with this vCPU's id. */
static void leaf_topology(struct vcpu *v, uint32_t subleaf, struct cpuid_regs *r)
{
	uint32_t bits = 0;

	while (1u << bits < v->domain->nr_vcpus)
		bits++;
	if (domain_is_control(v->domain))
		bits = 8;
	r->eax = subleaf == 1 ? bits : 0;
	r->ebx = subleaf == 0 ? 1 : subleaf == 1 ? v->domain->nr_vcpus : 0;
	r->ecx = subleaf | (subleaf == 0 ? 1u << 8 : subleaf == 1 ? 2u << 8 : 0);
	r->edx = arch_vcpu_apic_id(v);
}

static void leaf_xsave(struct vcpu *v, uint32_t subleaf, struct cpuid_regs *r)
{
	uint64_t supported = fpu_supported_xcr0();

	if (subleaf == 0) {
		r->eax = (uint32_t)supported;
		r->edx = (uint32_t)(supported >> 32);
		r->ebx = fpu_area_size(v->arch.xcr0);
		r->ecx = fpu_area_size(supported);
	} else if (subleaf == 1) {
		r->eax &= (uint32_t)(CPUID_D1_EAX_XSAVEOPT | CPUID_D1_EAX_XSAVEC |
				     CPUID_D1_EAX_XGETBV1 | CPUID_D1_EAX_XSAVES);
		/* The host's speaks of the host's XCR0. ECX, EDX: no supervisor component. */
		r->ebx = r->eax & CPUID_D1_EAX_XSAVEC ? fpu_compact_size(v->arch.xcr0) : 0;
		r->ecx = r->edx = 0;
	} else if (subleaf > 62 || !(supported & BIT(subleaf))) {
		*r = (struct cpuid_regs){ 0 };
	}
}

static void basic_leaf(struct vcpu *v, uint32_t leaf, uint32_t subleaf, struct cpuid_regs *r)
{
	switch (leaf) {
	case 0:
		r->eax = MAX(MIN(r->eax, MAX_BASIC), 0xbu);
		break;
	case 1:
		leaf_1(v, r);
		break;
	case 2:
	case 4:
		break;
	case 6:
		*r = (struct cpuid_regs){ .eax = BIT(2) }; /* hv's timers never stop (ARAT) */
		break;
	case 7:
		if (subleaf) {
			*r = (struct cpuid_regs){ 0 };
			break;
		}
		r->eax = 0;
		r->ebx &= (uint32_t)LEAF7_EBX;
		r->ecx &= (uint32_t)LEAF7_ECX;
		r->edx &= (uint32_t)LEAF7_EDX;
		break;
	case 0xb:
		leaf_topology(v, subleaf, r);
		break;
	case 0xd:
		leaf_xsave(v, subleaf, r);
		break;
	default:
		*r = (struct cpuid_regs){ 0 };
		break;
	}
}

static void extended_leaf(uint32_t leaf, struct cpuid_regs *r)
{
	switch (leaf) {
	case 0x80000000:
		r->eax = MIN(r->eax, MAX_EXTENDED);
		break;
	case 0x80000001:
		r->ecx &= (uint32_t)EXT1_ECX;
		r->edx &= (uint32_t)EXT1_EDX;
		break;
	case 0x80000002 ... 0x80000006:
		break;
	case 0x80000007:
		*r = (struct cpuid_regs){ .edx = r->edx & (uint32_t)BIT(8) }; /* invariant TSC */
		break;
	case 0x80000008:
		r->eax = (r->eax & 0xff00) | arch_physmap_address_bits();
		r->ebx = r->ecx = r->edx = 0;
		break;
	default:
		*r = (struct cpuid_regs){ 0 };
		break;
	}
}

void exit_cpuid(struct vcpu *v)
{
	struct guest_regs *g = &v->arch.regs;
	uint32_t leaf = (uint32_t)g->rax, subleaf = (uint32_t)g->rcx, abi[4];
	struct cpuid_regs r = { 0 };

	if (guest_abi_cpuid(v, leaf, subleaf, abi)) {
		r = (struct cpuid_regs){ abi[0], abi[1], abi[2], abi[3] };
	} else if (leaf <= MAX_BASIC) {
		r = leaf <= cpuid(0, 0).eax ? cpuid(leaf, subleaf) : r;
		basic_leaf(v, leaf, subleaf, &r);
	} else if (leaf >= 0x80000000 && leaf <= MAX_EXTENDED) {
		r = leaf <= cpuid(0x80000000, 0).eax ? cpuid(leaf, subleaf) : r;
		extended_leaf(leaf, &r);
	}
	if (virt->hide_cpuid)
		virt->hide_cpuid(leaf, subleaf, &r);
	g->rax = r.eax;
	g->rbx = r.ebx;
	g->rcx = r.ecx;
	g->rdx = r.edx;
}
