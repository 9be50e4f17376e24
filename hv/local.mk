# SPDX-License-Identifier: GPL-2.0-or-later
# hv: the core. Freestanding; builds the ELF image hv/hv that GRUB loads (with xen/ in it).

HV_CPPFLAGS = -I$(top_srcdir)/hv/include -I$(top_srcdir)/hv/arch/x86/include \
	-I$(top_builddir)/hv/arch/x86/include

# Boot, memory, console, time, physical CPUs.
HV_BOOT_SOURCES =

# Domains, vCPUs, scheduling, nested paging, the virtual machine's hardware.
HV_VIRT_SOURCES =

noinst_LIBRARIES += hv/libcore.a
hv_libcore_a_SOURCES = $(HV_BOOT_SOURCES) $(HV_VIRT_SOURCES)
hv_libcore_a_CPPFLAGS = $(HV_CPPFLAGS)
hv_libcore_a_CFLAGS = $(FREESTANDING_CFLAGS)
hv_libcore_a_CCASFLAGS = $(FREESTANDING_ASFLAGS)
