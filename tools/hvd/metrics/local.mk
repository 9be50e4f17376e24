# SPDX-License-Identifier: GPL-2.0-or-later
# hvd's metrics: hv's pages, the text, the endpoint, the sampler.

noinst_LIBRARIES += tools/hvd/metrics/libhvdmetrics.a
METRICS_SOURCES = \
	tools/hvd/events.c tools/hvd/events.h \
	tools/hvd/log_ring.c tools/hvd/log_ring.h \
	tools/hvd/metrics/address.c \
	tools/hvd/metrics/expo.c tools/hvd/metrics/expo.h \
	tools/hvd/metrics/families.c tools/hvd/metrics/families.h \
	tools/hvd/metrics/http.c tools/hvd/metrics/http.h \
	tools/hvd/metrics/hv_stats.c tools/hvd/metrics/hv_stats.h \
	tools/hvd/metrics/metrics.c tools/hvd/metrics/metrics.h \
	tools/hvd/metrics/render.c tools/hvd/metrics/render.h \
	tools/hvd/metrics/sampler.c tools/hvd/metrics/sampler.h \
	tools/hvd/metrics/snapshot.c tools/hvd/metrics/snapshot.h \
	tools/hvd/metrics/threshold.c tools/hvd/metrics/threshold.h
tools_hvd_metrics_libhvdmetrics_a_SOURCES = $(METRICS_SOURCES)
tools_hvd_metrics_libhvdmetrics_a_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS)

# For Prometheus and Grafana.
metricsdir = $(pkgdatadir)/metrics
dist_metrics_DATA = tools/hvd/metrics/alerts.yml tools/hvd/metrics/dashboard.json
dist_doc_DATA += docs/metrics.md
