/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a scrape costs hvd: CPU time and instructions' worth of text for 1, 100 and 1,000 vCPUs, over
 * statistics pages of the real layout. A domain has four vCPUs (the first case: one), two disks and
 * an interface, whose counters are read from files as hvd does.
 *
 * Prints figures and judges nothing: the time is the CPU's, so another load on the host moves it
 * little.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "domain/domain.h"
#include "domain/spec.h"
#include "metrics/render.h"
#include "metrics/snapshot.h"
#include "stats_pages.h"
#include "xenstore/xs.h"

#define ROUNDS 20u

static char dir[] = "/tmp/hv-scrape-XXXXXX";
static int stats_fd;
static struct domains all;

void xs_server_nodes(const struct xs_server *srv, uint16_t domid, unsigned int *ret_used,
		     unsigned int *ret_max)
{
	(void)srv;
	(void)domid;
	*ret_used = *ret_max = 1;
}

/* Three devices of each guest, each with a process of its own. */
void backend_visit(struct backend *b, backend_view_cb cb, void *arg)
{
	static const char *const names[] = { "xvda", "xvdb", "vif0" };
	static struct backend_stats counters;
	struct backend_view v = { .connected = true, .serving = true };
	struct domain *d;

	(void)b;
	TAILQ_FOREACH(d, &all.list, link) {
		for (unsigned int i = 0; i < 3; i++) {
			if (!backend_stats_read(stats_fd, &counters))
				abort();
			v.domid = d->domid;
			v.name = names[i];
			v.bridge = i == 2 ? "br0" : NULL;
			v.disk = i == 2 ? NULL : &counters.slots[0].u.disk;
			v.net = i == 2 ? &counters.slots[0].u.net : NULL;
			cb(arg, &v);
		}
	}
}

static void make_domain(unsigned int id)
{
	struct domain_spec *spec = calloc(1, sizeof(*spec));
	struct domain *d = calloc(1, sizeof(*d));
	char name[32];

	if (!spec || !d)
		abort();
	snprintf(name, sizeof(name), "guest-of-somebody-%u", id);
	spec->name = strdup(name);
	spec->memory_target_bytes = 1 << 30;
	d->spec = spec;
	d->domid = (uint16_t)id;
	d->state = DOMAIN_RUNNING;
	d->created = 1;
	TAILQ_INSERT_TAIL(&all.list, d, link);
}

static double now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void measure(unsigned int nr_vcpus, unsigned int each, enum expo_format format, bool show_vcpus)
{
	const struct hvd_figures self = { .version = "0", .show_vcpus = show_vcpus };
	unsigned int nr_guests = nr_vcpus / each;
	double best_cpu = 1e9, best_wall = 1e9, cpu, wall;
	struct hv_stats *hv;
	struct snapshot s;
	struct expo e;
	size_t size, bytes = 0;
	void *pages = stats_pages_make(nr_guests + 1, each, &size);

	TAILQ_INIT(&all.list);
	all.env.backend = (struct backend *)&all; /* there is one: backend_visit() above */
	for (unsigned int i = 1; i <= nr_guests; i++)
		make_domain(i);
	if (hv_stats_attach(pages, size, &hv))
		abort();
	for (unsigned int i = 0; i < ROUNDS; i++) {
		cpu = now(CLOCK_PROCESS_CPUTIME_ID);
		wall = now(CLOCK_MONOTONIC);
		snapshot_take(&s, hv, &all);
		expo_init(&e, format);
		render(&e, &s, &self);
		snapshot_fini(&s);
		bytes = e.size;
		expo_fini(&e);
		cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		wall = now(CLOCK_MONOTONIC) - wall;
		best_cpu = cpu < best_cpu ? cpu : best_cpu;
		best_wall = wall < best_wall ? wall : best_wall;
	}
	printf("%6u vCPUs, %4u guests, %-11s%s %8.2f ms CPU %8.2f ms wall %9zu bytes\n", nr_vcpus,
	       nr_guests, format == EXPO_OPENMETRICS ? "OpenMetrics" : "Prometheus",
	       show_vcpus ? "" : " (metrics-per-vcpu = no)", best_cpu,
	       best_wall, bytes);
	hv_stats_close(hv);
	free(pages);
}

int main(void)
{
	struct backend_disk_stats *disk;

	if (!mkdtemp(dir) || backend_stats_open(dir, "any", true, &stats_fd))
		return 1;
	backend_stats_map(dup(stats_fd));
	disk = backend_stats_disk(1);
	for (unsigned int i = 0; i < 1000; i++)
		backend_stats_answered(disk, i % STATS_NR_OPS, 4096, backend_stats_now() - i * 5000, false);
	backend_stats_remove(dir, "any");
	rmdir(dir);
	for (unsigned int format = EXPO_PROMETHEUS; format <= EXPO_OPENMETRICS; format++) {
		measure(1, 1, format, true);
		measure(100, 4, format, true);
		measure(1000, 4, format, true);
	}
	measure(1000, 4, EXPO_PROMETHEUS, false);
	return 0;
}
