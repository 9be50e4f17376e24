# SPDX-License-Identifier: GPL-2.0-or-later
# tests/: style checks; the boot tests with their emulated host.

noinst_PROGRAMS += tests/host/relay
tests_host_relay_SOURCES = tests/host/relay.c

dist_noinst_SCRIPTS += tests/host/run
