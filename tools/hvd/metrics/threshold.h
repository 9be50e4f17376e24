/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thresholds, as hvd.conf has them: "domain.cpu_percent > 90 for 30".
 *
 * A rule is judged once a second over the last second's rates. When it has held for its time, it is
 * reached and raises an event; when it does not hold any more, another one.
 */
#ifndef METRICS_THRESHOLD_H
#define METRICS_THRESHOLD_H

#include <stdbool.h>

#define THRESHOLDS_MAX 32u

/* What rules may speak of. The names of domain.* are those of 'hvctl top'. */
enum threshold_figure {
	FIGURE_CPU_PERCENT,	 /* of one physical CPU */
	FIGURE_WAIT_PERCENT,	 /* waiting for a CPU */
	FIGURE_EXITS,		 /* a second */
	FIGURE_READ_BYTES,	 /* a second */
	FIGURE_WRITE_BYTES,
	FIGURE_REQUESTS,	 /* of disks, a second */
	FIGURE_RECEIVE_BYTES,
	FIGURE_TRANSMIT_BYTES,
	FIGURE_MEMORY_PERCENT,	 /* owned, of what it may own */
	FIGURE_PORTS_PERCENT,	 /* event channels in use, of its limit */
	FIGURE_HOST_CPU_PERCENT, /* of all physical CPUs */
	FIGURE_HOST_FREE_MIB,
	NR_FIGURES
};

struct threshold {
	enum threshold_figure figure;
	bool below; /* "<" */
	double value;
	unsigned int for_s;
};

/* NULL: fine. Else a sentence that says what is wrong. */
const char *threshold_parse(const char *text, struct threshold *ret);
/* Rules between semicolons; at most THRESHOLDS_MAX. */
const char *threshold_parse_list(const char *text, struct threshold *ret, unsigned int *ret_nr);
bool threshold_is_of_host(enum threshold_figure figure);
const char *threshold_name(enum threshold_figure figure); /* "domain.cpu_percent" */
bool threshold_equals(const struct threshold *a, const struct threshold *b);
bool threshold_holds(const struct threshold *t, double value);

#endif
