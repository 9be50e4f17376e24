/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From hv's pages and hvd's domains to samples, thresholds and the table in docs/metrics.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <json-c/json.h>

#include <hvabi/stats.h>

#include "domain/domain.h"
#include "domain/spec.h"
#include "events.h"
#include "metrics/families.h"
#include "metrics/render.h"
#include "metrics/sampler.h"
#include "metrics/snapshot.h"
#include "stats_pages.h"
#include "unit.h"
#include "xenstore/xs.h"

/* ---- the rest of hvd ---- */

void backend_visit(struct backend *b, backend_view_cb cb, void *arg)
{
	(void)b;
	(void)cb;
	(void)arg;
}

void xs_server_nodes(const struct xs_server *srv, uint16_t domid, unsigned int *ret_used,
		     unsigned int *ret_max)
{
	(void)srv;
	(void)domid;
	*ret_used = *ret_max = 0;
}

static struct domain_spec spec = { .name = (char *)(uintptr_t)"we\"ird", .memory_target_bytes = 4096 };
static struct domain guest = { .spec = &spec, .domid = 1, .state = DOMAIN_RUNNING, .generation = 3 };
static struct domains all;

static void make_domains(void)
{
	TAILQ_INIT(&all.list);
	TAILQ_INSERT_TAIL(&all.list, &guest, link);
	guest.all = &all;
}

static bool show_vcpus;

static char *text_of(const struct hv_stats *hv, enum expo_format format)
{
	const struct hvd_figures self = { .version = "1", .show_vcpus = show_vcpus };
	struct snapshot s;
	struct expo e;
	char *text;

	snapshot_take(&s, hv, &all);
	expo_init(&e, format);
	render(&e, &s, &self);
	snapshot_fini(&s);
	text = strndup(e.text, e.size);
	expo_fini(&e);
	return text;
}

static bool has_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	return at && (at == text || at[-1] == '\n') && strchr("\n ", at[strlen(line)]);
}

/* ---- tests ---- */

static void figures_of_hv_come_out_under_their_names(void)
{
	struct hv_stats *hv;
	size_t size;
	void *pages = stats_pages_make(3, 2, &size);
	char *text;

	make_domains();
	CU_ASSERT_EQUAL_FATAL(hv_stats_attach(pages, size, &hv), 0);
	text = text_of(hv, EXPO_PROMETHEUS);
	CU_ASSERT(has_line(text, "hv_domain_info_memory_usage_bytes{domain=\"Domain-0\"} 134217728"));
	CU_ASSERT(has_line(text, "hv_domain_info_memory_usage_bytes{domain=\"we\\\"ird\"} 134221824"));
	CU_ASSERT(has_line(text, "hv_domain_event_channels{domain=\"we\\\"ird\"} 11"));
	CU_ASSERT(has_line(text, "hv_domain_grant_map_frames{domain=\"Domain-0\"} 2"));
	CU_ASSERT(has_line(text, "hv_domain_memory_mappings{domain=\"Domain-0\",size=\"4KiB\"} 600"));
	CU_ASSERT(has_line(text, "hv_domain_memory_mappings{domain=\"Domain-0\",size=\"1GiB\"} 8"));
	CU_ASSERT(has_line(text, "hv_domain_wait_seconds_total{domain=\"we\\\"ird\"} 0.5"));
	CU_ASSERT(has_line(text, "hv_domain_exits_total{domain=\"Domain-0\",reason=\"interrupt\"} 3"));
	CU_ASSERT(has_line(text, "hv_domain_vcpu_delay_seconds_total{domain=\"Domain-0\",vcpu=\"1\"} 0.25"));
	CU_ASSERT(has_line(text, "hv_domain_exit_latency_seconds_count{domain=\"Domain-0\"} 600"));
	CU_ASSERT(has_line(text, "hv_domain_exit_latency_seconds_bucket{domain=\"Domain-0\",le=\"0.000000128\"} 2"));
	CU_ASSERT(has_line(text, "hv_domain_restarts_total{domain=\"we\\\"ird\"} 2"));
	CU_ASSERT(has_line(text, "hv_domain_state{domain=\"we\\\"ird\",state=\"running\"} 1"));
	CU_ASSERT(has_line(text, "hv_domain_state{domain=\"we\\\"ird\",state=\"paused\"} 0"));
	CU_ASSERT(has_line(text, "hv_host_cpus 4"));
	CU_ASSERT(has_line(text, "hv_host_memory_use_bytes{use=\"free\"} 2048000000"));
	/* hv knows a domain 2 that hvd does not: it has no name, and no samples. */
	CU_ASSERT_PTR_NULL(strstr(text, "domid=\"2\""));
	free(text);
	text = text_of(NULL, EXPO_OPENMETRICS);
	CU_ASSERT(has_line(text, "hv_domain_state{domain=\"we\\\"ird\",state=\"running\"} 1"));
	CU_ASSERT_PTR_NULL(strstr(text, "cpu_time"));
	CU_ASSERT(!strcmp(text + strlen(text) - 6, "# EOF\n"));
	free(text);
	hv_stats_close(hv);
	free(pages);
}

#define VCPU_HAS(text, what, labels) has_line(text, "hv_domain_vcpu_" what "{domain=" labels)
#define WEIRD "\"we\\\"ird\""

/* Each vCPU's counters are its own; with them come 48 lines for each, so one can do without. */
static void vcpus_are_told_apart_where_that_is_wanted(void)
{
	struct hv_stats *hv;
	size_t size;
	void *pages = stats_pages_make(3, 2, &size);
	char *text;

	make_domains();
	CU_ASSERT_EQUAL_FATAL(hv_stats_attach(pages, size, &hv), 0);
	show_vcpus = true;
	text = text_of(hv, EXPO_PROMETHEUS);
	show_vcpus = false;
	CU_ASSERT(VCPU_HAS(text, "exits_by_reason_total", "\"Domain-0\",vcpu=\"0\",reason=\"interrupt\"} 1"));
	CU_ASSERT(VCPU_HAS(text, "exits_by_reason_total", "\"Domain-0\",vcpu=\"1\",reason=\"cpuid\"} 202"));
	/* Buckets of 1, 2, 3 ... and of 1, 3, 5 ...; of the bounds 2^7, 2^8, 2^9 the first and the third. */
	CU_ASSERT(VCPU_HAS(text, "exit_latency_seconds_bucket", WEIRD ",vcpu=\"1\",le=\"0.000000128\"} 1"));
	CU_ASSERT_PTR_NULL(strstr(text, "vcpu=\"1\",le=\"0.000000256\"}"));
	CU_ASSERT(VCPU_HAS(text, "wakeup_latency_seconds_bucket", WEIRD ",vcpu=\"1\",le=\"0.000000512\"} 9"));
	CU_ASSERT(VCPU_HAS(text, "exit_latency_seconds_count", WEIRD ",vcpu=\"1\"} 300"));
	CU_ASSERT(VCPU_HAS(text, "wakeup_latency_seconds_sum", WEIRD ",vcpu=\"1\"} 0.000888888"));
	free(text);
	text = text_of(hv, EXPO_PROMETHEUS);
	CU_ASSERT_PTR_NULL(strstr(text, "vcpu_exits_by_reason"));
	CU_ASSERT_PTR_NULL(strstr(text, "vcpu_exit_latency"));
	CU_ASSERT_PTR_NULL(strstr(text, "vcpu_wakeup_latency"));
	free(text);
	hv_stats_close(hv);
	free(pages);
}

static void pages_that_make_no_sense_are_refused(void)
{
	struct hv_stats *hv;
	struct hvabi_stats_header *h;
	size_t size;
	void *pages = stats_pages_make(2, 2, &size);

	h = pages;
	CU_ASSERT_EQUAL(hv_stats_attach(pages, 16, &hv), -EPROTO);
	h->magic++;
	CU_ASSERT_EQUAL(hv_stats_attach(pages, size, &hv), -EPROTO);
	h->magic--;
	h->vcpu_size = sizeof(struct hvabi_stats_vcpu) - 8;
	CU_ASSERT_EQUAL(hv_stats_attach(pages, size, &hv), -EPROTO);
	h->vcpu_size = sizeof(struct hvabi_stats_vcpu);
	h->nr_vcpus = UINT32_MAX;
	CU_ASSERT_EQUAL(hv_stats_attach(pages, size, &hv), -EPROTO);
	h->nr_vcpus = 5;
	h->domain_offset = UINT32_MAX - 7;
	CU_ASSERT_EQUAL(hv_stats_attach(pages, size, &hv), -EPROTO);
	free(pages);
}

/* A writer that has stopped half-way (which hv does not) costs a record, not the scrape. */
static void record_that_does_not_stand_still_is_left_out(void)
{
	struct hv_stats *hv;
	struct hvabi_stats_header *h;
	struct hvabi_stats_domain *d, copy;
	size_t size;
	void *pages = stats_pages_make(2, 2, &size);

	h = pages;
	CU_ASSERT_EQUAL_FATAL(hv_stats_attach(pages, size, &hv), 0);
	d = (void *)((char *)pages + h->domain_offset);
	CU_ASSERT(hv_stats_domain(hv, 0, &copy));
	d->seq = 3;
	CU_ASSERT(!hv_stats_domain(hv, 0, &copy));
	CU_ASSERT(hv_stats_domain(hv, 1, &copy));
	CU_ASSERT(!hv_stats_domain(hv, 2, &copy)); /* nobody's */
	CU_ASSERT(!hv_stats_domain(hv, 1000, &copy));
	h->domains_seen = UINT32_MAX; /* whoever wrote that: we stay inside */
	CU_ASSERT_EQUAL(hv_stats_nr_domains(hv), 3);
	hv_stats_close(hv);
	free(pages);
}

static void thresholds_are_read_or_refused(void)
{
	struct threshold t[THRESHOLDS_MAX];
	unsigned int nr = 99;

	CU_ASSERT_PTR_NULL(threshold_parse_list("domain.cpu_percent > 90 for 30;host.free_memory_mib<512", t, &nr));
	CU_ASSERT_EQUAL(nr, 2);
	CU_ASSERT(t[0].figure == FIGURE_CPU_PERCENT && !t[0].below && t[0].value == 90 && t[0].for_s == 30);
	CU_ASSERT(t[1].figure == FIGURE_HOST_FREE_MIB && t[1].below && t[1].value == 512 && t[1].for_s == 0);
	CU_ASSERT_PTR_NULL(threshold_parse_list(" ; ;", t, &nr));
	CU_ASSERT_EQUAL(nr, 0);
	CU_ASSERT_PTR_NOT_NULL(threshold_parse_list("domain.cpu > 90", t, &nr));
	CU_ASSERT_PTR_NOT_NULL(threshold_parse_list("domain.cpu_percent", t, &nr));
	CU_ASSERT_PTR_NOT_NULL(threshold_parse_list("domain.cpu_percent > x", t, &nr));
	CU_ASSERT_PTR_NOT_NULL(threshold_parse_list("domain.cpu_percent > 1.2.3", t, &nr));
	CU_ASSERT_PTR_NOT_NULL(threshold_parse_list("domain.cpu_percent > 5 for", t, &nr));
	CU_ASSERT_PTR_NOT_NULL(threshold_parse_list("domain.cpu_percent > 5 for 99999", t, &nr));
	CU_ASSERT_PTR_NOT_NULL(threshold_parse_list("domain.cpu_percent > 5 for 5 more", t, &nr));
	CU_ASSERT_PTR_NOT_NULL(threshold_parse_list("domain.cpu_percent = 5", t, &nr));
}

static unsigned int nr_events(struct events *ev, const char *what)
{
	struct json_object *list, *o;
	unsigned int nr = 0;
	uint64_t next;

	list = events_get(ev, 0, 1000, &next);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (json_object_object_get_ex(json_object_array_get_idx(list, i), "event", &o))
			nr += !strcmp(json_object_get_string(o), what);
	json_object_put(list);
	return nr;
}

static void sample_a_second(struct sampler *s)
{
	for (unsigned int i = 0; i < 1000 / SAMPLE_MS; i++)
		sampler_sample(s);
}

/* Reached once when it has held for its time, left once. */
static void threshold_raises_one_event_each_way(void)
{
	static const struct threshold rule = { FIGURE_MEMORY_PERCENT, false, 60, 2 };
	struct event_base *base = event_base_new();
	struct events *ev = events_create();
	struct hvabi_stats_header *h;
	struct hvabi_stats_domain *d;
	struct sampler *s;
	struct hv_stats *hv;
	size_t size;
	void *pages = stats_pages_make(2, 1, &size);

	make_domains();
	h = pages;
	d = (void *)((char *)pages + h->domain_offset);
	CU_ASSERT_EQUAL_FATAL(hv_stats_attach(pages, size, &hv), 0);
	CU_ASSERT_EQUAL_FATAL(sampler_create(base, hv, &all, ev, &s), 0);
	sampler_set_rules(s, &rule, 1);
	sample_a_second(s);
	CU_ASSERT_EQUAL(events_next(ev), 1);
	d[1].frames = d[1].max_frames; /* 100 % */
	sample_a_second(s);
	sample_a_second(s);
	CU_ASSERT_EQUAL(nr_events(ev, "reached"), 0);
	sample_a_second(s);
	sample_a_second(s);
	CU_ASSERT_EQUAL(nr_events(ev, "reached"), 1);
	d[1].frames = 1;
	sample_a_second(s);
	sample_a_second(s);
	CU_ASSERT_EQUAL(nr_events(ev, "left"), 1);
	CU_ASSERT_EQUAL(events_next(ev), 3);
	sampler_destroy(s);
	hv_stats_close(hv);
	events_destroy(ev);
	event_base_free(base);
	free(pages);
}

/* As a reload does it: whoever watches sees no second "reached", and an end for what is watched no more. */
static void rules_that_stay_go_on_and_others_are_left(void)
{
	static const struct threshold first[] = { { FIGURE_MEMORY_PERCENT, false, 10, 0 },
						  { FIGURE_PORTS_PERCENT, true, 99, 0 } };
	static const struct threshold second[] = { { FIGURE_HOST_FREE_MIB, true, 1, 0 },
						   { FIGURE_PORTS_PERCENT, true, 99, 0 } };
	struct event_base *base = event_base_new();
	struct events *ev = events_create();
	struct sampler *s;
	struct hv_stats *hv;
	size_t size;
	void *pages = stats_pages_make(2, 1, &size);
	uint64_t reached;

	make_domains();
	CU_ASSERT_EQUAL_FATAL(hv_stats_attach(pages, size, &hv), 0);
	CU_ASSERT_EQUAL_FATAL(sampler_create(base, hv, &all, ev, &s), 0);
	sampler_set_rules(s, first, 2);
	sample_a_second(s);
	reached = nr_events(ev, "reached"); /* both, of both domains */
	CU_ASSERT_EQUAL(reached, 4);
	sampler_set_rules(s, second, 2);
	sample_a_second(s);
	CU_ASSERT_EQUAL(nr_events(ev, "reached"), reached);
	CU_ASSERT_EQUAL(nr_events(ev, "left"), 2);
	sampler_set_rules(s, NULL, 0);
	sample_a_second(s);
	CU_ASSERT_EQUAL(nr_events(ev, "left"), 4);
	sampler_destroy(s);
	hv_stats_close(hv);
	events_destroy(ev);
	event_base_free(base);
	free(pages);
}

static double field(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_double(v) : -1;
}

/* Rates are differences over hv's time; a domain built anew under its name begins at zero. */
static void rates_follow_the_counters(void)
{
	struct event_base *base = event_base_new();
	struct hvabi_stats_header *h;
	struct hvabi_stats_vcpu *v;
	struct json_object *top, *list, *d = NULL;
	struct sampler *s;
	struct hv_stats *hv;
	size_t size;
	void *pages = stats_pages_make(2, 1, &size);

	make_domains();
	h = pages;
	v = (void *)((char *)pages + h->vcpu_offset);
	CU_ASSERT_EQUAL_FATAL(hv_stats_attach(pages, size, &hv), 0);
	CU_ASSERT_EQUAL_FATAL(sampler_create(base, hv, &all, NULL, &s), 0);
	v[1].exits[0] += 1000000;
	sampler_sample(s);
	top = sampler_top(s, 1000);
	json_object_object_get_ex(top, "domains", &list);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (field(json_object_array_get_idx(list, i), "domid") == 1)
			d = json_object_array_get_idx(list, i);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT(field(d, "exits_per_s") > 1000);
	/* Its one vCPU runs all the time. */
	CU_ASSERT(field(d, "cpu_percent") > 90 && field(d, "cpu_percent") < 110);
	json_object_put(top);
	CU_ASSERT_PTR_NULL(sampler_history(s, "nobody"));
	guest.domid = 0;
	sampler_sample(s);
	top = sampler_history(s, "we\"ird");
	CU_ASSERT_PTR_NOT_NULL_FATAL(top);
	json_object_put(top);
	guest.domid = 1;
	sampler_destroy(s);
	hv_stats_close(hv);
	event_base_free(base);
	free(pages);
}

static void events_are_numbered_and_bounded(void)
{
	struct events *ev = events_create();
	struct json_object *list;
	uint64_t next;

	for (unsigned int i = 0; i < EVENTS_KEPT + 10; i++)
		events_emit(ev, "device", "failed", "x", 1, NULL);
	CU_ASSERT_EQUAL(events_next(ev), EVENTS_KEPT + 11);
	list = events_get(ev, 0, 4, &next);
	CU_ASSERT_EQUAL(json_object_array_length(list), 4);
	CU_ASSERT_EQUAL(field(json_object_array_get_idx(list, 0), "number"), 11);
	CU_ASSERT_EQUAL(next, 15);
	json_object_put(list);
	list = events_get(ev, UINT64_MAX, 4, &next);
	CU_ASSERT_EQUAL(json_object_array_length(list), 0);
	CU_ASSERT_EQUAL(next, EVENTS_KEPT + 11);
	json_object_put(list);
	events_destroy(ev);
}

/* docs/metrics.md has a row for each, word for word, and no other. */
static void every_metric_is_documented(void)
{
	FILE *f = fopen(SOURCE_DIR "/docs/metrics.md", "r");
	char line[512], row[512];
	bool found[NR_FAMILIES] = { false };
	unsigned int i, rows = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "| `hv_", 6) && strncmp(line, "| `process_", 11))
			continue;
		rows++;
		for (i = 0; i < NR_FAMILIES; i++) {
			snprintf(row, sizeof(row), "| `%s%s` | %s | %s | %s |\n", families[i].name,
				 families[i].type == EXPO_COUNTER ? "_total" : "",
				 expo_type_name(families[i].type),
				 *families[i].unit ? families[i].unit : "-", families[i].help);
			if (!strcmp(row, line))
				found[i] = true;
		}
	}
	fclose(f);
	for (i = 0; i < NR_FAMILIES; i++) {
		CU_ASSERT(found[i]);
		if (!found[i])
			fprintf(stderr, "not in docs/metrics.md:\n| `%s%s` | %s | %s | %s |\n",
				families[i].name, families[i].type == EXPO_COUNTER ? "_total" : "",
				expo_type_name(families[i].type),
				*families[i].unit ? families[i].unit : "-", families[i].help);
	}
	CU_ASSERT_EQUAL(rows, NR_FAMILIES);
}

/* OpenMetrics: a unit is the name's last word. */
static void units_end_their_names(void)
{
	for (unsigned int i = 0; i < NR_FAMILIES; i++) {
		const char *unit = families[i].unit, *name = families[i].name;

		if (!*unit)
			continue;
		CU_ASSERT_FATAL(strlen(name) > strlen(unit) + 1);
		CU_ASSERT_STRING_EQUAL(name + strlen(name) - strlen(unit), unit);
		CU_ASSERT_EQUAL(name[strlen(name) - strlen(unit) - 1], '_');
	}
}

UNIT_MAIN("metrics", UNIT_TEST(figures_of_hv_come_out_under_their_names),
	  UNIT_TEST(pages_that_make_no_sense_are_refused),
	  UNIT_TEST(record_that_does_not_stand_still_is_left_out),
	  UNIT_TEST(thresholds_are_read_or_refused), UNIT_TEST(threshold_raises_one_event_each_way),
	  UNIT_TEST(rules_that_stay_go_on_and_others_are_left), UNIT_TEST(vcpus_are_told_apart_where_that_is_wanted),
	  UNIT_TEST(rates_follow_the_counters), UNIT_TEST(events_are_numbered_and_bounded),
	  UNIT_TEST(every_metric_is_documented), UNIT_TEST(units_end_their_names))
