/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a CPU's SVM hv uses. Pure: from what CPUID says.
 *
 * Not used, and why:
 *   decode assists   tell which register an intercepted MOV to CR8 names, and the bytes of an
 *                    instruction that met a nested fault. hv intercepts no such move, and emulates
 *                    no instruction.
 *   virtual GIF      is for hypervisors inside guests. Guests here see no SVM: CLGI and STGI are #UD.
 *   AVIC, x2AVIC     deliver interrupts without an exit. Guests here have x2APICs, which plain AVIC
 *                    does not serve: it works on the APIC's page. x2AVIC would; but there is no
 *                    emulator that has it and no such host at hand, and an interrupt path that has
 *                    never delivered an interrupt is not for anybody's production.
 */
#include <hv/arch.h>

#include "svm.h"

#define VM_CR_LOCK BIT(3)
#define VM_CR_SVMDIS BIT(4)

uint32_t svm_choose_features(uint32_t svm_edx, bool has_1g_pages, uint32_t *ret_unused)
{
	static const struct {
		uint64_t bit;
		uint32_t feature;
		bool is_used;
	} known[] = {
		{ SVM_FEATURE_NPT,
		  ARCH_FEATURE_NESTED_PAGING | ARCH_FEATURE_PAGES_2M | ARCH_FEATURE_NESTED_DIRTY, true },
		{ SVM_FEATURE_NRIPS, ARCH_FEATURE_NEXT_RIP, true },
		{ SVM_FEATURE_FLUSH_BY_ASID, ARCH_FEATURE_FLUSH_BY_TAG, true },
		{ SVM_FEATURE_TSC_RATE, ARCH_FEATURE_TSC_SCALING, true },
		{ SVM_FEATURE_DECODE_ASSISTS, ARCH_FEATURE_DECODE_ASSISTS, false },
		{ SVM_FEATURE_AVIC, ARCH_FEATURE_APIC_VIRT, false },
		{ SVM_FEATURE_VIRTUAL_GIF, ARCH_FEATURE_VIRTUAL_GIF, false },
		{ SVM_FEATURE_X2AVIC, ARCH_FEATURE_X2APIC_VIRT, false },
		{ SVM_FEATURE_VIRTUAL_NMI, ARCH_FEATURE_VIRTUAL_NMI, false },
	};
	uint32_t used = ARCH_FEATURE_TLB_TAGS;
	unsigned int i;

	*ret_unused = 0;
	if (has_1g_pages)
		used |= ARCH_FEATURE_PAGES_1G;
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (!(svm_edx & known[i].bit))
			continue;
		if (known[i].is_used)
			used |= known[i].feature;
		else
			*ret_unused |= known[i].feature;
	}
	return used;
}

const char *svm_refusal(uint64_t vm_cr, uint32_t svm_edx)
{
	/* SVMDIS; with LOCK nobody can clear it before the next reset (APM vol. 2, 15.4, 15.30.1). */
	if (vm_cr & VM_CR_SVMDIS)
		return vm_cr & VM_CR_LOCK
			       ? "AMD-V (SVM) is switched off and locked by the firmware: see its setup"
			       : "AMD-V (SVM) is switched off by the firmware: see its setup";
	if (!(svm_edx & SVM_FEATURE_NPT))
		return "this CPU has AMD-V (SVM) without nested paging (NPT)";
	return NULL;
}

uint8_t svm_tlb_control(bool flush_all, bool flush_own)
{
	if (flush_all)
		return TLB_CONTROL_FLUSH_ALL;
	return flush_own ? TLB_CONTROL_FLUSH_ASID : TLB_CONTROL_NOTHING;
}
