/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's CPUs are and can do, for people and tools to see. */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/cpu.h>
#include <hv/string.h>

#include <arch/exit.h>
#include <arch/virt.h>
#include <arch/x86.h>

uint32_t arch_features(uint32_t *ret_unused)
{
	uint32_t features = virt->features(ret_unused);

	if (this_cpu()->arch.x2apic)
		features |= ARCH_FEATURE_X2APIC;
	if (cpuid(1, 0).ecx & BIT(24))
		features |= ARCH_FEATURE_TSC_DEADLINE;
	if (clock_tsc_is_stable())
		features |= ARCH_FEATURE_TSC_STABLE;
	if (fpu_guest_has_xsaves())
		features |= ARCH_FEATURE_XSAVES;
	else if (cpuid(0, 0).eax >= 0xd && cpuid(0xd, 1).eax & CPUID_D1_EAX_XSAVES)
		*ret_unused |= ARCH_FEATURE_XSAVES;
	/* Intel's table or AMD's: somebody could keep devices from memory. */
	if (acpi_find_table("DMAR", 0) || acpi_find_table("IVRS", 0))
		*ret_unused |= ARCH_FEATURE_IOMMU;
	return features;
}

void arch_cpu_model(char *buf, size_t size)
{
	uint32_t text[13] = { 0 };
	struct cpuid_regs r;
	const char *start;
	uint32_t i;

	if (cpuid(0x80000000, 0).eax >= 0x80000004)
		for (i = 0; i < 3; i++) {
			r = cpuid(0x80000002 + i, 0);
			text[i * 4] = r.eax;
			text[i * 4 + 1] = r.ebx;
			text[i * 4 + 2] = r.ecx;
			text[i * 4 + 3] = r.edx;
		}
	for (start = (const char *)text; *start == ' '; start++)
		;
	strcopy(buf, start, size);
}
