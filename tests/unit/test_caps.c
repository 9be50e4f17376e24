/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hv makes of Intel CPUs that no emulator has: features and refusals. */
#include <string.h>

#include <hv/arch.h>

#include "../../hv/arch/x86/vmx/fields.h"
#include "../../hv/arch/x86/vmx/vmx.h"

#include "unit.h"

/* A CPU that has everything and forces nothing. */
static struct vmx_caps rich(void)
{
	return (struct vmx_caps){
		.basic = ~0ull,
		.pin = 0xffffffffull << 32,
		.proc = 0xffffffffull << 32,
		.proc2 = 0xffffffffull << 32,
		.exit = 0xffffffffull << 32,
		.entry = 0xffffffffull << 32,
		.ept_vpid = ~0ull,
	};
}

static void firmware_that_locks_vmx_off_is_named(void)
{
	const char *why = vmx_firmware_refusal(FEATURE_CONTROL_LOCKED);

	CU_ASSERT(why && strstr(why, "VT-x") && strstr(why, "firmware") && strstr(why, "locked"));
	CU_ASSERT_PTR_NULL(vmx_firmware_refusal(FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX));
	/* Not locked: hv turns it on. */
	CU_ASSERT_PTR_NULL(vmx_firmware_refusal(0));
}

static void what_vmx_lacks_is_named(void)
{
	struct vmx_controls controls;
	struct vmx_caps c = rich();
	const char *lack;

	CU_ASSERT_PTR_NULL(vmx_choose_controls(&c, &controls));
	c.proc2 &= ~((uint64_t)PROC2_EPT << 32);
	lack = vmx_choose_controls(&c, &controls);
	CU_ASSERT(lack && strstr(lack, "EPT"));
	c = rich();
	c.proc &= ~((uint64_t)PROC_SECONDARY << 32);
	lack = vmx_choose_controls(&c, &controls);
	CU_ASSERT(lack && strstr(lack, "EPT"));
	c = rich();
	c.proc2 &= ~((uint64_t)PROC2_UNRESTRICTED << 32);
	lack = vmx_choose_controls(&c, &controls);
	CU_ASSERT(lack && strstr(lack, "unrestricted guest"));
	c = rich();
	c.proc2 &= ~((uint64_t)PROC2_VPID << 32);
	lack = vmx_choose_controls(&c, &controls);
	CU_ASSERT(lack && strstr(lack, "VPID"));
}

static void vmx_features_are_used_or_told_as_unused(void)
{
	struct vmx_controls controls = { 0 };
	struct vmx_caps c = rich();
	uint32_t unused, used;

	used = vmx_name_features(&c, &controls, &unused);
	CU_ASSERT(used & ARCH_FEATURE_NESTED_PAGING);
	CU_ASSERT(used & ARCH_FEATURE_PAGES_1G);
	CU_ASSERT(unused & ARCH_FEATURE_POSTED_INTERRUPTS);
	CU_ASSERT(unused & ARCH_FEATURE_APIC_VIRT);
	/* Chosen as a whole or not at all. */
	CU_ASSERT_PTR_NULL(vmx_choose_controls(&c, &controls));
	CU_ASSERT_EQUAL(controls.proc2 & PROC2_APIC_ALL, PROC2_APIC_ALL);
	used = vmx_name_features(&c, &controls, &unused);
	CU_ASSERT(used & ARCH_FEATURE_APIC_VIRT && used & ARCH_FEATURE_X2APIC_VIRT);
	c.proc2 &= ~((uint64_t)PROC2_INTERRUPT_DELIVERY << 32);
	CU_ASSERT_PTR_NULL(vmx_choose_controls(&c, &controls));
	CU_ASSERT_EQUAL(controls.proc2 & PROC2_APIC_ALL, 0);
	CU_ASSERT_EQUAL(controls.pin & PIN_POSTED_INTERRUPTS, 0);
	c = rich();
	CU_ASSERT_PTR_NULL(vmx_choose_controls(&c, &controls));
	CU_ASSERT(controls.pin & PIN_POSTED_INTERRUPTS && controls.exit & EXIT_CTL_ACKNOWLEDGE);
	used = vmx_name_features(&c, &controls, &unused);
	CU_ASSERT(used & ARCH_FEATURE_POSTED_INTERRUPTS && unused & ARCH_FEATURE_PREEMPTION_TIMER);
	/* Exits would not take the notification from the local APIC. */
	c.exit &= ~((uint64_t)EXIT_CTL_ACKNOWLEDGE << 32);
	CU_ASSERT_PTR_NULL(vmx_choose_controls(&c, &controls));
	CU_ASSERT_EQUAL(controls.pin & PIN_POSTED_INTERRUPTS, 0);
	c = rich();
	CU_ASSERT_PTR_NULL(vmx_choose_controls(&c, &controls));
	CU_ASSERT(vmx_name_features(&c, &controls, &unused) & ARCH_FEATURE_TSC_SCALING);
	CU_ASSERT(controls.proc2 & PROC2_XSAVES);
	/* No scaling without an offset. */
	c.proc &= ~((uint64_t)PROC_TSC_OFFSET << 32);
	CU_ASSERT_PTR_NULL(vmx_choose_controls(&c, &controls));
	CU_ASSERT(!(controls.proc2 & PROC2_TSC_SCALING));
	c.proc2 &= ~((uint64_t)PROC2_XSAVES << 32);
	CU_ASSERT_PTR_NULL(vmx_choose_controls(&c, &controls));
	CU_ASSERT(!(controls.proc2 & PROC2_XSAVES));
	c = rich();
	/* What is chosen is used. */
	controls.proc2 = PROC2_PML;
	used = vmx_name_features(&c, &controls, &unused);
	CU_ASSERT(used & ARCH_FEATURE_PAGE_MOD_LOG);
	CU_ASSERT_EQUAL(used & unused, 0);
	/* What the CPU does not have is neither. */
	c.pin = 0;
	vmx_name_features(&c, &controls, &unused);
	CU_ASSERT(!(unused & ARCH_FEATURE_POSTED_INTERRUPTS));
	c.ept_vpid &= ~EPT_CAP_1G;
	CU_ASSERT(!(vmx_name_features(&c, &controls, &unused) & ARCH_FEATURE_PAGES_1G));
}

UNIT_MAIN("caps", UNIT_TEST(firmware_that_locks_vmx_off_is_named), UNIT_TEST(what_vmx_lacks_is_named),
	  UNIT_TEST(vmx_features_are_used_or_told_as_unused))
