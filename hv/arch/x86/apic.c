/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical local APIC: hv's alone. In x2APIC mode where the CPU has it, else through its page
 * of registers. The I/O APICs are the control domain's; of the old PIC everything is masked, once,
 * so that nothing comes from it before the control domain takes care of it.
 *
 * The timer is programmed by TSC deadline where the CPU can, else by a count at the bus's rate,
 * which is measured against the TSC. The count has 32 bits: a deadline further away than that is
 * reached in steps (timer_run_queue() arms it anew).
 */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/irq.h>
#include <hv/panic.h>

#include <arch/apic.h>
#include <arch/x86.h>

/* Register numbers: times 16 the offset in the page, plus 0x800 the MSR. */
#define REG_ID		  0x02u
#define REG_TPR		  0x08u
#define REG_EOI		  0x0bu
#define REG_DFR		  0x0eu
#define REG_SPURIOUS	  0x0fu
#define REG_ISR		  0x10u
#define REG_TMR		  0x18u
#define REG_ESR		  0x28u
#define REG_LVT_CMCI	  0x2fu
#define REG_ICR		  0x30u
#define REG_ICR_HIGH	  0x31u
#define REG_LVT_TIMER	  0x32u
#define REG_LVT_THERMAL	  0x33u
#define REG_LVT_PERF	  0x34u
#define REG_LVT_LINT0	  0x35u
#define REG_LVT_LINT1	  0x36u
#define REG_LVT_ERROR	  0x37u
#define REG_TIMER_INITIAL 0x38u
#define REG_TIMER_CURRENT 0x39u
#define REG_TIMER_DIVIDE  0x3eu
#define REG_VERSION	  0x03u

#define SPURIOUS_ENABLE	 BIT(8)
#define LVT_MASKED	 0x10000u
#define LVT_NMI		 0x400u
#define LVT_TSC_DEADLINE 0x40000u
#define ICR_PENDING	 0x1000u
#define ICR_ALL_BUT_SELF 0xc0000u
#define DIVIDE_BY_1	 0xbu

#define CPUID_1_ECX_X2APIC	 BIT(21)
#define CPUID_1_ECX_TSC_DEADLINE BIT(24)

#define CALIBRATE_US	      10000u
#define NR_VECTORS_IN_SERVICE 256u

static volatile uint32_t *registers; /* NULL: x2APIC */
static bool use_x2apic;
static bool use_deadline;
static uint32_t timer_khz; /* of the count */

static uint32_t apic_read(uint32_t reg)
{
	return use_x2apic ? (uint32_t)rdmsr(MSR_X2APIC_FIRST + reg) : registers[reg * 4];
}

static void apic_write(uint32_t reg, uint32_t value)
{
	if (use_x2apic)
		wrmsr(MSR_X2APIC_FIRST + reg, value);
	else
		registers[reg * 4] = value;
}

uint32_t arch_apic_id(void)
{
	struct cpuid_regs r = cpuid(0, 0);

	if (r.eax >= 0xb) {
		r = cpuid(0xb, 0);
		if (r.ebx & 0xffff)
			return r.edx;
	}
	return cpuid(1, 0).ebx >> 24;
}

static void mask_pic(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

void apic_init(void)
{
	use_x2apic = cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC || rdmsr(MSR_APIC_BASE) & APIC_BASE_EXTD;
	use_deadline = cpuid(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE;
	if (!use_x2apic) {
		registers = arch_map_device(rdmsr(MSR_APIC_BASE) & PTE_ADDR, PAGE_SIZE);
		if (!registers)
			panic("no memory to map the local APIC\n");
	}
	mask_pic();
	log_info("apic: %s mode, timer by %s\n", use_x2apic ? "x2APIC" : "xAPIC",
		 use_deadline ? "TSC deadline" : "count");
}

/* An interrupt that the loader left in service would block everything below it for ever. */
static void finish_leftovers(void)
{
	unsigned int i;

	for (i = 0; i < NR_VECTORS_IN_SERVICE && arch_irq_highest_in_service() >= 0; i++)
		apic_write(REG_EOI, 0);
}

void apic_cpu_init(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;
	uint32_t max_lvt;

	/* EXTD may only be set when ENABLE is (SDM vol. 3, 10.12.5). */
	wrmsr(MSR_APIC_BASE, base);
	if (use_x2apic)
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD);
	this_cpu()->arch.x2apic = use_x2apic;
	max_lvt = apic_read(REG_VERSION) >> 16 & 0xff;

	if (!use_x2apic)
		apic_write(REG_DFR, 0xffffffff); /* flat, as after reset */
	apic_write(REG_TPR, 0);
	apic_write(REG_SPURIOUS, SPURIOUS_ENABLE | IRQ_VECTOR_SPURIOUS);
	apic_write(REG_LVT_TIMER, LVT_MASKED);
	apic_write(REG_LVT_LINT0, LVT_MASKED);
	apic_write(REG_LVT_LINT1, this_cpu()->id ? LVT_MASKED : LVT_NMI);
	apic_write(REG_LVT_ERROR, LVT_MASKED);
	if (max_lvt >= 4)
		apic_write(REG_LVT_PERF, LVT_MASKED);
	if (max_lvt >= 5)
		apic_write(REG_LVT_THERMAL, LVT_MASKED);
	apic_write(REG_ESR, 0);
	finish_leftovers();

	if (use_deadline) {
		apic_write(REG_LVT_TIMER, LVT_TSC_DEADLINE | IRQ_VECTOR_TIMER);
		/* In xAPIC mode the write to the page must be seen before the MSR is (10.5.4.1). */
		smp_mb();
	} else {
		apic_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
		apic_write(REG_LVT_TIMER, IRQ_VECTOR_TIMER);
	}
}

/* ---- commands to other CPUs ---- */

static void wait_sent(void)
{
	uint32_t i;

	for (i = 0; i < 1000000 && apic_read(REG_ICR) & ICR_PENDING; i++)
		__builtin_ia32_pause();
}

void apic_send(uint32_t apic_id, uint32_t command)
{
	if (use_x2apic) {
		/* The MSR write does not wait for stores before it (SDM vol. 3, 10.12.3). */
		__asm__ volatile("mfence; lfence" : : : "memory");
		wrmsr(MSR_X2APIC_FIRST + REG_ICR, (uint64_t)apic_id << 32 | command);
		return;
	}
	wait_sent();
	apic_write(REG_ICR_HIGH, apic_id << 24);
	apic_write(REG_ICR, command);
}

void apic_send_all_but_self(uint32_t command)
{
	apic_send(0, command | ICR_ALL_BUT_SELF);
}

void arch_send_kick(struct cpu *cpu)
{
	apic_send(cpu->apic_id, APIC_FIXED(IRQ_VECTOR_KICK));
}

void apic_notify_posted(struct cpu *cpu)
{
	apic_send(cpu->apic_id, APIC_FIXED(IRQ_VECTOR_POSTED));
}

/*
 * An interrupt reaches CPUs in a guest or idle; a moment later an NMI reaches those that execute
 * hv. Both end in arch_halt().
 */
void arch_stop_other_cpus(void)
{
	if (nr_cpus < 2 || (!registers && !use_x2apic))
		return;
	apic_send_all_but_self(APIC_FIXED(IRQ_VECTOR_HALT));
	clock_delay_us(10000);
	if (panic_is_under_way())
		apic_send_all_but_self(APIC_NMI);
}

/* ---- interrupts being served ---- */

void arch_irq_eoi(void)
{
	apic_write(REG_EOI, 0);
}

bool arch_irq_is_level(uint32_t vector)
{
	return apic_read(REG_TMR + vector / 32) >> vector % 32 & 1;
}

bool apic_is_in_service(uint32_t vector)
{
	return apic_read(REG_ISR + vector / 32) >> vector % 32 & 1;
}

int arch_irq_highest_in_service(void)
{
	uint32_t word;
	int i;

	for (i = 7; i >= 0; i--) {
		word = apic_read(REG_ISR + (uint32_t)i);
		if (word)
			return i * 32 + 31 - __builtin_clz(word);
	}
	return -1;
}

/* ---- timer ---- */

void apic_timer_init(void)
{
	uint64_t start_tsc, tsc;
	uint32_t count;

	if (use_deadline)
		return;
	apic_write(REG_LVT_TIMER, LVT_MASKED | IRQ_VECTOR_TIMER);
	apic_write(REG_TIMER_INITIAL, 0xffffffff);
	start_tsc = arch_tsc();
	clock_delay_us(CALIBRATE_US);
	count = 0xffffffff - apic_read(REG_TIMER_CURRENT);
	tsc = arch_tsc() - start_tsc;
	apic_write(REG_TIMER_INITIAL, 0);
	apic_write(REG_LVT_TIMER, IRQ_VECTOR_TIMER);
	timer_khz = (uint32_t)((uint64_t)count * clock_tsc_khz() / tsc);
	if (!timer_khz)
		panic("the local APIC's timer does not count\n");
	log_info("apic: timer at %u.%03u MHz\n", timer_khz / 1000, timer_khz % 1000);
}

static void arm_count(uint64_t deadline_ns)
{
	uint64_t now_ns = clock_ns(), count = 1;

	if (deadline_ns > now_ns)
		/* Ten seconds at most: the product fits, and the count never wraps unnoticed. */
		count = MIN(deadline_ns - now_ns, 10 * NSEC_PER_SEC) * timer_khz / 1000000 + 1;
	apic_write(REG_TIMER_INITIAL, (uint32_t)MIN(count, (uint64_t)UINT32_MAX));
}

void arch_timer_arm(uint64_t deadline_ns)
{
	if (use_deadline)
		wrmsr(MSR_TSC_DEADLINE,
		      deadline_ns == UINT64_MAX ? 0 : clock_ns_to_tsc(deadline_ns));
	else if (deadline_ns == UINT64_MAX)
		apic_write(REG_TIMER_INITIAL, 0);
	else
		arm_count(deadline_ns);
}

void arch_timer_init(void)
{
	apic_timer_init();
}
