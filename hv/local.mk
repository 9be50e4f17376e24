# SPDX-License-Identifier: GPL-2.0-or-later
# hv: the core. Freestanding; builds the ELF image hv/hv that GRUB loads (with xen/ in it).

HV_CPPFLAGS = -I$(top_srcdir)/hv/include -I$(top_srcdir)/hv/arch/x86/include \
	-I$(top_builddir)/hv/arch/x86/include

# Boot, memory, console, time, physical CPUs.
HV_BOOT_SOURCES = \
	hv/acpi/parse.c hv/acpi/tables.c hv/boot_info.c hv/buddy.c hv/clock.c hv/console.c \
	hv/cpu.c hv/frame.c hv/main.c hv/panic.c hv/slab.c hv/timer.c hv/trace.c \
	hv/lib/format.c hv/lib/options.c hv/lib/string.c \
	hv/arch/x86/boot/head.S hv/arch/x86/boot/multiboot2.c hv/arch/x86/boot/trampoline.S \
	hv/arch/x86/apic.c hv/arch/x86/backtrace.c hv/arch/x86/entry.S hv/arch/x86/features.c hv/arch/x86/font.c \
	hv/arch/x86/font.h hv/arch/x86/host_map.c hv/arch/x86/idt.c hv/arch/x86/platform.c \
	hv/arch/x86/screen.c hv/arch/x86/serial.c hv/arch/x86/smp.c

# Domains, vCPUs, scheduling, nested paging, the virtual machine's hardware.
HV_VIRT_SOURCES = \
	hv/dirty.c hv/domain.c hv/guest_copy.c hv/irq.c hv/physmap.c hv/sched.c hv/sched_fair.c hv/stats.c hv/vcpu.c \
	hv/arch/x86/cpuid.c hv/arch/x86/dirty.c hv/arch/x86/exit.c hv/arch/x86/exit_map.c hv/arch/x86/fpu.c hv/arch/x86/guest_walk.c \
	hv/arch/x86/ioport.c hv/arch/x86/msr.c hv/arch/x86/pagetable.c hv/arch/x86/run.c \
	hv/arch/x86/vlapic.c hv/arch/x86/include/arch/exit.h hv/arch/x86/include/arch/pagetable.h hv/arch/x86/include/arch/virt.h \
	hv/arch/x86/include/arch/vlapic.h \
	hv/arch/x86/svm/decode.c hv/arch/x86/svm/enter.S hv/arch/x86/svm/caps.c hv/arch/x86/svm/npt.c \
	hv/arch/x86/svm/svm.c hv/arch/x86/svm/nmi.c hv/arch/x86/svm/block.c hv/arch/x86/svm/svm.h \
	hv/arch/x86/vmx/apic.c hv/arch/x86/vmx/caps.c hv/arch/x86/vmx/check.c hv/arch/x86/vmx/cr.c \
	hv/arch/x86/vmx/decode.c hv/arch/x86/vmx/enter.S hv/arch/x86/vmx/ept.c \
	hv/arch/x86/vmx/event.c hv/arch/x86/vmx/mtrr.c hv/arch/x86/vmx/pml.c hv/arch/x86/vmx/state.c \
	hv/arch/x86/vmx/fields.h hv/arch/x86/vmx/vmx.c hv/arch/x86/vmx/vmx.h

noinst_LIBRARIES += hv/libcore.a
hv_libcore_a_SOURCES = $(HV_BOOT_SOURCES) $(HV_VIRT_SOURCES)
hv_libcore_a_CPPFLAGS = $(HV_CPPFLAGS) -DHV_VERSION='"$(VERSION)"'
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
hv/arch/x86/vmx/libcore_a-enter.$(OBJEXT): $(hv_offsets_h)
hv/arch/x86/boot/libcore_a-head.$(OBJEXT): $(hv_offsets_h)

boot_DATA = hv/hv

# The image. Linked twice: the functions' addresses of the first one become the symbol table of
# the second; the table comes after them, so they do not move.
hv_lds = hv/arch/x86/hv.lds
hv_link = $(CC) $(FREESTANDING_LDFLAGS) -Wl,-T,$(hv_lds) -Wl,-z,max-page-size=4096 \
	-Wl,--no-warn-rwx-segments -Wl,--whole-archive $(hv_parts) -Wl,--no-whole-archive
hv_parts = hv/libcore.a xen/libguestabi.a
EXTRA_DIST += hv/arch/x86/hv.lds.S hv/arch/x86/symbols.awk
CLEANFILES += hv/hv hv/hv.first hv/hv-symbols.S hv/hv-symbols.o hv/hv-none.S hv/hv-none.o $(hv_lds)

$(hv_lds): hv/arch/x86/hv.lds.S
	$(AM_V_GEN)$(CC) -E -P -x assembler-with-cpp -o $@ $(srcdir)/hv/arch/x86/hv.lds.S

hv/hv: $(hv_parts) $(hv_lds) hv/arch/x86/symbols.awk
	$(AM_V_CCLD)awk -f $(srcdir)/hv/arch/x86/symbols.awk /dev/null > hv/hv-none.S && \
	$(CC) $(FREESTANDING_ASFLAGS) -c -o hv/hv-none.o hv/hv-none.S && \
	$(hv_link) hv/hv-none.o -o hv/hv.first && \
	$(NM) -n hv/hv.first | awk -f $(srcdir)/hv/arch/x86/symbols.awk > hv/hv-symbols.S && \
	$(CC) $(FREESTANDING_ASFLAGS) -c -o hv/hv-symbols.o hv/hv-symbols.S && \
	$(hv_link) hv/hv-symbols.o -o $@
