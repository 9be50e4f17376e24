/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hvd tells about itself, its guests and the host: the pages of hv, the endpoint for Prometheus,
 * the sampler. hvd works without any of them: what cannot be had is said in the log.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <stdbool.h>

struct domains;
struct event_base;
struct events;
struct hv_stats;
struct metrics;
struct sampler;
struct threshold;

/* 'hv' becomes ours, NULL: hv has no statistics. Without an endpoint. */
void metrics_create(struct event_base *base, struct domains *domains, struct events *events,
		    struct hv_stats *hv, struct metrics **ret);
void metrics_destroy(struct metrics *m); /* NULL is fine */

/*
 * Where the endpoint is from now on, "off": nowhere. -EADDRINUSE, -EACCES ...: it cannot be there, and stays
 * where it was.
 */
int metrics_listen(struct metrics *m, const char *listen);

/* Whether exits by reason and histograms are told of each vCPU, too, or of domains alone. */
void metrics_show_vcpus(struct metrics *m, bool show);

/* In the place of all that were there: see sampler_set_rules(). */
void metrics_set_thresholds(struct metrics *m, const struct threshold *rules, unsigned int nr);
struct sampler *metrics_sampler(struct metrics *m); /* NULL: hv has no statistics */

#endif
