/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of hvd's metrics put together; see metrics.h.
 */
#include "metrics/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "events.h"
#include "lib/config.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "metrics/http.h"
#include "metrics/hv_stats.h"
#include "metrics/render.h"
#include "metrics/sampler.h"
#include "metrics/snapshot.h"

struct metrics {
	struct event_base *base;
	struct domains *domains;
	struct events *events;
	struct hv_stats *hv;
	struct http *http; /* NULL: off */
	char *listen;	   /* where it is */
	bool show_vcpus;
	struct sampler *sampler;
	uint64_t started_s;
};

static void on_render(void *arg, struct expo *e)
{
	struct metrics *m = arg;
	struct http_figures http;
	struct hvd_figures self = {
		.version = PACKAGE_VERSION,
		.show_vcpus = m->show_vcpus,
		.started_s = m->started_s,
		.events = events_next(m->events) - 1,
	};
	struct snapshot s;

	http_get_figures(m->http, &http);
	self.scrapes = http.renders;
	self.scrape_cpu_ns = http.render_cpu_ns;
	self.http_connections = http.connections;
	self.http_dropped = http.dropped;
	snapshot_take(&s, m->hv, m->domains);
	render(e, &s, &self);
	snapshot_fini(&s);
}

void metrics_create(struct event_base *base, struct domains *domains, struct events *events,
		    struct hv_stats *hv, struct metrics **ret)
{
	struct metrics *m = xcalloc(1, sizeof(*m));

	m->base = base;
	m->domains = domains;
	m->events = events;
	m->started_s = (uint64_t)time(NULL);
	m->hv = hv;
	if (hv)
		sampler_create(base, m->hv, domains, events, &m->sampler);
	*ret = m;
}

static void take(struct metrics *m, struct http *http, const char *listen)
{
	if (m->http != http)
		http_destroy(m->http);
	free(m->listen);
	m->http = http;
	m->listen = http ? xstrdup(listen) : NULL;
	if (http)
		log_info("metrics at http://%s/metrics, port %u", listen, http_port(http));
}

/*
 * One port at another address of the host's may be free only without us: we let go of it, and if that did
 * not help, take it back.
 */
static int listen_instead(struct metrics *m, const char *listen, struct http **ret)
{
	int err;

	http_destroy(m->http);
	m->http = NULL;
	err = http_create(m->base, listen, on_render, m, ret);
	if (err && http_create(m->base, m->listen, on_render, m, &m->http))
		log_error("the metrics at %s are lost", m->listen);
	return err;
}

int metrics_listen(struct metrics *m, const char *listen)
{
	struct http *http = NULL;
	int err = 0;

	if (strcmp(listen, "off")) {
		err = http_create(m->base, listen, on_render, m, &http);
		if (err == -EADDRINUSE && m->http)
			err = listen_instead(m, listen, &http);
	}
	if (!err)
		take(m, http, listen);
	return err;
}

void metrics_show_vcpus(struct metrics *m, bool show)
{
	m->show_vcpus = show;
}

void metrics_destroy(struct metrics *m)
{
	if (!m)
		return;
	http_destroy(m->http);
	free(m->listen);
	sampler_destroy(m->sampler);
	hv_stats_close(m->hv);
	free(m);
}

void metrics_set_thresholds(struct metrics *m, const struct threshold *rules, unsigned int nr)
{
	if (m->sampler)
		sampler_set_rules(m->sampler, rules, nr);
}

struct sampler *metrics_sampler(struct metrics *m)
{
	return m ? m->sampler : NULL;
}
