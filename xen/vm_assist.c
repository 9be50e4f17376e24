// SPDX-License-Identifier: GPL-2.0-or-later
/* vm_assist: the one assist that means anything to a PVH guest. */
#include <hv/errno.h>

#include <xen/xen.h>

#include "hypercall.h"

int64_t hypercall_vm_assist(struct hypercall *c)
{
	uint32_t bit;

	if (c->args[1] != VMASST_TYPE_runstate_update_flag)
		return -EINVAL;
	bit = 1u << VMASST_TYPE_runstate_update_flag;
	switch ((uint32_t)c->args[0]) {
	case VMASST_CMD_enable:
		__atomic_fetch_or(&c->d->abi->vm_assist, bit, __ATOMIC_SEQ_CST);
		return 0;
	case VMASST_CMD_disable:
		__atomic_fetch_and(&c->d->abi->vm_assist, ~bit, __ATOMIC_SEQ_CST);
		return 0;
	default:
		return -ENOSYS;
	}
}
