/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the boot loader to the control domain, in order. The architecture's entry code has filled
 * boot_info and calls hv_main() on the boot CPU's stack, on page tables that are just enough to
 * get here; interrupts are off and stay off (<hv/spinlock.h> tells where they are taken).
 */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/frame.h>
#include <hv/guest_abi.h>
#include <hv/main.h>
#include <hv/panic.h>
#include <hv/sched.h>
#include <hv/stats.h>
#include <hv/vcpu.h>

#ifndef HV_VERSION
#define HV_VERSION "0"
#endif

/* hv itself needs a few MiB, a small Linux in the control domain this much. */
#define MIN_CONTROL_DOMAIN MIB(128)
/* Where a Linux control domain is loaded; modules must not lie below its end. */
#define KERNEL_AREA_END MIB(512)

static void check_memory(void)
{
	uint64_t have = 0, need = MIN_CONTROL_DOMAIN;
	uint32_t i;

	for (i = 0; i < boot_info.nr_regions; i++)
		if (boot_info.regions[i].type == REGION_RAM)
			have += boot_info.regions[i].size;
	for (i = 0; i < boot_info.nr_modules; i++)
		need += 2 * boot_info.modules[i].size; /* as loaded, and unpacked */
	if (have < need)
		boot_refuse(
			"too little memory: %lu MiB, at least %lu MiB are needed for hv and the "
			"control domain\n",
			have >> 20, need >> 20);
}

static void log_boot_info(void)
{
	const struct boot_module *m;
	const struct boot_region *r;
	uint32_t i;

	for (i = 0; i < boot_info.nr_regions; i++) {
		r = &boot_info.regions[i];
		log_debug("memory %012lx-%012lx type %u\n", r->start, r->start + r->size - 1,
			  (unsigned int)r->type);
	}
	for (i = 0; i < boot_info.nr_modules; i++) {
		m = &boot_info.modules[i];
		log_debug("module %u: %lx, %lu KiB: %s\n", i, m->start, m->size >> 10, m->cmdline);
	}
}

static void check_modules(void)
{
	if (!boot_info.nr_modules)
		boot_refuse(
			"GRUB loaded no control-domain kernel: its menu entry needs a 'module2' "
			"line with the kernel, and one with its initramfs\n");
}

noreturn void hv_main(void)
{
	struct cpu *cpu = this_cpu();

	cpu_init(cpu, 0, arch_apic_id());
	cpu->online = true;
	cpus[0] = cpu;
	nr_cpus = 1;

	console_early_init(boot_info.cmdline);
	log_info("hv " HV_VERSION ", command line: %s\n", boot_info.cmdline);
	log_boot_info();
	check_memory();
	acpi_init();
	frame_init();
	arch_memory_init();
	console_framebuffer_init();
	arch_cpu_init(); /* exceptions, local APIC */
	clock_init();
	stats_init();
	arch_timer_init();
	arch_virt_init();
	sched_init();
	if (sched_cpu_init(cpu))
		boot_refuse("too little memory for the scheduler\n");
	cpu_start_all();

	check_modules();
	boot_move_modules(KERNEL_AREA_END);
	guest_abi_init();
	guest_abi_build_control_domain();
	console_release_screen();
	vcpu_loop();
}
