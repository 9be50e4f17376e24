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
	tools/hvd/blk/inflight.c tools/hvd/blk/ring.c tools/hvd/net/ring.c
tests_fuzz_replay_rings_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_rings_CFLAGS = $(UNIT_CFLAGS)
check_PROGRAMS += tests/fuzz/replay_vmxml
tests_fuzz_replay_vmxml_SOURCES = tests/fuzz/fuzz_vmxml.c tests/fuzz/replay.c \
	tools/hvd/domain/spec.c tools/hvd/domain/spec_devices.c tools/hvd/domain/spec_disk.c \
	tools/hvd/domain/spec_edit.c tools/hvd/domain/spec_iotune.c tools/hvd/domain/spec_xml.c \
	tools/lib/xmem.c
tests_fuzz_replay_vmxml_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_vmxml_CFLAGS = $(UNIT_CFLAGS) $(LIBXML2_CFLAGS)
tests_fuzz_replay_vmxml_LDADD = $(LIBXML2_LIBS)

check_PROGRAMS += tests/fuzz/replay_elf
tests_fuzz_replay_elf_SOURCES = tests/fuzz/fuzz_elf.c tests/fuzz/replay.c \
	tools/hvd/domain/layout.c tools/lib/elf.c tools/lib/xmem.c
tests_fuzz_replay_elf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_elf_CFLAGS = $(UNIT_CFLAGS)

check_PROGRAMS += tests/fuzz/replay_bzimage
tests_fuzz_replay_bzimage_SOURCES = tests/fuzz/fuzz_bzimage.c tests/fuzz/replay.c tools/lib/bzimage.c
tests_fuzz_replay_bzimage_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_bzimage_CFLAGS = $(UNIT_CFLAGS)
tests_fuzz_replay_bzimage_LDADD = $(KERNEL_LIBS)

check_PROGRAMS += tests/fuzz/replay_http
tests_fuzz_replay_http_SOURCES = tests/fuzz/fuzz_http.c tests/fuzz/replay.c \
	tools/hvd/metrics/address.c tools/hvd/metrics/expo.c tools/hvd/metrics/http.c \
	tools/lib/log.c tools/lib/xmem.c
tests_fuzz_replay_http_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_http_CFLAGS = $(UNIT_CFLAGS) $(LIBEVENT_CFLAGS)
tests_fuzz_replay_http_LDADD = $(LIBEVENT_LIBS)

check_PROGRAMS += tests/fuzz/replay_control
tests_fuzz_replay_control_SOURCES = tests/fuzz/fuzz_control.c tests/fuzz/control_world.c \
	tests/fuzz/control_world.h tests/fuzz/replay.c \
	tools/hvd/control/access.c tools/hvd/control/define_ops.c tools/hvd/control/describe.c tools/hvd/control/dirty_ops.c \
	tools/hvd/control/disk_ops.c \
	tools/hvd/control/listener.c tools/hvd/control/op_record.c tools/hvd/control/past_ops.c \
	tools/hvd/control/reply.c tools/hvd/control/request.c tools/hvd/control/view.c \
	tools/hvd/control/wait.c tools/hvd/control/watch_ops.c tools/hvd/console_tail.c \
	tools/hvd/events.c tools/hvd/log_ring.c tools/hvd/fault.c tools/hvd/domain/definition_files.c \
	tools/hvd/domain/definitions.c tools/hvd/domain/lifecycle.c tools/hvd/domain/spec.c \
	tools/hvd/domain/spec_devices.c tools/hvd/domain/spec_disk.c tools/hvd/domain/spec_edit.c \
	tools/hvd/domain/spec_iotune.c tools/hvd/domain/spec_text.c tools/hvd/domain/spec_xml.c \
	tools/lib/json_line.c tools/lib/log.c tools/lib/xmem.c
tests_fuzz_replay_control_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_control_CFLAGS = $(UNIT_CFLAGS) $(LIBXML2_CFLAGS) $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS)
tests_fuzz_replay_control_LDADD = $(LIBXML2_LIBS) $(LIBEVENT_LIBS) $(JSONC_LIBS)
check_PROGRAMS += tests/fuzz/replay_journal
tests_fuzz_replay_journal_SOURCES = tests/fuzz/fuzz_journal.c tests/fuzz/replay.c tests/unit/xen_shim.c \
	$(XENSTORE_PURE_SOURCES) $(XENSTORE_SERVER_SOURCES) tools/hvd/domain/record.c tools/lib/xmem.c \
	tools/lib/log.c
tests_fuzz_replay_journal_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_journal_CFLAGS = $(XENSTORE_TEST_CFLAGS)
tests_fuzz_replay_journal_LDADD = $(LIBEVENT_LIBS)

# (The privileged half's sources are in the entry itself, over a world without root.)
check_PROGRAMS += tests/fuzz/replay_priv
tests_fuzz_replay_priv_SOURCES = tests/fuzz/fuzz_priv.c tests/fuzz/priv_world.c tests/fuzz/priv_world.h \
	tests/fuzz/replay.c tools/hvd/priv/check.c tools/hvd/priv/proc.c tools/hvd/priv/wire.c \
	tools/hvd/secret.c tools/lib/fd_packet.c tools/lib/xmem.c
tests_fuzz_replay_priv_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_priv_CFLAGS = $(UNIT_CFLAGS) $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS)

# The same entries under libFuzzer itself, which only clang has: 'make fuzz', or
# 'make tests/fuzz/libfuzzer_NAME' and then run that for as long as you like. What it finds stays
# in tests/fuzz/found/NAME of the build tree; a crash belongs into the corpus, with its fix.
FUZZERS = bzimage control elf http journal priv rings vmxml xenstore
FUZZ_RUNS = 20000
CLANG = clang
FUZZ_CFLAGS = -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
fuzz_sources = $(addprefix $(top_srcdir)/,$(filter-out %/replay.c,$(filter %.c,$(tests_fuzz_replay_$*_SOURCES))))
CLEANFILES += $(FUZZERS:%=tests/fuzz/libfuzzer_%)

tests/fuzz/libfuzzer_%: tests/fuzz/replay_%
	$(AM_V_GEN)$(CLANG) $(FUZZ_CFLAGS) $(DEFAULT_INCLUDES) $(tests_fuzz_replay_$*_CPPFLAGS) \
		$(CPPFLAGS) $(LIBXML2_CFLAGS) $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS) $(fuzz_sources) -o $@ $(tests_fuzz_replay_$*_LDADD)

fuzz-%: tests/fuzz/libfuzzer_%
	@mkdir -p tests/fuzz/found/$*
	@tests/fuzz/libfuzzer_$* -runs=$(FUZZ_RUNS) -seed=1 -timeout=300 -max_len=65536 -verbosity=0 \
		-artifact_prefix=tests/fuzz/found/ tests/fuzz/found/$* \
		$(top_srcdir)/tests/fuzz/corpus/$* >tests/fuzz/libfuzzer_$*.log 2>&1 && \
		echo "PASS: tests/fuzz/$* ($(FUZZ_RUNS) runs)" || \
		{ tail -n 40 tests/fuzz/libfuzzer_$*.log; echo "FAIL: tests/fuzz/$*"; exit 1; }
# Each of its runs opens files and takes up a store four times.
fuzz-journal: FUZZ_RUNS = 3000
# Each of its runs is a connection.
fuzz-http: FUZZ_RUNS = 2000
fuzz: $(FUZZERS:%=fuzz-%)
.PRECIOUS: tests/fuzz/libfuzzer_%
.PHONY: fuzz
