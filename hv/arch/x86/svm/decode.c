/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the control block after an exit to the neutral exit record. Where the CPU does not tell
 * the next instruction, its length is taken from a table: each of these has one usual encoding,
 * and a guest that prefixes them harms only itself.
 */
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/vcpu.h>

#include "svm.h"

/*
 * The exit may have cut off the delivery of an event: the CPU has moved it to EXITINTINFO and will
 * not try again (APM vol. 2, 15.7.2). Queue it anew, or the guest loses an interrupt. Software
 * interrupts and the breakpoint are repeated by executing the instruction again.
 */
static void requeue_event(struct svm_block *block)
{
	uint64_t info = block->exit_int_info;
	unsigned int type = info >> EVENT_TYPE_SHIFT & EVENT_TYPE_MASK;
	unsigned int vector = info & 0xff;

	block->event_inject = 0;
	if (!(info & EVENT_VALID) || type == EVENT_TYPE_SOFT)
		return;
	if (type == EVENT_TYPE_EXCEPTION && (vector == EXC_BP || vector == EXC_OF))
		return;
	/*
	 * No exception has such a number: QEMU 7.2 calls a virtual interrupt so that was cut off,
	 * and leaves V_IRQ set, which will deliver it again.
	 */
	if (type == EVENT_TYPE_EXCEPTION && vector > EXC_LAST)
		return;
	block->event_inject = info;
}

static uint64_t next_rip(struct vcpu *v, const struct svm_block *block, unsigned int length)
{
	if (svm_has_next_rip && block->next_rip)
		return block->next_rip;
	return v->arch.regs.rip + length;
}

static void decode_io(const struct svm_block *block, struct vm_exit *x)
{
	uint64_t info = block->exit_info_1;

	x->reason = EXIT_IO;
	x->io.port = (uint16_t)(info >> 16);
	x->io.in = info & IOIO_IN;
	x->io.string = info & (IOIO_STRING | IOIO_REP);
	x->io.size = info & IOIO_SIZE32 ? 4 : info & IOIO_SIZE16 ? 2 : 1;
	x->next_rip = block->exit_info_2;
}

static void decode_exception(struct svm_vcpu *s, struct vm_exit *x)
{
	x->exception.vector = (uint8_t)(s->block->exit_code - VMEXIT_EXCEPTION_FIRST);
	x->exception.has_error = x->exception.vector == EXC_AC ||
				 (x->exception.vector >= EXC_TS && x->exception.vector <= EXC_PF);
	x->exception.error = (uint32_t)s->block->exit_info_1;
	/* An intercepted page fault has not changed CR2 yet (APM vol. 2, 15.12.15). */
	if (x->exception.vector == EXC_PF)
		s->block->cr2 = s->block->exit_info_2;
	/*
	 * A machine check is not repeated for the host once it has ended the guest: what the guest
	 * has just read may be wrong, so it does not go on.
	 */
	x->reason = x->exception.vector == EXC_MC ? EXIT_UNKNOWN : EXIT_EXCEPTION;
}

void svm_decode_exit(struct vcpu *v, struct vm_exit *x)
{
	struct svm_vcpu *s = svm_of(v->arch.hw);
	struct svm_block *block = s->block;
	uint64_t code = block->exit_code;

	x->code = code;
	x->next_rip = 0;
	/* First, because everything else in the block then means nothing; the low half suffices. */
	if ((uint32_t)code == VMEXIT_INVALID_LOW) {
		x->reason = EXIT_INVALID;
		x->text = "VMRUN refused the control block";
		return;
	}
	requeue_event(block);

	switch (code) {
	case VMEXIT_INTR:
	case VMEXIT_NMI:
		x->reason = EXIT_INTERRUPT;
		break;
	case VMEXIT_IRET:
		svm_nmi_iret(s, v->arch.regs.rflags);
		x->reason = EXIT_WINDOW;
		break;
	case VMEXIT_CPUID:
		x->reason = EXIT_CPUID;
		x->next_rip = next_rip(v, block, 2);
		break;
	case VMEXIT_HLT:
		x->reason = EXIT_HLT;
		x->next_rip = next_rip(v, block, 1);
		break;
	case VMEXIT_MSR:
		x->reason = block->exit_info_1 & 1 ? EXIT_MSR_WRITE : EXIT_MSR_READ;
		x->next_rip = next_rip(v, block, 2);
		break;
	case VMEXIT_IOIO:
		decode_io(block, x);
		break;
	case VMEXIT_VMMCALL:
		x->reason = EXIT_HYPERCALL;
		x->next_rip = next_rip(v, block, 3);
		break;
	case VMEXIT_NPF:
		x->reason = EXIT_NESTED_FAULT;
		x->fault.gpa = block->exit_info_2;
		x->fault.present = block->exit_info_1 & NPF_PRESENT;
		x->fault.write = block->exit_info_1 & NPF_WRITE;
		x->fault.exec = block->exit_info_1 & NPF_EXEC;
		x->fault.table_walk = block->exit_info_1 & NPF_TABLE_WALK;
		break;
	case VMEXIT_XSETBV:
		x->reason = EXIT_XSETBV;
		x->next_rip = next_rip(v, block, 3);
		break;
	case VMEXIT_INVD:
	case VMEXIT_WBINVD:
		x->reason = EXIT_CACHE;
		x->next_rip = next_rip(v, block, 2);
		break;
	case VMEXIT_SHUTDOWN:
		x->reason = EXIT_TRIPLE_FAULT;
		break;
	case VMEXIT_RDPMC:
		x->reason = EXIT_PRIVILEGED;
		break;
	case VMEXIT_INVLPGA:
	case VMEXIT_VMRUN:
	case VMEXIT_VMLOAD ... VMEXIT_SKINIT:
	case VMEXIT_MONITOR ... VMEXIT_MWAIT_CONDITIONAL:
		x->reason = EXIT_UNDEFINED;
		break;
	case VMEXIT_EXCEPTION_FIRST ... VMEXIT_EXCEPTION_LAST:
		decode_exception(s, x);
		break;
	default:
		x->reason = EXIT_UNKNOWN;
		break;
	}
}
