/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual APIC, run by the CPU (Intel SDM vol. 3, chapter 30): in a guest it delivers what the
 * page requests, by priority, and carries out EOI, self IPI, writes of the task priority and reads,
 * all without an exit. What it needs besides the page is kept in the control structure, and is
 * brought there before an entry and back after the exit. For level interrupts an EOI exits.
 *
 * While the guest has its APIC switched off none of that happens: every access exits.
 *
 * What is posted while the guest runs, the CPU takes over there when it is notified: no exit (30.6).
 * Its vector (IRQ_VECTOR_POSTED) means that in any guest, and in hv nothing: so it does no harm where it
 * comes late, to another vCPU's guest or to hv, which takes over what is posted before each entry.
 */
#include <arch/vlapic.h>
#include <arch/x86.h>
#include <hv/boot.h>
#include <hv/compiler.h>
#include <hv/irq.h>
#include <hv/vcpu.h>

#include "vmx.h"

static bool opt_vid = true, opt_posted = true;
OPTION_BOOL("vid", opt_vid);
OPTION_BOOL("posted", opt_posted);

void vmx_apic_choose(struct vmx_controls *c)
{
	if (!opt_vid)
		c->proc2 &= ~PROC2_APIC_ALL;
	if (!opt_posted || !(c->proc2 & PROC2_INTERRUPT_DELIVERY))
		c->pin &= ~PIN_POSTED_INTERRUPTS;
}

void vmx_apic_allow(exit_map_allow_fn allow, uint8_t *map)
{
	uint32_t msr;

	for (msr = MSR_X2APIC_FIRST; msr <= MSR_X2APIC_LAST; msr++)
		if (vlapic_is_in_page(msr))
			allow(map, msr, true, false);
	allow(map, MSR_X2APIC_EOI, false, true);
	allow(map, MSR_X2APIC_TPR, false, true);
	allow(map, MSR_X2APIC_SELF_IPI, false, true);
}

void vmx_apic_reset(struct vcpu *v, struct vmx_vcpu *s)
{
	unsigned int i;

	if (vmx_takes_posted()) {
		vmwrite(POSTED_VECTOR, IRQ_VECTOR_POSTED);
		vmwrite(POSTED_DESCRIPTOR, (uintptr_t)&v->arch.lapic.posted);
	}
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

static void write_eoi_exits(struct vmx_vcpu *s, const struct vlapic *a)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(s->eoi_exits); i++) {
		uint64_t exits = READ_ONCE(a->level[i]);

		if (s->eoi_exits[i] != exits)
			vmwrite(EOI_EXIT_BITMAP(i), exits);
		s->eoi_exits[i] = exits;
	}
}

/* To an APIC that is switched off nothing is delivered, nor is anything taken over for it. */
static void follow_switch(struct vmx_vcpu *s, bool enabled)
{
	if (s->apic_exits != enabled)
		return;
	s->apic_exits = !enabled;
	vmwrite(MSR_BITMAP, mfn_to_paddr(enabled ? vmx_msrs_apic : vmx_msrs));
	if (vmx_takes_posted())
		vmwrite(PIN_CONTROLS,
			enabled ? vmx_controls.pin : vmx_controls.pin & ~PIN_POSTED_INTERRUPTS);
}

void vmx_apic_prepare(struct vcpu *v, struct vmx_vcpu *s)
{
	const struct vlapic *a = &v->arch.lapic;
	bool enabled = vlapic_is_enabled(a);

	follow_switch(s, enabled);
	write_status(s, a, enabled);
	write_eoi_exits(s, a);
}

void vmx_apic_finish(struct vcpu *v, struct vmx_vcpu *s)
{
	struct vlapic *a = &v->arch.lapic;

	s->interrupt_status = (uint32_t)vmread(GUEST_INTERRUPT_STATUS);
	if (!s->apic_exits)
		a->requested = (uint8_t)s->interrupt_status;
	a->serviced = (uint8_t)(s->interrupt_status >> 8);
}
