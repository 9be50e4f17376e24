/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake architecture; see <arch/fake.h>. Functions are weak where a test may want to link the
 * real ones, or to put its own in their place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/panic.h>
#include <hv/vcpu.h>

#include <arch/fake.h>

#define WEAK __attribute__((weak))

static char stacks[FAKE_MAX_CPUS][CPU_STACK_SIZE] __aligned(32768);
static uint64_t mapped_size;
static sigjmp_buf *panic_return;

__thread char *fake_stack;
uint64_t fake_tsc;
unsigned int fake_tsc_multiplier_bits, fake_tsc_fraction_bits;
unsigned int fake_nr_panics;
bool fake_verbose;

WEAK struct boot_info boot_info;
WEAK struct cpu *cpus[NR_CPUS];
WEAK uint32_t nr_cpus;

void fake_set_cpu(unsigned int id)
{
	fake_stack = stacks[id];
}

void fake_machine(uint64_t ram_size, unsigned int nr)
{
	struct cpu *cpu;
	unsigned int i;
	void *ram;

	if (mapped_size)
		munmap((void *)FAKE_RAM, mapped_size);
	ram = mmap((void *)FAKE_RAM, ram_size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
	if (ram != (void *)FAKE_RAM) {
		perror("fake RAM");
		abort();
	}
	mapped_size = ram_size;
	memset(&boot_info, 0, sizeof(boot_info));
	boot_info.regions[0] = (struct boot_region){ FAKE_RAM, ram_size, REGION_RAM };
	boot_info.nr_regions = 1;
	nr_cpus = nr;
	for (i = 0; i < nr; i++) {
		cpu = (struct cpu *)(void *)stacks[i];
		memset(cpu, 0, sizeof(*cpu));
		cpu->id = cpu->apic_id = i;
		cpu->online = true;
		cpus[i] = cpu;
	}
	fake_set_cpu(0);
	fake_tsc = 0;
}

/* ---- boot ---- */

void arch_image_range(paddr_t *ret_start, paddr_t *ret_end)
{
	*ret_start = *ret_end = 0;
}

paddr_t arch_boot_mapped_limit(void)
{
	return FAKE_RAM + mapped_size;
}

const void *arch_map_firmware(paddr_t address, size_t size)
{
	(void)size;
	return (const void *)address;
}

uint32_t arch_calibrate_tsc_khz(void)
{
	return 1000000;
}

bool arch_tsc_is_invariant(void)
{
	return true;
}

uint64_t arch_read_rtc(void)
{
	return 1700000000;
}

/* ---- CPUs ---- */

uint64_t arch_tsc(void)
{
	return fake_tsc;
}

unsigned int arch_tsc_multiplier_bits(unsigned int *ret_fraction_bits)
{
	*ret_fraction_bits = fake_tsc_fraction_bits;
	return fake_tsc_multiplier_bits;
}

void arch_send_kick(struct cpu *cpu)
{
	cpu->arch.nr_kicks++;
}

void arch_timer_arm(uint64_t deadline_ns)
{
	this_cpu()->arch.timer_ns = deadline_ns;
}

/* ---- vCPUs ---- */

void arch_vcpu_set_entry(struct vcpu *v, uint64_t entry, uint64_t start_info)
{
	v->arch.entry = entry;
	v->arch.start_info = start_info;
}

void arch_vcpu_raise(struct vcpu *v, uint32_t vector)
{
	v->arch.raised[vector / 64] |= BIT(vector % 64);
}

void arch_vcpu_raise_level(struct vcpu *v, uint32_t vector)
{
	v->arch.raised_level[vector / 64] |= BIT(vector % 64);
}

void arch_vcpu_raise_nmi(struct vcpu *v)
{
	v->arch.nmi = true;
}

/* ---- last words ---- */

static noreturn void fake_end(const char *what, const char *fmt, va_list args)
{
	fake_nr_panics++;
	if (panic_return)
		siglongjmp(*panic_return, 1);
	fprintf(stderr, "%s: ", what);
	vfprintf(stderr, fmt, args);
	abort();
}

bool fake_panics(void (*fn)(void *arg), void *arg)
{
	sigjmp_buf here;

	if (sigsetjmp(here, 0)) {
		panic_return = NULL;
		return true;
	}
	panic_return = &here;
	fn(arg);
	panic_return = NULL;
	return false;
}

WEAK noreturn void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fake_end("panic", fmt, args);
}

WEAK noreturn void boot_refuse(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fake_end("boot_refuse", fmt, args);
}

WEAK void log_at(enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)level;
	if (!fake_verbose)
		return;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
}
