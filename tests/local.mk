# SPDX-License-Identifier: GPL-2.0-or-later
# tests/: style checks; the boot tests with their emulated host.

noinst_PROGRAMS += tests/host/relay
tests_host_relay_SOURCES = tests/host/relay.c

# For the emulated host and its guests, which have no libraries.
noinst_PROGRAMS += tests/boot/vector-check
tests_boot_vector_check_SOURCES = tests/boot/vector-check.c
tests_boot_vector_check_CFLAGS = -std=gnu11 $(HOSTED_WARN_CFLAGS)
tests_boot_vector_check_LDFLAGS = -static

dist_noinst_SCRIPTS += tests/host/run tests/host/bochs tests/host/get-bochs tests/run-all tests/boot/run-tests tests/ceph/cluster \
	tests/boot/00-host.sh tests/boot/10-control-domain.sh tests/boot/15-level-interrupts.sh \
	tests/boot/20-refused.sh tests/boot/80-stubdom.sh tests/boot/85-intel.sh tests/boot/87-intel-apic.sh tests/boot/88-amd.sh \
	tests/boot/82-large-pages.sh tests/boot/88-dirty-rate.sh tests/boot/89-xsaves-tsc.sh \
	tests/boot/30-guest.sh tests/boot/40-xenstore.sh tests/boot/45-hvd-restart.sh tests/boot/50-guests.sh tests/boot/55-weights.sh \
	tests/boot/58-flood.sh \
	tests/boot/60-guest-devices.sh tests/boot/65-metrics.sh tests/boot/70-grub.sh \
	tests/boot/75-installed.sh tests/boot/installed-setup.sh tests/boot/installed-host.sh \
	tests/boot/90-rbd.sh tests/boot/91-devices.sh tests/boot/92-rbd-faults.sh tests/boot/94-blk-restart.sh
dist_noinst_DATA += tests/host/bochs-machine.sh tests/host/bochs-code.c tests/host/bochs-code.h tests/host/bochs-idiv.c tests/host/bochs-interrupts.c tests/host/bochs-smp.c tests/host/bochs-svm.c tests/host/bochs-tsc.c tests/boot/lib.sh tests/boot/host-lib.sh tests/boot/stubdom-lib.sh tests/boot/guest-lib.sh tests/boot/installed-lib.sh \
	tests/boot/ceph-lib.sh tests/boot/ceph-guest.sh

# Tests that boot a machine: 'make check-boot', or some: 'make check-boot BOOT_TESTS=00-host.sh'; all on
# Intel: 'make check-boot HV_MACHINE=vmx', one there: 'make check-boot BOOT_TESTS=30-guest.sh@vmx'
BOOT_TESTS =
check-boot: all
	HV_MACHINE='$(HV_MACHINE)' $(top_srcdir)/tests/boot/run-tests . /dev/null $(BOOT_TESTS)
.PHONY: check-boot

# Style: part of 'make check'.
STYLE_TESTS = tests/style/files.sh tests/style/headers.sh tests/style/includes.sh
TESTS += $(STYLE_TESTS) tests/dom0/boot-menu.sh tests/dom0/install.sh
EXTRA_DIST += $(STYLE_TESTS) tests/dom0/boot-menu.sh tests/dom0/install.sh
AM_TESTS_ENVIRONMENT = \
	srcdir='$(abs_top_srcdir)'; export srcdir; \
	CC='$(CC)'; export CC; \
	FREESTANDING_CFLAGS='$(FREESTANDING_CFLAGS)'; export FREESTANDING_CFLAGS; \
	HV_INCLUDES='-I$(abs_top_srcdir)/hv/include -I$(abs_top_srcdir)/hv/arch/x86/include -I$(abs_top_builddir)/hv/arch/x86/include'; export HV_INCLUDES; \
	XEN_INCLUDES='-I$(abs_top_srcdir)/hv/include -I$(abs_top_srcdir)/hv/arch/x86/include -I$(abs_top_srcdir)/xen/abi -I$(abs_top_srcdir)/xen $(XEN_ISYSTEM)'; export XEN_INCLUDES; \
	TOOLS_CFLAGS='-std=gnu11 -D_GNU_SOURCE $(HOSTED_WARN_CFLAGS) -I$(abs_top_builddir)/tools -I$(abs_top_srcdir)/tools -I$(abs_top_srcdir)/tools/hvd -I$(abs_top_srcdir)/xen/abi $(LIBEVENT_CFLAGS) $(LIBXML2_CFLAGS) $(JSONC_CFLAGS)'; export TOOLS_CFLAGS;
