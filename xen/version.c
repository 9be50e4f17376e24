// SPDX-License-Identifier: GPL-2.0-or-later
/* xen_version: who we are, and which features of the ABI a guest may use. */
#include "version.h"

#include <hv/errno.h>
#include <hv/string.h>

#include <xen/features.h>
#include <xen/version.h>
#include <xen/xen.h>

#include "hypercall.h"
#include "policy.h"

#define EXTRA_VERSION ".0-hv"

/*
 * hvm_pirqs is left out on purpose: with it Linux would move MSI and I/O APIC lines to event
 * channels; without it the control domain uses its native code, which is what we route.
 */
static uint32_t features_of(const struct domain *d)
{
	uint32_t f = 1u << XENFEAT_writable_page_tables | 1u << XENFEAT_auto_translated_physmap |
		     1u << XENFEAT_hvm_callback_vector | 1u << XENFEAT_hvm_safe_pvclock;

	if (domain_is_control(d))
		f |= 1u << XENFEAT_dom0 | 1u << XENFEAT_direct_mapped;
	else
		f |= 1u << XENFEAT_not_direct_mapped;
	return f;
}

static int get_features(struct hypercall *c)
{
	struct xen_feature_info info;

	if (hypercall_read(c->args[1], info))
		return -EFAULT;
	if (info.submap_idx != 0)
		return -EINVAL;
	info.submap = features_of(c->d);
	return hypercall_write(c->args[1], info);
}

static int get_text(struct hypercall *c, const char *text, size_t size)
{
	char buf[sizeof(xen_capabilities_info_t)];

	memset(buf, 0, sizeof(buf));
	strcopy(buf, text, MIN(size, sizeof(buf)));
	return copy_to_guest(c->args[1], buf, size);
}

static int get_compile_info(struct hypercall *c)
{
	struct xen_compile_info info;

	memset(&info, 0, sizeof(info));
	strcopy(info.compiler, __VERSION__, sizeof(info.compiler));
	strcopy(info.compile_by, "hv", sizeof(info.compile_by));
	return hypercall_write(c->args[1], info);
}

static int get_platform_parameters(struct hypercall *c)
{
	struct xen_platform_parameters info = { .virt_start = 0 };

	return c->is_64bit ? hypercall_write(c->args[1], info) : -ENOSYS;
}

int64_t hypercall_xen_version(struct hypercall *c)
{
	xen_domain_handle_t handle;

	switch ((uint32_t)c->args[0]) {
	case XENVER_version:
		return ABI_VERSION_MAJOR << 16 | ABI_VERSION_MINOR;
	case XENVER_extraversion:
		return get_text(c, EXTRA_VERSION, sizeof(xen_extraversion_t));
	case XENVER_compile_info:
		return get_compile_info(c);
	case XENVER_capabilities:
		return get_text(c, "hvm-3.0-x86_64 ", sizeof(xen_capabilities_info_t));
	case XENVER_changeset:
		return get_text(c, "", sizeof(xen_changeset_info_t));
	case XENVER_platform_parameters:
		return get_platform_parameters(c);
	case XENVER_get_features:
		return get_features(c);
	case XENVER_pagesize:
		return PAGE_SIZE;
	case XENVER_guest_handle:
		memcpy(handle, c->d->uuid, sizeof(handle));
		return hypercall_write(c->args[1], handle);
	case XENVER_commandline:
		return get_text(c, "", sizeof(xen_capabilities_info_t));
	default:
		return -ENOSYS;
	}
}
