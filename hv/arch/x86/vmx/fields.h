/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual machine control structure: the numbers of its fields and of what stands in them
 * (Intel SDM vol. 3, chapters 25 to 29, appendices A to C), and the instructions that reach it.
 * Used by vmx/ alone. What the CPU keeps in the structure's memory is its own affair: every access
 * is a VMREAD or VMWRITE to the structure that is current on the CPU.
 */
#ifndef VMX_FIELDS_H
#define VMX_FIELDS_H

/* What enter.S writes. */
#define HOST_RSP 0x6c14

#ifndef __ASSEMBLER__
#include <hv/compiler.h>
#include <hv/types.h>

/* ---- fields (appendix B) ---- */

/* 16 bits */
#define VPID 0x0000u
#define POSTED_VECTOR 0x0002u
#define GUEST_SELECTOR(segment) (0x0800u + 2 * (segment))
#define GUEST_INTERRUPT_STATUS 0x0810u /* highest requested 7:0, in service 15:8 */
#define PML_INDEX 0x0812u
#define HOST_ES_SELECTOR 0x0c00u
#define HOST_CS_SELECTOR 0x0c02u
#define HOST_SS_SELECTOR 0x0c04u
#define HOST_DS_SELECTOR 0x0c06u
#define HOST_FS_SELECTOR 0x0c08u
#define HOST_GS_SELECTOR 0x0c0au
#define HOST_TR_SELECTOR 0x0c0cu
/* 64 bits */
#define IO_BITMAP_A 0x2000u
#define IO_BITMAP_B 0x2002u
#define MSR_BITMAP 0x2004u
#define PML_ADDRESS 0x200eu
#define TSC_OFFSET 0x2010u
#define VIRTUAL_APIC_PAGE 0x2012u
#define POSTED_DESCRIPTOR 0x2016u
#define EPT_POINTER 0x201au
#define EOI_EXIT_BITMAP(n) (0x201cu + 2 * (n)) /* 64 vectors each */
#define XSS_EXIT_BITMAP 0x202cu
#define TSC_MULTIPLIER 0x2032u
#define GUEST_PHYSICAL_ADDRESS 0x2400u
#define LINK_POINTER 0x2800u
#define GUEST_DEBUGCTL 0x2802u
#define GUEST_PAT 0x2804u
#define GUEST_EFER 0x2806u
#define GUEST_PDPTE(n) (0x280au + 2 * (n))
#define HOST_PAT_FIELD 0x2c00u
#define HOST_EFER 0x2c02u
/* 32 bits */
#define PIN_CONTROLS 0x4000u
#define PROC_CONTROLS 0x4002u
#define EXCEPTION_BITMAP 0x4004u
#define PF_ERROR_MASK 0x4006u
#define PF_ERROR_MATCH 0x4008u
#define CR3_TARGET_COUNT 0x400au
#define EXIT_CONTROLS 0x400cu
#define EXIT_MSR_STORE_COUNT 0x400eu
#define EXIT_MSR_LOAD_COUNT 0x4010u
#define ENTRY_CONTROLS 0x4012u
#define ENTRY_MSR_LOAD_COUNT 0x4014u
#define ENTRY_EVENT 0x4016u
#define ENTRY_EVENT_ERROR 0x4018u
#define TPR_THRESHOLD 0x401cu
#define PROC2_CONTROLS 0x401eu
#define INSTRUCTION_ERROR 0x4400u
#define EXIT_REASON 0x4402u
#define EXIT_EVENT 0x4404u
#define EXIT_EVENT_ERROR 0x4406u
#define VECTORING_EVENT 0x4408u
#define VECTORING_EVENT_ERROR 0x440au
#define INSTRUCTION_LENGTH 0x440cu
#define GUEST_LIMIT(segment) (0x4800u + 2 * (segment))
#define GUEST_GDTR_LIMIT 0x4810u
#define GUEST_IDTR_LIMIT 0x4812u
#define GUEST_RIGHTS(segment) (0x4814u + 2 * (segment))
#define GUEST_INTERRUPTIBILITY 0x4824u
#define GUEST_ACTIVITY 0x4826u
#define GUEST_SYSENTER_CS 0x482au
#define HOST_SYSENTER_CS 0x4c00u
/* natural width */
#define CR0_MASK 0x6000u
#define CR4_MASK 0x6002u
#define CR0_SHADOW 0x6004u
#define CR4_SHADOW 0x6006u
#define EXIT_QUALIFICATION 0x6400u
#define GUEST_CR0 0x6800u
#define GUEST_CR3 0x6802u
#define GUEST_CR4 0x6804u
#define GUEST_BASE(segment) (0x6806u + 2 * (segment))
#define GUEST_GDTR_BASE 0x6816u
#define GUEST_IDTR_BASE 0x6818u
#define GUEST_DR7 0x681au
#define GUEST_RSP 0x681cu
#define GUEST_RIP 0x681eu
#define GUEST_RFLAGS 0x6820u
#define GUEST_PENDING_DEBUG 0x6822u
#define GUEST_SYSENTER_ESP 0x6824u
#define GUEST_SYSENTER_EIP 0x6826u
#define HOST_CR0 0x6c00u
#define HOST_CR3 0x6c02u
#define HOST_CR4 0x6c04u
#define HOST_FS_BASE 0x6c06u
#define HOST_GS_BASE 0x6c08u
#define HOST_TR_BASE 0x6c0au
#define HOST_GDTR_BASE 0x6c0cu
#define HOST_IDTR_BASE 0x6c0eu
#define HOST_SYSENTER_ESP 0x6c10u
#define HOST_SYSENTER_EIP 0x6c12u
#define HOST_RIP 0x6c16u

/* Segments as the fields number them. */
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, NR_SEGMENTS };

/* ---- controls (25.6, 25.7, 25.8) ---- */

#define PIN_EXTERNAL_INTERRUPT (1u << 0)
#define PIN_NMI (1u << 3)
#define PIN_VIRTUAL_NMI (1u << 5)
#define PIN_PREEMPTION_TIMER (1u << 6)
#define PIN_POSTED_INTERRUPTS (1u << 7)

#define PROC_INTERRUPT_WINDOW (1u << 2)
#define PROC_TSC_OFFSET (1u << 3)
#define PROC_HLT (1u << 7)
#define PROC_MWAIT (1u << 10)
#define PROC_RDPMC (1u << 11)
#define PROC_CR3_LOAD (1u << 15)
#define PROC_CR3_STORE (1u << 16)
#define PROC_TPR_SHADOW (1u << 21)
#define PROC_NMI_WINDOW (1u << 22)
#define PROC_IO_BITMAPS (1u << 25)
#define PROC_MSR_BITMAPS (1u << 28)
#define PROC_MONITOR (1u << 29)
#define PROC_SECONDARY (1u << 31)

#define PROC2_EPT (1u << 1)
#define PROC2_RDTSCP (1u << 3)
#define PROC2_X2APIC (1u << 4)
#define PROC2_VPID (1u << 5)
#define PROC2_WBINVD (1u << 6)
#define PROC2_UNRESTRICTED (1u << 7)
#define PROC2_APIC_REGISTERS (1u << 8)
#define PROC2_INTERRUPT_DELIVERY (1u << 9)
/* Of use together alone: the whole of an x2APIC. */
#define PROC2_APIC_ALL (PROC2_X2APIC | PROC2_APIC_REGISTERS | PROC2_INTERRUPT_DELIVERY)
#define PROC2_INVPCID (1u << 12)
#define PROC2_PML (1u << 17)
#define PROC2_XSAVES (1u << 20)
#define PROC2_TSC_SCALING (1u << 25)

#define EXIT_CTL_DEBUG (1u << 2)
#define EXIT_CTL_HOST_64 (1u << 9)
#define EXIT_CTL_ACKNOWLEDGE (1u << 15)
#define EXIT_CTL_SAVE_PAT (1u << 18)
#define EXIT_CTL_LOAD_PAT (1u << 19)
#define EXIT_CTL_SAVE_EFER (1u << 20)
#define EXIT_CTL_LOAD_EFER (1u << 21)

#define ENTRY_CTL_DEBUG (1u << 2)
#define ENTRY_CTL_64 (1u << 9)
#define ENTRY_CTL_LOAD_PAT (1u << 14)
#define ENTRY_CTL_LOAD_EFER (1u << 15)

/* IA32_VMX_EPT_VPID_CAP (A.10) */
#define EPT_CAP_4_LEVELS BIT(6)
#define EPT_CAP_WB BIT(14)
#define EPT_CAP_2M BIT(16)
#define EPT_CAP_1G BIT(17)
#define EPT_CAP_INVEPT BIT(20)
#define EPT_CAP_AD BIT(21)
#define EPT_CAP_INVEPT_SINGLE BIT(25)
#define EPT_CAP_INVVPID BIT(32)
#define EPT_CAP_INVVPID_ALL BIT(42)

/* EPT pointer (25.6.11) */
#define EPTP_WB 6ull
#define EPTP_4_LEVELS (3ull << 3)
#define EPTP_AD BIT(6)

/* ---- guest state ---- */

/* Access rights (25.4.1): type 3:0, S 4, DPL 6:5, P 7, AVL 12, L 13, DB 14, G 15, unusable 16 */
#define RIGHTS_TYPE 0xfu
#define RIGHTS_S (1u << 4)
#define RIGHTS_DPL_SHIFT 5
#define RIGHTS_P (1u << 7)
#define RIGHTS_L (1u << 13)
#define RIGHTS_DB (1u << 14)
#define RIGHTS_G (1u << 15)
#define RIGHTS_UNUSABLE (1u << 16)
#define RIGHTS_RESERVED 0xfffe0f00u

/* Interruptibility (25.4.2) */
#define BLOCKED_BY_STI (1u << 0)
#define BLOCKED_BY_MOV_SS (1u << 1)
#define BLOCKED_BY_SMI (1u << 2)
#define BLOCKED_BY_NMI (1u << 3)

/* ENTRY_EVENT, EXIT_EVENT, VECTORING_EVENT: vector 7:0, type 10:8 (25.8.3) */
#define EVENT_TYPE(event) ((event) >> 8 & 7)
#define EVENT_OF_TYPE(type) ((uint32_t)(type) << 8)
enum {
	EVENT_INTERRUPT = 0,
	EVENT_NMI = 2,
	EVENT_EXCEPTION = 3,
	EVENT_SOFT_INTERRUPT = 4,
	EVENT_INT1 = 5,
	EVENT_SOFT_EXCEPTION = 6,
};
#define EVENT_HAS_ERROR (1u << 11)
#define EVENT_NMI_UNBLOCKED (1u << 12) /* EXIT_EVENT: the exit came of an IRET that ended an NMI's */
#define EVENT_VALID (1u << 31)

#define PENDING_DEBUG_BS BIT(14)

/* ---- exit reasons (appendix C) ---- */

enum vmx_reason {
	REASON_EXCEPTION = 0,
	REASON_INTERRUPT = 1,
	REASON_TRIPLE_FAULT = 2,
	REASON_INTERRUPT_WINDOW = 7,
	REASON_NMI_WINDOW = 8,
	REASON_CPUID = 10,
	REASON_GETSEC = 11,
	REASON_HLT = 12,
	REASON_INVD = 13,
	REASON_RDPMC = 15,
	REASON_VMCALL = 18,
	REASON_VMCLEAR = 19,
	REASON_VMXON = 27,
	REASON_CR = 28,
	REASON_IO = 30,
	REASON_RDMSR = 31,
	REASON_WRMSR = 32,
	REASON_GUEST_STATE = 33,
	REASON_MSR_LOADING = 34,
	REASON_MWAIT = 36,
	REASON_MONITOR = 39,
	REASON_TPR_THRESHOLD = 43,
	REASON_EOI = 45,
	REASON_EPT_VIOLATION = 48,
	REASON_EPT_MISCONFIG = 49,
	REASON_INVEPT = 50,
	REASON_INVVPID = 53,
	REASON_WBINVD = 54,
	REASON_XSETBV = 55,
	REASON_APIC_WRITE = 56,
	REASON_VMFUNC = 59,
	REASON_ENCLS = 60,
	REASON_LOG_FULL = 62, /* page-modification */
};
#define REASON_MASK 0xffffu
#define REASON_ENTRY_FAILED (1u << 31)

/* Qualification of REASON_CR (table 28-3) */
#define CR_NUMBER(q) ((unsigned int)(q) & 0xf)
#define CR_ACCESS(q) ((unsigned int)(q) >> 4 & 3)
#define CR_REGISTER(q) ((unsigned int)(q) >> 8 & 0xf)
#define CR_MOV_TO 0u

/* Qualification of REASON_IO (table 28-5) */
#define IO_SIZE(q) (uint8_t)(((q)&7) + 1)
#define IO_IN BIT(3)
#define IO_STRING BIT(4)
#define IO_REP BIT(5)

/* Qualification of REASON_EPT_VIOLATION (table 28-7) */
#define EPTV_READ BIT(0)
#define EPTV_WRITE BIT(1)
#define EPTV_EXEC BIT(2)
#define EPTV_PRESENT (7ull << 3)
#define EPTV_LINEAR_VALID BIT(7)
#define EPTV_LINEAR_ITSELF BIT(8) /* else: an access to the guest's own page tables */
#define EPTV_NMI_UNBLOCKED BIT(12)

/* ---- model-specific registers (appendix A) ---- */

#define MSR_FEATURE_CONTROL 0x3au
#define FEATURE_CONTROL_LOCKED BIT(0)
#define FEATURE_CONTROL_VMX BIT(2) /* outside of SMX */
#define MSR_VMX_BASIC 0x480u
#define MSR_VMX_CR0_FIXED0 0x486u
#define MSR_VMX_CR0_FIXED1 0x487u
#define MSR_VMX_CR4_FIXED0 0x488u
#define MSR_VMX_CR4_FIXED1 0x489u
#define MSR_VMX_PROC2 0x48bu
#define MSR_VMX_EPT_VPID 0x48cu
#define MSR_VMX_TRUE_PIN 0x48du
#define MSR_VMX_TRUE_PROC 0x48eu
#define MSR_VMX_TRUE_EXIT 0x48fu
#define MSR_VMX_TRUE_ENTRY 0x490u
#define VMX_BASIC_REVISION 0x7fffffffu
#define VMX_BASIC_TRUE_CONTROLS BIT(55)

/* ---- instructions ---- */

#ifndef HV_FAKE_VMX
/* A field that does not exist, or no current VMCS, is a mistake of ours: the guest would tell. */
static inline uint64_t vmread(uint32_t field)
{
	uint64_t value;

	__asm__ volatile("vmread %1, %0" : "=rm"(value) : "r"((uint64_t)field) : "cc");
	return value;
}

static inline void vmwrite(uint32_t field, uint64_t value)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"((uint64_t)field), "rm"(value) : "cc", "memory");
}

/* These take the address of the machine address, and tell in CF and ZF whether it worked. */
static inline bool vmxon(uint64_t address)
{
	bool failed;

	__asm__ volatile("vmxon %1" : "=@ccbe"(failed) : "m"(address) : "memory");
	return !failed;
}

static inline void vmptrld(uint64_t address)
{
	__asm__ volatile("vmptrld %0" : : "m"(address) : "cc", "memory");
}

static inline void vmclear(uint64_t address)
{
	__asm__ volatile("vmclear %0" : : "m"(address) : "cc", "memory");
}

static inline void invept(uint64_t type, uint64_t eptp)
{
	struct {
		uint64_t eptp, zero;
	} descriptor = { eptp, 0 };

	__asm__ volatile("invept %0, %1" : : "m"(descriptor), "r"(type) : "cc", "memory");
}

static inline void invvpid(uint64_t type)
{
	struct {
		uint64_t vpid, linear;
	} descriptor = { 0, 0 };

	__asm__ volatile("invvpid %0, %1" : : "m"(descriptor), "r"(type) : "cc", "memory");
}
#else
/* A test process stands in for the CPU. */
uint64_t vmread(uint32_t field);
void vmwrite(uint32_t field, uint64_t value);
bool vmxon(uint64_t address);
void vmptrld(uint64_t address);
void vmclear(uint64_t address);
void invept(uint64_t type, uint64_t eptp);
void invvpid(uint64_t type);
#endif
#define INVEPT_SINGLE 1u
#define INVEPT_ALL 2u
#define INVVPID_ALL 2u
#endif

#endif
