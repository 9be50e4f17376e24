/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The joint between x86's shared code and the two ways of running a guest (svm/, vmx/). A back
 * end enters the guest and turns the hardware's exit into a neutral record; what the exit means is
 * decided by shared code (exit.c). Everything runs on the vCPU's own CPU with v loaded, except
 * where said.
 */
#ifndef ARCH_VIRT_H
#define ARCH_VIRT_H

#include <hv/compiler.h>
#include <hv/types.h>

struct cpuid_regs;
struct domain;
struct vcpu;

enum exit_reason {
	EXIT_INTERRUPT,	   /* a physical interrupt or NMI waits for the host */
	EXIT_WINDOW,	   /* the guest can take an interrupt or NMI that had to wait */
	EXIT_CPUID,
	EXIT_HLT,
	EXIT_MSR_READ,
	EXIT_MSR_WRITE,
	EXIT_IO,
	EXIT_HYPERCALL,
	EXIT_NESTED_FAULT, /* no nested translation, or not with this access */
	EXIT_XSETBV,
	EXIT_CACHE,	   /* INVD, WBINVD */
	EXIT_EXCEPTION,	   /* that hv must see, to be given back to the guest */
	EXIT_TRIPLE_FAULT,
	EXIT_UNDEFINED,	   /* an instruction that this machine does not have: #UD */
	EXIT_PRIVILEGED,   /* one that is refused with #GP (RDPMC) */
	EXIT_INVALID,	   /* the CPU refused its state or its tables: 'text' names what */
	EXIT_UNKNOWN,	   /* hardware code in 'code' */
	EXIT_CONTROL_REGISTER, /* a write that the back end has dealt with */
	EXIT_APIC,	       /* a write to the virtual APIC that the CPU has carried out */
	EXIT_LOG_FULL,	       /* of pages written, which the back end has emptied */
	NR_EXIT_REASONS,
};

struct vm_exit {
	enum exit_reason reason;
	uint64_t code;	     /* the hardware's own number, for messages */
	uint64_t next_rip;   /* behind the instruction, where the reason is one */
	union {
		struct {
			uint16_t port;
			uint8_t size; /* bytes: 1, 2, 4 */
			bool in;
			bool string; /* INS, OUTS */
		} io;
		struct {
			uint64_t gpa;
			bool write, exec, present; /* present: refused for its access */
			bool table_walk; /* the guest's own page-table access */
		} fault;
		struct {
			uint8_t vector;
			bool has_error;
			uint32_t error;
		} exception;
		struct {
			uint32_t msr;
			uint8_t vector; /* see vlapic_was_written() */
		} apic;
		const char *text;
	};
};

enum inject_kind { INJECT_NMI, INJECT_EXCEPTION };

struct virt_ops {
	const char *name;

	/* Boot: is it this kind of CPU, whatever it lacks? So which back end's reason is told. */
	bool (*is_ours)(void);
	/* NULL if the CPU can do it, else why not, for people. */
	const char *(*why_not)(void);
	int (*cpu_enable)(void); /* each CPU */
	/* ARCH_FEATURE_* that are used; and what the CPU has besides, and is not. */
	uint32_t (*features)(uint32_t *ret_unused);

	/* Takes out of a CPUID leaf what guests cannot have on this CPU. NULL: nothing. */
	void (*hide_cpuid)(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *r);

	/* See arch_tsc_multiplier_bits(). */
	unsigned int (*tsc_multiplier_bits)(unsigned int *ret_fraction_bits);

	int (*domain_create)(struct domain *d); /* which ports and MSRs exit */
	int (*vcpu_create)(struct vcpu *v);
	void (*vcpu_destroy)(struct vcpu *v);

	/* State after INIT; then real mode at vector << 12, or PVH's protected mode. Not loaded. */
	void (*reset)(struct vcpu *v);
	void (*set_real_mode)(struct vcpu *v, uint8_t sipi_vector);
	void (*set_pvh_entry)(struct vcpu *v, uint64_t entry, uint64_t start_info);

	void (*load)(struct vcpu *v); /* what entry and exit do not switch by themselves */
	void (*save)(struct vcpu *v);

	/* Enters; v->arch.regs holds the registers before and after. */
	void (*enter)(struct vcpu *v, struct vm_exit *ret_exit);

	/*
	 * An exception or NMI is delivered by the next entry; at most one waits. An external
	 * interrupt is offered before each entry: the guest takes it as soon as its interrupts are
	 * enabled (and its task priority allows, unless 'any_priority'), or EXIT_WINDOW comes then
	 * and it is offered again; vector -1 takes the offer back. After an exit, was it taken?
	 */
	bool (*is_event_queued)(struct vcpu *v);
	void (*inject)(struct vcpu *v, enum inject_kind kind, uint8_t vector, bool has_error,
		       uint32_t error);
	/* Not inside the handler of another. While v->arch.nmi_pending, EXIT_WINDOW tells when. */
	bool (*can_take_nmi)(struct vcpu *v);
	void (*offer_interrupt)(struct vcpu *v, int vector, bool any_priority);
	/* May an offer be one that the task priority holds back, to be taken once that is lowered? */
	bool offers_held_back;
	bool (*interrupt_was_taken)(struct vcpu *v);
	void (*clear_shadow)(struct vcpu *v); /* after hv skipped an instruction */

	void (*new_tlb_tag)(struct vcpu *v); /* old translations are not used from here on */

	uint64_t (*get_cr0)(struct vcpu *v);
	uint64_t (*get_cr2)(struct vcpu *v);
	uint64_t (*get_cr3)(struct vcpu *v);
	uint64_t (*get_cr4)(struct vcpu *v);
	uint64_t (*get_efer)(struct vcpu *v);
	/* 0, or -EINVAL: the value is impossible; -ENOENT: not an MSR the back end keeps. */
	int (*read_msr)(struct vcpu *v, uint32_t msr, uint64_t *ret_value);
	int (*write_msr)(struct vcpu *v, uint32_t msr, uint64_t value);
	unsigned int (*get_cpl)(struct vcpu *v);
	bool (*is_64bit)(struct vcpu *v); /* 64-bit code segment */
	uint32_t (*get_tpr)(struct vcpu *v);
	void (*set_tpr)(struct vcpu *v, uint32_t tpr);

	/* Nested page table entries. */
	uint64_t (*pte_leaf)(mfn_t mfn, unsigned int access, unsigned int order, bool device);
	uint64_t (*pte_table)(mfn_t mfn);
	unsigned int (*pte_access)(uint64_t pte);
	/* May one entry map 2^order frames, or do they differ in memory type? */
	bool (*may_be_leaf)(mfn_t mfn, unsigned int order);
	/*
	 * The bit of a leaf that the CPU sets when the guest writes, 0: it sets none; and is that
	 * logged, for dirty_add() to hear of after each exit?
	 */
	uint64_t (*pte_dirty)(bool *ret_logs);
};

/* ---- exit_map.c: which ports and MSRs exit. Made once, for all domains of a kind ---- */

int exit_map_make_ports(unsigned int order, mfn_t *ret_control, mfn_t *ret_guest);
/* Takes an MSR out of a map in which all exit. */
typedef void (*exit_map_allow_fn)(uint8_t *map, uint32_t msr, bool read, bool write);
void exit_map_allow_msrs(uint8_t *map, exit_map_allow_fn allow, bool has_tsc_aux);

extern const struct virt_ops svm_ops, vmx_ops;
extern const struct virt_ops *virt;

#endif
