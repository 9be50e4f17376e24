/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples, rates and thresholds; the contract is in sampler.h.
 */
#include "metrics/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <json-c/json.h>
#include <xen/vcpu.h>

#include "domain/domain.h"
#include "events.h"
#include "lib/xmem.h"
#include "metrics/snapshot.h"

#define NS_PER_MS 1000000u
#define JUDGE_EVERY (1000u / SAMPLE_MS)

/* Sums since the domain's birth. */
enum figure { CPU_NS, WAIT_NS, EXITS, READ_BYTES, WRITE_BYTES, REQUESTS, RX_BYTES, TX_BYTES, NR_SUMS };

static const struct {
	const char *rate; /* in "top" */
	const char *sum;  /* in a history */
	double scale;	  /* of a difference a nanosecond */
	enum threshold_figure figure;
} sums[NR_SUMS] = {
	[CPU_NS] = { "cpu_percent", "cpu_ns", 100, FIGURE_CPU_PERCENT },
	[WAIT_NS] = { "wait_percent", "wait_ns", 100, FIGURE_WAIT_PERCENT },
	[EXITS] = { "exits_per_s", "exits", 1e9, FIGURE_EXITS },
	[READ_BYTES] = { "read_bytes_per_s", "read_bytes", 1e9, FIGURE_READ_BYTES },
	[WRITE_BYTES] = { "write_bytes_per_s", "write_bytes", 1e9, FIGURE_WRITE_BYTES },
	[REQUESTS] = { "requests_per_s", "requests", 1e9, FIGURE_REQUESTS },
	[RX_BYTES] = { "receive_bytes_per_s", "receive_bytes", 1e9, FIGURE_RECEIVE_BYTES },
	[TX_BYTES] = { "transmit_bytes_per_s", "transmit_bytes", 1e9, FIGURE_TRANSMIT_BYTES },
};

struct sample {
	uint64_t at_ns;
	uint64_t sums[NR_SUMS];
};

/* How long a rule has held for somebody, in seconds. */
struct judgement {
	unsigned int held_s;
	bool reached;
};

struct track {
	TAILQ_ENTRY(track) link;
	char *name;
	uint16_t domid;
	enum domain_state state;
	bool seen; /* in the sample under way */
	unsigned int nr_vcpus;
	uint64_t frames, max_frames, ports, ports_max;
	struct sample ring[SAMPLES_KEPT];
	unsigned int next, nr;
	struct judgement judged[THRESHOLDS_MAX];
};

struct sampler {
	const struct hv_stats *hv;
	struct domains *domains;
	struct events *events;
	struct event *tick;
	TAILQ_HEAD(, track) tracks;
	struct sample host[SAMPLES_KEPT]; /* CPU_NS: all CPUs' time that was not idle */
	unsigned int next, nr;
	unsigned int nr_cpus;
	uint64_t free_frames, total_frames;
	struct threshold rules[THRESHOLDS_MAX];
	unsigned int nr_rules, ticks;
	struct judgement judged[THRESHOLDS_MAX];
};

/* ---- sampling ---- */

static struct track *track_of(struct sampler *s, const struct domain_row *row)
{
	struct track *t;

	TAILQ_FOREACH(t, &s->tracks, link)
		if (!strcmp(t->name, row->name))
			break;
	if (!t) {
		t = xcalloc(1, sizeof(*t));
		t->name = xstrdup(row->name);
		TAILQ_INSERT_TAIL(&s->tracks, t, link);
	} else if (t->domid != row->domid) {
		t->nr = t->next = 0; /* built anew: the sums begin at 0 */
	}
	t->domid = row->domid;
	t->state = row->state;
	t->seen = true;
	return t;
}

static void track_free(struct sampler *s, struct track *t)
{
	TAILQ_REMOVE(&s->tracks, t, link);
	free(t->name);
	free(t);
}

static void keep(struct sample *ring, unsigned int *next, unsigned int *nr, const struct sample *sample)
{
	ring[*next] = *sample;
	*next = (*next + 1) % SAMPLES_KEPT;
	if (*nr < SAMPLES_KEPT)
		++*nr;
}

static void add_devices(const struct snapshot *shot, struct sample *samples)
{
	for (unsigned int i = 0; i < shot->nr_devices; i++) {
		const struct device_row *d = &shot->devices[i];
		uint64_t *sum = samples[d->domain].sums;

		if (!d->has_counters)
			continue;
		if (!d->is_disk) {
			sum[RX_BYTES] += d->u.net.rx_bytes;
			sum[TX_BYTES] += d->u.net.tx_bytes;
			continue;
		}
		sum[READ_BYTES] += d->u.disk.ops[STATS_READ].bytes;
		sum[WRITE_BYTES] += d->u.disk.ops[STATS_WRITE].bytes;
		for (unsigned int op = 0; op < STATS_NR_OPS; op++)
			sum[REQUESTS] += d->u.disk.ops[op].requests;
	}
}

static void sample_domains(struct sampler *s, const struct snapshot *shot)
{
	struct sample *samples = xcalloc(shot->nr_domains, sizeof(*samples));

	add_devices(shot, samples);
	for (unsigned int i = 0; i < shot->nr_domains; i++) {
		const struct domain_row *row = &shot->domains[i];
		struct track *t = track_of(s, row);

		if (!row->counted)
			continue;
		t->nr_vcpus = row->hv.nr_vcpus;
		t->frames = row->hv.frames;
		t->max_frames = row->hv.max_frames;
		t->ports = row->hv.ports;
		t->ports_max = row->hv.ports_max;
		samples[i].at_ns = shot->now_ns;
		samples[i].sums[CPU_NS] = row->state_ns[RUNSTATE_running];
		samples[i].sums[WAIT_NS] = row->state_ns[RUNSTATE_runnable];
		for (unsigned int e = 0; e < HVABI_STATS_EXITS; e++)
			samples[i].sums[EXITS] += row->exits[e];
		keep(t->ring, &t->next, &t->nr, &samples[i]);
	}
	free(samples);
}

static void sample_host(struct sampler *s, const struct snapshot *shot)
{
	struct sample sample = { .at_ns = shot->now_ns };
	struct hvabi_stats_cpu cpu;
	uint64_t idle;

	s->nr_cpus = 0;
	for (uint32_t i = 0; i < hv_stats_nr_cpus(s->hv); i++) {
		if (!hv_stats_cpu(s->hv, i, &cpu))
			continue;
		s->nr_cpus++;
		idle = cpu.idle_ns;
		if (cpu.idle_since_ns && shot->now_ns > cpu.idle_since_ns)
			idle += shot->now_ns - cpu.idle_since_ns;
		sample.sums[CPU_NS] += shot->now_ns > idle ? shot->now_ns - idle : 0;
	}
	s->free_frames = hv_stats_header(s->hv)->frames_free;
	s->total_frames = hv_stats_header(s->hv)->frames_total;
	keep(s->host, &s->next, &s->nr, &sample);
}

/* ---- rates ---- */

static const struct sample *sample_back(const struct sample *ring, unsigned int next, unsigned int nr,
					unsigned int back)
{
	if (!nr)
		return NULL;
	if (back >= nr)
		back = nr - 1;
	return &ring[(next + SAMPLES_KEPT - 1 - back) % SAMPLES_KEPT];
}

/* Per nanosecond, times 'scale', over the last 'back' samples. */
static double rate(const struct sample *ring, unsigned int next, unsigned int nr, unsigned int back,
		   unsigned int which, double scale)
{
	const struct sample *now = sample_back(ring, next, nr, 0);
	const struct sample *then = sample_back(ring, next, nr, back);

	if (!now || now->at_ns <= then->at_ns || now->sums[which] < then->sums[which])
		return 0;
	return scale * (double)(now->sums[which] - then->sums[which]) /
	       (double)(now->at_ns - then->at_ns);
}

static double percent(uint64_t part, uint64_t all)
{
	return all ? 100.0 * (double)part / (double)all : 0;
}

static double domain_figure(const struct track *t, enum threshold_figure figure, unsigned int back)
{
	if (figure == FIGURE_MEMORY_PERCENT)
		return percent(t->frames, t->max_frames);
	if (figure == FIGURE_PORTS_PERCENT)
		return percent(t->ports, t->ports_max);
	for (unsigned int i = 0; i < NR_SUMS; i++)
		if (sums[i].figure == figure)
			return rate(t->ring, t->next, t->nr, back, i, sums[i].scale);
	return 0;
}

static double host_figure(const struct sampler *s, enum threshold_figure figure, unsigned int back)
{
	if (figure == FIGURE_HOST_FREE_MIB)
		return (double)(s->free_frames >> 8);
	return s->nr_cpus ? rate(s->host, s->next, s->nr, back, CPU_NS, 100.0) / s->nr_cpus : 0;
}

/* ---- thresholds ---- */

/* 'value': NULL for a rule that is no more. */
static void tell(struct sampler *s, const struct threshold *rule, bool reached, const double *value,
		 const struct track *t)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "figure", json_object_new_string(threshold_name(rule->figure)));
	json_object_object_add(o, "comparison", json_object_new_string(rule->below ? "<" : ">"));
	json_object_object_add(o, "threshold", json_object_new_double(rule->value));
	if (value)
		json_object_object_add(o, "value", json_object_new_double(*value));
	json_object_object_add(o, "for_s", json_object_new_int((int)rule->for_s));
	events_emit(s->events, "threshold", reached ? "reached" : "left", t ? t->name : NULL,
		    t ? t->domid : 0, o);
}

static void judge(struct sampler *s, const struct threshold *rule, struct judgement *j, double value,
		  const struct track *t)
{
	bool holds = threshold_holds(rule, value), was = j->reached;

	j->held_s = holds ? j->held_s + 1 : 0;
	j->reached = holds && (was || j->held_s > rule->for_s);
	if (j->reached != was)
		tell(s, rule, j->reached, &value, t);
}

static void judge_all(struct sampler *s)
{
	struct track *t;

	for (unsigned int i = 0; i < s->nr_rules; i++) {
		const struct threshold *rule = &s->rules[i];

		if (threshold_is_of_host(rule->figure)) {
			judge(s, rule, &s->judged[i], host_figure(s, rule->figure, JUDGE_EVERY), NULL);
			continue;
		}
		TAILQ_FOREACH(t, &s->tracks, link)
			judge(s, rule, &t->judged[i], domain_figure(t, rule->figure, JUDGE_EVERY), t);
	}
}

void sampler_sample(struct sampler *s)
{
	struct snapshot shot;
	struct track *t, *next;

	TAILQ_FOREACH(t, &s->tracks, link)
		t->seen = false;
	snapshot_take(&shot, s->hv, s->domains);
	sample_host(s, &shot);
	sample_domains(s, &shot);
	snapshot_fini(&shot);
	for (t = TAILQ_FIRST(&s->tracks); t; t = next) {
		next = TAILQ_NEXT(t, link);
		if (!t->seen)
			track_free(s, t);
	}
	if (++s->ticks % JUDGE_EVERY == 0)
		judge_all(s);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sampler_sample(arg);
}

/* ---- answers ---- */

static void add_double(struct json_object *o, const char *key, double value)
{
	/* One decimal is more than the measurement is good for. */
	json_object_object_add(o, key, json_object_new_double((double)(int64_t)(value * 10) / 10));
}

static void add_number(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static struct json_object *describe(const struct track *t, unsigned int back)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(t->name));
	add_number(o, "domid", t->domid);
	json_object_object_add(o, "state", json_object_new_string(domain_state_name(t->state)));
	add_number(o, "vcpus", t->nr_vcpus);
	add_number(o, "memory_kib", t->frames * 4);
	for (unsigned int i = 0; i < NR_SUMS; i++)
		add_double(o, sums[i].rate, rate(t->ring, t->next, t->nr, back, i, sums[i].scale));
	return o;
}

struct json_object *sampler_top(struct sampler *s, unsigned int window_ms)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	unsigned int back = (window_ms + SAMPLE_MS - 1) / SAMPLE_MS;
	const struct sample *now, *then;
	struct track *t;

	if (back == 0)
		back = 1;
	now = sample_back(s->host, s->next, s->nr, 0);
	then = sample_back(s->host, s->next, s->nr, back);
	add_number(o, "window_ms", now ? (now->at_ns - then->at_ns) / NS_PER_MS : 0);
	add_number(o, "cpus", s->nr_cpus);
	add_double(o, "cpu_percent", host_figure(s, FIGURE_HOST_CPU_PERCENT, back));
	add_number(o, "total_memory_kib", s->total_frames * 4);
	add_number(o, "free_memory_kib", s->free_frames * 4);
	TAILQ_FOREACH(t, &s->tracks, link)
		json_object_array_add(list, describe(t, back));
	json_object_object_add(o, "domains", list);
	return o;
}

struct json_object *sampler_history(struct sampler *s, const char *domain)
{
	struct json_object *o, *list, *item;
	const struct sample *sample;
	struct track *t;

	TAILQ_FOREACH(t, &s->tracks, link)
		if (!strcmp(t->name, domain))
			break;
	if (!t)
		return NULL;
	o = json_object_new_object();
	list = json_object_new_array();
	json_object_object_add(o, "name", json_object_new_string(t->name));
	add_number(o, "sample_ms", SAMPLE_MS);
	for (unsigned int i = t->nr; i-- > 0;) {
		sample = sample_back(t->ring, t->next, t->nr, i);
		item = json_object_new_object();
		add_number(item, "at_ns", sample->at_ns);
		for (unsigned int k = 0; k < NR_SUMS; k++)
			add_number(item, sums[k].sum, sample->sums[k]);
		json_object_array_add(list, item);
	}
	json_object_object_add(o, "samples", list);
	return o;
}

/* ---- life ---- */

/* Judgements by the rules that are, made those by the rules that come. */
static void carry(struct sampler *s, const struct threshold *rules, unsigned int nr, struct judgement *judged,
		  const struct track *t)
{
	struct judgement next[THRESHOLDS_MAX] = { 0 };
	unsigned int k;

	for (unsigned int i = 0; i < s->nr_rules; i++) {
		for (k = 0; k < nr && !threshold_equals(&rules[k], &s->rules[i]); k++)
			;
		if (k < nr)
			next[k] = judged[i];
		else if (judged[i].reached)
			tell(s, &s->rules[i], false, NULL, t);
	}
	memcpy(judged, next, sizeof(next));
}

void sampler_set_rules(struct sampler *s, const struct threshold *rules, unsigned int nr)
{
	struct track *t;

	nr = nr < THRESHOLDS_MAX ? nr : THRESHOLDS_MAX;
	carry(s, rules, nr, s->judged, NULL);
	TAILQ_FOREACH(t, &s->tracks, link)
		carry(s, rules, nr, t->judged, t);
	if (nr)
		memcpy(s->rules, rules, nr * sizeof(*rules));
	s->nr_rules = nr;
}

int sampler_create(struct event_base *base, const struct hv_stats *hv, struct domains *domains,
		   struct events *events, struct sampler **ret)
{
	static const struct timeval interval = { 0, SAMPLE_MS * 1000 };
	struct sampler *s = xcalloc(1, sizeof(*s));

	s->hv = hv;
	s->domains = domains;
	s->events = events;
	TAILQ_INIT(&s->tracks);
	s->tick = event_new(base, -1, EV_PERSIST, on_tick, s);
	if (!s->tick || event_add(s->tick, &interval)) {
		sampler_destroy(s);
		return -ENOMEM;
	}
	sampler_sample(s);
	*ret = s;
	return 0;
}

void sampler_destroy(struct sampler *s)
{
	struct track *t;

	if (!s)
		return;
	while ((t = TAILQ_FIRST(&s->tracks)))
		track_free(s, t);
	if (s->tick)
		event_free(s->tick);
	free(s);
}
