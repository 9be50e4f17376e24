/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every way out of a guest that the guest survives: each instruction that exits has its effect, goes
 * on behind itself, or ends with the exception that it should.
 */
#include "rt.h"
#include "str.h"
#include "tap.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/errno.h>
#include <xen/version.h>

#define EFER_NXE (1ul << 11)
#define MSR_PAT 0x277u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_TSC 0x10u
#define MSR_UNKNOWN 0x123456u
#define MSR_SMBASE 0x9eu
#define MSR_MISC_ENABLE 0x1a0u
#define MISC_FAST_STRINGS 1ul
#define MISC_OF_THE_HOST (1ul << 7 | 1ul << 16 | 1ul << 18)
#define MSR_MTRR_DEF 0x2ffu
#define PORT_OF_NOTHING 0x1e4
#define CR0_AM (1ul << 18)
#define CR0_TS (1ul << 3)
#define CR0_CD (1ul << 30)
#define CR4_VMXE (1ul << 13)
#define CR4_OSXSAVE (1ul << 18)
#define CR4_RESERVED (1ul << 31)

static bool is_intel;
static bool is_qemu; /* without KVM: checks less than a processor */

static int try_rdmsr(uint32_t msr, uint64_t *ret_value)
{
	uint32_t lo = 0, hi = 0;
	int vector = rt_try("rdmsr", "=a"(lo), "=d"(hi) : "c"(msr));

	*ret_value = (uint64_t)hi << 32 | lo;
	return vector;
}

static int try_wrmsr(uint32_t msr, uint64_t value)
{
	return rt_try("wrmsr", : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static void test_cpuid(void)
{
	uint32_t r[4], again[4];

	rt_cpuid(0, r);
	is_intel = r[1] == 0x756e6547;
	rt_cpuid(0x80000002, again);
	is_qemu = again[0] == 0x554d4551;
	tap_ok(is_intel || r[1] == 0x68747541, "CPUID tells the processor's vendor");
	tap_ok(r[0] >= 0xb && r[0] <= 0xd, "its last basic leaf is one that hv knows");
	rt_cpuid(XEN_CPUID_FIRST_LEAF, r);
	tap_ok(r[1] == XEN_CPUID_SIGNATURE_EBX && r[2] == XEN_CPUID_SIGNATURE_ECX &&
		       r[3] == XEN_CPUID_SIGNATURE_EDX,
	       "Xen's signature");
	rt_cpuid(1, r);
	tap_ok(r[2] & 1u << 31, "the hypervisor bit");
	tap_ok(r[2] & 1u << 21, "x2APIC is offered");
	tap_ok(!(r[2] & (1u << 5 | 1u << 3)), "VMX and MONITOR are not");
	tap_is(r[2] >> 27 & 1, (long)(rt_cr4() >> 18 & 1), "OSXSAVE follows CR4");
	rt_cpuid(0x80000001, r);
	tap_ok(!(r[2] & 1u << 2), "nor is SVM");
	rt_cpuid(0x0fffffff, r);
	tap_ok(!(r[0] | r[1] | r[2] | r[3]), "a leaf of nobody's is zero");
	rt_cpuid2(0xb, 0, r);
	rt_cpuid2(0xb, 1, again);
	tap_ok(r[3] == 0 && again[3] == 0 && (again[2] >> 8 & 0xff) == 2, "the topology leaves");
	/* Registers that CPUID does not name keep their values. */
	{
		uint64_t rsi = 0x1122334455667788, rdi = 0x99aabbccddeeff00;
		uint32_t a = 0, c = 0;

		__asm__ volatile("cpuid" : "+a"(a), "+c"(c), "+S"(rsi), "+D"(rdi)::"rbx", "rdx");
		tap_ok(rsi == 0x1122334455667788 && rdi == 0x99aabbccddeeff00,
		       "CPUID leaves other registers alone");
	}
}

static void test_msrs(void)
{
	uint64_t value, efer;
	int vector;

	tap_is(try_rdmsr(MSR_EFER, &efer), RT_NO_TRAP, "EFER can be read");
	tap_ok((efer & 0x500) == 0x500, "and says long mode");
	tap_ok(!(efer & 0x1000), "and nothing of SVM");
	tap_is(try_wrmsr(MSR_EFER, efer | EFER_NXE), RT_NO_TRAP, "EFER can be written");
	try_rdmsr(MSR_EFER, &value);
	tap_is((long)value, (long)(efer | EFER_NXE), "and remembers");
	tap_is(try_wrmsr(MSR_EFER, efer | 0x1000), GP, "but SVME is refused");
	tap_is(try_wrmsr(MSR_EFER, efer & ~0x100ul), GP, "and so is leaving long mode with paging on");
	tap_is(try_wrmsr(MSR_PAT, 0x0007040600070406), RT_NO_TRAP, "PAT can be written");
	tap_is(try_wrmsr(MSR_PAT, 0x0002040600070406), GP, "not with an impossible type");
	try_rdmsr(MSR_PAT, &value);
	tap_is((long)value, 0x0007040600070406, "which leaves it as it was");

	/* Without an exit, on hosts that can do it. */
	rt_wrmsr(MSR_FS_BASE, 0x123000);
	tap_is((long)rt_rdmsr(MSR_FS_BASE), 0x123000, "FS base");
	rt_wrmsr(MSR_KERNEL_GS_BASE, 0x456000);
	tap_is((long)rt_rdmsr(MSR_KERNEL_GS_BASE), 0x456000, "kernel GS base");
	rt_wrmsr(MSR_STAR, 0x0010000800000000);
	tap_is((long)rt_rdmsr(MSR_STAR), 0x0010000800000000, "STAR");
	rt_wrmsr(MSR_LSTAR, 0xffffffff81000000);
	tap_is((long)rt_rdmsr(MSR_LSTAR), (long)0xffffffff81000000, "LSTAR");

	/* Its value is not looked at: QEMU 7.2 gives 0. */
	tap_is(try_rdmsr(MSR_TSC, &value), RT_NO_TRAP, "the TSC by its MSR");

	tap_is(try_rdmsr(MSR_UNKNOWN, &value), GP, "an unknown MSR: read refused");
	tap_is(try_wrmsr(MSR_UNKNOWN, 0), GP, "write refused");
	tap_is(try_rdmsr(MSR_SMBASE, &value), GP, "SMBASE is the host's");
	tap_is(try_rdmsr(0xc0010117, &value), GP, "so is the host-save area");
	tap_is(try_rdmsr(0x480, &value), GP, "and what VMX can do");
	/* AMD has no such register; Linux copies slowly where Intel's says that strings are slow. */
	value = MISC_FAST_STRINGS;
	vector = try_rdmsr(MSR_MISC_ENABLE, &value);
	tap_ok((vector == RT_NO_TRAP || vector == GP) && value & MISC_FAST_STRINGS, "strings are fast");
	tap_ok(vector == GP || !(value & MISC_OF_THE_HOST), "no counters, speed steps, or MWAIT");
	tap_is(try_rdmsr(MSR_MTRR_DEF, &value), RT_NO_TRAP, "the MTRRs' default");
	tap_is((long)value, 0x806, "is write-back, on");
	tap_is(try_rdmsr(MSR_APIC_BASE, &value), RT_NO_TRAP, "APIC base");
	tap_is((long)value, 0xfee00d00, "x2APIC, on, of the boot processor");
	tap_is(try_wrmsr(MSR_APIC_BASE, value & ~0x400ul), GP, "x2APIC mode cannot be left");
	tap_is(try_wrmsr(MSR_APIC_BASE, value), RT_NO_TRAP, "what is there may be written");
}

static void test_ports(void)
{
	uint64_t rax = 0x1111111122222222;
	uint8_t buffer[4] = { 1, 2, 3, 4 };
	uint64_t at;
	uint64_t count;

	__asm__ volatile("inb %1, %%al" : "+a"(rax) : "d"((uint16_t)PORT_OF_NOTHING));
	tap_is((long)rax, 0x11111111222222ff, "a byte from a port of nothing");
	__asm__ volatile("inw %1, %%ax" : "+a"(rax) : "d"((uint16_t)PORT_OF_NOTHING));
	tap_is((long)rax, 0x111111112222ffff, "a word");
	__asm__ volatile("inl %1, %%eax" : "+a"(rax) : "d"((uint16_t)PORT_OF_NOTHING));
	tap_is((long)rax, 0xffffffff, "a long word clears the upper half");
	__asm__ volatile("inb $0x61, %%al" : "=a"(rax) : "0"(0x5555ul));
	tap_is((long)rax, 0x5500, "a port that the instruction names, and that reads zero");
	tap_is(rt_try("outb %%al, %%dx", : "a"(0), "d"(PORT_OF_NOTHING)), RT_NO_TRAP, "OUT, 8 bits");
	tap_is(rt_try("outw %%ax, %%dx", : "a"(0), "d"(PORT_OF_NOTHING)), RT_NO_TRAP, "16 bits");
	tap_is(rt_try("outl %%eax, %%dx", : "a"(0), "d"(PORT_OF_NOTHING)), RT_NO_TRAP, "32 bits");
	tap_is(rt_try("outb %%al, $0xed", : "a"(0)), RT_NO_TRAP, "a port in the instruction");
	at = (uintptr_t)buffer;
	tap_is(rt_try("outsb", "+S"(at) : "d"(PORT_OF_NOTHING)), GP, "OUTS is refused");
	at = (uintptr_t)buffer;
	tap_is(rt_try("insb", "+D"(at) : "d"(PORT_OF_NOTHING)), GP, "INS too");
	at = (uintptr_t)buffer;
	count = 4;
	tap_is(rt_try("rep outsb", "+S"(at), "+c"(count) : "d"(PORT_OF_NOTHING)), GP, "and REP OUTS");
	tap_ok(at == (uintptr_t)buffer && count == 4, "with its registers as they were");
}

static void test_hypercalls(void)
{
	char version[16] = "";
	long ret;

	tap_ok(rt_hypercall(__HYPERVISOR_xen_version, XENVER_version, 0, 0) > 0x40000, "a hypercall");
	tap_is(rt_hypercall(127, 0, 0, 0), -XEN_ENOSYS, "one that nobody serves");
	tap_is(rt_hypercall(__HYPERVISOR_xen_version, XENVER_extraversion, 0xdead000000ull, 0),
	       -XEN_EFAULT, "an argument where there is no memory");
	tap_is(rt_hypercall(__HYPERVISOR_xen_version, XENVER_extraversion, (uintptr_t)version, 0), 0,
	       "and where there is some");
	tap_ok(version[0] != 0, "which is filled");

	/* The instruction itself, with a number that is out of any table. */
	ret = 0x7fffffff;
	if (is_intel)
		__asm__ volatile("vmcall" : "+a"(ret)::"memory", "rdi", "rsi", "rdx");
	else
		__asm__ volatile("vmmcall" : "+a"(ret)::"memory", "rdi", "rsi", "rdx");
	tap_is(ret, -XEN_ENOSYS, "a number beyond the table");
	if (is_intel)
		tap_is(rt_try("vmmcall", : "a"(-1)), UD, "the other vendor's instruction");
	else
		tap_is(rt_try("vmcall", : "a"(-1)), UD, "the other vendor's instruction");
}

static void test_xsetbv(void)
{
	uint32_t r[4];

	rt_cpuid(1, r);
	if (!(r[2] & 1u << 26)) {
		tap_is(rt_try("xsetbv", : "a"(1), "d"(0), "c"(0)), UD, "XSETBV without XSAVE");
		return;
	}
	rt_set_cr4(rt_cr4() | CR4_OSXSAVE);
	rt_cpuid(1, r);
	tap_ok(r[2] & 1u << 27, "OSXSAVE shows in CPUID");
	tap_is(rt_try("xsetbv", : "a"(3), "d"(0), "c"(0)), RT_NO_TRAP, "XSETBV");
	rt_cpuid2(0xd, 0, r);
	tap_is((long)r[1], 576, "and the area's size in CPUID");
	tap_is(rt_try("xsetbv", : "a"(2), "d"(0), "c"(0)), GP, "not without x87");
	tap_is(rt_try("xsetbv", : "a"(5), "d"(0), "c"(0)), GP, "no AVX without SSE");
	tap_is(rt_try("xsetbv", : "a"(3), "d"(1u << 30), "c"(0)), GP, "nothing unknown");
	tap_is(rt_try("xsetbv", : "a"(3), "d"(0), "c"(1)), GP, "no other register");
	tap_is(rt_try("xsetbv", : "a"(1), "d"(0), "c"(0)), RT_NO_TRAP, "back");
	rt_set_cr4(rt_cr4() & ~CR4_OSXSAVE);
}

static void test_refused(void)
{
	uint64_t ax = 0x1000, dx;

	tap_is(rt_try("wbinvd", : ), RT_NO_TRAP, "WBINVD");
	tap_is(rt_try("invd", : ), RT_NO_TRAP, "INVD");
	tap_is(rt_try("rdpmc", "=a"(ax), "=d"(dx) : "c"(0)), GP, "RDPMC");
	tap_is(rt_try("monitor", : "a"(ax), "c"(0), "d"(0)), UD, "MONITOR");
	tap_is(rt_try("mwait", : "a"(0), "c"(0)), UD, "MWAIT");
	if (is_intel) {
		tap_is(rt_try("vmxoff", : ), UD, "VMXOFF");
		tap_is(rt_try("vmread %%rax, %%rdx", "=d"(dx) : "a"(0)), UD, "VMREAD");
		tap_is(rt_try("mov %0, %%cr4", : "r"(rt_cr4() | CR4_VMXE)), GP, "CR4.VMXE");
		tap_is(rt_try("vmmcall", : ), UD, "and again the instruction of others");
	} else {
		tap_is(rt_try("vmrun %0", : "a"(ax)), UD, "VMRUN");
		tap_is(rt_try("vmload %0", : "a"(ax)), UD, "VMLOAD");
		tap_is(rt_try("vmsave %0", : "a"(ax)), UD, "VMSAVE");
		tap_is(rt_try("clgi", : ), UD, "CLGI");
	}
}

static void test_control_registers(void)
{
	/* Unchecked on QEMU 7.2: there the next entry is refused, and the guest ended. */
	if (!is_qemu) {
		tap_is(rt_try("mov %0, %%cr4", : "r"(rt_cr4() | CR4_RESERVED)), GP, "CR4's reserved bits");
		/* Bochs' AMD processor takes it, and stops. */
		if (!str_same(rt_command_line(), "protected"))
			tap_is(rt_try("mov %0, %%cr0", : "r"(rt_cr0() & ~1ul)), GP, "paging without protection");
	}
	rt_set_cr0(rt_cr0() | CR0_TS);
	tap_ok(rt_cr0() & CR0_TS, "CR0.TS is set");
	tap_is(rt_try("fninit", : ), NM, "and the next FPU instruction is told");
	__asm__ volatile("clts");
	tap_is(rt_try("fninit", : ), RT_NO_TRAP, "CLTS lets it through");
	rt_set_cr0(rt_cr0() | CR0_CD);
	tap_ok(rt_cr0() & CR0_CD, "caches off");
	rt_set_cr0(rt_cr0() & ~CR0_CD);
	tap_ok(!(rt_cr0() & CR0_CD), "and on");
}

static volatile uint64_t watched;

static void test_exceptions(void)
{
	uint64_t at = 0;
	int vector;

	tap_is(rt_try("lea 2b(%%rip), %0; ud2", "=r"(at) : ), UD, "an undefined instruction");
	tap_ok(rt_trap.rip - at <= 8, "is told where it is");
	tap_is(rt_try("xor %%edx, %%edx; xor %%ecx, %%ecx; mov $1, %%eax; div %%ecx", "=a"(at) : ), DE,
	       "division by zero");
	tap_is(rt_try("int3", : ), BP, "a breakpoint");
	tap_is(rt_try("mov (%0), %0", "=r"(at) : "0"(0x5555000000ul)), PF, "a page that is not there");
	tap_ok(rt_trap.cr2 == 0x5555000000 && rt_trap.error == 0, "with its address and reason");
	tap_is(rt_try("mov %0, (%0)", : "r"(0x5555000008ul)), PF, "the same, written");
	tap_ok(rt_trap.cr2 == 0x5555000008 && rt_trap.error == 2, "the reason says so");
	tap_is(rt_try("mov (%0), %0", "=r"(at) : "0"(0x8000000000000000ul)), GP, "no canonical address");

	/* hv sees #DB first and gives it back. */
	vector = rt_try("pushf; orl $0x100, (%%rsp); popf; nop; nop", : );
	tap_is(vector, DB, "a single step");
	tap_ok(rt_trap.dr6 & 1ul << 14, "is called so in DR6");
	__asm__ volatile("mov %0, %%db6" ::"r"(0xffff0ff0ul));
	__asm__ volatile("mov %0, %%db0" ::"r"(&watched));
	__asm__ volatile("mov %0, %%db7" ::"r"(0x000d0402ul)); /* 4 bytes written, global */
	vector = rt_try("movl $1, %0", "=m"(watched) : );
	__asm__ volatile("mov %0, %%db7" ::"r"(0x400ul));
	tap_is(vector, DB, "a watchpoint");
	tap_is((long)rt_trap.dr6 & 0xf, 1, "is called so too");
	tap_is((long)watched, 1, "after the write");
	__asm__ volatile("mov %0, %%db6" ::"r"(0xffff0ff0ul));
}

/* ---- user mode ---- */

static volatile uint32_t user_leaf;

static void user_nothing(void)
{
}
static void user_cpuid(void)
{
	uint32_t r[4];

	rt_cpuid(XEN_CPUID_FIRST_LEAF, r);
	user_leaf = r[1];
}
static void user_hlt(void)
{
	__asm__ volatile("hlt");
}
static void user_rdmsr(void)
{
	rt_rdmsr(MSR_EFER);
}
static void user_rdpmc(void)
{
	__asm__ volatile("rdpmc" ::"c"(0) : "rax", "rdx");
}
static void user_port(void)
{
	rt_outb(0xe9, 'x');
}
static void user_invd(void)
{
	__asm__ volatile("invd");
}
static volatile long user_result;
static void user_hypercall(void)
{
	user_result = rt_hypercall(__HYPERVISOR_xen_version, XENVER_version, 0, 0);
}
static uint64_t unaligned[2];
static void user_unaligned(void)
{
	uint32_t value;

	__asm__ volatile("movl 1(%1), %0" : "=r"(value) : "r"(unaligned));
	(void)value;
}

static void test_user_mode(void)
{
	tap_is(rt_user(user_nothing, 0), RT_NO_TRAP, "user mode, and back");
	tap_is(rt_user(user_cpuid, 0), RT_NO_TRAP, "CPUID in user mode");
	tap_is((long)user_leaf, XEN_CPUID_SIGNATURE_EBX, "tells the same");
	tap_is(rt_user(user_hypercall, 0), RT_NO_TRAP, "a hypercall in user mode");
	tap_is(user_result, -XEN_EPERM, "is not permitted");
	tap_is(rt_user(user_hlt, 0), GP, "nor is HLT");
	tap_is(rt_user(user_rdmsr, 0), GP, "nor RDMSR");
	tap_is(rt_user(user_rdpmc, 0), GP, "nor RDPMC");
	tap_is(rt_user(user_port, 0), GP, "nor ports");
	tap_is(rt_user(user_invd, 0), GP, "nor INVD");
	/* hv sees #AC first and gives it back. */
	rt_set_cr0(rt_cr0() | CR0_AM);
	if (!is_qemu) {
		tap_is(rt_user(user_unaligned, RFLAGS_AC), AC, "an unaligned access that is checked");
		tap_is((long)rt_trap.error, 0, "with its error code");
	}
	rt_set_cr0(rt_cr0() & ~CR0_AM);
	tap_is(rt_user(user_unaligned, RFLAGS_AC), RT_NO_TRAP, "and where it is not");
}

/* ---- HLT and the interrupt shadow ---- */

#define VECTOR 0x51u
static volatile uint32_t nr_interrupts;
static volatile uint64_t interrupted_rip;

static void on_interrupt(struct rt_frame *f)
{
	nr_interrupts++;
	interrupted_rip = f->rip;
	rt_wrmsr(APIC_EOI, 0);
}

/* If nothing else ends a HLT, this does. */
#define RESCUE_VECTOR 0x41u

static void rescue_after(uint32_t count)
{
	rt_wrmsr(APIC_LVT_TIMER, RESCUE_VECTOR);
	rt_wrmsr(APIC_TIMER_INITIAL, count);
}

static void on_rescue(struct rt_frame *f)
{
	(void)f;
	rt_wrmsr(APIC_EOI, 0);
}

static void test_hlt(void)
{
	uint64_t after;

	rt_irq_bind(VECTOR, on_interrupt);
	rt_irq_bind(RESCUE_VECTOR, on_rescue);
	rt_wrmsr(APIC_SVR, APIC_ENABLED | 0xff);
	rt_wrmsr(APIC_TIMER_DIVIDE, 0xb);

	/* Pending before: HLT does not wait. STI's shadow lasts until HLT has begun. */
	rescue_after(300000000);
	rt_wrmsr(APIC_SELF_IPI, VECTOR);
	__asm__ volatile("sti; hlt; 1: lea 1b(%%rip), %0; cli" : "=r"(after)::"memory");
	tap_is((long)nr_interrupts, 1, "HLT ends with an interrupt that was there before");
	tap_is((long)interrupted_rip, (long)after, "which comes behind it: STI covers one instruction");

	/* A timer wakes it. */
	rt_wrmsr(APIC_LVT_TIMER, VECTOR);
	rt_wrmsr(APIC_TIMER_INITIAL, 200000);
	rt_halt();
	tap_is((long)nr_interrupts, 2, "or with one that comes later");

	/* An exit that hv skips an instruction for ends the shadow, as the instruction would. */
	rt_wrmsr(APIC_SELF_IPI, VECTOR);
	__asm__ volatile("sti; cpuid; 1: nop; lea 1b(%%rip), %0; cli"
			 : "=r"(after)
			 : "a"(0), "c"(0)
			 : "rbx", "rdx", "memory");
	tap_is((long)nr_interrupts, 3, "an interrupt behind STI and CPUID");
	tap_is((long)interrupted_rip, (long)after, "is taken right behind it");
	rt_wrmsr(APIC_LVT_TIMER, APIC_MASKED);
}

void rt_main(void)
{
	test_cpuid();
	test_msrs();
	test_ports();
	test_hypercalls();
	test_xsetbv();
	test_refused();
	test_control_registers();
	test_exceptions();
	test_user_mode();
	test_hlt();
	tap_done();
}
