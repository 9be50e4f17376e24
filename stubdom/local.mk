# SPDX-License-Identifier: GPL-2.0-or-later
# stubdom: freestanding PVH guests on a small runtime (rt/). Each program is a kernel for vm.xml.

STUBDOM_RT = stubdom/rt/entry.S stubdom/rt/rt.c stubdom/rt/rt.h stubdom/rt/x86.h stubdom/rt/trap.c \
	stubdom/rt/trap.h stubdom/rt/tap.c stubdom/rt/tap.h stubdom/rt/console.c stubdom/rt/console.h \
	stubdom/rt/memory.c stubdom/rt/memory.h \
	stubdom/rt/store.c stubdom/rt/store.h stubdom/rt/str.h
STUBDOM_CPPFLAGS = -D__XEN_INTERFACE_VERSION__=0x00040e00 -I$(top_srcdir)/stubdom/rt $(XEN_ISYSTEM)
stubdom_ld_flags = $(FREESTANDING_LDFLAGS) -Wl,--no-warn-rwx-segments -Wl,-u,rt_entry \
	-Wl,-T,$(top_srcdir)/stubdom/rt/rt.lds
EXTRA_DIST += stubdom/rt/rt.lds

noinst_LIBRARIES += stubdom/rt/librt.a
stubdom_rt_librt_a_SOURCES = $(STUBDOM_RT)
stubdom_rt_librt_a_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_rt_librt_a_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_rt_librt_a_CCASFLAGS = $(FREESTANDING_ASFLAGS)

stubdom_programs = stubdom/bench/exits/exits \
	stubdom/bench/flood/flood \
	stubdom/tests/exits/exits \
	stubdom/tests/dirty/dirty \
	stubdom/tests/xstate/xstate \
	stubdom/tests/killed/killed \
	stubdom/tests/apic/apic \
	stubdom/tests/timers/timers \
	stubdom/tests/tsc/tsc \
	stubdom/tests/evtchn/evtchn \
	stubdom/tests/grants/grants \
	stubdom/tests/memory/memory \
	stubdom/tests/large/large \
	stubdom/tests/nmi/nmi \
	stubdom/tests/posted/posted \
	stubdom/tests/store/store \
	stubdom/tests/pair/pair
noinst_PROGRAMS += $(stubdom_programs)

stubdom_bench_exits_exits_SOURCES = stubdom/bench/exits/main.c
stubdom_bench_exits_exits_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_bench_exits_exits_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_bench_exits_exits_LDFLAGS = $(stubdom_ld_flags)
stubdom_bench_exits_exits_LDADD = stubdom/rt/librt.a

stubdom_bench_flood_flood_SOURCES = stubdom/bench/flood/main.c
stubdom_bench_flood_flood_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_bench_flood_flood_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_bench_flood_flood_LDFLAGS = $(stubdom_ld_flags)
stubdom_bench_flood_flood_LDADD = stubdom/rt/librt.a

stubdom_tests_exits_exits_SOURCES = stubdom/tests/exits/main.c
stubdom_tests_exits_exits_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_exits_exits_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_exits_exits_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_exits_exits_LDADD = stubdom/rt/librt.a

stubdom_tests_dirty_dirty_SOURCES = stubdom/tests/dirty/main.c
stubdom_tests_dirty_dirty_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_dirty_dirty_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_dirty_dirty_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_dirty_dirty_LDADD = stubdom/rt/librt.a

stubdom_tests_xstate_xstate_SOURCES = stubdom/tests/xstate/main.c
stubdom_tests_xstate_xstate_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_xstate_xstate_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_xstate_xstate_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_xstate_xstate_LDADD = stubdom/rt/librt.a

stubdom_tests_tsc_tsc_SOURCES = stubdom/tests/tsc/main.c
stubdom_tests_tsc_tsc_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_tsc_tsc_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_tsc_tsc_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_tsc_tsc_LDADD = stubdom/rt/librt.a

stubdom_tests_killed_killed_SOURCES = stubdom/tests/killed/main.c
stubdom_tests_killed_killed_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_killed_killed_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_killed_killed_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_killed_killed_LDADD = stubdom/rt/librt.a

stubdom_tests_apic_apic_SOURCES = stubdom/tests/apic/main.c
stubdom_tests_apic_apic_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_apic_apic_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_apic_apic_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_apic_apic_LDADD = stubdom/rt/librt.a

stubdom_tests_posted_posted_SOURCES = stubdom/tests/posted/main.c
stubdom_tests_posted_posted_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_posted_posted_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_posted_posted_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_posted_posted_LDADD = stubdom/rt/librt.a

stubdom_tests_timers_timers_SOURCES = stubdom/tests/timers/main.c
stubdom_tests_timers_timers_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_timers_timers_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_timers_timers_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_timers_timers_LDADD = stubdom/rt/librt.a

stubdom_tests_evtchn_evtchn_SOURCES = stubdom/tests/evtchn/main.c
stubdom_tests_evtchn_evtchn_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_evtchn_evtchn_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_evtchn_evtchn_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_evtchn_evtchn_LDADD = stubdom/rt/librt.a

stubdom_tests_grants_grants_SOURCES = stubdom/tests/grants/main.c
stubdom_tests_grants_grants_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_grants_grants_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_grants_grants_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_grants_grants_LDADD = stubdom/rt/librt.a

stubdom_tests_memory_memory_SOURCES = stubdom/tests/memory/main.c
stubdom_tests_memory_memory_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_memory_memory_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_memory_memory_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_memory_memory_LDADD = stubdom/rt/librt.a

stubdom_tests_large_large_SOURCES = stubdom/tests/large/main.c
stubdom_tests_large_large_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_large_large_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_large_large_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_large_large_LDADD = stubdom/rt/librt.a

stubdom_tests_nmi_nmi_SOURCES = stubdom/tests/nmi/main.c
stubdom_tests_nmi_nmi_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_nmi_nmi_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_nmi_nmi_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_nmi_nmi_LDADD = stubdom/rt/librt.a

stubdom_tests_store_store_SOURCES = stubdom/tests/store/main.c
stubdom_tests_store_store_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_store_store_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_store_store_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_store_store_LDADD = stubdom/rt/librt.a

stubdom_tests_pair_pair_SOURCES = stubdom/tests/pair/main.c
stubdom_tests_pair_pair_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_tests_pair_pair_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_tests_pair_pair_LDFLAGS = $(stubdom_ld_flags)
stubdom_tests_pair_pair_LDADD = stubdom/rt/librt.a
