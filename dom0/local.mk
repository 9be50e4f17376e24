# SPDX-License-Identifier: GPL-2.0-or-later
# dom0/: what makes a host: kernel payload extractor, image builder, GRUB script, systemd units.

sbin_PROGRAMS += dom0/kernel/hv-extract-kernel
dom0_kernel_hv_extract_kernel_SOURCES = dom0/kernel/hv-extract-kernel.c \
	dom0/kernel/elf_compact.c dom0/kernel/elf_compact.h
dom0_kernel_hv_extract_kernel_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/dom0/kernel
dom0_kernel_hv_extract_kernel_LDADD = tools/lib/libhvutil.a $(KERNEL_LIBS)

# Into the image only; static, because it runs before anything else is there.
noinst_PROGRAMS += dom0/image/hv-seed
dom0_image_hv_seed_SOURCES = dom0/image/hv-seed.c
dom0_image_hv_seed_CFLAGS = -std=gnu11 $(HOSTED_WARN_CFLAGS) $(HOSTED_CFLAGS)
dom0_image_hv_seed_LDFLAGS = -static

dist_noinst_SCRIPTS += dom0/image/build-host dom0/image/build-boot dom0/image/host-init \
	dom0/image/build-guest dom0/image/guest-init dom0/image/demo dom0/image/demo-prepare
dist_noinst_DATA += dom0/image/common.sh dom0/image/vm.xml
