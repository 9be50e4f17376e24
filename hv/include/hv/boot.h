/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot loader told us, copied out of its tables before their memory is used again.
 * Filled by arch/x86/boot/multiboot2.c; constant afterwards.
 */
#ifndef HV_BOOT_H
#define HV_BOOT_H

#include <hv/types.h>

#define BOOT_MAX_REGIONS 256u
#define BOOT_MAX_MODULES 8u

/* Same numbers as E820 and PVH's memory map. */
enum region_type {
	REGION_RAM = 1,
	REGION_RESERVED = 2,
	REGION_ACPI = 3,
	REGION_NVS = 4,
	REGION_UNUSABLE = 5,
	REGION_PMEM = 7,
};

struct boot_region {
	paddr_t start;
	uint64_t size; /* bytes */
	enum region_type type;
};

struct boot_module {
	paddr_t start;
	uint64_t size; /* bytes; the memory stays the module's until boot_release_modules() */
	char cmdline[2048];
};

struct boot_framebuffer {
	paddr_t address;
	uint32_t pitch, width, height; /* bytes, pixels, pixels */
	uint8_t bpp, type;	       /* bits; multiboot2's framebuffer_type: 1 RGB, 2 text */
	uint8_t red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
};

struct boot_info {
	char cmdline[2048]; /* hv's own, without the program's name */
	struct boot_region regions[BOOT_MAX_REGIONS]; /* sorted, without overlaps */
	uint32_t nr_regions;
	struct boot_module modules[BOOT_MAX_MODULES];
	uint32_t nr_modules;
	struct boot_framebuffer framebuffer; /* address 0: none */
	paddr_t rsdp;			     /* 0: not told (then the BIOS area is searched) */
	paddr_t efi_system_table;	     /* 0: not an EFI host */
	bool efi;
};
extern struct boot_info boot_info;

/* Modules' memory goes to the frame allocator once their content has been copied. */
void boot_release_modules(void);
/* Modules that begin below 'above' are moved there, where memory allows. */
void boot_move_modules(paddr_t above);

/* Sorts a raw memory map into boot_info.regions; where entries overlap the stricter type counts. */
void boot_set_regions(const struct boot_region *raw, uint32_t nr_raw);

/*
 * Options on the command line, by Xen's rules: name, name=value, no-name. Each is a descriptor in
 * a linker section, next to the code it steers:
 *   OPTION_SIZE("dom0_mem", dom0_mem_bytes);   2048M, 1G, bytes; "max:2G" accepted
 *   OPTION_UINT("dom0_max_vcpus", dom0_max_vcpus);
 *   OPTION_BOOL("noreboot", opt_noreboot);
 *   OPTION_STRING("com1", opt_com1);           a char array
 */
enum option_kind { OPTION_KIND_SIZE, OPTION_KIND_UINT, OPTION_KIND_BOOL, OPTION_KIND_STRING };
struct option {
	const char *name;
	void *target;
	uint32_t kind;
	uint32_t target_size;
};
#define OPTION_(name_, var_, kind_)                                                                \
	static const struct option option_##var_                                                   \
		__attribute__((used, section("options"), aligned(8))) = {                         \
			name_, &(var_), kind_, sizeof(var_) }
#define OPTION_SIZE(name, var) OPTION_(name, var, OPTION_KIND_SIZE)	/* uint64_t */
#define OPTION_UINT(name, var) OPTION_(name, var, OPTION_KIND_UINT)	/* uint32_t */
#define OPTION_BOOL(name, var) OPTION_(name, var, OPTION_KIND_BOOL)	/* bool */
#define OPTION_STRING(name, var) OPTION_(name, var, OPTION_KIND_STRING) /* char[] */
void boot_parse_options(const char *cmdline); /* unknown ones are logged, never fatal */

#endif
