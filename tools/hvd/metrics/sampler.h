/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples of the host's and each domain's use every 100 ms: what 'hvctl top' shows, short histories,
 * and thresholds that raise events.
 *
 * The last SAMPLES_KEPT samples are kept of each domain, sums since its birth; rates are differences
 * of two. A sample reads hv's pages and the back ends' counters, and asks nobody.
 */
#ifndef METRICS_SAMPLER_H
#define METRICS_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics/threshold.h"

struct domains;
struct event_base;
struct events;
struct hv_stats;
struct json_object;
struct sampler;

#define SAMPLE_MS 100u
#define SAMPLES_KEPT 300u /* half a minute */

/*
 * Takes a copy of the rules, in the place of all that were there. One that was there already goes on from where
 * it was; one that was reached and is there no more is left.
 */
int sampler_create(struct event_base *base, const struct hv_stats *hv, struct domains *domains,
		   struct events *events, struct sampler **ret);
void sampler_destroy(struct sampler *s); /* NULL is fine */
void sampler_set_rules(struct sampler *s, const struct threshold *rules, unsigned int nr);

/* All domains' rates over the last 'window_ms', for the operation "top". */
struct json_object *sampler_top(struct sampler *s, unsigned int window_ms);
/* The samples of one domain; NULL: there is none of this name. */
struct json_object *sampler_history(struct sampler *s, const char *domain);

/* Takes a sample now, whatever the clock says: for tests. */
void sampler_sample(struct sampler *s);

#endif
