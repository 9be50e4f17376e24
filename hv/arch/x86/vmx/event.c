/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which event goes with an entry, and which exits are to tell when others can. An entry delivers
 * one event, whether or not the guest could take it (Intel SDM vol. 3, 27.6): so an external
 * interrupt is delivered only if the guest would take it now; else a window exit comes at the first
 * moment when it can, or, if its task priority is what forbids it, when that falls.
 */
#include "vmx.h"

void vmx_plan_events(const struct vmx_event_state *e, struct vmx_event_plan *ret)
{
	bool has_queued = e->queued & EVENT_VALID;
	bool can_take = e->interrupts_enabled &&
			!(e->interruptibility & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS));

	*ret = (struct vmx_event_plan){ 0 };
	if (has_queued)
		ret->event = e->queued;
	if (e->offered >= 0) {
		uint32_t priority = (uint32_t)e->offered >> 4;

		if (!e->any_priority && priority <= e->tpr) {
			ret->tpr_threshold = priority;
		} else if (can_take && !has_queued) {
			ret->event = EVENT_VALID | EVENT_OF_TYPE(EVENT_INTERRUPT) |
				     (uint32_t)e->offered;
			ret->takes_offer = true;
		} else {
			ret->interrupt_window = true;
		}
	}
	if (e->nmi_waits) {
		/*
		 * An NMI window does not wait for the end of STI's shadow, an interrupt window does;
		 * and interrupts are enabled there.
		 */
		if (e->interruptibility & BLOCKED_BY_STI)
			ret->interrupt_window = true;
		else
			ret->nmi_window = true;
	}
}
