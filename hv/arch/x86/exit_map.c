/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which ports and MSRs exit: the choice, for both back ends; their CPUs differ in the form of the
 * MSRs' map alone. Ports have a bit each, set: it exits.
 */
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/compiler.h>
#include <hv/console.h>
#include <hv/frame.h>
#include <hv/string.h>

int exit_map_make_ports(unsigned int order, mfn_t *ret_control, mfn_t *ret_guest)
{
	uint8_t *map;
	unsigned int i;
	int err;

	err = frame_alloc(order, ret_guest);
	if (!err)
		err = frame_alloc(order, ret_control);
	if (err)
		return err;
	memset(mfn_to_ptr(*ret_guest), 0xff, PAGE_SIZE << order);
	map = mfn_to_ptr(*ret_control);
	memset(map, 0, PAGE_SIZE << order);
	for (i = 0; i < 0x10000; i++)
		if (console_owns_port((uint16_t)i))
			map[i / 8] |= (uint8_t)(1u << i % 8);
	return 0;
}

void exit_map_allow_msrs(uint8_t *map, exit_map_allow_fn allow, bool has_tsc_aux)
{
	static const uint32_t direct[] = {
		MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_STAR,	  MSR_LSTAR,
		MSR_CSTAR,	 MSR_SFMASK,	   MSR_FS_BASE,	     MSR_GS_BASE, MSR_KERNEL_GS_BASE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(direct); i++)
		allow(map, direct[i], true, true);
	allow(map, MSR_TSC, true, false);
	if (has_tsc_aux)
		allow(map, MSR_TSC_AUX, true, true);
}
