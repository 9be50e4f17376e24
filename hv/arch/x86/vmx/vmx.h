/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the VMX back end offer each other. */
#ifndef VMX_VMX_H
#define VMX_VMX_H

#include <arch/virt.h>
#include <hv/types.h>

#include "fields.h"

struct domain;
struct vcpu;
struct vm_exit;

/* ---- caps.c: what the CPU can do, and what of it hv uses. Pure ---- */

/* Each: bits that must be set in 31:0, bits that may be set in 63:32 (A.3 to A.5). */
struct vmx_caps {
	uint64_t basic, pin, proc, proc2, exit, entry, ept_vpid;
};

struct vmx_controls {
	uint32_t pin, proc, proc2, exit, entry;
};

/* NULL, or why the firmware's setting of IA32_FEATURE_CONTROL does not let hv in. */
const char *vmx_firmware_refusal(uint64_t feature_control);
/* NULL, or what the CPU lacks of what hv needs. */
const char *vmx_choose_controls(const struct vmx_caps *caps, struct vmx_controls *ret);
/* The ARCH_FEATURE_* that these controls use; and what the CPU has besides. */
uint32_t vmx_name_features(const struct vmx_caps *caps, const struct vmx_controls *controls,
			   uint32_t *ret_unused);

/* ---- what is kept ---- */

/* Per CPU. */
struct vmx_cpu {
	mfn_t vmxon_region;
	struct vmx_vcpu *current; /* whose VMCS the CPU works on, NULL: none */
	uint32_t next_vpid;
	uint64_t vpid_generation;
};

/* Per vCPU. What is not in the VMCS: MSRs and debug registers while not loaded. */
struct vmx_vcpu {
	mfn_t region; /* its VMCS */
	mfn_t log;    /* of pages written; 0: none */
	bool launched;	   /* since its last VMCLEAR */
	bool apic_exits;   /* which MSR bitmap the VMCS has */
	uint64_t host_rsp;  /* as the VMCS has it */
	uint64_t eptp;
	uint32_t queued, queued_error; /* event for the next entry, in ENTRY_EVENT's form */
	int offered;		       /* external interrupt, -1: none */
	bool any_priority;
	bool took_offer;	 /* at the last entry */
	uint32_t proc_base;	 /* PROC_CONTROLS but for the windows */
	uint32_t proc_controls;	 /* as the VMCS has them */
	uint32_t tpr_threshold;	 /* as the VMCS has it */
	uint32_t interrupt_status; /* likewise */
	uint64_t eoi_exits[4];	   /* likewise */
	uint32_t interruptibility, written_interruptibility; /* as it is to be; as the VMCS has it */
	uint64_t written_rip, written_rsp, written_rflags;   /* as the VMCS has them */
	uint64_t dr[4], dr6, cr2;
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base, tsc_aux;
};

extern struct vmx_controls vmx_controls;
extern struct vmx_caps vmx_caps;

static inline struct vmx_vcpu *vmx_of(void *hw)
{
	return hw;
}

/*
 * Makes v's VMCS the one that the CPU works on. A VMCS is cleared whenever its vCPU is taken off
 * its CPU (vmx_forget), so it never has to be fetched from another one.
 */
struct vmx_vcpu *vmx_use(struct vcpu *v);
void vmx_forget(struct vmx_vcpu *s);

/* ---- state.c: the life of a VMCS ---- */
int vmx_domain_create(struct domain *d);
int vmx_vcpu_create(struct vcpu *v);
void vmx_vcpu_destroy(struct vcpu *v);
void vmx_reset(struct vcpu *v);
void vmx_set_real_mode(struct vcpu *v, uint8_t sipi_vector);
void vmx_set_pvh_entry(struct vcpu *v, uint64_t entry, uint64_t start_info);

extern mfn_t vmx_msrs, vmx_msrs_apic; /* MSR bitmaps: the APIC's exit; exit as far as they must */

/* ---- apic.c: the virtual APIC, run by the CPU ---- */
void vmx_apic_choose(struct vmx_controls *controls); /* by hv's option */
void vmx_apic_allow(exit_map_allow_fn allow, uint8_t *map);
void vmx_apic_reset(struct vcpu *v, struct vmx_vcpu *s);
void vmx_apic_prepare(struct vcpu *v, struct vmx_vcpu *s); /* before an entry */
void vmx_apic_finish(struct vcpu *v, struct vmx_vcpu *s); /* after the exit */

static inline bool vmx_runs_apic(void)
{
	return vmx_controls.proc2 & PROC2_INTERRUPT_DELIVERY;
}

/* It does so even with what is posted while it is in the guest. */
static inline bool vmx_takes_posted(void)
{
	return vmx_controls.pin & PIN_POSTED_INTERRUPTS;
}

/* ---- pml.c: dirty bits, and the log of those that are set ---- */
uint64_t vmx_pte_dirty(bool *ret_logs);
int vmx_log_create(struct vcpu *v, struct vmx_vcpu *s);
void vmx_log_destroy(struct vmx_vcpu *s);
void vmx_log_reset(struct vmx_vcpu *s);
void vmx_log_drain(struct vcpu *v, struct vmx_vcpu *s); /* after an exit */

/* ---- decode.c: exit -> neutral record. Pure ---- */

/* What the CPU tells about an exit. */
struct vmx_exit_info {
	uint32_t reason;
	uint64_t qualification, gpa;
	uint32_t event, event_error;	     /* that exited */
	uint32_t vectoring, vectoring_error; /* that was being delivered */
	uint32_t instruction_length;
	uint64_t rip;
};

/* What remains to be done for it, beyond the neutral record. */
struct vmx_aftermath {
	uint32_t queue, queue_error;  /* event that was cut off: delivered by the next entry */
	bool block_nmi;		      /* the guest is in its NMI handler still */
	bool unblock_nmi;	      /* delivery of an NMI was cut off */
	bool host_nmi;		      /* an NMI for hv, taken from the CPU by the exit */
	bool host_interrupt;	      /* likewise an interrupt */
	uint8_t host_vector;
	bool debug;		      /* qualification has DR6's new bits */
	bool skip;		      /* INT1: goes on behind it */
};

void vmx_decode_exit(const struct vmx_exit_info *info, struct vm_exit *ret_exit,
		     struct vmx_aftermath *ret_aftermath);

/* ---- event.c: what goes with an entry. Pure ---- */

struct vmx_event_state {
	uint32_t queued; /* exception, NMI, or what was cut off; not valid: none */
	int offered;	 /* external interrupt, -1: none */
	bool any_priority;
	bool nmi_waits; /* that could not be queued */
	bool interrupts_enabled;
	uint32_t tpr, interruptibility;
};

struct vmx_event_plan {
	uint32_t event; /* ENTRY_EVENT */
	bool takes_offer;
	bool interrupt_window, nmi_window; /* exit when the guest can take one */
	uint32_t tpr_threshold;		   /* exit when its task priority falls below */
};

void vmx_plan_events(const struct vmx_event_state *state, struct vmx_event_plan *ret);

/* ---- check.c: why an entry failed. Pure ---- */

struct vmx_segment {
	uint16_t selector;
	uint32_t limit, rights;
	uint64_t base;
};

struct vmx_guest_state {
	uint64_t cr0, cr3, cr4, efer, pat, dr7, debugctl;
	uint64_t rip, rflags, pending_debug, link_pointer;
	uint64_t sysenter_esp, sysenter_eip;
	uint64_t gdtr_base, idtr_base;
	uint32_t gdtr_limit, idtr_limit;
	uint32_t activity, interruptibility, event;
	bool long_mode; /* the entry control */
	struct vmx_segment segment[NR_SEGMENTS];
	uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1; /* the CPU's */
	unsigned int address_bits;				  /* physical */
};

/* The first field that the SDM's checks on guest state refuse (27.3.1), NULL: none is found. */
const char *vmx_check_guest_state(const struct vmx_guest_state *g);
/* VM-instruction error (31.4). */
const char *vmx_instruction_error(uint32_t number);

/* ---- cr.c: writes to CR0 and CR4 that touch what hv keeps ---- */
#define VMX_CR0_HOST_OWNED (CR0_NE | CR0_NW | CR0_CD)
uint64_t vmx_cr4_host_owned(void);
/* false: #GP. true: the guest may execute the instruction again, it will not exit. */
bool vmx_write_cr(struct vcpu *v, uint64_t qualification);

/* ---- ept.c: format of EPT entries; memory types ---- */
#define EPT_DIRTY BIT(9)
uint64_t ept_leaf(mfn_t mfn, unsigned int access, unsigned int order, bool device);
uint64_t ept_table(mfn_t mfn);
unsigned int ept_access(uint64_t pte);
bool ept_may_be_leaf(mfn_t mfn, unsigned int order);

/* ---- mtrr.c: which memory type the host's MTRRs give to a range ---- */
#define MTRR_NR_VARIABLE 32u
#define MTRR_CAP_NR_VARIABLE 0xffu
#define MTRR_CAP_FIXED BIT(8)

struct mtrrs {
	unsigned int address_bits; /* physical */
	uint64_t cap, def_type;
	uint64_t fixed[11]; /* 64K 00000; 16K 80000, A0000; 4K C0000 .. F8000 */
	uint64_t base[MTRR_NR_VARIABLE], mask[MTRR_NR_VARIABLE];
};

void mtrr_read(struct mtrrs *ret); /* the CPU's; vmx.c */
/* The type at 'address', and up to where it surely is the same. Pure. */
unsigned int mtrr_type(const struct mtrrs *m, paddr_t address, paddr_t *ret_end);

/* ---- enter.S ---- */
/* false: the CPU refused, INSTRUCTION_ERROR has the reason. */
bool vmx_enter_guest(void *guest_regs, uint64_t *host_rsp, bool launched);
extern const char vmx_exited[]; /* HOST_RIP */

#endif
