# SPDX-License-Identifier: GPL-2.0-or-later
# xen/: Xen's guest ABI over hv/; its objects are linked into hv/hv.

XEN_CPPFLAGS = $(HV_CPPFLAGS) -I$(top_srcdir)/xen/abi $(XEN_ISYSTEM)

noinst_LIBRARIES += xen/libguestabi.a
xen_libguestabi_a_SOURCES =
xen_libguestabi_a_CPPFLAGS = $(XEN_CPPFLAGS)
xen_libguestabi_a_CFLAGS = $(FREESTANDING_CFLAGS)
xen_libguestabi_a_CCASFLAGS = $(FREESTANDING_ASFLAGS)

noinst_HEADERS += xen/abi/hvabi/control.h
