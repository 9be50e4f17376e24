// SPDX-License-Identifier: GPL-2.0-or-later
/* What guests see has a fixed size and place: the compiler checks it here. No code. */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/vcpu.h>

#include <hvabi/control.h>

#include <xen/event_channel.h>
#include <xen/foreign/x86_32.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/xen.h>

#define CHECK(cond) _Static_assert(cond, #cond)

/* Error numbers */
#define XEN_ERRNO(name, value) XEN_##name = value,
enum {
#include <xen/errno.h>
};
CHECK(EPERM == XEN_EPERM);
CHECK(ENOENT == XEN_ENOENT);
CHECK(ESRCH == XEN_ESRCH);
CHECK(EIO == XEN_EIO);
CHECK(ENXIO == XEN_ENXIO);
CHECK(E2BIG == XEN_E2BIG);
CHECK(EAGAIN == XEN_EAGAIN);
CHECK(ENOMEM == XEN_ENOMEM);
CHECK(EACCES == XEN_EACCES);
CHECK(EFAULT == XEN_EFAULT);
CHECK(EBUSY == XEN_EBUSY);
CHECK(EEXIST == XEN_EEXIST);
CHECK(ENODEV == XEN_ENODEV);
CHECK(EINVAL == XEN_EINVAL);
CHECK(ENOSPC == XEN_ENOSPC);
CHECK(ERANGE == XEN_ERANGE);
CHECK(ENOSYS == XEN_ENOSYS);
CHECK(EOVERFLOW == XEN_EOVERFLOW);
CHECK(EOPNOTSUPP == XEN_EOPNOTSUPP);
CHECK(ETIMEDOUT == XEN_ETIMEDOUT);

/* Numbers that the core took over */
CHECK(SHUTDOWN_REASON_POWEROFF == SHUTDOWN_poweroff);
CHECK(SHUTDOWN_REASON_REBOOT == SHUTDOWN_reboot);
CHECK(SHUTDOWN_REASON_SUSPEND == SHUTDOWN_suspend);
CHECK(SHUTDOWN_REASON_CRASH == SHUTDOWN_crash);
CHECK(SHUTDOWN_REASON_WATCHDOG == SHUTDOWN_watchdog);
CHECK(SHUTDOWN_REASON_SOFT_RESET == SHUTDOWN_soft_reset);
CHECK((int)VCPU_RUNNING == RUNSTATE_running);
CHECK((int)VCPU_RUNNABLE == RUNSTATE_runnable);
CHECK((int)VCPU_BLOCKED == RUNSTATE_blocked);
CHECK((int)VCPU_OFFLINE == RUNSTATE_offline);
CHECK(DOMID_LIMIT == DOMID_FIRST_RESERVED);
CHECK(HVABI_CONTROL_HYPERCALL == __HYPERVISOR_arch_7);
CHECK(HVABI_FEATURE_PAGES_1G == ARCH_FEATURE_PAGES_1G);

/* Layouts */
CHECK(sizeof(struct vcpu_info) == 64);
CHECK(offsetof(struct vcpu_info, evtchn_pending_sel) == 8);
CHECK(offsetof(struct vcpu_info, time) == 32);
CHECK(sizeof(struct vcpu_time_info) == 32);
CHECK(sizeof(struct vcpu_runstate_info) == 48);
CHECK(offsetof(struct shared_info, evtchn_pending) == 2048);
CHECK(offsetof(struct shared_info, evtchn_mask) == 2560);
CHECK(offsetof(struct shared_info, wc_version) == 3072);
CHECK(offsetof(struct shared_info, wc_sec_hi) == 3072 + 12);
CHECK(sizeof(struct vcpu_info_x86_32) == 64);
CHECK(offsetof(struct vcpu_info_x86_32, evtchn_pending_sel) == 4);
CHECK(offsetof(struct vcpu_info_x86_32, time) == 32);
CHECK(offsetof(struct shared_info_x86_32, evtchn_pending) == 2048);
CHECK(offsetof(struct shared_info_x86_32, evtchn_mask) == 2176);
CHECK(offsetof(struct shared_info_x86_32, wc_version) == 2304);
CHECK(offsetof(struct shared_info_x86_32, arch) +
	      offsetof(struct arch_shared_info_x86_32, wc_sec_hi) ==
      2304 + 36);
CHECK(sizeof(struct grant_entry_v1) == 8);
CHECK(sizeof(union grant_entry_v2) == 16);
CHECK(sizeof(struct gnttab_map_grant_ref) == 32);
CHECK(sizeof(struct gnttab_unmap_grant_ref) == 24);
CHECK(sizeof(struct gnttab_copy) == 40);
CHECK(sizeof(struct evtchn_fifo_control_block) == 72);
CHECK(sizeof(struct xen_add_to_physmap) == 24);
CHECK(sizeof(struct xen_memory_reservation) == 32);
CHECK(offsetof(struct hvabi_request, u) == 16);
CHECK(sizeof(struct hvabi_request) == 512);
