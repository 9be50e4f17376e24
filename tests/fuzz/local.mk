# SPDX-License-Identifier: GPL-2.0-or-later
# tests/fuzz: entries for libFuzzer; 'make check' replays each one's corpus, under ASan and UBSan.

EXTRA_DIST += tests/fuzz/corpus

check_PROGRAMS += tests/fuzz/replay_xenstore
tests_fuzz_replay_xenstore_SOURCES = tests/fuzz/fuzz_xenstore.c tests/fuzz/replay.c \
	$(XENSTORE_PURE_SOURCES) tools/lib/xmem.c tools/lib/log.c
tests_fuzz_replay_xenstore_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_xenstore_CFLAGS = $(UNIT_CFLAGS)

check_PROGRAMS += tests/fuzz/replay_rings
tests_fuzz_replay_rings_SOURCES = tests/fuzz/fuzz_rings.c tests/fuzz/replay.c \
	tools/hvd/blk/ring.c tools/hvd/net/ring.c
tests_fuzz_replay_rings_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_rings_CFLAGS = $(UNIT_CFLAGS)
check_PROGRAMS += tests/fuzz/replay_vmxml
tests_fuzz_replay_vmxml_SOURCES = tests/fuzz/fuzz_vmxml.c tests/fuzz/replay.c \
	tools/hvd/domain/spec.c tools/hvd/domain/spec_devices.c tools/hvd/domain/spec_xml.c \
	tools/lib/xmem.c
tests_fuzz_replay_vmxml_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_vmxml_CFLAGS = $(UNIT_CFLAGS) $(LIBXML2_CFLAGS)
tests_fuzz_replay_vmxml_LDADD = $(LIBXML2_LIBS)

check_PROGRAMS += tests/fuzz/replay_elf
tests_fuzz_replay_elf_SOURCES = tests/fuzz/fuzz_elf.c tests/fuzz/replay.c \
	tools/hvd/domain/layout.c tools/lib/elf.c tools/lib/xmem.c
tests_fuzz_replay_elf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_elf_CFLAGS = $(UNIT_CFLAGS)
