/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which controls hv sets. Each control field has a capability register: the bits that must be set,
 * and those that may (Intel SDM vol. 3, A.2 to A.5, A.10). Bits that must be set and that hv has
 * never heard of stay set.
 */
#include <hv/arch.h>
#include <hv/compiler.h>

#include "vmx.h"

enum want {
	NEEDED,
	USED,	   /* if it is there */
	TOGETHER,  /* if all of these bits are there */
	UNWANTED,  /* must not be forced */
};

struct control {
	uint32_t bit;
	enum want want;
	const char *name;
};

/* First what people have heard of. */
static const struct control proc_controls[] = {
	{ PROC_SECONDARY, NEEDED, "extended page tables (EPT)" },
	{ PROC_HLT, NEEDED, "exits by HLT" },
	{ PROC_MWAIT, NEEDED, "exits by MWAIT" },
	{ PROC_MONITOR, NEEDED, "exits by MONITOR" },
	{ PROC_RDPMC, NEEDED, "exits by RDPMC" },
	{ PROC_TPR_SHADOW, NEEDED, "a TPR shadow" },
	{ PROC_IO_BITMAPS, NEEDED, "I/O bitmaps" },
	{ PROC_MSR_BITMAPS, NEEDED, "MSR bitmaps" },
	{ PROC_TSC_OFFSET, USED, "TSC offsetting" },
	{ PROC_CR3_LOAD, UNWANTED, "writes to CR3 without an exit" },
	{ PROC_CR3_STORE, UNWANTED, "reads of CR3 without an exit" },
};

static const struct control proc2_controls[] = {
	{ PROC2_EPT, NEEDED, "extended page tables (EPT)" },
	{ PROC2_UNRESTRICTED, NEEDED, "unrestricted guest (real mode)" },
	{ PROC2_VPID, NEEDED, "virtual processor identifiers (VPID)" },
	{ PROC2_WBINVD, USED, "exits by WBINVD" },
	{ PROC2_APIC_ALL, TOGETHER, "an x2APIC run by the CPU" },
	/* Without these a guest gets #UD where CPUID has promised the instruction. */
	{ PROC2_RDTSCP, USED, "RDTSCP" },
	{ PROC2_INVPCID, USED, "INVPCID" },
	{ PROC2_PML, USED, "a log of pages written" },
	{ PROC2_XSAVES, USED, "XSAVES" },
	/* Both for domains alone that want another TSC than the host's (state.c). */
	{ PROC2_TSC_SCALING, USED, "TSC scaling" },
};

static const struct control pin_controls[] = {
	{ PIN_EXTERNAL_INTERRUPT, NEEDED, "exits by interrupts" },
	{ PIN_NMI, NEEDED, "exits by NMIs" },
	{ PIN_VIRTUAL_NMI, NEEDED, "virtual NMIs" },
	{ PIN_POSTED_INTERRUPTS, USED, "posted interrupts" },
};

static const struct control exit_controls[] = {
	{ EXIT_CTL_HOST_64, NEEDED, "64-bit hosts" },
	{ EXIT_CTL_ACKNOWLEDGE, USED, "exits that take the interrupt" },
	{ EXIT_CTL_DEBUG, NEEDED, "saving of debug controls" },
	{ EXIT_CTL_SAVE_EFER, NEEDED, "saving of EFER" },
	{ EXIT_CTL_LOAD_EFER, NEEDED, "loading of EFER" },
	{ EXIT_CTL_SAVE_PAT, NEEDED, "saving of the PAT" },
	{ EXIT_CTL_LOAD_PAT, NEEDED, "loading of the PAT" },
};

static const struct control entry_controls[] = {
	{ ENTRY_CTL_DEBUG, NEEDED, "loading of debug controls" },
	{ ENTRY_CTL_LOAD_EFER, NEEDED, "loading of EFER" },
	{ ENTRY_CTL_LOAD_PAT, NEEDED, "loading of the PAT" },
};

static const char *choose(uint64_t allowed, const struct control *controls, size_t n,
			  uint32_t *ret)
{
	uint32_t must = (uint32_t)allowed, may = (uint32_t)(allowed >> 32), value = must;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct control *c = &controls[i];

		if ((c->want == NEEDED && !(may & c->bit)) || (c->want == UNWANTED && must & c->bit))
			return c->name;
		if (c->want == UNWANTED || (c->want == TOGETHER && (may & c->bit) != c->bit))
			continue;
		value |= c->bit & may;
	}
	*ret = value;
	return NULL;
}

static const char *check_ept(uint64_t ept)
{
	if (!(ept & EPT_CAP_4_LEVELS) || !(ept & EPT_CAP_WB))
		return "write-back EPT of four levels";
	if (!(ept & EPT_CAP_2M))
		return "EPT pages of 2 MiB";
	if (!(ept & EPT_CAP_INVEPT) || !(ept & EPT_CAP_INVEPT_SINGLE))
		return "INVEPT for one guest";
	if (!(ept & EPT_CAP_INVVPID) || !(ept & EPT_CAP_INVVPID_ALL))
		return "INVVPID for all guests";
	return NULL;
}

const char *vmx_firmware_refusal(uint64_t feature_control)
{
	if ((feature_control & FEATURE_CONTROL_LOCKED) && !(feature_control & FEATURE_CONTROL_VMX))
		return "VT-x (VMX) is switched off and locked by the firmware: see its setup";
	return NULL;
}

const char *vmx_choose_controls(const struct vmx_caps *caps, struct vmx_controls *ret)
{
	struct vmx_controls c;
	const char *lack;

	/* Without these registers old defaults are all forced, exits by CR3 among them. */
	if (!(caps->basic & VMX_BASIC_TRUE_CONTROLS))
		return "extended page tables (EPT)";
	lack = choose(caps->proc, proc_controls, ARRAY_SIZE(proc_controls), &c.proc);
	if (!lack)
		lack = choose(caps->proc2, proc2_controls, ARRAY_SIZE(proc2_controls), &c.proc2);
	if (!lack)
		lack = check_ept(caps->ept_vpid);
	if (!lack)
		lack = choose(caps->pin, pin_controls, ARRAY_SIZE(pin_controls), &c.pin);
	if (!lack)
		lack = choose(caps->exit, exit_controls, ARRAY_SIZE(exit_controls), &c.exit);
	if (!lack)
		lack = choose(caps->entry, entry_controls, ARRAY_SIZE(entry_controls), &c.entry);
	if (lack)
		return lack;
	/* They are taken over by what delivers them, and want exits that take the interrupt (27.2.1.1). */
	if (!(c.proc2 & PROC2_INTERRUPT_DELIVERY && c.exit & EXIT_CTL_ACKNOWLEDGE))
		c.pin &= ~PIN_POSTED_INTERRUPTS;
	/* It logs dirty bits that are set: without them there is nothing to log (29.3.6). */
	if (!(caps->ept_vpid & EPT_CAP_AD))
		c.proc2 &= ~PROC2_PML;
	/* Without an offset there is no scaling either (26.3: RDTSC). */
	if (!(c.proc & PROC_TSC_OFFSET))
		c.proc2 &= ~PROC2_TSC_SCALING;
	*ret = c;
	return NULL;
}

uint32_t vmx_name_features(const struct vmx_caps *caps, const struct vmx_controls *controls,
			   uint32_t *ret_unused)
{
	const struct {
		uint64_t allowed;
		uint32_t chosen, bit, feature;
	} optional[] = {
		{ caps->proc2, controls->proc2, PROC2_APIC_REGISTERS | PROC2_INTERRUPT_DELIVERY,
		  ARCH_FEATURE_APIC_VIRT },
		{ caps->proc2, controls->proc2, PROC2_X2APIC, ARCH_FEATURE_X2APIC_VIRT },
		{ caps->proc2, controls->proc2, PROC2_PML, ARCH_FEATURE_PAGE_MOD_LOG },
		{ caps->proc2, controls->proc2, PROC2_TSC_SCALING, ARCH_FEATURE_TSC_SCALING },
		{ caps->pin, controls->pin, PIN_PREEMPTION_TIMER, ARCH_FEATURE_PREEMPTION_TIMER },
		{ caps->pin, controls->pin, PIN_POSTED_INTERRUPTS, ARCH_FEATURE_POSTED_INTERRUPTS },
	};
	uint32_t used = ARCH_FEATURE_NESTED_PAGING | ARCH_FEATURE_PAGES_2M | ARCH_FEATURE_NEXT_RIP |
			ARCH_FEATURE_TLB_TAGS | ARCH_FEATURE_VIRTUAL_NMI;
	size_t i;

	*ret_unused = 0;
	if (caps->ept_vpid & EPT_CAP_1G)
		used |= ARCH_FEATURE_PAGES_1G;
	if (caps->ept_vpid & EPT_CAP_AD)
		used |= ARCH_FEATURE_NESTED_DIRTY;
	for (i = 0; i < ARRAY_SIZE(optional); i++) {
		if ((optional[i].chosen & optional[i].bit) == optional[i].bit)
			used |= optional[i].feature;
		else if ((optional[i].allowed >> 32 & optional[i].bit) == optional[i].bit)
			*ret_unused |= optional[i].feature;
	}
	return used;
}
