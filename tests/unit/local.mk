# SPDX-License-Identifier: GPL-2.0-or-later
# tests/unit: one CUnit program per suite. Each compiles the files under test itself, always with
# ASan and UBSan; it never links the library that the product uses. A suite is five lines:
#
#   check_PROGRAMS += tests/unit/test_NAME
#   tests_unit_test_NAME_SOURCES = tests/unit/test_NAME.c tools/lib/NAME.c
#   tests_unit_test_NAME_CPPFLAGS = $(UNIT_CPPFLAGS)
#   tests_unit_test_NAME_CFLAGS = $(UNIT_CFLAGS)
#   tests_unit_test_NAME_LDADD = $(UNIT_LDADD)
#
# UNIT_CPPFLAGS is for files of tools/; files of hv/ and xen/ want their own -I list.
# Add a suite at the end of its folder's section.

UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
UNIT_CFLAGS = -std=gnu11 -g -O1 $(HOSTED_WARN_CFLAGS) $(HV_SANITIZE_FLAGS) $(CUNIT_CFLAGS)
UNIT_LDADD = $(CUNIT_LIBS)

TESTS += $(check_PROGRAMS)
EXTRA_DIST += tests/unit/unit.h

# ---- xen/abi ----

check_PROGRAMS += tests/unit/test_hvabi
tests_unit_test_hvabi_SOURCES = tests/unit/test_hvabi.c xen/abi/hvabi/control.h
tests_unit_test_hvabi_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_hvabi_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_hvabi_LDADD = $(UNIT_LDADD)

# ---- hv: boot, memory, lib, ACPI ----

# hv's files on the fake architecture: FAKE_SOURCES is what stands in for the rest of hv.
FAKE_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/hv/include -I$(top_srcdir)/hv/arch/fake/include \
	-I$(top_srcdir)/tests/unit
FAKE_SOURCES = hv/arch/fake/fake.c hv/arch/fake/include/arch/cpu.h \
	hv/arch/fake/include/arch/domain.h hv/arch/fake/include/arch/fake.h \
	hv/arch/fake/include/arch/limits.h hv/arch/fake/include/arch/string.h \
	hv/arch/fake/include/arch/vcpu.h
# So that hv's and the C library's functions can be told apart in one program.
HV_RENAME = -Dmemcpy=hv_memcpy -Dmemmove=hv_memmove -Dmemset=hv_memset -Dmemcmp=hv_memcmp \
	-Dstrlen=hv_strlen -Dstrnlen=hv_strnlen -Dstrcmp=hv_strcmp -Dstrncmp=hv_strncmp \
	-Dstrchr=hv_strchr -Dsnprintf=hv_snprintf -Dvsnprintf=hv_vsnprintf

check_PROGRAMS += tests/unit/test_acpi
tests_unit_test_acpi_SOURCES = tests/unit/test_acpi.c hv/acpi/parse.c hv/acpi/tables.c $(FAKE_SOURCES)
tests_unit_test_acpi_CPPFLAGS = $(FAKE_CPPFLAGS)
tests_unit_test_acpi_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_acpi_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_buddy
tests_unit_test_buddy_SOURCES = tests/unit/test_buddy.c hv/buddy.c $(FAKE_SOURCES)
tests_unit_test_buddy_CPPFLAGS = $(FAKE_CPPFLAGS)
tests_unit_test_buddy_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_buddy_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_frame
tests_unit_test_frame_SOURCES = tests/unit/test_frame.c hv/frame.c hv/buddy.c hv/slab.c $(FAKE_SOURCES)
tests_unit_test_frame_CPPFLAGS = $(FAKE_CPPFLAGS)
tests_unit_test_frame_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_frame_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_hvlib
tests_unit_test_hvlib_SOURCES = tests/unit/test_hvlib.c hv/lib/format.c hv/lib/options.c hv/lib/string.c hv/boot_info.c \
	$(FAKE_SOURCES)
tests_unit_test_hvlib_CPPFLAGS = $(FAKE_CPPFLAGS) $(HV_RENAME) -fno-builtin
tests_unit_test_hvlib_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_hvlib_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_timer
tests_unit_test_timer_SOURCES = tests/unit/test_timer.c hv/timer.c hv/clock.c $(FAKE_SOURCES)
tests_unit_test_timer_CPPFLAGS = $(FAKE_CPPFLAGS)
tests_unit_test_timer_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_timer_LDADD = $(UNIT_LDADD)

# ---- hv: virtualisation, vCPUs, scheduler ----

check_PROGRAMS += tests/unit/test_sched_fair
tests_unit_test_sched_fair_SOURCES = tests/unit/test_sched_fair.c hv/sched_fair.c
tests_unit_test_sched_fair_CPPFLAGS = $(HV_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_unit_test_sched_fair_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_sched_fair_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_sched
tests_unit_test_sched_SOURCES = tests/unit/test_sched.c hv/sched.c hv/sched_fair.c hv/stats.c hv/vcpu.c \
	hv/timer.c hv/clock.c $(FAKE_SOURCES)
tests_unit_test_sched_CPPFLAGS = $(FAKE_CPPFLAGS) -Dsched_yield=hv_sched_yield
tests_unit_test_sched_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_sched_LDADD = $(UNIT_LDADD)

# x86's own files, in a process: what runs an instruction of the privileged kind stays away.
X86_CPPFLAGS = -D_GNU_SOURCE $(HV_CPPFLAGS) -I$(top_srcdir)/tests/unit

check_PROGRAMS += tests/unit/test_physmap
tests_unit_test_physmap_SOURCES = tests/unit/test_physmap.c hv/physmap.c hv/arch/x86/pagetable.c \
	hv/arch/x86/guest_walk.c hv/arch/x86/svm/npt.c
tests_unit_test_physmap_CPPFLAGS = $(X86_CPPFLAGS)
tests_unit_test_physmap_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_physmap_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_dirty
tests_unit_test_dirty_SOURCES = tests/unit/test_dirty.c hv/dirty.c hv/physmap.c hv/arch/x86/dirty.c \
	hv/arch/x86/pagetable.c hv/arch/x86/svm/npt.c
tests_unit_test_dirty_CPPFLAGS = $(X86_CPPFLAGS)
tests_unit_test_dirty_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dirty_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_vlapic
tests_unit_test_vlapic_SOURCES = tests/unit/test_vlapic.c hv/arch/x86/vlapic.c \
	tests/unit/x86_world.c tests/unit/x86_world.h
tests_unit_test_vlapic_CPPFLAGS = $(X86_CPPFLAGS)
tests_unit_test_vlapic_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vlapic_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_svm
tests_unit_test_svm_SOURCES = tests/unit/test_svm.c hv/arch/x86/svm/svm.c hv/arch/x86/svm/nmi.c hv/arch/x86/svm/decode.c \
	hv/arch/x86/svm/npt.c hv/arch/x86/svm/caps.c tests/unit/x86_world.c tests/unit/x86_world.h

check_PROGRAMS += tests/unit/test_caps
tests_unit_test_caps_SOURCES = tests/unit/test_caps.c hv/arch/x86/vmx/caps.c
tests_unit_test_caps_CPPFLAGS = $(X86_CPPFLAGS)
tests_unit_test_caps_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_caps_LDADD = $(UNIT_LDADD)
tests_unit_test_svm_CPPFLAGS = $(X86_CPPFLAGS)
tests_unit_test_svm_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_svm_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_vmx
tests_unit_test_vmx_SOURCES = tests/unit/test_vmx.c hv/arch/x86/vmx/caps.c hv/arch/x86/vmx/check.c \
	hv/arch/x86/vmx/cr.c hv/arch/x86/vmx/decode.c hv/arch/x86/vmx/ept.c hv/arch/x86/vmx/event.c \
	hv/arch/x86/vmx/mtrr.c hv/arch/x86/vmx/pml.c hv/arch/x86/vmx/vmx.c hv/arch/x86/vmx/apic.c hv/arch/x86/vlapic.c \
	tests/unit/x86_world.c tests/unit/x86_world.h
tests_unit_test_vmx_CPPFLAGS = $(X86_CPPFLAGS) -DHV_FAKE_VMX
tests_unit_test_vmx_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vmx_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_vmx_tables
tests_unit_test_vmx_tables_SOURCES = tests/unit/test_vmx_tables.c hv/arch/x86/vmx/caps.c \
	hv/arch/x86/vmx/check.c hv/arch/x86/vmx/decode.c hv/arch/x86/vmx/ept.c \
	hv/arch/x86/vmx/event.c hv/arch/x86/vmx/mtrr.c
tests_unit_test_vmx_tables_CPPFLAGS = $(X86_CPPFLAGS)
tests_unit_test_vmx_tables_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vmx_tables_LDADD = $(UNIT_LDADD)

# ---- xen ----

# The guest ABI on a small pretended host: abi_world.h.
ABI_CPPFLAGS = $(FAKE_CPPFLAGS) -include stdint.h -D__XEN_INTERFACE_VERSION__=0x00040e00 \
	-iquote $(top_srcdir)/xen -I$(top_srcdir)/xen/abi
ABI_SOURCES = tests/unit/abi_world.c tests/unit/abi_world.h $(FAKE_SOURCES) \
	hv/buddy.c hv/clock.c hv/dirty.c hv/domain.c hv/frame.c hv/guest_copy.c hv/physmap.c hv/slab.c \
	hv/stats.c hv/timer.c $(XEN_PORTABLE_SOURCES)
ABI_LINK_FLAGS = $(AM_LDFLAGS) -Wl,--wrap=buddy_alloc

check_PROGRAMS += tests/unit/test_control
tests_unit_test_control_SOURCES = tests/unit/test_control.c $(ABI_SOURCES)
tests_unit_test_control_CPPFLAGS = $(ABI_CPPFLAGS)
tests_unit_test_control_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_control_LDFLAGS = $(ABI_LINK_FLAGS)
tests_unit_test_control_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_stats
tests_unit_test_stats_SOURCES = tests/unit/test_stats.c $(ABI_SOURCES)
tests_unit_test_stats_CPPFLAGS = $(ABI_CPPFLAGS)
tests_unit_test_stats_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_stats_LDFLAGS = $(ABI_LINK_FLAGS)
tests_unit_test_stats_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_gnttab
tests_unit_test_gnttab_SOURCES = tests/unit/test_gnttab.c $(ABI_SOURCES)
tests_unit_test_gnttab_CPPFLAGS = $(ABI_CPPFLAGS)
tests_unit_test_gnttab_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_gnttab_LDFLAGS = $(ABI_LINK_FLAGS)
tests_unit_test_gnttab_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_memory_op
tests_unit_test_memory_op_SOURCES = tests/unit/test_memory_op.c $(ABI_SOURCES)
tests_unit_test_memory_op_CPPFLAGS = $(ABI_CPPFLAGS)
tests_unit_test_memory_op_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_memory_op_LDFLAGS = $(ABI_LINK_FLAGS) -Wl,--wrap=physmap_populate_large
tests_unit_test_memory_op_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_dom0
tests_unit_test_dom0_SOURCES = tests/unit/test_dom0.c xen/dom0_elf.c xen/dom0_memory.c $(ABI_SOURCES)
tests_unit_test_dom0_CPPFLAGS = $(ABI_CPPFLAGS)
tests_unit_test_dom0_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dom0_LDFLAGS = $(ABI_LINK_FLAGS)
tests_unit_test_dom0_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_evtchn
tests_unit_test_evtchn_SOURCES = tests/unit/test_evtchn.c $(ABI_SOURCES)
tests_unit_test_evtchn_CPPFLAGS = $(ABI_CPPFLAGS)
tests_unit_test_evtchn_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_evtchn_LDFLAGS = $(ABI_LINK_FLAGS)
tests_unit_test_evtchn_LDADD = $(UNIT_LDADD)

# ---- tools/lib ----

check_PROGRAMS += tests/unit/test_elf
tests_unit_test_elf_SOURCES = tests/unit/test_elf.c tools/lib/elf.c tools/lib/xmem.c
tests_unit_test_elf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_elf_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_elf_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_json_line
tests_unit_test_json_line_SOURCES = tests/unit/test_json_line.c tools/lib/json_line.c \
	tools/lib/xmem.c
tests_unit_test_json_line_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_json_line_CFLAGS = $(UNIT_CFLAGS) $(JSONC_CFLAGS)
tests_unit_test_json_line_LDADD = $(UNIT_LDADD) $(JSONC_LIBS)

# ---- tools/hvd/xenstore, console, evtchn ----

EXTRA_DIST += tests/unit/xs_talk.h tests/unit/xen_shim.h
XENSTORE_TEST_CFLAGS = $(UNIT_CFLAGS) $(LIBEVENT_CFLAGS) $(XENEVTCHN_CFLAGS) \
	$(XENFOREIGNMEMORY_CFLAGS)

check_PROGRAMS += tests/unit/test_xs_tree
tests_unit_test_xs_tree_SOURCES = tests/unit/test_xs_tree.c tools/hvd/xenstore/path.c \
	tools/hvd/xenstore/perms.c tools/hvd/xenstore/tree.c tools/lib/xmem.c tools/lib/log.c
tests_unit_test_xs_tree_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_xs_tree_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_xs_tree_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_xs_protocol
tests_unit_test_xs_protocol_SOURCES = tests/unit/test_xs_protocol.c tests/unit/xs_world.h $(XENSTORE_PURE_SOURCES) \
	tools/lib/xmem.c tools/lib/log.c
tests_unit_test_xs_protocol_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_xs_protocol_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_xs_protocol_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_xs_transactions
tests_unit_test_xs_transactions_SOURCES = tests/unit/test_xs_transactions.c tests/unit/xs_world.h \
	$(XENSTORE_PURE_SOURCES) tools/lib/xmem.c tools/lib/log.c
tests_unit_test_xs_transactions_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_xs_transactions_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_xs_transactions_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_xs_server
tests_unit_test_xs_server_SOURCES = tests/unit/test_xs_server.c tests/unit/xen_shim.c \
	$(XENSTORE_PURE_SOURCES) $(XENSTORE_SERVER_SOURCES) tools/lib/xmem.c tools/lib/log.c
tests_unit_test_xs_server_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_xs_server_CFLAGS = $(XENSTORE_TEST_CFLAGS)
tests_unit_test_xs_server_LDADD = $(UNIT_LDADD) $(LIBEVENT_LIBS)

check_PROGRAMS += tests/unit/test_restart
tests_unit_test_restart_SOURCES = tests/unit/test_restart.c tests/unit/xen_shim.c \
	$(XENSTORE_PURE_SOURCES) $(XENSTORE_SERVER_SOURCES) tools/lib/xmem.c tools/lib/log.c
tests_unit_test_restart_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_restart_CFLAGS = $(XENSTORE_TEST_CFLAGS)
tests_unit_test_restart_LDADD = $(UNIT_LDADD) $(LIBEVENT_LIBS)
tests_unit_test_restart_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=journal_file_write -Wl,--wrap=ring_write \
	-Wl,--wrap=ring_consume

check_PROGRAMS += tests/unit/test_fd_packet
tests_unit_test_fd_packet_SOURCES = tests/unit/test_fd_packet.c tools/lib/fd_packet.c
tests_unit_test_fd_packet_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_fd_packet_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_fd_packet_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_budget
tests_unit_test_budget_SOURCES = tests/unit/test_budget.c tools/hvd/budget.c
tests_unit_test_budget_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_budget_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_budget_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_console
tests_unit_test_console_SOURCES = tests/unit/test_console.c tests/unit/xen_shim.c \
	tools/hvd/budget.c tools/hvd/console.c tools/hvd/console_log.c tools/hvd/console_ring.c tools/hvd/evtchn.c \
	tools/hvd/keep.c \
	tools/lib/xmem.c tools/lib/log.c
tests_unit_test_console_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_console_CFLAGS = $(XENSTORE_TEST_CFLAGS)
tests_unit_test_console_LDADD = $(UNIT_LDADD) $(LIBEVENT_LIBS)

# ---- tools/hvd/backend, blk, net ----

check_PROGRAMS += tests/unit/test_blk_ring
tests_unit_test_blk_ring_SOURCES = tests/unit/test_blk_ring.c tools/hvd/blk/ring.c \
	tools/hvd/blk/inflight.c
tests_unit_test_blk_ring_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_blk_ring_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_blk_ring_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_blkif
tests_unit_test_blkif_SOURCES = tests/unit/test_blkif.c tools/hvd/blk/blkif.c tools/hvd/blk/job.c tools/hvd/blk/trouble.c \
	tools/hvd/backend/stats_child.c \
	tools/hvd/blk/file.c tools/hvd/blk/grants.c tools/hvd/blk/pool.c tools/hvd/blk/ring.c \
	tools/hvd/blk/inflight.c tools/hvd/blk/limiter.c tools/hvd/blk/throttle.c tools/lib/log.c tools/lib/xmem.c
tests_unit_test_blkif_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_blkif_CFLAGS = $(UNIT_CFLAGS) -pthread $(LIBEVENT_CFLAGS) $(XENGNTTAB_CFLAGS)
tests_unit_test_blkif_LDADD = $(UNIT_LDADD) $(LIBEVENT_LIBS) -lpthread

check_PROGRAMS += tests/unit/test_trouble
tests_unit_test_trouble_SOURCES = tests/unit/test_trouble.c tools/hvd/blk/trouble.c \
	tools/hvd/backend/stats_child.c tools/lib/log.c
tests_unit_test_trouble_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_trouble_CFLAGS = $(UNIT_CFLAGS) $(LIBEVENT_CFLAGS)
tests_unit_test_trouble_LDADD = $(UNIT_LDADD) $(LIBEVENT_LIBS)

check_PROGRAMS += tests/unit/test_inflight
tests_unit_test_inflight_SOURCES = tests/unit/test_inflight.c tools/hvd/blk/inflight.c \
	tools/hvd/blk/ring.c
tests_unit_test_inflight_CPPFLAGS = $(UNIT_CPPFLAGS) -DINFLIGHT_TEST
tests_unit_test_inflight_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_inflight_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_throttle
tests_unit_test_throttle_SOURCES = tests/unit/test_throttle.c tools/hvd/blk/throttle.c
tests_unit_test_throttle_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_throttle_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_throttle_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_net_ring
tests_unit_test_net_ring_SOURCES = tests/unit/test_net_ring.c tools/hvd/net/ring.c
tests_unit_test_net_ring_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_net_ring_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_net_ring_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_netif
tests_unit_test_netif_SOURCES = tests/unit/test_netif.c tools/hvd/net/netif.c \
	tools/hvd/backend/stats_child.c tools/hvd/net/ring.c tools/lib/log.c tools/lib/xmem.c
tests_unit_test_netif_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_netif_CFLAGS = $(UNIT_CFLAGS) $(LIBEVENT_CFLAGS) $(XENGNTTAB_CFLAGS)
tests_unit_test_netif_LDADD = $(UNIT_LDADD) $(LIBEVENT_LIBS)

check_PROGRAMS += tests/unit/test_xenbus
tests_unit_test_xenbus_SOURCES = tests/unit/test_xenbus.c tools/hvd/backend/vdev.c \
	tools/hvd/backend/xenbus.c
tests_unit_test_xenbus_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_xenbus_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_xenbus_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_backend_stats
tests_unit_test_backend_stats_SOURCES = tests/unit/test_backend_stats.c \
	tools/hvd/backend/stats_child.c tools/hvd/backend/stats_file.c tools/lib/log.c
tests_unit_test_backend_stats_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_backend_stats_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_backend_stats_LDADD = $(UNIT_LDADD)

# ---- tools/hvd/metrics ----

check_PROGRAMS += tests/unit/test_expo
tests_unit_test_expo_SOURCES = tests/unit/test_expo.c tools/hvd/metrics/expo.c tools/lib/xmem.c
tests_unit_test_expo_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_expo_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_expo_LDADD = $(UNIT_LDADD)

# All of the metrics but the endpoint, over pages of the test's own.
METRICS_TEST_SOURCES = tests/unit/stats_pages.c tests/unit/stats_pages.h \
	tools/hvd/events.c \
	tools/hvd/metrics/expo.c tools/hvd/metrics/families.c tools/hvd/metrics/hv_stats.c \
	tools/hvd/metrics/render.c tools/hvd/metrics/sampler.c tools/hvd/metrics/snapshot.c \
	tools/hvd/metrics/threshold.c tools/lib/xmem.c
METRICS_TEST_LIBS = tools/hvd/libhvdcore.a $(LIBEVENT_LIBS) $(JSONC_LIBS) $(LIBXML2_LIBS) $(XENFOREIGNMEMORY_LIBS) -lm
check_PROGRAMS += tests/unit/test_metrics
tests_unit_test_metrics_SOURCES = tests/unit/test_metrics.c $(METRICS_TEST_SOURCES)
tests_unit_test_metrics_CPPFLAGS = $(UNIT_CPPFLAGS) -DSOURCE_DIR='"$(abs_top_srcdir)"'
tests_unit_test_metrics_CFLAGS = $(UNIT_CFLAGS) $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS) $(LIBXML2_CFLAGS)
tests_unit_test_metrics_LDADD = $(UNIT_LDADD) $(METRICS_TEST_LIBS)

check_PROGRAMS += tests/unit/test_log_ring
tests_unit_test_log_ring_SOURCES = tests/unit/test_log_ring.c tools/hvd/log_ring.c tools/lib/log.c tools/lib/xmem.c
tests_unit_test_log_ring_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_log_ring_CFLAGS = $(UNIT_CFLAGS) $(JSONC_CFLAGS)
tests_unit_test_log_ring_LDADD = $(UNIT_LDADD) $(JSONC_LIBS)

# ---- tools/hvd/control, domain; tools/hvctl ----

check_PROGRAMS += tests/unit/test_spec
tests_unit_test_spec_SOURCES = tests/unit/test_spec.c tools/hvd/domain/spec.c \
	tools/hvd/domain/spec_devices.c tools/hvd/domain/spec_disk.c \
	tools/hvd/domain/spec_edit.c tools/hvd/domain/spec_iotune.c tools/hvd/domain/spec_text.c \
	tools/hvd/domain/spec_xml.c tools/lib/xmem.c
tests_unit_test_spec_CPPFLAGS = $(UNIT_CPPFLAGS) -DSOURCE_DIR='"$(abs_top_srcdir)"'
tests_unit_test_spec_CFLAGS = $(UNIT_CFLAGS) $(LIBXML2_CFLAGS)
tests_unit_test_spec_LDADD = $(UNIT_LDADD) $(LIBXML2_LIBS)

check_PROGRAMS += tests/unit/test_boot_data
tests_unit_test_boot_data_SOURCES = tests/unit/test_boot_data.c tools/hvd/domain/acpi.c \
	tools/hvd/domain/layout.c tools/hvd/domain/start_info.c tools/lib/xmem.c
tests_unit_test_boot_data_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_boot_data_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_boot_data_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_hvd
tests_unit_test_hvd_SOURCES = tests/unit/test_hvd.c tools/hvd/conf.c tools/hvd/domain/lifecycle.c \
	tools/hvd/metrics/address.c tools/hvd/metrics/threshold.c \
	tools/hvd/fault.c tools/lib/log.c tools/lib/xmem.c
tests_unit_test_hvd_CPPFLAGS = $(UNIT_CPPFLAGS) -DSOURCE_DIR='"$(abs_top_srcdir)"'
tests_unit_test_hvd_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_hvd_LDADD = $(UNIT_LDADD)

# ---- dom0 ----

check_PROGRAMS += tests/unit/test_bzimage
tests_unit_test_bzimage_SOURCES = tests/unit/test_bzimage.c tools/lib/bzimage.c
tests_unit_test_bzimage_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_bzimage_CFLAGS = $(UNIT_CFLAGS) $(ZLIB_CFLAGS) $(LZMA_CFLAGS) $(ZSTD_CFLAGS) $(LZ4_CFLAGS)
tests_unit_test_bzimage_LDADD = $(UNIT_LDADD) $(KERNEL_LIBS)

check_PROGRAMS += tests/unit/test_elf_compact
tests_unit_test_elf_compact_SOURCES = tests/unit/test_elf_compact.c dom0/kernel/elf_compact.c
tests_unit_test_elf_compact_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(top_srcdir)/dom0/kernel
tests_unit_test_elf_compact_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_elf_compact_LDADD = $(UNIT_LDADD)

check_PROGRAMS += tests/unit/test_image
tests_unit_test_image_SOURCES = tests/unit/test_image.c tools/hvd/image/name.c \
	tools/hvd/image/copy_run.c tools/hvd/image/cluster_text.c tools/lib/xmem.c
tests_unit_test_image_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_image_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_image_LDADD = $(UNIT_LDADD)

# ---- tools/hvd/priv ----

check_PROGRAMS += tests/unit/test_priv_check
tests_unit_test_priv_check_SOURCES = tests/unit/test_priv_check.c tools/hvd/priv/check.c tools/hvd/priv/wire.c tools/lib/fd_packet.c
tests_unit_test_priv_check_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_priv_check_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_priv_check_LDADD = $(UNIT_LDADD)
