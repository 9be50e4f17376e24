/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thresholds; the contract is in threshold.h.
 */
#include "metrics/threshold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOR_MAX_S 86400u

static const char *const names[NR_FIGURES] = {
	[FIGURE_CPU_PERCENT] = "domain.cpu_percent",
	[FIGURE_WAIT_PERCENT] = "domain.wait_percent",
	[FIGURE_EXITS] = "domain.exits_per_s",
	[FIGURE_READ_BYTES] = "domain.read_bytes_per_s",
	[FIGURE_WRITE_BYTES] = "domain.write_bytes_per_s",
	[FIGURE_REQUESTS] = "domain.requests_per_s",
	[FIGURE_RECEIVE_BYTES] = "domain.receive_bytes_per_s",
	[FIGURE_TRANSMIT_BYTES] = "domain.transmit_bytes_per_s",
	[FIGURE_MEMORY_PERCENT] = "domain.memory_percent",
	[FIGURE_PORTS_PERCENT] = "domain.event_channels_percent",
	[FIGURE_HOST_CPU_PERCENT] = "host.cpu_percent",
	[FIGURE_HOST_FREE_MIB] = "host.free_memory_mib",
};

bool threshold_is_of_host(enum threshold_figure figure)
{
	return figure >= FIGURE_HOST_CPU_PERCENT;
}

const char *threshold_name(enum threshold_figure figure)
{
	return names[figure];
}

bool threshold_equals(const struct threshold *a, const struct threshold *b)
{
	return a->figure == b->figure && a->below == b->below && a->value == b->value && a->for_s == b->for_s;
}

bool threshold_holds(const struct threshold *t, double value)
{
	return t->below ? value < t->value : value > t->value;
}

const char *threshold_parse(const char *text, struct threshold *ret)
{
	char name[64], sign[2], number[32], word[8] = "", seconds[16] = "", rest[2];
	struct threshold t = { 0 };
	int n = sscanf(text, "%63[a-z_.] %1[<>] %31[0-9.] %7[a-z] %15[0-9] %1s", name, sign, number, word,
		       seconds, rest);
	char *end;
	unsigned int i;

	if ((n != 3 && n != 5) || (n == 5 && strcmp(word, "for")))
		return "a threshold reads \"FIGURE > NUMBER\" or \"FIGURE < NUMBER for SECONDS\"";
	for (i = 0; i < NR_FIGURES && strcmp(names[i], name); i++)
		;
	if (i == NR_FIGURES)
		return "hvd.conf(5) lists the figures that a threshold may speak of";
	t.figure = (enum threshold_figure)i;
	t.below = sign[0] == '<';
	t.value = strtod(number, &end);
	if (*end || !isfinite(t.value))
		return "a threshold wants a number";
	t.for_s = (unsigned int)strtoul(seconds, NULL, 10);
	if (strlen(seconds) > 5 || t.for_s > FOR_MAX_S)
		return "a threshold waits a day (86400 seconds) at most";
	*ret = t;
	return NULL;
}

const char *threshold_parse_list(const char *text, struct threshold *ret, unsigned int *ret_nr)
{
	const char *error = NULL;
	unsigned int nr = 0;
	char one[256];
	size_t n;

	for (; *text && !error; text += text[n] ? n + 1 : n) {
		n = strcspn(text, ";");
		if (strspn(text, " \t") >= n)
			continue; /* nothing between two semicolons */
		if (n >= sizeof(one) || nr == THRESHOLDS_MAX)
			return "too many or too long thresholds";
		memcpy(one, text, n);
		one[n] = '\0';
		error = threshold_parse(one + strspn(one, " \t"), &ret[nr++]);
	}
	if (!error)
		*ret_nr = nr;
	return error;
}
