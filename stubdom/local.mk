# SPDX-License-Identifier: GPL-2.0-or-later
# stubdom: freestanding PVH guests on a small runtime (rt/). Each program is a kernel for vm.xml.

STUBDOM_RT = stubdom/rt/entry.S stubdom/rt/rt.c stubdom/rt/rt.h stubdom/rt/console.c \
	stubdom/rt/console.h
STUBDOM_CPPFLAGS = -D__XEN_INTERFACE_VERSION__=0x00040e00 -I$(top_srcdir)/stubdom/rt $(XEN_ISYSTEM)
stubdom_ld_flags = $(FREESTANDING_LDFLAGS) -Wl,--no-warn-rwx-segments -Wl,-T,$(top_srcdir)/stubdom/rt/rt.lds
EXTRA_DIST += stubdom/rt/rt.lds

noinst_PROGRAMS += stubdom/bench/exits/exits
stubdom_bench_exits_exits_SOURCES = stubdom/bench/exits/main.c $(STUBDOM_RT)
stubdom_bench_exits_exits_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_bench_exits_exits_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_bench_exits_exits_CCASFLAGS = $(FREESTANDING_ASFLAGS)
stubdom_bench_exits_exits_LDFLAGS = $(stubdom_ld_flags)

noinst_PROGRAMS += stubdom/bench/flood/flood
stubdom_bench_flood_flood_SOURCES = stubdom/bench/flood/main.c $(STUBDOM_RT)
stubdom_bench_flood_flood_CPPFLAGS = $(STUBDOM_CPPFLAGS)
stubdom_bench_flood_flood_CFLAGS = $(FREESTANDING_CFLAGS)
stubdom_bench_flood_flood_CCASFLAGS = $(FREESTANDING_ASFLAGS)
stubdom_bench_flood_flood_LDFLAGS = $(stubdom_ld_flags)
