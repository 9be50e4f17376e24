/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics as text; the contract is in expo.h.
 */
#include "metrics/expo.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/xmem.h"

#define FIRST_ROOM 65536u
#define NS_PER_S 1000000000u

void expo_init(struct expo *e, enum expo_format format)
{
	*e = (struct expo){ .format = format, .text = xmalloc(FIRST_ROOM), .room = FIRST_ROOM };
}

void expo_fini(struct expo *e)
{
	free(e->text);
	*e = (struct expo){ 0 };
}

/* Room for 'n' bytes more. */
static char *reserve(struct expo *e, size_t n)
{
	if (e->room - e->size < n) {
		while (e->room - e->size < n)
			e->room *= 2;
		e->text = xrealloc(e->text, e->room);
	}
	return e->text + e->size;
}

static void put_bytes(struct expo *e, const char *bytes, size_t n)
{
	memcpy(reserve(e, n), bytes, n);
	e->size += n;
}

static void put(struct expo *e, const char *text)
{
	put_bytes(e, text, strlen(text));
}

static size_t format_number(char *to, uint64_t value)
{
	char digits[20];
	size_t n = 0;

	do
		digits[sizeof(digits) - ++n] = (char)('0' + value % 10);
	while (value /= 10);
	memcpy(to, digits + sizeof(digits) - n, n);
	return n;
}

/* Nanoseconds as seconds, without superfluous zeros. */
static size_t format_seconds(char *to, uint64_t ns)
{
	size_t n = format_number(to, ns / NS_PER_S);
	uint32_t rest = (uint32_t)(ns % NS_PER_S);

	if (!rest)
		return n;
	to[n++] = '.';
	for (uint32_t digit = NS_PER_S / 10; rest; digit /= 10) {
		to[n++] = (char)('0' + rest / digit);
		rest %= digit;
	}
	return n;
}

/* ---- names ---- */

const char *expo_type_name(enum expo_type type)
{
	switch (type) {
	case EXPO_COUNTER:
		return "counter";
	case EXPO_GAUGE:
		return "gauge";
	case EXPO_HISTOGRAM:
		return "histogram";
	}
	return "unknown";
}

const char *expo_content_type(enum expo_format format)
{
	return format == EXPO_OPENMETRICS ?
		       "application/openmetrics-text; version=1.0.0; charset=utf-8" :
		       "text/plain; version=0.0.4; charset=utf-8";
}

/* A weight "q=0.5" in thousandths, of a media range that ends at 'end'. */
static unsigned int weight_of(const char *range, const char *end)
{
	unsigned int thousandths = 0, digit = 1000;

	for (const char *p = range; p < end; p++) {
		if (*p != ';')
			continue;
		for (p++; p < end && (*p == ' ' || *p == '\t'); p++)
			;
		if (end - p < 3 || (*p != 'q' && *p != 'Q') || p[1] != '=') {
			p--; /* another parameter: its ';' is looked for again */
			continue;
		}
		for (p += 2; p < end && digit; p++) {
			if (*p == '.')
				continue;
			if (*p < '0' || *p > '9')
				break;
			thousandths += (unsigned int)(*p - '0') * digit;
			digit /= 10;
		}
		return thousandths > 1000 ? 1000 : thousandths;
	}
	return 1000;
}

static bool range_is(const char *range, const char *end, const char *type)
{
	size_t n = strlen(type);

	return (size_t)(end - range) >= n && !strncasecmp(range, type, n) &&
	       (range + n == end || strchr("; \t", range[n]));
}

enum expo_format expo_negotiate(const char *accept)
{
	unsigned int open = 0, plain = 0;
	const char *end;

	for (const char *range = accept; range && *range; range = *end ? end + 1 : end) {
		range += strspn(range, " \t");
		end = range + strcspn(range, ",");
		if (range_is(range, end, "application/openmetrics-text"))
			open = weight_of(range, end);
		else if (range_is(range, end, "text/plain") || range_is(range, end, "text/*") ||
			 range_is(range, end, "*/*"))
			plain = weight_of(range, end) > plain ? weight_of(range, end) : plain;
	}
	return open && open >= plain ? EXPO_OPENMETRICS : EXPO_PROMETHEUS;
}

/* Bytes of the UTF-8 character at p; 0: it is none. */
static size_t utf8_length(const unsigned char *p)
{
	size_t n = *p < 0x80 ? 1 : (*p & 0xe0) == 0xc0 ? 2 : (*p & 0xf0) == 0xe0 ? 3 : (*p & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t c = n == 2 ? *p & 0x1fu : n == 3 ? *p & 0x0fu : *p & 0x07u;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (n > 1 && (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)))
		return 0;
	return n;
}

char *expo_label(const char *labels, const char *name, const char *value)
{
	size_t n = labels ? strlen(labels) : 0, m = strlen(name), step;
	char *text = xmalloc(n + m + 2 * strlen(value) + 5), *to = text;

	memcpy(to, labels ? labels : "", n);
	to += n;
	if (n)
		*to++ = ',';
	memcpy(to, name, m);
	to += m;
	*to++ = '=';
	*to++ = '"';
	for (; *value; value += step) {
		step = utf8_length((const unsigned char *)value);
		if (*value == '\\' || *value == '"' || *value == '\n') {
			*to++ = '\\';
			*to++ = *value == '\n' ? 'n' : *value;
		} else if (!step) {
			*to++ = '?';
			step = 1;
		} else {
			memcpy(to, value, step);
			to += step;
		}
	}
	*to++ = '"';
	*to = '\0';
	return text;
}

/* ---- families and samples ---- */

void expo_begin(struct expo *e, const struct expo_family *family)
{
	e->family = family;
	e->said = false;
}

static void put_line(struct expo *e, const char *what, const char *text)
{
	put(e, what);
	put(e, e->family->name);
	/* The older format gives the head to the sample's name. */
	if (e->format == EXPO_PROMETHEUS && e->family->type == EXPO_COUNTER)
		put(e, "_total");
	put(e, " ");
	put(e, text);
	put(e, "\n");
}

static void put_head(struct expo *e)
{
	if (e->said)
		return;
	e->said = true;
	put_line(e, "# HELP ", e->family->help);
	put_line(e, "# TYPE ", expo_type_name(e->family->type));
	if (e->format == EXPO_OPENMETRICS && *e->family->unit)
		put_line(e, "# UNIT ", e->family->unit);
}

/* 'NAME{LABELS} ', up to the value. */
static void put_sample(struct expo *e, const char *suffix, const char *labels, const char *more)
{
	bool has_labels = labels && *labels, has_more = more && *more;

	put(e, e->family->name);
	put(e, suffix);
	if (has_labels || has_more) {
		put(e, "{");
		if (has_labels)
			put(e, labels);
		if (has_labels && has_more)
			put(e, ",");
		if (has_more)
			put(e, more);
		put(e, "}");
	}
	put(e, " ");
}

static void put_number(struct expo *e, uint64_t value)
{
	char *to = reserve(e, 32);
	size_t n = format_number(to, value);

	to[n] = '\n';
	e->size += n + 1;
}

static void put_seconds(struct expo *e, uint64_t ns)
{
	char *to = reserve(e, 48);
	size_t n = format_seconds(to, ns);

	to[n] = '\n';
	e->size += n + 1;
}

static const char *suffix_of(const struct expo *e)
{
	return e->family->type == EXPO_COUNTER ? "_total" : "";
}

void expo_number(struct expo *e, const char *labels, const char *more, uint64_t value)
{
	put_head(e);
	put_sample(e, suffix_of(e), labels, more);
	put_number(e, value);
}

void expo_seconds(struct expo *e, const char *labels, const char *more, uint64_t ns)
{
	put_head(e);
	put_sample(e, suffix_of(e), labels, more);
	put_seconds(e, ns);
}

/* With each 'step'th bound. */
static void put_histogram(struct expo *e, const char *labels, const uint64_t *counts, unsigned int nr,
			  unsigned int first_shift, unsigned int step, uint64_t sum_ns)
{
	char le[48] = "le=\"";
	uint64_t sum = 0;
	size_t n;

	put_head(e);
	for (unsigned int i = 0; i + 1 < nr; i++) {
		sum += counts[i];
		if (i % step)
			continue;
		n = 4 + format_seconds(le + 4, 1ull << (first_shift + i));
		memcpy(le + n, "\"", 2);
		put_sample(e, "_bucket", labels, le);
		put_number(e, sum);
	}
	sum += counts[nr - 1];
	put_sample(e, "_bucket", labels, "le=\"+Inf\"");
	put_number(e, sum);
	put_sample(e, "_sum", labels, NULL);
	put_seconds(e, sum_ns);
	put_sample(e, "_count", labels, NULL);
	put_number(e, sum);
}

void expo_histogram(struct expo *e, const char *labels, const uint64_t *counts, unsigned int nr,
		    unsigned int first_shift, uint64_t sum_ns)
{
	put_histogram(e, labels, counts, nr, first_shift, 1, sum_ns);
}

void expo_coarse_histogram(struct expo *e, const char *labels, const uint64_t *counts, unsigned int nr,
			   unsigned int first_shift, uint64_t sum_ns)
{
	put_histogram(e, labels, counts, nr, first_shift, 2, sum_ns);
}

void expo_finish(struct expo *e)
{
	if (e->format == EXPO_OPENMETRICS)
		put(e, "# EOF\n");
}
