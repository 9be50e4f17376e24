/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics as text: what Prometheus and OpenMetrics say about names, labels, numbers. */
#include <stdlib.h>
#include <string.h>

#include "metrics/expo.h"
#include "unit.h"

static const struct expo_family counter = { "a_seconds", EXPO_COUNTER, "seconds", "What it is" };
static const struct expo_family gauge = { "b", EXPO_GAUGE, "", "Another" };
static const struct expo_family histogram = { "h_seconds", EXPO_HISTOGRAM, "seconds", "Times" };

static void expect(struct expo *e, const char *wanted)
{
	expo_finish(e);
	CU_ASSERT_EQUAL(e->size, strlen(wanted));
	CU_ASSERT(e->size == strlen(wanted) && !memcmp(e->text, wanted, e->size));
	if (e->size != strlen(wanted) || memcmp(e->text, wanted, e->size))
		fprintf(stderr, "%.*s", (int)e->size, e->text);
	expo_fini(e);
}

static void samples(struct expo *e)
{
	expo_begin(e, &counter);
	expo_seconds(e, "x=\"1\"", NULL, 1500000000);
	expo_seconds(e, NULL, NULL, 0);
	expo_begin(e, &gauge);
	expo_number(e, "x=\"1\"", "y=\"2\"", UINT64_MAX);
	expo_number(e, NULL, "y=\"2\"", 7);
}

static void prometheus_gives_heads_the_samples_name(void)
{
	struct expo e;

	expo_init(&e, EXPO_PROMETHEUS);
	samples(&e);
	expect(&e, "# HELP a_seconds_total What it is\n# TYPE a_seconds_total counter\n"
		   "a_seconds_total{x=\"1\"} 1.5\na_seconds_total 0\n"
		   "# HELP b Another\n# TYPE b gauge\n"
		   "b{x=\"1\",y=\"2\"} 18446744073709551615\nb{y=\"2\"} 7\n");
}

static void openmetrics_has_units_and_an_end(void)
{
	struct expo e;

	expo_init(&e, EXPO_OPENMETRICS);
	samples(&e);
	expect(&e, "# HELP a_seconds What it is\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n"
		   "a_seconds_total{x=\"1\"} 1.5\na_seconds_total 0\n"
		   "# HELP b Another\n# TYPE b gauge\n"
		   "b{x=\"1\",y=\"2\"} 18446744073709551615\nb{y=\"2\"} 7\n# EOF\n");
}

static void family_without_samples_is_left_out(void)
{
	struct expo e;

	expo_init(&e, EXPO_PROMETHEUS);
	expo_begin(&e, &counter);
	expo_begin(&e, &gauge);
	expo_begin(&e, &counter);
	expect(&e, "");
}

static void histogram_counts_up_and_ends_with_all(void)
{
	static const uint64_t counts[4] = { 1, 0, 2, 4 };
	struct expo e;

	expo_init(&e, EXPO_PROMETHEUS);
	expo_begin(&e, &histogram);
	expo_histogram(&e, "d=\"x\"", counts, 4, 7, 2000000001);
	expect(&e, "# HELP h_seconds Times\n# TYPE h_seconds histogram\n"
		   "h_seconds_bucket{d=\"x\",le=\"0.000000128\"} 1\n"
		   "h_seconds_bucket{d=\"x\",le=\"0.000000256\"} 1\n"
		   "h_seconds_bucket{d=\"x\",le=\"0.000000512\"} 3\n"
		   "h_seconds_bucket{d=\"x\",le=\"+Inf\"} 7\n"
		   "h_seconds_sum{d=\"x\"} 2.000000001\nh_seconds_count{d=\"x\"} 7\n");
}

static void check_label(const char *value, const char *wanted)
{
	char *label = expo_label(NULL, "n", value);

	CU_ASSERT_STRING_EQUAL(label, wanted);
	free(label);
}

static void labels_hold_any_bytes(void)
{
	char *label, *both;

	check_label("plain", "n=\"plain\"");
	check_label("", "n=\"\"");
	check_label("a\"b\\c\nd", "n=\"a\\\"b\\\\c\\nd\"");
	check_label("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x9f", "n=\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x9f\"");
	/* Not UTF-8: alone, cut off, too long for what it says, a surrogate, beyond the end. */
	check_label("\xff", "n=\"?\"");
	check_label("x\xc3", "n=\"x?\"");
	check_label("\xc0\xaf", "n=\"??\"");
	check_label("\xed\xa0\x80", "n=\"???\"");
	check_label("\xf4\x90\x80\x80", "n=\"????\"");
	label = expo_label(NULL, "a", "1");
	both = expo_label(label, "b", "2");
	CU_ASSERT_STRING_EQUAL(both, "a=\"1\",b=\"2\"");
	free(label);
	free(both);
}

static void client_gets_what_it_likes_better(void)
{
	static const char prometheus[] = "application/openmetrics-text;version=1.0.0,"
					 "application/openmetrics-text;version=0.0.1;q=0.75,"
					 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

	CU_ASSERT_EQUAL(expo_negotiate(NULL), EXPO_PROMETHEUS);
	CU_ASSERT_EQUAL(expo_negotiate(""), EXPO_PROMETHEUS);
	CU_ASSERT_EQUAL(expo_negotiate("*/*"), EXPO_PROMETHEUS);
	CU_ASSERT_EQUAL(expo_negotiate("text/html, */*; q=0.1"), EXPO_PROMETHEUS);
	CU_ASSERT_EQUAL(expo_negotiate("application/openmetrics-text"), EXPO_OPENMETRICS);
	CU_ASSERT_EQUAL(expo_negotiate(prometheus), EXPO_OPENMETRICS);
	CU_ASSERT_EQUAL(expo_negotiate("application/openmetrics-text;q=0.2,text/plain;q=0.9"),
			EXPO_PROMETHEUS);
	CU_ASSERT_EQUAL(expo_negotiate("application/openmetrics-text;q=0,text/plain;q=0"),
			EXPO_PROMETHEUS);
	CU_ASSERT_EQUAL(expo_negotiate("application/openmetrics-textual"), EXPO_PROMETHEUS);
	CU_ASSERT_EQUAL(expo_negotiate("application/openmetrics-text;q=0.9999999999999"),
			EXPO_OPENMETRICS);
}

UNIT_MAIN("expo", UNIT_TEST(prometheus_gives_heads_the_samples_name),
	  UNIT_TEST(openmetrics_has_units_and_an_end), UNIT_TEST(family_without_samples_is_left_out),
	  UNIT_TEST(histogram_counts_up_and_ends_with_all), UNIT_TEST(labels_hold_any_bytes),
	  UNIT_TEST(client_gets_what_it_likes_better))
