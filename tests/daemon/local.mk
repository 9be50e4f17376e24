# SPDX-License-Identifier: GPL-2.0-or-later
# tests/daemon: hvd as it is, but over a pretended hypervisor.

PRETENDED_HOST = tests/daemon/hvd-pretended tests/daemon/kernel tests/daemon/faulty tests/daemon/talk \
	tests/daemon/manager tests/daemon/asker tests/daemon/walled tests/daemon/hvd-blk-pretended
CLEANFILES += $(PRETENDED_HOST)
EXTRA_PROGRAMS += $(PRETENDED_HOST)
tests_daemon_hvd_pretended_SOURCES = $(HVD_SOURCES) tests/daemon/pretend.c \
	tests/daemon/pretend_stats.c tests/unit/stats_pages.c tests/unit/stats_pages.h
tests_daemon_hvd_pretended_CFLAGS = $(AM_CFLAGS) $(HVD_CFLAGS) -I$(top_srcdir)/tests/unit
tests_daemon_hvd_pretended_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=xs_server_add_dom0 \
	-Wl,--wrap=guest_loan_open
tests_daemon_hvd_pretended_LDADD = $(HVD_PARTS) $(HVD_LIBS)

# The privileged half, asked by somebody who is no engine.
tests_daemon_asker_SOURCES = tests/daemon/asker.c tools/hvd/conf.c tools/hvd/priv/engine.c \
	tools/hvd/priv/server.c tools/hvd/priv/walls.c tests/daemon/pretend.c
tests_daemon_asker_CFLAGS = $(AM_CFLAGS) $(HVD_CFLAGS)
tests_daemon_asker_LDFLAGS = $(tests_daemon_hvd_pretended_LDFLAGS)
tests_daemon_asker_LDADD = $(HVD_PARTS) $(HVD_LIBS)

tests_daemon_walled_SOURCES = tests/daemon/walled.c tools/hvd/priv/walls.c
tests_daemon_walled_LDADD = tools/lib/libhvutil.a $(SECCOMP_LIBS) $(LIBEVENT_LIBS) $(JSONC_LIBS)

tests_daemon_kernel_SOURCES = tests/daemon/kernel.S
tests_daemon_kernel_CCASFLAGS =
tests_daemon_kernel_LDFLAGS = -nostdlib -static -no-pie -Wl,-Ttext=0x1000000 -Wl,--build-id=none

tests_daemon_faulty_SOURCES = tests/daemon/faulty.S
tests_daemon_faulty_CCASFLAGS =
tests_daemon_faulty_LDFLAGS = $(tests_daemon_kernel_LDFLAGS)

# The real one but for the libraries that want hv: they are given here, and not linked.
tests_daemon_hvd_blk_pretended_SOURCES = $(BLK_SOURCES) tests/daemon/pretend_blk.c \
	tools/hvd/blk/file.c tools/hvd/blk/file_kind.c tools/hvd/blk/pool.c
tests_daemon_hvd_blk_pretended_CFLAGS = $(BLK_CFLAGS)
tests_daemon_hvd_blk_pretended_LDADD = tools/hvd/xenstore/libxenstored.a tools/lib/libhvutil.a $(LIBEVENT_LIBS) \
	$(JSONC_LIBS) $(SECCOMP_LIBS) -lpthread

tests_daemon_talk_SOURCES = tests/daemon/talk.c
tests_daemon_manager_SOURCES = tests/daemon/manager.c

EXTRA_DIST += tests/data/vmxml
DAEMON_TESTS = \
	tests/daemon/access.sh \
	tests/daemon/completion.sh \
	tests/daemon/define.sh \
	tests/daemon/disks.sh \
	tests/daemon/errors.sh \
	tests/daemon/follow.sh \
	tests/daemon/host_end.sh \
	tests/daemon/lifecycle.sh \
	tests/daemon/past.sh \
	tests/daemon/protocol.sh tests/daemon/reload.sh \
	tests/daemon/service.sh tests/daemon/walls.sh tests/daemon/image.sh tests/daemon/metrics.sh
EXTRA_DIST += tests/data/alerts-test.yml
EXTRA_DIST += tests/daemon/lib.sh $(DAEMON_TESTS)
TESTS += $(DAEMON_TESTS)
$(DAEMON_TESTS:.sh=.log): $(PRETENDED_HOST) tools/hvctl/hvctl
