/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual APIC, run by the CPU (Intel SDM vol. 3, chapter 30): in a guest it delivers what the
 * page requests, by priority, and carries out EOI, self IPI, writes of the task priority and reads,
 * all without an exit. What it needs besides the page is kept in the control structure, and is
 * brought there before an entry and back after the exit. For level interrupts an EOI exits.
 *
 * While the guest has its APIC switched off none of that happens: every access exits.
 *
 * Bochs 2.7 delivers a virtual interrupt that is pending though the guest's interrupts are off,
 * if one for hv comes at that moment (it asks whether one is pending, not whether one can be taken).
 * Hence 'vid=careful': none ever is pending then. Self IPIs and the task priority exit, an interrupt
 * that cannot be taken at once waits for the interrupt window, and if another waits behind it, it
 * ends with an exit.
 */
#include <arch/vlapic.h>
#include <arch/x86.h>
#include <hv/boot.h>
#include <hv/compiler.h>
#include <hv/string.h>
#include <hv/vcpu.h>

#include "vmx.h"

/* on, careful or off */
static char opt_vid[8] = "on";
OPTION_STRING("vid", opt_vid);

static bool careful;

void vmx_apic_choose(struct vmx_controls *c)
{
	careful = !strcmp(opt_vid, "careful");
	if (!strcmp(opt_vid, "off") || !strcmp(opt_vid, "0"))
		c->proc2 &= ~PROC2_APIC_ALL;
}

void vmx_apic_allow(exit_map_allow_fn allow, uint8_t *map)
{
	uint32_t msr;

	for (msr = MSR_X2APIC_FIRST; msr <= MSR_X2APIC_LAST; msr++)
		if (vlapic_is_in_page(msr))
			allow(map, msr, true, false);
	allow(map, MSR_X2APIC_EOI, false, true);
	if (careful)
		return;
	allow(map, MSR_X2APIC_TPR, false, true);
	allow(map, MSR_X2APIC_SELF_IPI, false, true);
}

void vmx_apic_reset(struct vmx_vcpu *s)
{
	unsigned int i;

	s->interrupt_status = 0;
	vmwrite(GUEST_INTERRUPT_STATUS, 0);
	for (i = 0; i < ARRAY_SIZE(s->eoi_exits); i++) {
		s->eoi_exits[i] = 0;
		vmwrite(EOI_EXIT_BITMAP(i), 0);
	}
}

static void write_status(struct vmx_vcpu *s, const struct vlapic *a, bool enabled)
{
	uint32_t status = (uint32_t)a->serviced << 8 | (enabled ? a->requested : 0u);

	if (s->interrupt_status != status)
		vmwrite(GUEST_INTERRUPT_STATUS, status);
	s->interrupt_status = status;
}

/* 'waits': one would be left waiting when that is delivered which can be at once. */
static void write_eoi_exits(struct vmx_vcpu *s, const struct vlapic *a, bool waits)
{
	uint64_t all = careful && waits ? ~0ull : 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(s->eoi_exits); i++) {
		uint64_t exits = READ_ONCE(a->level[i]) | all;

		if (s->eoi_exits[i] != exits)
			vmwrite(EOI_EXIT_BITMAP(i), exits);
		s->eoi_exits[i] = exits;
	}
}

bool vmx_apic_prepare(struct vcpu *v, struct vmx_vcpu *s)
{
	const struct vlapic *a = &v->arch.lapic;
	bool enabled = vlapic_is_enabled(a), pending = vlapic_pending_vector(v) >= 0;

	if (s->apic_exits == enabled)
		vmwrite(MSR_BITMAP, mfn_to_paddr(enabled ? vmx_msrs_apic : vmx_msrs));
	s->apic_exits = !enabled;
	write_status(s, a, enabled);
	write_eoi_exits(s, a, pending ? vlapic_has_several(a) : a->requested);
	return careful && pending;
}

void vmx_apic_finish(struct vcpu *v, struct vmx_vcpu *s)
{
	struct vlapic *a = &v->arch.lapic;

	s->interrupt_status = (uint32_t)vmread(GUEST_INTERRUPT_STATUS);
	if (!s->apic_exits)
		a->requested = (uint8_t)s->interrupt_status;
	a->serviced = (uint8_t)(s->interrupt_status >> 8);
}
