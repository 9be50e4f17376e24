/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions and numbers of the processor, for programs of the runtime. */
#ifndef STUBDOM_X86_H
#define STUBDOM_X86_H

#include <stdbool.h>
#include <stdint.h>

enum { DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, UD = 6, NM = 7, DF = 8, GP = 13, PF = 14, AC = 17 };

#define RFLAGS_TF (1ull << 8)
#define RFLAGS_IF (1ull << 9)
#define RFLAGS_RF (1ull << 16)
#define RFLAGS_AC (1ull << 18)

#define MSR_APIC_BASE 0x1bu
#define MSR_EFER 0xc0000080u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u

/* x2APIC registers */
#define APIC_ID 0x802u
#define APIC_VERSION 0x803u
#define APIC_TPR 0x808u
#define APIC_PPR 0x80au
#define APIC_EOI 0x80bu
#define APIC_LDR 0x80du
#define APIC_SVR 0x80fu
#define APIC_ISR 0x810u
#define APIC_TMR 0x818u
#define APIC_IRR 0x820u
#define APIC_ESR 0x828u
#define APIC_ICR 0x830u
#define APIC_LVT_TIMER 0x832u
#define APIC_LVT_LINT0 0x835u
#define APIC_LVT_ERROR 0x837u
#define APIC_TIMER_INITIAL 0x838u
#define APIC_TIMER_CURRENT 0x839u
#define APIC_TIMER_DIVIDE 0x83eu
#define APIC_SELF_IPI 0x83fu
#define APIC_MASKED 0x10000u
#define APIC_PERIODIC 0x20000u
#define APIC_ENABLED 0x100u
#define ICR_NMI 0x400u
#define ICR_INIT 0x4500u
#define ICR_STARTUP 0x4600u
#define ICR_ALL 0x80000u
#define ICR_OTHERS 0xc0000u

static inline uint64_t rt_tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void rt_cpuid2(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
			 : "a"(leaf), "c"(subleaf));
}

static inline void rt_cpuid(uint32_t leaf, uint32_t out[4])
{
	rt_cpuid2(leaf, 0, out);
}

static inline void rt_outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void rt_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline uint64_t rt_rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void rt_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline void rt_irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void rt_halt(void)
{
	__asm__ volatile("sti; hlt; cli" ::: "memory");
}

static inline void rt_pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline uint64_t rt_cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static inline uint64_t rt_cr2(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t rt_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline void rt_set_cr0(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr0" ::"r"(value) : "memory");
}

static inline void rt_set_cr4(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr4" ::"r"(value) : "memory");
}

static inline void rt_invlpg(const volatile void *p)
{
	__asm__ volatile("invlpg (%0)" ::"r"(p) : "memory");
}

#endif
