/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual machine control block, as hardware defines it (AMD APM vol. 2, appendix B), and the
 * numbers that stand in it (15.5 ff., appendix C). Used by svm/ alone.
 */
#ifndef SVM_SVM_H
#define SVM_SVM_H

#include <hv/compiler.h>
#include <hv/types.h>

struct svm_segment {
	uint16_t selector;
	uint16_t attributes; /* descriptor bits 55:52 in 11:8, 47:40 in 7:0 */
	uint32_t limit;
	uint64_t base;
} __packed;

struct svm_block {
	/* Control area */
	uint32_t intercept_cr; /* reads 15:0, writes 31:16 */
	uint32_t intercept_dr;
	uint32_t intercept_exceptions;
	uint32_t intercept_1; /* vector 3 of the manual */
	uint32_t intercept_2; /* vector 4 */
	uint8_t reserved_014[0x3c - 0x14];
	uint16_t pause_filter_threshold;
	uint16_t pause_filter_count;
	uint64_t iopm_base;
	uint64_t msrpm_base;
	uint64_t tsc_offset;
	uint32_t asid;
	uint8_t tlb_control;
	uint8_t reserved_05d[3];
	uint64_t vintr; /* V_TPR 7:0, V_IRQ 8, priority 19:16, ignore TPR 20, masking 24, vector 39:32 */
	uint64_t interrupt_shadow;
	uint64_t exit_code;
	uint64_t exit_info_1;
	uint64_t exit_info_2;
	uint64_t exit_int_info;
	uint64_t nested_ctl;
	uint8_t reserved_098[0xa8 - 0x98];
	uint64_t event_inject;
	uint64_t nested_cr3;
	uint64_t lbr_ctl;
	uint32_t clean;
	uint32_t reserved_0c4;
	uint64_t next_rip;
	uint8_t insn_length;
	uint8_t insn_bytes[15];
	uint8_t reserved_0e0[0x400 - 0xe0];

	/* State save area */
	struct svm_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved_4a0[0x4cb - 0x4a0];
	uint8_t cpl;
	uint32_t reserved_4cc;
	uint64_t efer;
	uint8_t reserved_4d8[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved_580[0x5d8 - 0x580];
	uint64_t rsp;
	uint8_t reserved_5e0[0x5f8 - 0x5e0];
	uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	uint8_t reserved_648[0x668 - 0x648];
	uint64_t g_pat, dbgctl;
	uint8_t reserved_678[0x1000 - 0x678];
} __packed;

_Static_assert(offsetof(struct svm_block, iopm_base) == 0x40, "APM vol. 2, table B-1");
_Static_assert(offsetof(struct svm_block, vintr) == 0x60, "APM vol. 2, table B-1");
_Static_assert(offsetof(struct svm_block, exit_int_info) == 0x88, "APM vol. 2, table B-1");
_Static_assert(offsetof(struct svm_block, event_inject) == 0xa8, "APM vol. 2, table B-1");
_Static_assert(offsetof(struct svm_block, next_rip) == 0xc8, "APM vol. 2, table B-1");
_Static_assert(offsetof(struct svm_block, es) == 0x400, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct svm_block, cpl) == 0x4cb, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct svm_block, cr4) == 0x548, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct svm_block, rsp) == 0x5d8, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct svm_block, cr2) == 0x640, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct svm_block, g_pat) == 0x668, "APM vol. 2, table B-2");
_Static_assert(sizeof(struct svm_block) == 4096, "one page");

/* intercept_1 */
#define ICPT1_INTR BIT(0)
#define ICPT1_NMI BIT(1)
#define ICPT1_RDPMC BIT(15)
#define ICPT1_CPUID BIT(18)
#define ICPT1_IRET BIT(20)
#define ICPT1_INVD BIT(22)
#define ICPT1_HLT BIT(24)
#define ICPT1_INVLPGA BIT(26)
#define ICPT1_IOIO BIT(27)
#define ICPT1_MSR BIT(28)
#define ICPT1_SHUTDOWN BIT(31)
/* intercept_2 */
#define ICPT2_VMRUN BIT(0)
#define ICPT2_VMMCALL BIT(1)
#define ICPT2_VMLOAD BIT(2)
#define ICPT2_VMSAVE BIT(3)
#define ICPT2_STGI BIT(4)
#define ICPT2_CLGI BIT(5)
#define ICPT2_SKINIT BIT(6)
#define ICPT2_WBINVD BIT(9)
#define ICPT2_MONITOR BIT(10)
#define ICPT2_MWAIT BIT(11)
#define ICPT2_XSETBV BIT(13)

/* exit_code */
#define VMEXIT_EXCEPTION_FIRST 0x40u
#define VMEXIT_EXCEPTION_LAST 0x5fu
#define VMEXIT_INTR 0x60u
#define VMEXIT_NMI 0x61u
#define VMEXIT_RDPMC 0x6fu
#define VMEXIT_CPUID 0x72u
#define VMEXIT_IRET 0x74u
#define VMEXIT_INVD 0x76u
#define VMEXIT_HLT 0x78u
#define VMEXIT_INVLPGA 0x7au
#define VMEXIT_IOIO 0x7bu
#define VMEXIT_MSR 0x7cu
#define VMEXIT_SHUTDOWN 0x7fu
#define VMEXIT_VMRUN 0x80u
#define VMEXIT_VMMCALL 0x81u
#define VMEXIT_VMLOAD 0x82u
#define VMEXIT_SKINIT 0x86u
#define VMEXIT_WBINVD 0x89u
#define VMEXIT_MONITOR 0x8au
#define VMEXIT_MWAIT_CONDITIONAL 0x8cu
#define VMEXIT_XSETBV 0x8du
#define VMEXIT_NPF 0x400u
#define VMEXIT_INVALID_LOW 0xffffffffu

/* vintr */
#define VINTR_TPR_MASK 0xfull
#define VINTR_IRQ BIT(8)
#define VINTR_PRIORITY_SHIFT 16
#define VINTR_IGNORE_TPR BIT(20)
#define VINTR_MASKING BIT(24)
#define VINTR_VECTOR_SHIFT 32

#define SHADOW_ACTIVE BIT(0)
#define NESTED_ENABLE BIT(0)

#define TLB_CONTROL_NOTHING 0u
#define TLB_CONTROL_FLUSH_ALL 1u
#define TLB_CONTROL_FLUSH_ASID 3u

/* event_inject, exit_int_info: vector 7:0, type 10:8, error valid 11, valid 31, error 63:32 */
#define EVENT_TYPE_SHIFT 8
#define EVENT_TYPE_MASK 7u
#define EVENT_TYPE_INTR 0u
#define EVENT_TYPE_NMI 2u
#define EVENT_TYPE_EXCEPTION 3u
#define EVENT_TYPE_SOFT 4u
#define EVENT_HAS_ERROR BIT(11)
#define EVENT_VALID BIT(31)

/* exit_info_1 of VMEXIT_IOIO (15.10.2) */
#define IOIO_IN BIT(0)
#define IOIO_STRING BIT(2)
#define IOIO_REP BIT(3)
#define IOIO_SIZE8 BIT(4)
#define IOIO_SIZE16 BIT(5)
#define IOIO_SIZE32 BIT(6)

/* exit_info_1 of VMEXIT_NPF (15.25.6) */
#define NPF_PRESENT BIT(0)
#define NPF_WRITE BIT(1)
#define NPF_EXEC BIT(4)
#define NPF_TABLE_WALK BIT(33)

/* CPUID 0x8000000A EDX */
#define SVM_FEATURE_NPT BIT(0)
#define SVM_FEATURE_NRIPS BIT(3)
#define SVM_FEATURE_TSC_RATE BIT(4)
#define SVM_FEATURE_FLUSH_BY_ASID BIT(6)
#define SVM_FEATURE_DECODE_ASSISTS BIT(7)
#define SVM_FEATURE_AVIC BIT(13)
#define SVM_FEATURE_VIRTUAL_GIF BIT(16)
#define SVM_FEATURE_X2AVIC BIT(18)
#define SVM_FEATURE_VIRTUAL_NMI BIT(25)

/* MSR_TSC_RATIO: 8.32 (APM vol. 2, 15.30.5) */
#define TSC_RATIO_FRACTION_BITS 32u
#define TSC_RATIO_BITS 40u
#define TSC_RATIO_ONE BIT(TSC_RATIO_FRACTION_BITS)

/* What the back end keeps per vCPU. */
struct svm_vcpu {
	struct svm_block *block; /* a page of its own */
	bool nmi_masked;   /* the guest is in its NMI handler: IRET is intercepted */
	bool stepping;	   /* it is at the IRET of that: the next entry executes this and no more */
	uint64_t step_rip, step_flags, step_dr6; /* before that entry */
	bool flush_own;	   /* its translations are stale: flush them at the next entry */
	uint64_t dr[4];	   /* DR0 .. DR3 while not loaded */
};

/* What it keeps per CPU. */
struct svm_cpu {
	mfn_t hsave;
	uint32_t nr_asids;
	uint32_t next_asid;
	uint64_t asid_generation;
	uint64_t tsc_ratio;  /* as the MSR has it */
	bool flush_pending; /* tags are given out again: no guest enters before a full flush */
};

struct domain;
struct vcpu;
struct vm_exit;

static inline struct svm_vcpu *svm_of(void *hw)
{
	return hw;
}

extern bool svm_has_next_rip, svm_has_flush_by_asid, svm_has_tsc_ratio;

/* caps.c: what hv uses of the features in CPUID 0x8000000A, and what it leaves: ARCH_FEATURE_* */
uint32_t svm_choose_features(uint32_t svm_edx, bool has_1g_pages, uint32_t *ret_unused);
/* NULL, or why this CPU cannot run guests. */
const char *svm_refusal(uint64_t vm_cr, uint32_t svm_edx);
/* For the next entry: of everything, or of this guest's translations alone? */
uint8_t svm_tlb_control(bool flush_all, bool flush_own);

/* block.c: the life of a control block */
int svm_domain_create(struct domain *d);
int svm_vcpu_create(struct vcpu *v);
void svm_vcpu_destroy(struct vcpu *v);
void svm_reset(struct vcpu *v);
void svm_set_real_mode(struct vcpu *v, uint8_t sipi_vector);
void svm_set_pvh_entry(struct vcpu *v, uint64_t entry, uint64_t start_info);

/* decode.c: after an exit, control block -> neutral record; keeps what was not delivered queued */
void svm_decode_exit(struct vcpu *v, struct vm_exit *ret_exit);

/*
 * nmi.c: an NMI is injected; the exit by the IRET that ends its handler; that has been executed, or
 * has faulted; before and after the entry that executes it
 */
void svm_nmi_started(struct svm_vcpu *s);
void svm_nmi_iret(struct svm_vcpu *s, uint64_t rflags);
void svm_nmi_ended(struct svm_vcpu *s);
void svm_step_begin(struct svm_vcpu *s);
void svm_step_end(struct vcpu *v, struct vm_exit *x);

/* npt.c: format of nested page-table entries */
uint64_t npt_leaf(mfn_t mfn, unsigned int access, unsigned int order, bool device);
uint64_t npt_table(mfn_t mfn);
unsigned int npt_access(uint64_t pte);
bool npt_may_be_leaf(mfn_t mfn, unsigned int order);
uint64_t npt_dirty(bool *ret_logs);

/* enter.S */
void svm_enter_guest(uint64_t block_address, void *guest_regs);

#endif
