// SPDX-License-Identifier: GPL-2.0-or-later
/* What guests see has a fixed size and place: the compiler checks it here. No code. */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/stats.h>
#include <hv/vcpu.h>

#include <hvabi/control.h>
#include <hvabi/stats.h>

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
CHECK(HVABI_FEATURE_NESTED_PAGING == ARCH_FEATURE_NESTED_PAGING);
CHECK(HVABI_FEATURE_PAGES_2M == ARCH_FEATURE_PAGES_2M);
CHECK(HVABI_FEATURE_PAGES_1G == ARCH_FEATURE_PAGES_1G);
CHECK(HVABI_FEATURE_NEXT_RIP == ARCH_FEATURE_NEXT_RIP);
CHECK(HVABI_FEATURE_X2APIC == ARCH_FEATURE_X2APIC);
CHECK(HVABI_FEATURE_TSC_DEADLINE == ARCH_FEATURE_TSC_DEADLINE);
CHECK(HVABI_FEATURE_TSC_STABLE == ARCH_FEATURE_TSC_STABLE);
CHECK(HVABI_FEATURE_TLB_TAGS == ARCH_FEATURE_TLB_TAGS);
CHECK(HVABI_FEATURE_FLUSH_BY_TAG == ARCH_FEATURE_FLUSH_BY_TAG);
CHECK(HVABI_FEATURE_DECODE_ASSISTS == ARCH_FEATURE_DECODE_ASSISTS);
CHECK(HVABI_FEATURE_VIRTUAL_GIF == ARCH_FEATURE_VIRTUAL_GIF);
CHECK(HVABI_FEATURE_VIRTUAL_NMI == ARCH_FEATURE_VIRTUAL_NMI);
CHECK(HVABI_FEATURE_APIC_VIRT == ARCH_FEATURE_APIC_VIRT);
CHECK(HVABI_FEATURE_X2APIC_VIRT == ARCH_FEATURE_X2APIC_VIRT);
CHECK(HVABI_FEATURE_POSTED_INTERRUPTS == ARCH_FEATURE_POSTED_INTERRUPTS);
CHECK(HVABI_FEATURE_PREEMPTION_TIMER == ARCH_FEATURE_PREEMPTION_TIMER);
CHECK(HVABI_FEATURE_TSC_SCALING == ARCH_FEATURE_TSC_SCALING);
CHECK(HVABI_FEATURE_PAGE_MOD_LOG == ARCH_FEATURE_PAGE_MOD_LOG);
CHECK(HVABI_FEATURE_NESTED_DIRTY == ARCH_FEATURE_NESTED_DIRTY);
CHECK(HVABI_FEATURE_IOMMU == ARCH_FEATURE_IOMMU);
CHECK(HVABI_FEATURE_XSAVES == ARCH_FEATURE_XSAVES);

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

/* hv's own words for the statistics pages, and the published ones */
#define SAME(record, field)                                                                  \
	CHECK(offsetof(struct hvabi_##record, field) == offsetof(struct record, field) &&    \
	      sizeof(((struct hvabi_##record *)0)->field) == sizeof(((struct record *)0)->field))
CHECK(STATS_BUCKETS == HVABI_STATS_BUCKETS && STATS_FIRST_SHIFT == HVABI_STATS_FIRST_SHIFT);
CHECK(STATS_EXITS == HVABI_STATS_EXITS && STATS_FREE == HVABI_STATS_FREE);
CHECK(sizeof(struct stats_header) == sizeof(struct hvabi_stats_header));
CHECK(sizeof(struct stats_cpu) == sizeof(struct hvabi_stats_cpu));
CHECK(sizeof(struct stats_domain) == sizeof(struct hvabi_stats_domain));
CHECK(sizeof(struct stats_vcpu) == sizeof(struct hvabi_stats_vcpu));
SAME(stats_header, header_size);
SAME(stats_header, cpu_offset);
SAME(stats_header, nr_domains);
SAME(stats_header, nr_vcpus);
SAME(stats_header, domains_seen);
SAME(stats_header, vcpus_seen);
SAME(stats_header, nr_unrecorded);
SAME(stats_header, frames_total);
SAME(stats_header, frames_free);
SAME(stats_header, frames_hv);
SAME(stats_cpu, online);
SAME(stats_cpu, idle_since_ns);
SAME(stats_cpu, ns_base);
SAME(stats_cpu, mul);
SAME(stats_cpu, shift);
SAME(stats_cpu, switches);
SAME(stats_cpu, interrupts_device);
SAME(stats_cpu, interrupts_kick);
SAME(stats_cpu, steals);
SAME(stats_domain, domid);
SAME(stats_domain, state);
SAME(stats_domain, nr_vcpus);
SAME(stats_domain, uuid);
SAME(stats_domain, frames);
SAME(stats_domain, ports_max);
SAME(stats_domain, grant_frames_max);
SAME(stats_domain, grants_used);
SAME(stats_domain, grants_mapped_max);
SAME(stats_domain, grant_map_frames);
SAME(stats_domain, events_sent);
SAME(stats_domain, leaves);
SAME(stats_vcpu, domid);
SAME(stats_vcpu, vcpu);
SAME(stats_vcpu, domain_slot);
SAME(stats_vcpu, state);
SAME(stats_vcpu, cpu);
SAME(stats_vcpu, state_ns);
SAME(stats_vcpu, exits);
SAME(stats_vcpu, exit_latency);
SAME(stats_vcpu, wake_ns);
SAME(stats_vcpu, wake_latency);
CHECK(DOMAIN_RUNNING == HVABI_DOM_RUNNING && DOMAIN_SHUTDOWN == HVABI_DOM_SHUTDOWN &&
      DOMAIN_DYING == HVABI_DOM_DYING);
