/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics as text: Prometheus's format 0.0.4, or OpenMetrics 1.0.0.
 *
 * Pure, and written for thousands of lines: a sample is a few copies into one buffer. Samples follow
 * the family that they belong to; a family without samples is left out.
 */
#ifndef METRICS_EXPO_H
#define METRICS_EXPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum expo_format { EXPO_PROMETHEUS, EXPO_OPENMETRICS };
enum expo_type { EXPO_COUNTER, EXPO_GAUGE, EXPO_HISTOGRAM };

/* What is promised about a metric. 'name' is without "_total"; 'unit' is "" or the name's last word. */
struct expo_family {
	const char *name;
	enum expo_type type;
	const char *unit;
	const char *help;
};

struct expo {
	enum expo_format format;
	char *text;
	size_t size, room;
	const struct expo_family *family; /* of the samples that follow */
	bool said;			  /* its head stands there already */
};

void expo_init(struct expo *e, enum expo_format format);
void expo_fini(struct expo *e);
/* The end of the text; nothing may follow. */
void expo_finish(struct expo *e);

const char *expo_type_name(enum expo_type type);
const char *expo_content_type(enum expo_format format);
/* By the value of a request's Accept header; NULL: it has none. */
enum expo_format expo_negotiate(const char *accept);

/*
 * Labels as they stand between the braces: 'a="x",b="y"'. Appends to 'labels' (NULL: to none) and
 * returns a new string, to be freed. Values may be any bytes: what is no UTF-8 becomes '?'.
 */
char *expo_label(const char *labels, const char *name, const char *value);

void expo_begin(struct expo *e, const struct expo_family *family);
/* 'labels' as expo_label() makes them; NULL or "": none. 'more' goes behind them, as it is; NULL: nothing. */
void expo_number(struct expo *e, const char *labels, const char *more, uint64_t value);
/* A number of nanoseconds, as seconds. */
void expo_seconds(struct expo *e, const char *labels, const char *more, uint64_t ns);

/*
 * A histogram of times: counts[i] (of 'nr', at most 32) fell below 2^(first_shift + i) ns and into no
 * bucket before, the last one took all others.
 */
void expo_histogram(struct expo *e, const char *labels, const uint64_t *counts, unsigned int nr,
		    unsigned int first_shift, uint64_t sum_ns);

/* The same with every second bound alone, the first among them. */
void expo_coarse_histogram(struct expo *e, const char *labels, const uint64_t *counts, unsigned int nr,
			   unsigned int first_shift, uint64_t sum_ns);

#endif
