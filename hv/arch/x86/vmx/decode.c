/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what the CPU tells about an exit to the neutral exit record (Intel SDM vol. 3, chapter 28).
 * Pure: what has to be done to the vCPU comes out as the aftermath.
 */
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/compiler.h>

#include "vmx.h"

/*
 * The exit may have cut off the delivery of an event, which the CPU will not try again: the next
 * entry does (28.2.4). What software raised is raised again by executing the instruction anew.
 */
static void requeue_event(const struct vmx_exit_info *info, struct vmx_aftermath *a)
{
	if (!(info->vectoring & EVENT_VALID))
		return;
	switch (EVENT_TYPE(info->vectoring)) {
	case EVENT_NMI:
		a->unblock_nmi = true;
		break;
	case EVENT_INTERRUPT:
	case EVENT_EXCEPTION:
		break;
	default:
		return;
	}
	/* Bit 12 is undefined here, and reserved there. */
	a->queue = info->vectoring & ~EVENT_NMI_UNBLOCKED;
	a->queue_error = info->vectoring_error;
}

static void decode_io(const struct vmx_exit_info *info, struct vm_exit *x)
{
	uint64_t q = info->qualification;

	x->io.port = (uint16_t)(q >> 16);
	x->io.in = q & IO_IN;
	x->io.string = q & (IO_STRING | IO_REP);
	x->io.size = IO_SIZE(q);
}

static void decode_exception(const struct vmx_exit_info *info, struct vm_exit *x,
			     struct vmx_aftermath *a)
{
	uint8_t vector = (uint8_t)info->event;

	if (EVENT_TYPE(info->event) == EVENT_NMI) {
		x->reason = EXIT_INTERRUPT;
		a->host_nmi = true;
		return;
	}
	x->exception.vector = vector;
	x->exception.has_error = info->event & EVENT_HAS_ERROR;
	x->exception.error = info->event_error;
	/*
	 * A machine check is not repeated for the host once it has ended the guest: what the guest
	 * has just read may be wrong, so it does not go on.
	 */
	x->reason = vector == EXC_MC ? EXIT_UNKNOWN : EXIT_EXCEPTION;
	if (vector == EXC_DB) {
		a->debug = true;
		a->skip = EVENT_TYPE(info->event) == EVENT_INT1;
	}
	if ((info->event & EVENT_NMI_UNBLOCKED) && vector != EXC_DF &&
	    !(info->vectoring & EVENT_VALID))
		a->block_nmi = true;
}

/* IRET ended the blocking and did not get further: it is executed again (28.2.3). */
static void block_nmi_again(const struct vmx_exit_info *info, struct vmx_aftermath *a)
{
	if ((info->qualification & EPTV_NMI_UNBLOCKED) && !(info->vectoring & EVENT_VALID))
		a->block_nmi = true;
}

static void decode_ept_violation(const struct vmx_exit_info *info, struct vm_exit *x,
				 struct vmx_aftermath *a)
{
	uint64_t q = info->qualification;

	x->fault.gpa = info->gpa;
	x->fault.write = q & EPTV_WRITE;
	x->fault.exec = q & EPTV_EXEC;
	x->fault.present = q & EPTV_PRESENT;
	x->fault.table_walk = (q & EPTV_LINEAR_VALID) && !(q & EPTV_LINEAR_ITSELF);
	block_nmi_again(info, a);
}

/* The CPU has carried out a write to the virtual APIC, and is behind the instruction (30.4.1). */
static void decode_apic(const struct vmx_exit_info *info, uint32_t reason, struct vm_exit *x)
{
	bool eoi = reason == REASON_EOI;

	x->reason = EXIT_APIC;
	x->apic.msr = eoi ? MSR_X2APIC_EOI : MSR_X2APIC_FIRST + (uint32_t)(info->qualification >> 4);
	x->apic.vector = eoi ? (uint8_t)info->qualification : 0;
}

/* Exits whose reason says it all. */
static enum exit_reason plain_reason(uint32_t reason)
{
	switch (reason) {
	case REASON_INTERRUPT:
		return EXIT_INTERRUPT;
	case REASON_TRIPLE_FAULT:
		return EXIT_TRIPLE_FAULT;
	case REASON_INTERRUPT_WINDOW:
	case REASON_NMI_WINDOW:
	case REASON_TPR_THRESHOLD:
		return EXIT_WINDOW;
	case REASON_CPUID:
		return EXIT_CPUID;
	case REASON_HLT:
		return EXIT_HLT;
	case REASON_INVD:
	case REASON_WBINVD:
		return EXIT_CACHE;
	case REASON_RDPMC:
		return EXIT_PRIVILEGED;
	case REASON_VMCALL:
		return EXIT_HYPERCALL;
	case REASON_CR:
		return EXIT_CONTROL_REGISTER;
	case REASON_IO:
		return EXIT_IO;
	case REASON_RDMSR:
		return EXIT_MSR_READ;
	case REASON_WRMSR:
		return EXIT_MSR_WRITE;
	case REASON_EPT_VIOLATION:
		return EXIT_NESTED_FAULT;
	case REASON_LOG_FULL:
		return EXIT_LOG_FULL;
	case REASON_XSETBV:
		return EXIT_XSETBV;
	case REASON_GETSEC:
	case REASON_VMCLEAR ... REASON_VMXON:
	case REASON_MWAIT:
	case REASON_MONITOR:
	case REASON_INVEPT:
	case REASON_INVVPID:
	case REASON_VMFUNC:
	case REASON_ENCLS:
		return EXIT_UNDEFINED;
	}
	return EXIT_UNKNOWN;
}

void vmx_decode_exit(const struct vmx_exit_info *info, struct vm_exit *x, struct vmx_aftermath *a)
{
	uint32_t reason = info->reason & REASON_MASK;

	*a = (struct vmx_aftermath){ 0 };
	x->code = info->reason;
	x->next_rip = info->rip + info->instruction_length;
	if (info->reason & REASON_ENTRY_FAILED) {
		x->reason = EXIT_INVALID;
		x->text = "the CPU does not say which field"; /* check.c finds out */
		return;
	}
	requeue_event(info, a);
	x->reason = plain_reason(reason);
	if (reason == REASON_EXCEPTION) {
		decode_exception(info, x, a);
	} else if (reason == REASON_INTERRUPT) {
		a->host_interrupt = info->event & EVENT_VALID;
		a->host_vector = (uint8_t)info->event;
	} else if (reason == REASON_IO) {
		decode_io(info, x);
	} else if (reason == REASON_EPT_VIOLATION) {
		decode_ept_violation(info, x, a);
	} else if (reason == REASON_LOG_FULL) {
		block_nmi_again(info, a);
	} else if (reason == REASON_EOI || reason == REASON_APIC_WRITE) {
		decode_apic(info, reason, x);
	} else if (reason == REASON_EPT_MISCONFIG) {
		x->reason = EXIT_INVALID;
		x->text = "an entry of its nested page table";
	}
}
