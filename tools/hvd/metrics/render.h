/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot as text. */
#ifndef METRICS_RENDER_H
#define METRICS_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "metrics/expo.h"

struct snapshot;

/* What hvd knows of itself. */
struct hvd_figures {
	const char *version;
	bool show_vcpus; /* exits by reason and histograms of each vCPU, too */
	uint64_t started_s;
	uint64_t events;
	uint64_t scrapes, scrape_cpu_ns;
	uint64_t http_connections, http_dropped;
};

void render(struct expo *e, const struct snapshot *s, const struct hvd_figures *self);

#endif
