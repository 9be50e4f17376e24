# SPDX-License-Identifier: GPL-2.0-or-later
# tests/bench: figures, see docs/figures.md. 'make bench' prints them, 'make bench-storage' those of disks,
# 'make bench-daemon' those of hvd; BENCH='--json --no-peer'.

noinst_PROGRAMS += tests/bench/stopwatch
tests_bench_stopwatch_SOURCES = tests/bench/stopwatch.c
# It runs beside Xen too, where no sanitizer's library is.
tests_bench_stopwatch_CFLAGS = -std=gnu11 $(HOSTED_WARN_CFLAGS)
tests_bench_stopwatch_LDFLAGS =

dist_noinst_SCRIPTS += tests/bench/run tests/bench/peer-xen tests/bench/count-lines \
	tests/bench/guests.sh tests/bench/xen-guests.sh tests/bench/xen-init \
	tests/bench/storage tests/bench/storage-jobs tests/bench/hv-storage.sh tests/bench/xen-storage.sh \
	tests/bench/daemon tests/bench/flood.sh tests/bench/restart.sh

BENCH =
bench: all
	$(top_srcdir)/tests/bench/run $(BENCH) .
bench-storage: all
	$(top_srcdir)/tests/bench/storage $(BENCH) .
bench-daemon: all
	$(top_srcdir)/tests/bench/daemon $(BENCH) .
.PHONY: bench bench-storage bench-daemon

# What a scrape of the metrics costs; prints figures.
noinst_PROGRAMS += tests/bench/scrape
tests_bench_scrape_SOURCES = tests/bench/scrape.c $(METRICS_TEST_SOURCES) \
	tools/hvd/backend/stats_child.c tools/hvd/backend/stats_file.c tools/lib/log.c
tests_bench_scrape_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_bench_scrape_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS)
tests_bench_scrape_LDADD = $(METRICS_TEST_LIBS)
