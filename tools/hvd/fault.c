/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of faults; the contract is in fault.h.
 */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int err;
} faults[FAULT_NR] = {
	[FAULT_NONE] = { "none", 0 },
	[FAULT_BAD_REQUEST] = { "bad_request", -EINVAL },
	[FAULT_UNKNOWN_OP] = { "unknown_op", -EOPNOTSUPP },
	[FAULT_BAD_XML] = { "bad_xml", -EINVAL },
	[FAULT_DENIED] = { "permission_denied", -EPERM },
	[FAULT_NO_SUCH_DOMAIN] = { "no_such_domain", -ESRCH },
	[FAULT_NAME_IN_USE] = { "name_in_use", -EEXIST },
	[FAULT_UUID_IN_USE] = { "uuid_in_use", -EEXIST },
	[FAULT_WRONG_STATE] = { "wrong_state", -EBUSY },
	[FAULT_NOT_DEFINED] = { "not_defined", -ENOENT },
	[FAULT_CONTROL_DOMAIN] = { "control_domain", -EPERM },
	[FAULT_KERNEL_NOT_FOUND] = { "kernel_not_found", -ENOENT },
	[FAULT_KERNEL_UNREADABLE] = { "kernel_unreadable", -EIO },
	[FAULT_KERNEL_CORRUPT] = { "kernel_corrupt", -ENOEXEC },
	[FAULT_KERNEL_NOT_PVH] = { "kernel_not_pvh", -ENOEXEC },
	[FAULT_INITRD_NOT_FOUND] = { "initrd_not_found", -ENOENT },
	[FAULT_INITRD_UNREADABLE] = { "initrd_unreadable", -EIO },
	[FAULT_DOES_NOT_FIT] = { "does_not_fit", -ENOSPC },
	[FAULT_NOT_ENOUGH_MEMORY] = { "not_enough_memory", -ENOMEM },
	[FAULT_DISK_UNUSABLE] = { "disk_unusable", -EINVAL },
	[FAULT_BRIDGE_NOT_FOUND] = { "bridge_not_found", -ENODEV },
	[FAULT_NETWORK_FAILED] = { "network_failed", -EIO },
	[FAULT_NO_SUCH_DEVICE] = { "no_such_device", -ENODEV },
	[FAULT_DEVICE_EXISTS] = { "device_exists", -EEXIST },
	[FAULT_HYPERVISOR] = { "hypervisor_failed", -EIO },
	[FAULT_BUILDER] = { "builder_failed", -EIO },
	[FAULT_XENSTORE] = { "xenstore_failed", -EIO },
	[FAULT_CONSOLE] = { "console_failed", -EIO },
	[FAULT_DEFINITION] = { "definition_failed", -EIO },
	[FAULT_HISTORY] = { "history_failed", -EIO },
	[FAULT_IMAGE_NOT_FOUND] = { "image_not_found", -ENOENT },
	[FAULT_IMAGE_EXISTS] = { "image_exists", -EEXIST },
	[FAULT_IMAGE_IN_USE] = { "image_in_use", -EBUSY },
	[FAULT_IMAGE_DENIED] = { "image_denied", -EACCES },
	[FAULT_IMAGE_UNREACHABLE] = { "image_unreachable", -ETIMEDOUT },
	[FAULT_IMAGE_NO_SPACE] = { "image_no_space", -ENOSPC },
	[FAULT_IMAGE_UNSUPPORTED] = { "image_unsupported", -ENOTSUP },
	[FAULT_IMAGE_FAILED] = { "image_failed", -EIO },
	[FAULT_SECRET] = { "secret_unusable", -EACCES },
	[FAULT_CANCELLED] = { "cancelled", -ECANCELED },
	[FAULT_TIMEOUT] = { "timeout", -ETIMEDOUT },
	[FAULT_TOO_MANY] = { "too_many", -EUSERS },
};

int fault_set(struct fault *f, enum fault_code code, const char *fmt, ...)
{
	va_list ap;

	f->code = code;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return faults[code].err;
}

const char *fault_name(enum fault_code code)
{
	return faults[code].name;
}

enum fault_code fault_by_name(const char *name)
{
	for (unsigned int i = 0; i < FAULT_NR; i++)
		if (!strcmp(faults[i].name, name))
			return (enum fault_code)i;
	return FAULT_IMAGE_FAILED;
}
