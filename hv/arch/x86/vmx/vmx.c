/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel VMX: turning it on, and what happens around each entry. The VMCS's life is in state.c,
 * exits are decoded in decode.c, events chosen in event.c.
 *
 * The CPU switches nearly everything: control and segment registers, SYSENTER's MSRs, EFER and PAT
 * at each entry and exit. Of the rest hv uses nothing, so it is switched when another vCPU is put
 * on the CPU (vmx_load, vmx_save).
 */
#include <arch/idt.h>
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/cpu.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/slab.h>
#include <hv/string.h>
#include <hv/vcpu.h>

#include "vmx.h"

#define CPUID_1_ECX_VMX BIT(5)
#define CPUID_7_EBX_INVPCID (1u << 10)
#define CPUID_7_ECX_RDPID (1u << 22)
#define CPUID_EXT1_EDX_RDTSCP (1u << 27)
#define APIC_TPR 8u /* register number */
#define DR6_STEP_BITS 0xe00ful /* BT, BS, BD, B3 to B0 */
#define DR7_GD BIT(13)
#define NR_VPIDS 0x10000u

struct vmx_controls vmx_controls;
struct vmx_caps vmx_caps;

/* ---- on ---- */

static void read_caps(struct vmx_caps *c)
{
	*c = (struct vmx_caps){ .basic = rdmsr(MSR_VMX_BASIC) };
	if (!(c->basic & VMX_BASIC_TRUE_CONTROLS))
		return;
	c->pin = rdmsr(MSR_VMX_TRUE_PIN);
	c->proc = rdmsr(MSR_VMX_TRUE_PROC);
	c->exit = rdmsr(MSR_VMX_TRUE_EXIT);
	c->entry = rdmsr(MSR_VMX_TRUE_ENTRY);
	/* These registers exist if the controls before them do. */
	if (c->proc >> 32 & PROC_SECONDARY)
		c->proc2 = rdmsr(MSR_VMX_PROC2);
	if (c->proc2 >> 32 & (PROC2_EPT | PROC2_VPID))
		c->ept_vpid = rdmsr(MSR_VMX_EPT_VPID);
}

static bool vmx_is_ours(void)
{
	return cpuid(1, 0).ecx & CPUID_1_ECX_VMX;
}

static const char *vmx_why_not(void)
{
	static char text[96];
	uint64_t control;
	const char *lack;

	if (!rdmsr_safe(MSR_FEATURE_CONTROL, &control))
		control = 0;
	lack = vmx_firmware_refusal(control);
	if (lack)
		return lack;
	read_caps(&vmx_caps);
	lack = vmx_choose_controls(&vmx_caps, &vmx_controls);
	if (!lack) {
		vmx_apic_choose(&vmx_controls);
		return NULL;
	}
	snprintf(text, sizeof(text), "this CPU has VT-x (VMX) without %s", lack);
	return text;
}

static uint32_t vmx_features(uint32_t *ret_unused)
{
	return vmx_name_features(&vmx_caps, &vmx_controls, ret_unused);
}

/* Without its control such an instruction is #UD in a guest, whatever the CPU itself can do. */
static void vmx_hide_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *r)
{
	bool rdtscp = vmx_controls.proc2 & PROC2_RDTSCP;
	bool invpcid = vmx_controls.proc2 & PROC2_INVPCID;

	if (leaf == 7 && !invpcid)
		r->ebx &= ~CPUID_7_EBX_INVPCID;
	if (leaf == 7 && !rdtscp)
		r->ecx &= ~CPUID_7_ECX_RDPID;
	if (leaf == 0x80000001 && !rdtscp)
		r->edx &= ~CPUID_EXT1_EDX_RDTSCP;
	if (leaf == 0xd && subleaf == 1 && !(vmx_controls.proc2 & PROC2_XSAVES))
		r->eax &= ~(uint32_t)CPUID_D1_EAX_XSAVES;
}

/* 16.48 (25.6.5) */
static unsigned int vmx_tsc_multiplier_bits(unsigned int *ret_fraction_bits)
{
	*ret_fraction_bits = 48;
	return vmx_controls.proc2 & PROC2_TSC_SCALING ? 64 : 0;
}

static int vmx_cpu_enable(void)
{
	struct vmx_cpu *c = hv_alloc(sizeof(*c));
	uint64_t control;
	int err;

	if (!c)
		return -ENOMEM;
	err = frame_alloc_zeroed(0, &c->vmxon_region);
	if (err)
		goto undo_alloc;
	*(uint32_t *)mfn_to_ptr(c->vmxon_region) = (uint32_t)(vmx_caps.basic & VMX_BASIC_REVISION);

	/* Where the firmware has left it open, it is for us to choose; VMXON wants it locked. */
	if (rdmsr_safe(MSR_FEATURE_CONTROL, &control) && !(control & FEATURE_CONTROL_LOCKED)) {
		control |= FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX;
		wrmsr(MSR_FEATURE_CONTROL, control);
	}
	err = -EIO;
	if (!(control & FEATURE_CONTROL_VMX))
		goto undo_region; /* this CPU alone */
	write_cr4(read_cr4() | CR4_VMXE);
	if (!vmxon(mfn_to_paddr(c->vmxon_region)))
		goto undo_region;
	c->current = NULL;
	c->next_vpid = 1; /* 0 is the host's */
	c->vpid_generation = 1;
	/* Whoever used VMX before hv may have left something behind. */
	invvpid(INVVPID_ALL);
	this_cpu()->arch.virt = c;
	return 0;

undo_region:
	frame_free(c->vmxon_region, 0);
undo_alloc:
	hv_free(c, sizeof(*c));
	return err;
}

/* ---- memory types ---- */

void mtrr_read(struct mtrrs *m)
{
	static const uint32_t fixed[ARRAY_SIZE(m->fixed)] = {
		0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f,
	};
	unsigned int i;

	*m = (struct mtrrs){ .address_bits = cpuid(0x80000008, 0).eax & 0xff };
	m->cap = rdmsr(MSR_MTRR_CAP);
	m->def_type = rdmsr(MSR_MTRR_DEF_TYPE);
	if (m->cap & MTRR_CAP_FIXED)
		for (i = 0; i < ARRAY_SIZE(fixed); i++)
			m->fixed[i] = rdmsr(fixed[i]);
	for (i = 0; i < MIN(m->cap & MTRR_CAP_NR_VARIABLE, MTRR_NR_VARIABLE); i++) {
		m->base[i] = rdmsr(MSR_MTRR_PHYS_FIRST + 2 * i);
		m->mask[i] = rdmsr(MSR_MTRR_PHYS_FIRST + 2 * i + 1);
	}
}

/* ---- which VMCS ---- */

struct vmx_vcpu *vmx_use(struct vcpu *v)
{
	struct vmx_cpu *c = this_cpu()->arch.virt;
	struct vmx_vcpu *s = vmx_of(v->arch.hw);

	if (unlikely(c->current != s)) {
		vmptrld(mfn_to_paddr(s->region));
		c->current = s;
	}
	return s;
}

void vmx_forget(struct vmx_vcpu *s)
{
	struct vmx_cpu *c = this_cpu()->arch.virt;

	vmclear(mfn_to_paddr(s->region));
	s->launched = false;
	if (c->current == s)
		c->current = NULL;
}

/* ---- translations ---- */

/*
 * Two kinds of tags. What comes from the nested page table is tagged with that table: INVEPT drops
 * it, for all vCPUs of the domain, and so is the answer when the table has changed. What comes from
 * the guest's own page tables also bears the VPID: a vCPU that comes to another CPU gets a fresh
 * one there, or it might meet what it dropped elsewhere. Its table may lie where that of a domain
 * lay which is gone: INVEPT then as well.
 */
static void vmx_new_tlb_tag(struct vcpu *v)
{
	invept(INVEPT_SINGLE, vmx_of(v->arch.hw)->eptp);
}

static void new_vpid(struct vcpu *v)
{
	struct vmx_cpu *c = this_cpu()->arch.virt;

	if (c->next_vpid == NR_VPIDS) {
		invvpid(INVVPID_ALL);
		c->next_vpid = 1;
		c->vpid_generation++;
	}
	v->arch.asid = c->next_vpid++;
	v->arch.asid_generation = c->vpid_generation;
	vmwrite(VPID, v->arch.asid);
	vmx_new_tlb_tag(v);
}

/* ---- what entry and exit do not switch ---- */

static void vmx_load(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_use(v);

	wrmsr(MSR_STAR, s->star);
	wrmsr(MSR_LSTAR, s->lstar);
	wrmsr(MSR_CSTAR, s->cstar);
	wrmsr(MSR_SFMASK, s->sfmask);
	wrmsr(MSR_KERNEL_GS_BASE, s->kernel_gs_base);
	if (vmx_controls.proc2 & PROC2_RDTSCP)
		wrmsr(MSR_TSC_AUX, s->tsc_aux);
	__asm__ volatile("mov %0, %%cr2" ::"r"(s->cr2));
	__asm__ volatile("mov %0, %%db0" ::"r"(s->dr[0]));
	__asm__ volatile("mov %0, %%db1" ::"r"(s->dr[1]));
	__asm__ volatile("mov %0, %%db2" ::"r"(s->dr[2]));
	__asm__ volatile("mov %0, %%db3" ::"r"(s->dr[3]));
	__asm__ volatile("mov %0, %%db6" ::"r"(s->dr6));
	if (v->loaded_on != this_cpu())
		v->arch.asid_generation = 0; /* a tag of another CPU means nothing here */
}

/*
 * The VMCS is cleared each time, though its vCPU may well come back to this CPU: 0.2 us, against a
 * request to the old CPU, and a wait for it, whenever one moves.
 */
static void vmx_save(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_of(v->arch.hw);

	s->star = rdmsr(MSR_STAR);
	s->lstar = rdmsr(MSR_LSTAR);
	s->cstar = rdmsr(MSR_CSTAR);
	s->sfmask = rdmsr(MSR_SFMASK);
	s->kernel_gs_base = rdmsr(MSR_KERNEL_GS_BASE);
	if (vmx_controls.proc2 & PROC2_RDTSCP)
		s->tsc_aux = rdmsr(MSR_TSC_AUX);
	s->cr2 = read_cr2();
	__asm__ volatile("mov %%db0, %0" : "=r"(s->dr[0]));
	__asm__ volatile("mov %%db1, %0" : "=r"(s->dr[1]));
	__asm__ volatile("mov %%db2, %0" : "=r"(s->dr[2]));
	__asm__ volatile("mov %%db3, %0" : "=r"(s->dr[3]));
	__asm__ volatile("mov %%db6, %0" : "=r"(s->dr6));
	vmx_forget(s);
}

/* ---- entry and exit ---- */

/* The CPU keeps it in the virtual APIC's page itself. */
static uint32_t vmx_get_tpr(struct vcpu *v)
{
	return v->arch.lapic.page[APIC_TPR * 4] >> 4;
}

static void vmx_set_tpr(struct vcpu *v, uint32_t tpr)
{
	(void)v;
	(void)tpr;
}

static void write_changed(uint32_t field, uint64_t value, uint64_t *written)
{
	if (*written != value)
		vmwrite(field, value);
	*written = value;
}

static void prepare_events(struct vcpu *v, struct vmx_vcpu *s)
{
	struct vmx_event_plan plan;
	uint32_t controls = s->proc_base;
	struct vmx_event_state state = {
		.queued = s->queued,
		.offered = s->offered,
		.any_priority = s->any_priority,
		.nmi_waits = READ_ONCE(v->arch.nmi_pending),
		.interrupts_enabled = v->arch.regs.rflags & RFLAGS_IF,
		.tpr = vmx_get_tpr(v),
		.interruptibility = s->interruptibility,
	};

	vmx_plan_events(&state, &plan);
	s->took_offer = plan.takes_offer;
	if (plan.event) {
		vmwrite(ENTRY_EVENT, plan.event);
		if (plan.event & EVENT_HAS_ERROR)
			vmwrite(ENTRY_EVENT_ERROR, s->queued_error);
	}
	if (plan.interrupt_window)
		controls |= PROC_INTERRUPT_WINDOW;
	if (plan.nmi_window)
		controls |= PROC_NMI_WINDOW;
	if (s->proc_controls != controls)
		vmwrite(PROC_CONTROLS, controls);
	s->proc_controls = controls;
	if (s->tpr_threshold != plan.tpr_threshold)
		vmwrite(TPR_THRESHOLD, plan.tpr_threshold);
	s->tpr_threshold = plan.tpr_threshold;
}

static void prepare_entry(struct vcpu *v, struct vmx_vcpu *s)
{
	const struct guest_regs *r = &v->arch.regs;

	if (v->arch.asid_generation != ((struct vmx_cpu *)this_cpu()->arch.virt)->vpid_generation)
		new_vpid(v);
	if (vmx_runs_apic())
		vmx_apic_prepare(v, s);
	prepare_events(v, s);
	write_changed(GUEST_RIP, r->rip, &s->written_rip);
	write_changed(GUEST_RSP, r->rsp, &s->written_rsp);
	write_changed(GUEST_RFLAGS, r->rflags, &s->written_rflags);
	if (s->interruptibility != s->written_interruptibility)
		vmwrite(GUEST_INTERRUPTIBILITY, s->interruptibility);
	/* In the shadow of an instruction that was single-stepped, its trap is still due. */
	if (unlikely(r->rflags & RFLAGS_TF) &&
	    s->interruptibility & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS))
		vmwrite(GUEST_PENDING_DEBUG, vmread(GUEST_PENDING_DEBUG) | PENDING_DEBUG_BS);
}

static void read_guest_state(struct vmx_guest_state *g)
{
	unsigned int i;

	*g = (struct vmx_guest_state){
		.cr0 = vmread(GUEST_CR0),
		.cr3 = vmread(GUEST_CR3),
		.cr4 = vmread(GUEST_CR4),
		.efer = vmread(GUEST_EFER),
		.pat = vmread(GUEST_PAT),
		.dr7 = vmread(GUEST_DR7),
		.debugctl = vmread(GUEST_DEBUGCTL),
		.rip = vmread(GUEST_RIP),
		.rflags = vmread(GUEST_RFLAGS),
		.pending_debug = vmread(GUEST_PENDING_DEBUG),
		.link_pointer = vmread(LINK_POINTER),
		.sysenter_esp = vmread(GUEST_SYSENTER_ESP),
		.sysenter_eip = vmread(GUEST_SYSENTER_EIP),
		.gdtr_base = vmread(GUEST_GDTR_BASE),
		.idtr_base = vmread(GUEST_IDTR_BASE),
		.gdtr_limit = (uint32_t)vmread(GUEST_GDTR_LIMIT),
		.idtr_limit = (uint32_t)vmread(GUEST_IDTR_LIMIT),
		.activity = (uint32_t)vmread(GUEST_ACTIVITY),
		.interruptibility = (uint32_t)vmread(GUEST_INTERRUPTIBILITY),
		.event = (uint32_t)vmread(ENTRY_EVENT),
		.long_mode = vmread(ENTRY_CONTROLS) & ENTRY_CTL_64,
		.cr0_fixed0 = rdmsr(MSR_VMX_CR0_FIXED0),
		.cr0_fixed1 = rdmsr(MSR_VMX_CR0_FIXED1),
		.cr4_fixed0 = rdmsr(MSR_VMX_CR4_FIXED0),
		.cr4_fixed1 = rdmsr(MSR_VMX_CR4_FIXED1),
		.address_bits = cpuid(0x80000008, 0).eax & 0xff,
	};
	for (i = 0; i < NR_SEGMENTS; i++)
		g->segment[i] = (struct vmx_segment){
			.selector = (uint16_t)vmread(GUEST_SELECTOR(i)),
			.limit = (uint32_t)vmread(GUEST_LIMIT(i)),
			.rights = (uint32_t)vmread(GUEST_RIGHTS(i)),
			.base = vmread(GUEST_BASE(i)),
		};
}

static void name_bad_field(struct vm_exit *x)
{
	struct vmx_guest_state g;
	const char *field;

	if ((x->code & REASON_MASK) != REASON_GUEST_STATE)
		return;
	read_guest_state(&g);
	field = vmx_check_guest_state(&g);
	if (field)
		x->text = field;
}

static void read_exit(struct vcpu *v, struct vmx_vcpu *s, struct vmx_exit_info *info)
{
	struct guest_regs *r = &v->arch.regs;

	r->rip = s->written_rip = vmread(GUEST_RIP);
	r->rsp = s->written_rsp = vmread(GUEST_RSP);
	r->rflags = s->written_rflags = vmread(GUEST_RFLAGS);
	s->interruptibility = s->written_interruptibility =
		(uint32_t)vmread(GUEST_INTERRUPTIBILITY);
	*info = (struct vmx_exit_info){
		.reason = (uint32_t)vmread(EXIT_REASON),
		.qualification = vmread(EXIT_QUALIFICATION),
		.vectoring = (uint32_t)vmread(VECTORING_EVENT),
		.instruction_length = (uint32_t)vmread(INSTRUCTION_LENGTH),
		.rip = r->rip,
	};
	if (info->vectoring & EVENT_HAS_ERROR)
		info->vectoring_error = (uint32_t)vmread(VECTORING_EVENT_ERROR);
	if (info->reason == REASON_EXCEPTION || info->reason == REASON_INTERRUPT) {
		info->event = (uint32_t)vmread(EXIT_EVENT);
		info->event_error = (uint32_t)vmread(EXIT_EVENT_ERROR);
	} else if (info->reason == REASON_EPT_VIOLATION || info->reason == REASON_EPT_MISCONFIG) {
		info->gpa = vmread(GUEST_PHYSICAL_ADDRESS);
	}
}

/* The exit has not put into DR6 and DR7 what the exception would have (28.1). */
static void finish_debug_exception(uint64_t qualification)
{
	uint64_t dr6;

	__asm__ volatile("mov %%db6, %0" : "=r"(dr6));
	dr6 = (dr6 & ~0xful) | (qualification & DR6_STEP_BITS);
	__asm__ volatile("mov %0, %%db6" ::"r"(dr6));
	vmwrite(GUEST_DR7, vmread(GUEST_DR7) & ~DR7_GD);
}

static void vmx_enter(struct vcpu *v, struct vm_exit *x)
{
	struct vmx_vcpu *s = vmx_use(v);
	struct vmx_exit_info info;
	struct vmx_aftermath a;

	prepare_entry(v, s);
	if (!vmx_enter_guest(&v->arch.regs, &s->host_rsp, s->launched)) {
		*x = (struct vm_exit){
			.reason = EXIT_INVALID,
			.text = vmx_instruction_error((uint32_t)vmread(INSTRUCTION_ERROR)),
		};
		return;
	}
	s->launched = true;
	read_exit(v, s, &info);
	vmx_log_drain(v, s);
	if (vmx_runs_apic())
		vmx_apic_finish(v, s);
	vmx_decode_exit(&info, x, &a);
	if (unlikely(info.reason & REASON_ENTRY_FAILED)) {
		name_bad_field(x);
		return;
	}
	s->queued = a.queue;
	s->queued_error = a.queue_error;
	if (a.unblock_nmi)
		s->interruptibility &= ~BLOCKED_BY_NMI;
	if (a.block_nmi)
		s->interruptibility |= BLOCKED_BY_NMI;
	if (a.debug)
		finish_debug_exception(info.qualification);
	if (a.skip)
		v->arch.regs.rip = x->next_rip;
	/* The exit has taken it from the CPU, and blocks others until an IRET: our handler's. */
	if (a.host_nmi)
		__asm__ volatile("int $2" ::: "memory");
	if (a.host_interrupt)
		idt_interrupt(a.host_vector);
	if (x->reason == EXIT_CONTROL_REGISTER && !vmx_write_cr(v, info.qualification))
		x->reason = EXIT_PRIVILEGED;
}

/* ---- events ---- */

static bool vmx_is_event_queued(struct vcpu *v)
{
	return vmx_of(v->arch.hw)->queued & EVENT_VALID;
}

static void vmx_inject(struct vcpu *v, enum inject_kind kind, uint8_t vector, bool has_error,
		       uint32_t error)
{
	struct vmx_vcpu *s = vmx_use(v);
	uint32_t event = EVENT_VALID | vector;

	switch (kind) {
	case INJECT_NMI:
		event |= EVENT_OF_TYPE(EVENT_NMI);
		break;
	case INJECT_EXCEPTION:
		event |= EVENT_OF_TYPE(EVENT_EXCEPTION);
		break;
	}
	/* Real mode knows no error codes, and the entry refuses them (27.2.1.3). */
	if (has_error && vmread(GUEST_CR0) & CR0_PE)
		event |= EVENT_HAS_ERROR;
	s->queued = event;
	s->queued_error = error;
}

static bool vmx_can_take_nmi(struct vcpu *v)
{
	return !(vmx_of(v->arch.hw)->interruptibility &
		 (BLOCKED_BY_NMI | BLOCKED_BY_MOV_SS | BLOCKED_BY_STI));
}

static void vmx_offer_interrupt(struct vcpu *v, int vector, bool any_priority)
{
	struct vmx_vcpu *s = vmx_of(v->arch.hw);

	s->offered = vector;
	s->any_priority = any_priority;
}

static bool vmx_interrupt_was_taken(struct vcpu *v)
{
	return vmx_of(v->arch.hw)->took_offer;
}

static void vmx_clear_shadow(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_use(v);

	s->interruptibility &= ~(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);
	/* The CPU would have trapped behind the instruction. */
	if (unlikely(v->arch.regs.rflags & RFLAGS_TF))
		vmwrite(GUEST_PENDING_DEBUG, PENDING_DEBUG_BS);
}

/* ---- registers ---- */

static uint64_t vmx_get_cr0(struct vcpu *v)
{
	vmx_use(v);
	return (vmread(GUEST_CR0) & ~VMX_CR0_HOST_OWNED) | (vmread(CR0_SHADOW) & VMX_CR0_HOST_OWNED);
}

static uint64_t vmx_get_cr2(struct vcpu *v)
{
	(void)v;
	return read_cr2();
}

static uint64_t vmx_get_cr3(struct vcpu *v)
{
	vmx_use(v);
	return vmread(GUEST_CR3);
}

static uint64_t vmx_get_cr4(struct vcpu *v)
{
	uint64_t owned = vmx_cr4_host_owned();

	vmx_use(v);
	return (vmread(GUEST_CR4) & ~owned) | (vmread(CR4_SHADOW) & owned);
}

static uint64_t vmx_get_efer(struct vcpu *v)
{
	vmx_use(v);
	return vmread(GUEST_EFER);
}

static int write_efer(uint64_t value)
{
	uint64_t old = vmread(GUEST_EFER);

	if (value & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return -EINVAL;
	if ((vmread(GUEST_CR0) & CR0_PG) && ((value ^ old) & EFER_LME))
		return -EINVAL;
	vmwrite(GUEST_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
	return 0;
}

static int vmx_read_msr(struct vcpu *v, uint32_t msr, uint64_t *ret_value)
{
	vmx_use(v);
	switch (msr) {
	case MSR_EFER:
		*ret_value = vmread(GUEST_EFER);
		return 0;
	case MSR_PAT:
		*ret_value = vmread(GUEST_PAT);
		return 0;
	}
	return -ENOENT;
}

static int vmx_write_msr(struct vcpu *v, uint32_t msr, uint64_t value)
{
	vmx_use(v);
	switch (msr) {
	case MSR_EFER:
		return write_efer(value);
	case MSR_PAT:
		if (!pat_is_valid(value))
			return -EINVAL;
		vmwrite(GUEST_PAT, value);
		return 0;
	}
	return -ENOENT;
}

static unsigned int vmx_get_cpl(struct vcpu *v)
{
	vmx_use(v);
	return vmread(GUEST_RIGHTS(SEG_SS)) >> RIGHTS_DPL_SHIFT & 3;
}

static bool vmx_is_64bit(struct vcpu *v)
{
	vmx_use(v);
	return (vmread(GUEST_EFER) & EFER_LMA) && (vmread(GUEST_RIGHTS(SEG_CS)) & RIGHTS_L);
}

const struct virt_ops vmx_ops = {
	.name = "vmx",
	.is_ours = vmx_is_ours,
	.why_not = vmx_why_not,
	.cpu_enable = vmx_cpu_enable,
	.features = vmx_features,
	.hide_cpuid = vmx_hide_cpuid,
	.tsc_multiplier_bits = vmx_tsc_multiplier_bits,
	.domain_create = vmx_domain_create,
	.vcpu_create = vmx_vcpu_create,
	.vcpu_destroy = vmx_vcpu_destroy,
	.reset = vmx_reset,
	.set_real_mode = vmx_set_real_mode,
	.set_pvh_entry = vmx_set_pvh_entry,
	.load = vmx_load,
	.save = vmx_save,
	.enter = vmx_enter,
	.is_event_queued = vmx_is_event_queued,
	.inject = vmx_inject,
	.can_take_nmi = vmx_can_take_nmi,
	.offer_interrupt = vmx_offer_interrupt,
	.offers_held_back = true,
	.interrupt_was_taken = vmx_interrupt_was_taken,
	.clear_shadow = vmx_clear_shadow,
	.new_tlb_tag = vmx_new_tlb_tag,
	.get_cr0 = vmx_get_cr0,
	.get_cr2 = vmx_get_cr2,
	.get_cr3 = vmx_get_cr3,
	.get_cr4 = vmx_get_cr4,
	.get_efer = vmx_get_efer,
	.read_msr = vmx_read_msr,
	.write_msr = vmx_write_msr,
	.get_cpl = vmx_get_cpl,
	.is_64bit = vmx_is_64bit,
	.get_tpr = vmx_get_tpr,
	.set_tpr = vmx_set_tpr,
	.pte_leaf = ept_leaf,
	.pte_table = ept_table,
	.pte_access = ept_access,
	.may_be_leaf = ept_may_be_leaf,
	.pte_dirty = vmx_pte_dirty,
};
