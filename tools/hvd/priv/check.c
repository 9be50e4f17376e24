/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the privileged half refuses; the contract is in check.h.
 */
#include "priv/check.h"

#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <xen/hvm/params.h>
#include <xen/xen.h>

#include <hvabi/control.h>

#include "domain/layout.h"
#include "domain/spec.h"
#include "priv/server.h"


bool check_guest(uint64_t domid)
{
	return domid > 0 && domid < DOMID_FIRST_RESERVED;
}

bool check_control(const struct hvabi_request *rq)
{
	if (rq->size != sizeof(*rq))
		return false;
	switch (rq->op) {
	case HVABI_HOST_INFO:
	case HVABI_LOG_READ:
		return true;
	case HVABI_DOMAIN_INFO: /* of this one or the next: also of those that are the control domain */
	case HVABI_VCPU_INFO:
	case HVABI_SCHED_SET:
	case HVABI_SCHED_GET:
		return rq->domid < DOMID_FIRST_RESERVED;
	case HVABI_DOMAIN_CREATE:
		return rq->domid < DOMID_FIRST_RESERVED && !(rq->u.create.flags & ~HVABI_CREATE_TSC);
	case HVABI_DOMAIN_DESTROY:
	case HVABI_DOMAIN_PAUSE:
	case HVABI_DOMAIN_UNPAUSE:
	case HVABI_SHUTDOWN:
	case HVABI_DIRTY:
		return check_guest(rq->domid);
	default:
		return false;
	}
}

bool check_param(uint64_t domid, uint64_t index, uint64_t value)
{
	if (!check_guest(domid))
		return false;
	switch (index) {
	case HVM_PARAM_STORE_PFN:
		return value == LAYOUT_XENSTORE_GFN;
	case HVM_PARAM_CONSOLE_PFN:
		return value == LAYOUT_CONSOLE_GFN;
	case HVM_PARAM_STORE_EVTCHN:
	case HVM_PARAM_CONSOLE_EVTCHN:
		return true;
	default:
		return false;
	}
}

bool check_loan(uint64_t domid, uint64_t loan)
{
	return check_guest(domid) && (loan == HVABI_GRANT_CONSOLE || loan == HVABI_GRANT_XENSTORE);
}

bool check_interface(const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= IFNAMSIZ || name[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/' || name[i] == ':' || name[i] == '%')
			return false;
	return true;
}

bool check_name(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	return n <= SPEC_NAME_MAX;
}

bool check_build(const struct priv_build *build, unsigned int nr_fds, const char *name, const char *kernel,
		 const char *initrd, const char *cmdline)
{
	if (!name || !kernel || !initrd || !cmdline)
		return false;
	if (build->nr_entries > KERNEL_ENTRIES_MAX || nr_fds != build->nr_entries + 1)
		return false;
	if (!build->nr_vcpus || build->nr_vcpus > SPEC_VCPUS_MAX || !build->nr_vcpus_online ||
	    build->nr_vcpus_online > build->nr_vcpus)
		return false;
	return build->memory_bytes && check_name(name) && kernel[0] == '/' && (!initrd[0] || initrd[0] == '/') &&
	       strlen(cmdline) <= SPEC_CMDLINE_MAX;
}

/* ---- Places ---- */

static bool is_below_part(const char *path, const char *folder, size_t n)
{
	while (n && folder[n - 1] == '/')
		n--;
	return !strncmp(path, folder, n) && (path[n] == '/' || path[n] == '\0');
}

static bool is_below(const char *path, const char *folder)
{
	return is_below_part(path, folder, strlen(folder));
}

static bool is_below_any(const char *path, const char *folders)
{
	while (*folders) {
		size_t n = strcspn(folders, ":");

		if (n && is_below_part(path, folders, n))
			return true;
		folders += n + (folders[n] == ':');
	}
	return false;
}

static const char *check_place(const char *path, const char *const *folders, size_t nr)
{
	if (path[0] != '/')
		return "nowhere";
	/* Where people keep their keys and what their shells begin with. */
	if (strstr(path, "/."))
		return "a hidden folder";
	for (size_t i = 0; i < nr; i++)
		if (is_below(path, folders[i]))
			return folders[i];
	return NULL;
}

const char *check_image_path(const char *resolved, const char *image_folders)
{
	static const char *const folders[] = {
		"/bin",	  "/boot", "/etc",  "/lib", "/lib32",	     "/lib64",		"/libx32",	   "/proc",
		"/run", "/sbin",  "/sys", "/usr", "/var/lib/dpkg", "/var/lib/systemd", "/var/spool/cron",
	};

	if (image_folders && !is_below_any(resolved, image_folders))
		return "a folder that is none of image-folders (hvd.conf)";
	return check_place(resolved, folders, sizeof(folders) / sizeof(folders[0]));
}

const char *check_boot_path(const char *resolved)
{
	static const char *const folders[] = {
		"/dev", "/etc", "/proc", "/run/credentials", "/run/hvd", "/run/systemd", "/sys", "/var/lib/systemd",
	};

	return check_place(resolved, folders, sizeof(folders) / sizeof(folders[0]));
}
