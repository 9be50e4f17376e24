/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page-modification logging (Intel SDM vol. 3, 29.3.6): when the CPU sets a dirty bit of the EPT, it
 * writes the page's address to a log of 512 entries, from the last one down. What is in it does not
 * matter here, how much does: each page is logged once, when its bit goes from 0 to 1.
 *
 * A guest always has a log. While nobody asks what it writes all of its bits are set, and nothing
 * is ever logged.
 */
#include <arch/virt.h>
#include <hv/dirty.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/vcpu.h>

#include "vmx.h"

#define LAST_ENTRY 511u

uint64_t vmx_pte_dirty(bool *ret_logs)
{
	*ret_logs = vmx_controls.proc2 & PROC2_PML;
	return vmx_caps.ept_vpid & EPT_CAP_AD ? EPT_DIRTY : 0;
}

int vmx_log_create(struct vcpu *v, struct vmx_vcpu *s)
{
	if (!(vmx_controls.proc2 & PROC2_PML) || domain_is_control(v->domain))
		return 0;
	return frame_alloc_zeroed(0, &s->log);
}

void vmx_log_destroy(struct vmx_vcpu *s)
{
	if (s->log.n)
		frame_free(s->log, 0);
}

void vmx_log_reset(struct vmx_vcpu *s)
{
	if (!s->log.n)
		return;
	vmwrite(PML_ADDRESS, mfn_to_paddr(s->log));
	vmwrite(PML_INDEX, LAST_ENTRY);
}

/* The index is of the entry to be written next; 0xffff, of 16 bits, when all are. */
void vmx_log_drain(struct vcpu *v, struct vmx_vcpu *s)
{
	uint32_t nr;

	if (!s->log.n || !dirty_is_on(v->domain))
		return;
	nr = (LAST_ENTRY - (uint32_t)vmread(PML_INDEX)) & 0xffff;
	if (!nr)
		return;
	dirty_add(v->domain, nr);
	vmwrite(PML_INDEX, LAST_ENTRY);
}
