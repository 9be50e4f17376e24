// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * physdev_op: what the control domain tells about devices. hv takes no notice of PCI devices (it
 * owns none), but a "yes" keeps Linux from complaining once per device.
 */
#include <hv/errno.h>

#include <xen/physdev.h>

#include "hypercall.h"
#include "policy.h"

int64_t hypercall_physdev_op(struct hypercall *c)
{
	if (!policy_is_privileged(c->d))
		return -ENOSYS;
	switch ((uint32_t)c->args[0]) {
	case PHYSDEVOP_pci_device_add:
	case PHYSDEVOP_pci_device_remove:
	case PHYSDEVOP_pci_mmcfg_reserved:
		return 0;
	default:
		return -ENOSYS;
	}
}
