/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory.h"
#include "rt.h"

long memory_op(unsigned int cmd, const void *arg)
{
	return rt_hypercall(__HYPERVISOR_memory_op, cmd, (uintptr_t)arg, 0);
}

long memory_reservation(unsigned int cmd, uint64_t address, unsigned int order, uint16_t domid)
{
	xen_pfn_t gfn = address >> 12;
	struct xen_memory_reservation r = {
		.nr_extents = 1,
		.extent_order = order,
		.domid = domid,
	};

	set_xen_guest_handle(r.extent_start, &gfn);
	return memory_op(cmd, &r);
}

long memory_give_up(uint64_t address)
{
	return memory_reservation(XENMEM_decrease_reservation, address, 0, DOMID_SELF);
}

long memory_take_back(uint64_t address, unsigned int order)
{
	return memory_reservation(XENMEM_populate_physmap, address, order, DOMID_SELF);
}

long memory_owned(void)
{
	struct xen_memory_domain self = { .domid = DOMID_SELF };

	return memory_op(XENMEM_current_reservation, &self);
}

long memory_place(unsigned int space, unsigned long idx, const volatile void *page)
{
	struct xen_add_to_physmap add = {
		.domid = DOMID_SELF,
		.space = space,
		.idx = idx,
		.gpfn = (uintptr_t)page >> 12,
	};

	return memory_op(XENMEM_add_to_physmap, &add);
}
