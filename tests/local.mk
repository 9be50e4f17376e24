# SPDX-License-Identifier: GPL-2.0-or-later
# tests/: style checks; the boot tests with their emulated host.

noinst_PROGRAMS += tests/host/relay
tests_host_relay_SOURCES = tests/host/relay.c

dist_noinst_SCRIPTS += tests/host/run tests/run-all tests/boot/run-tests \
	tests/boot/00-host.sh
dist_noinst_DATA += tests/boot/lib.sh

# Tests that boot a machine: 'make check-boot', or some: 'make check-boot BOOT_TESTS=00-host.sh'
BOOT_TESTS =
check-boot: all
	$(top_srcdir)/tests/boot/run-tests . /dev/null $(BOOT_TESTS)
.PHONY: check-boot
