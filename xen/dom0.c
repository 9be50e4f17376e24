// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control domain, built from what GRUB loaded: module 0 is its kernel (an ELF image), module
 * 1, if there, its initramfs.
 *
 * Everything that it finds at start lies in its own RAM: the kernel where it was linked to run,
 * the start information below 1 GiB (the kernel's first page tables reach no further), ACPI
 * tables and initramfs below 4 GiB.
 */
#include "dom0.h"

#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/guest_abi.h>
#include <hv/irq.h>
#include <hv/panic.h>
#include <hv/slab.h>
#include <hv/string.h>

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/xen.h>

#include "abi_state.h"

static uint64_t dom0_mem_bytes;
OPTION_SIZE("dom0_mem", dom0_mem_bytes);
static uint32_t dom0_max_vcpus;
OPTION_UINT("dom0_max_vcpus", dom0_max_vcpus);

#define START_INFO_LIMIT GIB(1)
#define LOW_LIMIT	 GIB(4)
/* What a kernel needs besides itself and its initramfs, packed and unpacked. */
#define BREATHING_SPACE MIB(64)

/* One page run, read by the kernel before it has page tables of its own. */
struct start_area {
	struct hvm_start_info info;
	struct hvm_modlist_entry module;
	struct hvm_memmap_table_entry map[DOM0_MAX_MAP];
	char cmdline[sizeof(boot_info.modules[0].cmdline)];
};

static struct domain *create(void)
{
	static const uint8_t uuid[16]; /* all zero, as Xen's */
	struct domain_limits limits = {
		.max_frames = UINT64_MAX / 2, /* what it gets is decided here, once */
		.max_vcpus = nr_cpus,
		.max_grant_frames = GNTTAB_FRAMES_DEFAULT,
		.max_evtchn_ports = EVTCHN_LIMIT_CONTROL,
	};
	struct domain *d;
	int err;

	/* A vCPU per CPU at most: it takes the interrupts that arrive there. */
	if (dom0_max_vcpus && dom0_max_vcpus < limits.max_vcpus)
		limits.max_vcpus = dom0_max_vcpus;
	limits.max_vcpus = MIN(limits.max_vcpus, DOMAIN_MAX_VCPUS);
	err = domain_create(0, uuid, &limits, &d);
	if (err)
		boot_refuse("cannot create the control domain: error %d\n", -err);
	return d;
}

static void load_kernel(struct dom0_memory *m, const struct dom0_kernel *k)
{
	const struct dom0_segment *s;
	uint32_t i;

	if (!dom0_memory_take(m, k->start, k->end))
		boot_refuse("the control domain's kernel must lie at %lx to %lx, which is not all "
			    "free memory\n",
			    k->start, k->end);
	for (i = 0; i < k->nr_segments; i++) {
		s = &k->segments[i];
		memcpy(paddr_to_ptr(s->paddr), s->data, s->file_size);
		memset(paddr_to_ptr(s->paddr + s->file_size), 0, s->mem_size - s->file_size);
	}
}

/* Its address; 0: none was loaded by GRUB. */
static paddr_t load_initramfs(struct dom0_memory *m)
{
	const struct boot_module *module = &boot_info.modules[1];
	paddr_t at;

	if (boot_info.nr_modules < 2 || module->size == 0)
		return 0;
	at = dom0_memory_find(m, module->size, MIB(2), LOW_LIMIT);
	if (!at)
		boot_refuse(
			"no room for the initramfs (%lu MiB) in the control domain: dom0_mem=\n",
			module->size >> 20);
	memcpy(paddr_to_ptr(at), paddr_to_ptr(module->start), module->size);
	return at;
}

static void fill_map(struct dom0_memory *m, struct start_area *a)
{
	uint32_t i;

	for (i = 0; i < m->nr_map; i++) {
		a->map[i].addr = m->map[i].addr;
		a->map[i].size = m->map[i].size;
		a->map[i].type = m->map[i].type;
	}
	a->info.memmap_paddr = (uint64_t)(uintptr_t)a->map;
	a->info.memmap_entries = m->nr_map;
}

/* The same map for who asks by hypercall. */
static void keep_map(struct dom0_memory *m)
{
	struct abi_domain *abi = m->d->abi;
	uint32_t i;

	abi->memory_map = hv_alloc(ABI_MAX_MEMORY_MAP * sizeof(*abi->memory_map));
	if (!abi->memory_map)
		return;
	for (i = 0; i < m->nr_map; i++)
		abi->memory_map[i] =
			(struct abi_e820){ m->map[i].addr, m->map[i].size, m->map[i].type };
	abi->nr_memory_map = m->nr_map;
}

static paddr_t make_start_info(struct dom0_memory *m, paddr_t initramfs, paddr_t rsdp)
{
	paddr_t at = dom0_memory_find(m, sizeof(struct start_area), PAGE_SIZE, START_INFO_LIMIT);
	struct start_area *a = paddr_to_ptr(at);

	if (!at)
		boot_refuse("no room for the control domain's start information below 1 GiB\n");
	memset(a, 0, sizeof(*a));
	a->info.magic = XEN_HVM_START_MAGIC_VALUE;
	a->info.version = 1;
	a->info.flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	a->info.rsdp_paddr = rsdp;
	strcopy(a->cmdline, boot_info.modules[0].cmdline, sizeof(a->cmdline));
	a->info.cmdline_paddr = (uint64_t)(uintptr_t)a->cmdline;
	if (initramfs) {
		a->module.paddr = initramfs;
		a->module.size = boot_info.modules[1].size;
		a->info.nr_modules = 1;
		a->info.modlist_paddr = (uint64_t)(uintptr_t)&a->module;
	}
	fill_map(m, a);
	return at;
}

static void check_size(uint64_t size, const struct dom0_kernel *k)
{
	uint64_t need = BREATHING_SPACE + (k->end - k->start);

	if (boot_info.nr_modules > 1)
		need += 2 * boot_info.modules[1].size;
	if (size < need)
		boot_refuse("the control domain would get %lu MiB, and needs %lu MiB at least\n",
			    size >> 20, need >> 20);
}

static void log_memory(const struct dom0_memory *m)
{
	uint32_t i;

	for (i = 0; i < m->nr_map; i++)
		log_debug("d0 map: %lx-%lx type %u\n", m->map[i].addr,
			  m->map[i].addr + m->map[i].size - 1, m->map[i].type);
}

void guest_abi_build_control_domain(void)
{
	static struct dom0_memory m; /* too large for a stack; used once */
	paddr_t acpi, rsdp, initramfs, start_info;
	struct dom0_kernel kernel;
	uint64_t size, acpi_size;
	const char *wrong;
	struct domain *d;

	if (boot_info.nr_modules == 0)
		boot_refuse("GRUB loaded no kernel for the control domain (module2 line)\n");
	wrong = dom0_elf_parse(paddr_to_ptr(boot_info.modules[0].start), boot_info.modules[0].size,
			       &kernel);
	if (wrong)
		boot_refuse("the control domain's kernel cannot be used: %s\n", wrong);

	d = create();
	m.d = d;
	size = dom0_memory_size(dom0_mem_bytes);
	check_size(size, &kernel);
	dom0_memory_claim(&m, size);
	load_kernel(&m, &kernel);
	initramfs = load_initramfs(&m);

	acpi_size = dom0_acpi_size(d);
	acpi = dom0_memory_find(&m, acpi_size, PAGE_SIZE, LOW_LIMIT);
	if (!acpi)
		boot_refuse("no room for the control domain's ACPI tables\n");
	rsdp = dom0_acpi_build(d, acpi, acpi_size);
	dom0_memory_make_map(&m, acpi, acpi_size);
	keep_map(&m);
	start_info = make_start_info(&m, initramfs, rsdp);
	log_memory(&m);
	log_info("control domain: %lu MiB, %u vCPUs, kernel %lx-%lx, entry %lx, initramfs %lx\n",
		 m.nr_frames >> 8, d->nr_vcpus, kernel.start, kernel.end, kernel.entry, initramfs);
	boot_release_modules();

	arch_vcpu_set_entry(d->vcpus[0], kernel.entry, start_info);
	irq_set_owner(d);
	if (domain_unpause(d))
		panic("the control domain does not start\n");
}
