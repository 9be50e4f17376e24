# SPDX-License-Identifier: GPL-2.0-or-later
# xen/: Xen's guest ABI over hv/; its objects are linked into hv/hv.

# -iquote: files in arch/ find this folder's headers; <xen/..> stays libxen-dev's, whose headers
# expect that somebody has included <stdint.h>.
XEN_CPPFLAGS = $(HV_CPPFLAGS) -include stdint.h -D__XEN_INTERFACE_VERSION__=0x00040e00 \
	-iquote $(top_srcdir)/xen -I$(top_srcdir)/xen/abi $(XEN_ISYSTEM)

# Also compiled into unit tests.
XEN_PORTABLE_SOURCES = \
	xen/console_io.c \
	xen/control.c \
	xen/evtchn.c \
	xen/evtchn_2l.c \
	xen/evtchn_fifo.c \
	xen/evtchn_op.c \
	xen/gnttab.c \
	xen/gnttab_copy.c \
	xen/gnttab_map.c \
	xen/gnttab_op.c \
	xen/gnttab_standing.c \
	xen/gnttab_v1.c \
	xen/gnttab_v2.c \
	xen/guest_abi.c \
	xen/hvm_op.c \
	xen/hypercall.c \
	xen/memory_foreign.c \
	xen/memory_op.c \
	xen/memory_op_32.c \
	xen/memory_place.c \
	xen/memory_reservation.c \
	xen/physdev_op.c \
	xen/platform_op.c \
	xen/policy.c \
	xen/sched_op.c \
	xen/shared_info.c \
	xen/vcpu_op.c \
	xen/version.c \
	xen/virq.c \
	xen/vm_assist.c

noinst_LIBRARIES += xen/libguestabi.a
xen_libguestabi_a_SOURCES = $(XEN_PORTABLE_SOURCES) \
	xen/abi_check.c \
	xen/arch/x86/cpuid.c \
	xen/arch/x86/hypercall.c \
	xen/arch/x86/stats_check.c \
	xen/dom0.c \
	xen/dom0_acpi.c \
	xen/dom0_elf.c \
	xen/dom0_memory.c
xen_libguestabi_a_CPPFLAGS = $(XEN_CPPFLAGS)
xen_libguestabi_a_CFLAGS = $(FREESTANDING_CFLAGS)
xen_libguestabi_a_CCASFLAGS = $(FREESTANDING_ASFLAGS)

noinst_HEADERS += xen/abi/hvabi/control.h xen/abi/hvabi/stats.h
noinst_HEADERS += \
	xen/abi_state.h \
	xen/bits.h \
	xen/console_io.h \
	xen/dom0.h \
	xen/evtchn.h \
	xen/gnttab.h \
	xen/hypercall.h \
	xen/memory_op.h \
	xen/memory_place.h \
	xen/policy.h \
	xen/sched_op.h \
	xen/shared_info.h \
	xen/vcpu_op.h \
	xen/version.h
