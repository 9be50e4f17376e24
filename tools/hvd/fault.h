/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why something that a person asked for did not happen: one code per cause, and a sentence.
 *
 * The codes are part of the control protocol (docs/control-protocol.md lists them, and a test holds
 * that list and fault.c together): a program decides by the code, a person reads the sentence.
 */
#ifndef HVD_FAULT_H
#define HVD_FAULT_H

#include <stdbool.h>

enum fault_code {
	FAULT_NONE,
	/* The request itself. */
	FAULT_BAD_REQUEST,
	FAULT_UNKNOWN_OP,
	FAULT_BAD_XML,
	FAULT_DENIED,
	/* The domain that it names. */
	FAULT_NO_SUCH_DOMAIN,
	FAULT_NAME_IN_USE,
	FAULT_UUID_IN_USE,
	FAULT_WRONG_STATE,
	FAULT_NOT_DEFINED,
	FAULT_CONTROL_DOMAIN,
	/* What a domain is made of. */
	FAULT_KERNEL_NOT_FOUND,
	FAULT_KERNEL_UNREADABLE,
	FAULT_KERNEL_CORRUPT,
	FAULT_KERNEL_NOT_PVH,
	FAULT_INITRD_NOT_FOUND,
	FAULT_INITRD_UNREADABLE,
	FAULT_DOES_NOT_FIT,
	FAULT_NOT_ENOUGH_MEMORY,
	FAULT_DISK_UNUSABLE,
	FAULT_BRIDGE_NOT_FOUND,
	FAULT_NETWORK_FAILED,
	FAULT_NO_SUCH_DEVICE,
	FAULT_DEVICE_EXISTS,
	/* Parts of the host that did not do their work. */
	FAULT_HYPERVISOR,
	FAULT_BUILDER,
	FAULT_XENSTORE,
	FAULT_CONSOLE,
	FAULT_DEFINITION,
	FAULT_HISTORY,
	/* Images, also those that a domain is to have as disks. */
	FAULT_IMAGE_NOT_FOUND,
	FAULT_IMAGE_EXISTS,
	FAULT_IMAGE_IN_USE,
	FAULT_IMAGE_DENIED,
	FAULT_IMAGE_UNREACHABLE,
	FAULT_IMAGE_NO_SPACE,
	FAULT_IMAGE_UNSUPPORTED,
	FAULT_IMAGE_FAILED,
	FAULT_SECRET,
	/* Time and number. */
	FAULT_CANCELLED,
	FAULT_TIMEOUT,
	FAULT_TOO_MANY,
	FAULT_NR,
};

struct fault {
	enum fault_code code;
	char text[512];
};

/* Returns a negative errno that fits, so that 'return fault_set(...)' reads well. */
int fault_set(struct fault *f, enum fault_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

const char *fault_name(enum fault_code code); /* "no_such_domain" */
/* FAULT_IMAGE_FAILED for a name that is none. */
enum fault_code fault_by_name(const char *name);

#endif
