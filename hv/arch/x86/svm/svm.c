/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AMD SVM: turning it on, and what happens around each entry. The control block's life is in
 * block.c, the exits are decoded in decode.c.
 */
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/slab.h>
#include <hv/vcpu.h>

#include "svm.h"

bool svm_has_next_rip;
bool svm_has_flush_by_asid;
bool svm_has_tsc_ratio;

static bool svm_is_ours(void)
{
	return cpuid(0x80000000, 0).eax >= 0x8000000a && cpuid(0x80000001, 0).ecx & BIT(2);
}

static const char *svm_why_not(void)
{
	return svm_refusal(rdmsr(MSR_VM_CR), cpuid(0x8000000a, 0).edx);
}

static uint32_t svm_features(uint32_t *ret_unused)
{
	return svm_choose_features(cpuid(0x8000000a, 0).edx, cpuid(0x80000001, 0).edx & BIT(26),
				   ret_unused);
}

static int svm_cpu_enable(void)
{
	struct cpu *cpu = this_cpu();
	struct svm_cpu *s = hv_alloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = frame_alloc_zeroed(0, &s->hsave);
	if (err) {
		hv_free(s, sizeof(*s));
		return err;
	}
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, mfn_to_paddr(s->hsave));
	s->nr_asids = cpuid(0x8000000a, 0).ebx;
	s->next_asid = 1; /* 0 is the host's */
	s->asid_generation = 1;
	svm_has_next_rip = cpuid(0x8000000a, 0).edx & SVM_FEATURE_NRIPS;
	svm_has_flush_by_asid = cpuid(0x8000000a, 0).edx & SVM_FEATURE_FLUSH_BY_ASID;
	svm_has_tsc_ratio = cpuid(0x8000000a, 0).edx & SVM_FEATURE_TSC_RATE;
	if (svm_has_tsc_ratio)
		wrmsr(MSR_TSC_RATIO, TSC_RATIO_ONE); /* whoever used it before */
	s->tsc_ratio = TSC_RATIO_ONE;
	cpu->arch.virt = s;
	return 0;
}

/*
 * Translations are tagged with an ASID. A fresh one is an empty TLB for this vCPU; when all are
 * used up, everything is flushed and counting starts again. Where the CPU can flush what one tag
 * marks, a vCPU keeps its tag, and the others their translations. The flush of everything belongs
 * to the CPU and goes with its next entry, whichever vCPU that is: this one may be taken off before
 * it gets there, and the tags are in use by then.
 */
static void take_fresh_tag(struct vcpu *v)
{
	struct svm_cpu *s = this_cpu()->arch.virt;

	if (s->next_asid >= s->nr_asids) {
		s->next_asid = 1;
		s->asid_generation++;
		s->flush_pending = true;
	}
	v->arch.asid = s->next_asid++;
	v->arch.asid_generation = s->asid_generation;
	svm_of(v->arch.hw)->block->asid = v->arch.asid;
}

static void svm_new_tlb_tag(struct vcpu *v)
{
	struct svm_cpu *s = this_cpu()->arch.virt;

	if (svm_has_flush_by_asid && v->arch.asid_generation == s->asid_generation)
		svm_of(v->arch.hw)->flush_own = true;
	else
		take_fresh_tag(v);
}

static unsigned int svm_tsc_multiplier_bits(unsigned int *ret_fraction_bits)
{
	*ret_fraction_bits = TSC_RATIO_FRACTION_BITS;
	return svm_has_tsc_ratio ? TSC_RATIO_BITS : 0;
}

/* The register is the CPU's, and counts in guests only: hv reads its own TSC as it is (15.30.5). */
static void load_tsc_ratio(const struct domain *d)
{
	struct svm_cpu *cpu = this_cpu()->arch.virt;
	uint64_t ratio = d->tsc.khz ? d->tsc.multiplier : TSC_RATIO_ONE;

	if (likely(cpu->tsc_ratio == ratio))
		return;
	wrmsr(MSR_TSC_RATIO, ratio);
	cpu->tsc_ratio = ratio;
}

static void svm_load(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v->arch.hw);

	load_tsc_ratio(v->domain);

	__asm__ volatile("vmload %0" ::"a"(mfn_to_paddr(ptr_to_mfn(s->block))) : "memory");
	__asm__ volatile("mov %0, %%db0" ::"r"(s->dr[0]));
	__asm__ volatile("mov %0, %%db1" ::"r"(s->dr[1]));
	__asm__ volatile("mov %0, %%db2" ::"r"(s->dr[2]));
	__asm__ volatile("mov %0, %%db3" ::"r"(s->dr[3]));
	if (v->loaded_on != this_cpu())
		v->arch.asid_generation = 0; /* a tag of another CPU means nothing here */
}

static void svm_save(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v->arch.hw);

	__asm__ volatile("vmsave %0" ::"a"(mfn_to_paddr(ptr_to_mfn(s->block))) : "memory");
	__asm__ volatile("mov %%db0, %0" : "=r"(s->dr[0]));
	__asm__ volatile("mov %%db1, %0" : "=r"(s->dr[1]));
	__asm__ volatile("mov %%db2, %0" : "=r"(s->dr[2]));
	__asm__ volatile("mov %%db3, %0" : "=r"(s->dr[3]));
}

static void svm_enter(struct vcpu *v, struct vm_exit *ret_exit)
{
	struct svm_cpu *cpu = this_cpu()->arch.virt;
	struct svm_vcpu *s = svm_of(v->arch.hw);
	struct svm_block *block = s->block;
	struct guest_regs *r = &v->arch.regs;
	bool step = s->stepping;

	if (v->arch.asid_generation != cpu->asid_generation)
		take_fresh_tag(v);
	block->tlb_control = svm_tlb_control(cpu->flush_pending, s->flush_own);
	cpu->flush_pending = s->flush_own = false;
	block->rax = r->rax;
	block->rsp = r->rsp;
	block->rip = r->rip;
	block->rflags = r->rflags;

	if (unlikely(step))
		svm_step_begin(s);
	/*
	 * An NMI waits for an exception that goes first. An interrupt of ours, which the entry takes
	 * once that is delivered, gives control back before the first instruction of its handler.
	 */
	if (unlikely(READ_ONCE(v->arch.nmi_pending)) && !s->nmi_masked &&
	    (block->event_inject & EVENT_VALID))
		arch_send_kick(this_cpu());

	svm_enter_guest(mfn_to_paddr(ptr_to_mfn(block)), r);

	r->rax = block->rax;
	r->rsp = block->rsp;
	r->rip = block->rip;
	r->rflags = block->rflags;
	svm_decode_exit(v, ret_exit);
	if (unlikely(step))
		svm_step_end(v, ret_exit);
}

static bool svm_is_event_queued(struct vcpu *v)
{
	return svm_of(v->arch.hw)->block->event_inject & EVENT_VALID;
}

static void svm_inject(struct vcpu *v, enum inject_kind kind, uint8_t vector, bool has_error,
		       uint32_t error)
{
	struct svm_vcpu *s = svm_of(v->arch.hw);
	uint64_t event = EVENT_VALID | vector;

	switch (kind) {
	case INJECT_NMI:
		event |= (uint64_t)EVENT_TYPE_NMI << EVENT_TYPE_SHIFT;
		/* Without virtual NMIs the handler's end shows in its IRET only (APM 15.9). */
		svm_nmi_started(s);
		break;
	case INJECT_EXCEPTION:
		event |= (uint64_t)EVENT_TYPE_EXCEPTION << EVENT_TYPE_SHIFT;
		/* In the place of an IRET that was to be stepped: then it has faulted. */
		if (s->stepping)
			svm_nmi_ended(s);
		break;
	}
	if (has_error)
		event |= EVENT_HAS_ERROR | (uint64_t)error << 32;
	s->block->event_inject = event;
}

static bool svm_can_take_nmi(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v->arch.hw);

	return !s->nmi_masked && !(s->block->interrupt_shadow & SHADOW_ACTIVE);
}

/*
 * A virtual interrupt (APM vol. 2, 15.21.4): the CPU delivers it by itself and clears V_IRQ then.
 * EVENTINJ could do the same for a guest with interrupts enabled, but would need a window exit
 * otherwise; and QEMU 7.2 may deliver an interrupt twice that was injected that way.
 */
static void svm_offer_interrupt(struct vcpu *v, int vector, bool any_priority)
{
	struct svm_block *block = svm_of(v->arch.hw)->block;
	uint64_t vintr = block->vintr & (VINTR_TPR_MASK | VINTR_MASKING);

	if (vector >= 0)
		vintr |= VINTR_IRQ | (uint64_t)vector << VINTR_VECTOR_SHIFT |
			 (uint64_t)vector >> 4 << VINTR_PRIORITY_SHIFT |
			 (any_priority ? VINTR_IGNORE_TPR : 0);
	block->vintr = vintr;
}

static bool svm_interrupt_was_taken(struct vcpu *v)
{
	return !(svm_of(v->arch.hw)->block->vintr & VINTR_IRQ);
}

static void svm_clear_shadow(struct vcpu *v)
{
	svm_of(v->arch.hw)->block->interrupt_shadow = 0;
}

static uint64_t svm_get_cr0(struct vcpu *v)
{
	return svm_of(v->arch.hw)->block->cr0;
}

static uint64_t svm_get_cr2(struct vcpu *v)
{
	return svm_of(v->arch.hw)->block->cr2;
}

static uint64_t svm_get_cr3(struct vcpu *v)
{
	return svm_of(v->arch.hw)->block->cr3;
}

static uint64_t svm_get_cr4(struct vcpu *v)
{
	return svm_of(v->arch.hw)->block->cr4;
}

static uint64_t svm_get_efer(struct vcpu *v)
{
	return svm_of(v->arch.hw)->block->efer & ~EFER_SVME;
}

static int svm_write_efer(struct svm_block *block, uint64_t value)
{
	uint64_t lma = block->efer & EFER_LMA;

	if (value & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return -EINVAL;
	if ((block->cr0 & CR0_PG) && ((value ^ block->efer) & EFER_LME))
		return -EINVAL;
	/* SVME must be set in every guest's EFER, or VMRUN fails (APM vol. 2, 15.5.1). */
	block->efer = (value & ~EFER_LMA) | lma | EFER_SVME;
	return 0;
}

static int svm_read_msr(struct vcpu *v, uint32_t msr, uint64_t *ret_value)
{
	struct svm_block *block = svm_of(v->arch.hw)->block;

	switch (msr) {
	case MSR_EFER:
		*ret_value = svm_get_efer(v);
		return 0;
	case MSR_PAT:
		*ret_value = block->g_pat;
		return 0;
	}
	return -ENOENT;
}

static int svm_write_msr(struct vcpu *v, uint32_t msr, uint64_t value)
{
	struct svm_block *block = svm_of(v->arch.hw)->block;

	switch (msr) {
	case MSR_EFER:
		return svm_write_efer(block, value);
	case MSR_PAT:
		if (!pat_is_valid(value))
			return -EINVAL;
		block->g_pat = value;
		return 0;
	}
	return -ENOENT;
}

static unsigned int svm_get_cpl(struct vcpu *v)
{
	return svm_of(v->arch.hw)->block->cpl;
}

static bool svm_is_64bit(struct vcpu *v)
{
	struct svm_block *block = svm_of(v->arch.hw)->block;

	/* CS.L is bit 9 of the attributes here: descriptor bit 53. */
	return (block->efer & EFER_LMA) && (block->cs.attributes & BIT(9));
}

static uint32_t svm_get_tpr(struct vcpu *v)
{
	return (uint32_t)(svm_of(v->arch.hw)->block->vintr & VINTR_TPR_MASK);
}

static void svm_set_tpr(struct vcpu *v, uint32_t tpr)
{
	struct svm_block *block = svm_of(v->arch.hw)->block;

	block->vintr = (block->vintr & ~VINTR_TPR_MASK) | (tpr & VINTR_TPR_MASK);
}

const struct virt_ops svm_ops = {
	.name = "svm",
	.is_ours = svm_is_ours,
	.why_not = svm_why_not,
	.cpu_enable = svm_cpu_enable,
	.features = svm_features,
	.tsc_multiplier_bits = svm_tsc_multiplier_bits,
	.domain_create = svm_domain_create,
	.vcpu_create = svm_vcpu_create,
	.vcpu_destroy = svm_vcpu_destroy,
	.reset = svm_reset,
	.set_real_mode = svm_set_real_mode,
	.set_pvh_entry = svm_set_pvh_entry,
	.load = svm_load,
	.save = svm_save,
	.enter = svm_enter,
	.is_event_queued = svm_is_event_queued,
	.inject = svm_inject,
	.can_take_nmi = svm_can_take_nmi,
	.offer_interrupt = svm_offer_interrupt,
	/*
	 * The hardware could (APM vol. 2, 15.21.2), but QEMU 7.2 lets an interrupt through whose class
	 * equals the priority. So what is held back comes at the first exit after CR8 was lowered.
	 */
	.offers_held_back = false,
	.interrupt_was_taken = svm_interrupt_was_taken,
	.clear_shadow = svm_clear_shadow,
	.new_tlb_tag = svm_new_tlb_tag,
	.get_cr0 = svm_get_cr0,
	.get_cr2 = svm_get_cr2,
	.get_cr3 = svm_get_cr3,
	.get_cr4 = svm_get_cr4,
	.get_efer = svm_get_efer,
	.read_msr = svm_read_msr,
	.write_msr = svm_write_msr,
	.get_cpl = svm_get_cpl,
	.is_64bit = svm_is_64bit,
	.get_tpr = svm_get_tpr,
	.set_tpr = svm_set_tpr,
	.pte_leaf = npt_leaf,
	.pte_table = npt_table,
	.pte_access = npt_access,
	.may_be_leaf = npt_may_be_leaf,
	.pte_dirty = npt_dirty,
};
