# SPDX-License-Identifier: GPL-2.0-or-later
# tests/unit: one CUnit program per suite. Each compiles the files under test itself, always with
# ASan and UBSan; it never links the library that the product uses. A suite is five lines:
#
#   check_PROGRAMS += tests/unit/test_NAME
#   tests_unit_test_NAME_SOURCES = tests/unit/test_NAME.c tools/lib/NAME.c
#   tests_unit_test_NAME_CPPFLAGS = $(UNIT_CPPFLAGS)
#   tests_unit_test_NAME_CFLAGS = $(UNIT_CFLAGS)
#   tests_unit_test_NAME_LDADD = $(UNIT_LDADD)
#
# UNIT_CPPFLAGS is for files of tools/; files of hv/ and xen/ want their own -I list.
# Add a suite at the end of its folder's section.

UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
UNIT_CFLAGS = -std=gnu11 -g -O1 $(HOSTED_WARN_CFLAGS) $(HV_SANITIZE_FLAGS) $(CUNIT_CFLAGS)
UNIT_LDADD = $(CUNIT_LIBS)

TESTS += $(check_PROGRAMS)
EXTRA_DIST += tests/unit/unit.h

# ---- xen/abi ----

check_PROGRAMS += tests/unit/test_hvabi
tests_unit_test_hvabi_SOURCES = tests/unit/test_hvabi.c xen/abi/hvabi/control.h
tests_unit_test_hvabi_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_hvabi_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_hvabi_LDADD = $(UNIT_LDADD)

# ---- hv: boot, memory, lib, ACPI ----

# ---- hv: virtualisation, vCPUs, scheduler ----

# ---- xen ----

# ---- tools/lib ----

# ---- tools/hvd/xenstore, console, evtchn ----

# ---- tools/hvd/backend, blk, net ----

# ---- tools/hvd/control, domain; tools/hvctl ----

# ---- dom0 ----

check_PROGRAMS += tests/unit/test_bzimage
tests_unit_test_bzimage_SOURCES = tests/unit/test_bzimage.c tools/lib/bzimage.c
tests_unit_test_bzimage_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_bzimage_CFLAGS = $(UNIT_CFLAGS) $(ZLIB_CFLAGS) $(LZMA_CFLAGS) $(ZSTD_CFLAGS) $(LZ4_CFLAGS)
tests_unit_test_bzimage_LDADD = $(UNIT_LDADD) $(KERNEL_LIBS)

check_PROGRAMS += tests/unit/test_elf_compact
tests_unit_test_elf_compact_SOURCES = tests/unit/test_elf_compact.c dom0/kernel/elf_compact.c
tests_unit_test_elf_compact_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(top_srcdir)/dom0/kernel
tests_unit_test_elf_compact_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_elf_compact_LDADD = $(UNIT_LDADD)
