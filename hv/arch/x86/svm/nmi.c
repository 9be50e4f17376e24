/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of an NMI's handler. It shows by an IRET, whose intercept comes before the instruction, and
 * an NMI that waits must not go in before it: handlers would nest. So the guest executes the IRET
 * alone, by a single step, and hv has control right behind it.
 *
 * What the guest may see of that is nothing. TF stands in its flags during this one entry; IRET loads
 * them anew. An exception of the IRET itself would push the flags with TF in them: all that it can
 * raise are intercepted for this entry and injected once TF is out again. A virtual interrupt would
 * too: none is taken before the instruction, which is in an interrupt shadow. DR6 is put back. An exit
 * of another kind (a physical interrupt, a nested fault on the stack) came before the IRET: it is
 * stepped anew by the next entry.
 *
 * Left out: an IRET that switches tasks (NT set, outside long mode) would save TF in the old task's
 * segment. It gets the interrupt shadow alone, so that an NMI comes with some exit behind it.
 */
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/vcpu.h>

#include "svm.h"

/* What IRET raises besides #AC, which always exits. */
#define STEP_EXCEPTIONS                                                                              \
	(1u << EXC_TS | 1u << EXC_NP | 1u << EXC_SS | 1u << EXC_GP | 1u << EXC_PF)

/* DR6: which of the guest's own breakpoints were met; and the single step. */
#define DR6_HITS 0xful
#define DR6_BS BIT(14)

void svm_nmi_ended(struct svm_vcpu *s)
{
	s->stepping = s->nmi_masked = false;
}

void svm_nmi_started(struct svm_vcpu *s)
{
	s->nmi_masked = true;
	s->stepping = false;
	s->block->intercept_1 |= (uint32_t)ICPT1_IRET;
}

void svm_nmi_iret(struct svm_vcpu *s, uint64_t rflags)
{
	s->block->intercept_1 &= (uint32_t)~ICPT1_IRET;
	s->block->interrupt_shadow |= SHADOW_ACTIVE;
	if ((rflags & RFLAGS_NT) && !(s->block->efer & EFER_LMA))
		svm_nmi_ended(s);
	else
		s->stepping = true;
}

void svm_step_begin(struct svm_vcpu *s)
{
	struct svm_block *block = s->block;

	s->step_rip = block->rip;
	s->step_dr6 = block->dr6;
	s->step_flags = block->rflags;
	block->dr6 &= ~DR6_HITS;
	block->rflags |= RFLAGS_TF;
	block->interrupt_shadow |= SHADOW_ACTIVE;
	block->intercept_exceptions |= STEP_EXCEPTIONS;
}

void svm_step_end(struct vcpu *v, struct vm_exit *x)
{
	struct svm_vcpu *s = svm_of(v->arch.hw);
	struct svm_block *block = s->block;
	struct guest_regs *r = &v->arch.regs;
	uint64_t hits = block->dr6 & DR6_HITS;
	bool own_step = s->step_flags & RFLAGS_TF;

	block->intercept_exceptions &= ~STEP_EXCEPTIONS;
	block->dr6 = s->step_dr6;
	if (x->reason == EXIT_EXCEPTION && x->exception.vector == EXC_DB) {
		/* Behind the IRET, with the flags that it has loaded. */
		svm_nmi_ended(s);
		block->interrupt_shadow = 0;
		if (hits || own_step)
			block->dr6 |= hits | (own_step ? DR6_BS : 0);
		else
			x->reason = EXIT_WINDOW;
		return;
	}
	if (r->rip != s->step_rip) {
		svm_nmi_ended(s);
		return;
	}
	r->rflags = s->step_flags;
	/* An IRET that faults has ended the handler, too; whoever mends it executes another. */
	if (x->reason == EXIT_EXCEPTION)
		svm_nmi_ended(s);
}
