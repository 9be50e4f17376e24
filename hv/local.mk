# SPDX-License-Identifier: GPL-2.0-or-later
# hv: the core. Freestanding; builds the ELF image hv/hv that GRUB loads (with xen/ in it).

HV_CPPFLAGS = -I$(top_srcdir)/hv/include -I$(top_srcdir)/hv/arch/x86/include \
	-I$(top_builddir)/hv/arch/x86/include

# Boot, memory, console, time, physical CPUs.
HV_BOOT_SOURCES =

# Domains, vCPUs, scheduling, nested paging, the virtual machine's hardware.
HV_VIRT_SOURCES = \
	hv/domain.c hv/guest_copy.c hv/irq.c hv/physmap.c hv/sched.c hv/sched_fair.c hv/vcpu.c \
	hv/arch/x86/cpuid.c hv/arch/x86/exit.c hv/arch/x86/fpu.c hv/arch/x86/guest_walk.c \
	hv/arch/x86/ioport.c hv/arch/x86/msr.c hv/arch/x86/pagetable.c hv/arch/x86/run.c \
	hv/arch/x86/vlapic.c hv/arch/x86/include/arch/exit.h hv/arch/x86/include/arch/virt.h \
	hv/arch/x86/include/arch/vlapic.h \
	hv/arch/x86/svm/decode.c hv/arch/x86/svm/enter.S hv/arch/x86/svm/npt.c \
	hv/arch/x86/svm/svm.c hv/arch/x86/svm/vmcb.c hv/arch/x86/svm/vmcb.h

noinst_LIBRARIES += hv/libcore.a
hv_libcore_a_SOURCES = $(HV_BOOT_SOURCES) $(HV_VIRT_SOURCES)
hv_libcore_a_CPPFLAGS = $(HV_CPPFLAGS)
hv_libcore_a_CFLAGS = $(FREESTANDING_CFLAGS)
hv_libcore_a_CCASFLAGS = $(FREESTANDING_ASFLAGS)

# <arch/offsets.h>: structure offsets for assembly, out of offsets.c.
hv_offsets_h = hv/arch/x86/include/arch/offsets.h
BUILT_SOURCES += $(hv_offsets_h)
CLEANFILES += $(hv_offsets_h)
EXTRA_DIST += hv/arch/x86/offsets.c
$(hv_offsets_h): hv/arch/x86/offsets.c hv/include/hv/cpu.h hv/include/hv/list.h \
		hv/include/hv/spinlock.h hv/include/hv/timer.h hv/include/hv/types.h \
		hv/arch/x86/include/arch/cpu.h hv/arch/x86/include/arch/vcpu.h
	$(AM_V_GEN)$(MKDIR_P) $(@D) && { \
	echo '/* Made from hv/arch/x86/offsets.c. */'; \
	$(CC) $(HV_CPPFLAGS) $(FREESTANDING_CFLAGS) -g0 -S -o - $(srcdir)/hv/arch/x86/offsets.c | \
		sed -n 's/^->\([A-Z0-9_]*\) [$$]*\(.*\)$$/#define \1 \2/p'; } > $@.tmp && \
	grep -q REGS_SIZE $@.tmp && mv $@.tmp $@
hv/arch/x86/svm/libcore_a-enter.$(OBJEXT): $(hv_offsets_h)
