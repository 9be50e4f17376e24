// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memory_op in the 32-bit layout: what a boot loader in 32-bit mode needs before it starts a
 * 64-bit kernel. Pointers and frame numbers are 32 bits wide, nothing else differs.
 */
#include <hv/errno.h>

#include <xen/memory.h>

#include "hypercall.h"
#include "memory_op.h"

struct add_to_physmap_32 {
	uint16_t domid, size;
	uint32_t space, idx, gpfn;
};

struct remove_from_physmap_32 {
	uint16_t domid, pad;
	uint32_t gpfn;
};

struct memory_map_32 {
	uint32_t nr_entries, buffer;
};

struct foreign_memory_map_32 {
	uint16_t domid, pad;
	struct memory_map_32 map;
};

static int64_t add_32(struct hypercall *c)
{
	struct add_to_physmap_32 op;
	struct memory_add add;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	add = (struct memory_add){ op.domid, op.space, op.idx, op.gpfn };
	return memory_add_to_physmap(c, &add);
}

static int64_t remove_32(struct hypercall *c)
{
	struct remove_from_physmap_32 op;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	return memory_remove_from_physmap(c, op.domid, op.gpfn);
}

static int64_t map_32(struct hypercall *c)
{
	struct memory_map_32 op;
	int err;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	err = memory_get_map(c, op.buffer, &op.nr_entries);
	return err ? err : hypercall_write(c->args[1], op);
}

static int64_t set_map_32(struct hypercall *c)
{
	struct foreign_memory_map_32 op;

	if (hypercall_read(c->args[1], op))
		return -EFAULT;
	return memory_set_map(c, op.domid, op.map.buffer, op.map.nr_entries);
}

int64_t hypercall_memory_op_32(struct hypercall *c)
{
	uint32_t cmd = (uint32_t)c->args[0] & MEMOP_MASK;
	struct xen_memory_domain domain;

	switch (cmd) {
	case XENMEM_add_to_physmap:
		return add_32(c);
	case XENMEM_remove_from_physmap:
		return remove_32(c);
	case XENMEM_memory_map:
		return map_32(c);
	case XENMEM_set_memory_map:
		return set_map_32(c);
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:
		if (hypercall_read(c->args[1], domain))
			return -EFAULT;
		return memory_reservation_info(c, cmd, domain.domid);
	default:
		return -ENOSYS;
	}
}
