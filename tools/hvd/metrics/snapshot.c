/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows for the metrics; the contract is in snapshot.h.
 */
#include "metrics/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "domain/domain.h"
#include "domain/spec.h"
#include "lib/xmem.h"
#include "metrics/expo.h"
#include "xenstore/xs.h"

#define CONTROL_DOMAIN_NAME "Domain-0"
#define NO_ROW UINT32_MAX

static void *more(void *rows, unsigned int nr, unsigned int *room, size_t size)
{
	if (nr < *room)
		return rows;
	*room = *room ? *room * 2 : 64;
	return xrealloc(rows, *room * size);
}

/* ---- domains ---- */

static struct domain_row *add_domain(struct snapshot *s, const char *name, uint16_t domid)
{
	struct domain_row *row;

	s->domains = more(s->domains, s->nr_domains, &s->room_domains, sizeof(*s->domains));
	row = &s->domains[s->nr_domains++];
	memset(row, 0, sizeof(*row));
	row->name = name;
	row->labels = expo_label(NULL, "domain", name);
	row->domid = domid;
	row->state = DOMAIN_RUNNING;
	return row;
}

static void add_known_domains(struct snapshot *s, struct domains *all)
{
	struct domain_row *row;
	struct domain *d;
	unsigned int used, max;

	TAILQ_FOREACH(d, &all->list, link) {
		row = add_domain(s, d->spec->name, d->domid);
		row->spec = d->spec;
		memcpy(row->uuid, d->spec->uuid, sizeof(row->uuid));
		row->state = d->state;
		row->started_s = (uint64_t)d->created;
		row->restarts = d->generation ? d->generation - 1 : 0;
		row->target_bytes = d->spec->memory_target_bytes;
		if (all->env.xs && d->domid && !d->orphan) {
			xs_server_nodes(all->env.xs, d->domid, &used, &max);
			row->has_nodes = true;
			row->nodes = used;
			row->nodes_max = max;
		}
	}
}

/* hv's records find their rows by the domain's id. */
static void add_records(struct snapshot *s)
{
	uint32_t row_of[65536 / 64], i; /* by the id's low bits: a first guess */
	struct hvabi_stats_domain record;

	memset(row_of, 0xff, sizeof(row_of));
	for (i = 0; i < s->nr_domains; i++)
		row_of[s->domains[i].domid % (sizeof(row_of) / sizeof(row_of[0]))] = i;
	s->nr_slots = hv_stats_nr_domains(s->hv);
	s->by_slot = xcalloc(s->nr_slots ? s->nr_slots : 1, sizeof(*s->by_slot));
	for (i = 0; i < s->nr_slots; i++) {
		uint32_t row;

		s->by_slot[i] = NO_ROW;
		if (!hv_stats_domain(s->hv, i, &record))
			continue;
		row = row_of[record.domid % (sizeof(row_of) / sizeof(row_of[0]))];
		if (row == NO_ROW || s->domains[row].domid != record.domid)
			for (row = 0; row < s->nr_domains; row++)
				if (s->domains[row].domid == record.domid)
					break;
		if (row >= s->nr_domains)
			continue; /* hvd has not heard of it yet, or no more */
		s->domains[row].hv = record;
		s->domains[row].counted = true;
		s->by_slot[i] = row;
	}
}

/* ---- vCPUs ---- */

static void sum_up(struct domain_row *d, const struct vcpu_row *v, const struct hvabi_stats_vcpu *r)
{
	unsigned int i;

	for (i = 0; i < NR_RUNSTATES; i++)
		d->state_ns[i] += v->state_ns[i];
	for (i = 0; i < HVABI_STATS_EXITS; i++)
		d->exits[i] += r->exits[i];
	d->exit_ns += r->exit_ns;
	d->wake_ns += r->wake_ns;
	for (i = 0; i < HVABI_STATS_BUCKETS; i++) {
		d->exit_latency[i] += r->exit_latency[i];
		d->wake_latency[i] += r->wake_latency[i];
	}
}

static void add_vcpu(struct snapshot *s, uint32_t row, const struct hvabi_stats_vcpu *r)
{
	struct vcpu_row *v;
	unsigned int i;

	s->vcpus = more(s->vcpus, s->nr_vcpus, &s->room_vcpus, sizeof(*s->vcpus));
	v = &s->vcpus[s->nr_vcpus++];
	*v = (struct vcpu_row){ .domain = row, .id = r->vcpu, .state = r->state, .cpu = r->cpu };
	memcpy(v->state_ns, r->state_ns, sizeof(v->state_ns));
	if (r->state < NR_RUNSTATES && s->now_ns > r->state_since_ns)
		v->state_ns[r->state] += s->now_ns - r->state_since_ns;
	for (i = 0; i < HVABI_STATS_EXITS; i++)
		v->exits += r->exits[i];
	memcpy(v->exits_by, r->exits, sizeof(v->exits_by));
	v->exit_ns = r->exit_ns;
	memcpy(v->exit_latency, r->exit_latency, sizeof(v->exit_latency));
	v->wake_ns = r->wake_ns;
	memcpy(v->wake_latency, r->wake_latency, sizeof(v->wake_latency));
	sum_up(&s->domains[row], v, r);
}

static void add_vcpus(struct snapshot *s)
{
	uint32_t nr = hv_stats_nr_vcpus(s->hv), i, row;
	struct hvabi_stats_vcpu record;

	for (i = 0; i < nr; i++) {
		if (!hv_stats_vcpu(s->hv, i, &record) || record.domain_slot >= s->nr_slots)
			continue;
		row = s->by_slot[record.domain_slot];
		/* Between our two looks the slot may have become another domain's. */
		if (row != NO_ROW && s->domains[row].domid == record.domid)
			add_vcpu(s, row, &record);
	}
}

/* ---- devices ---- */

static const struct disk_spec *find_disk(const struct domain_row *row, const char *target)
{
	for (unsigned int i = 0; row->spec && i < row->spec->nr_disks; i++)
		if (!strcmp(row->spec->disks[i].target, target))
			return &row->spec->disks[i];
	return NULL;
}

static char *disk_labels(const struct domain_row *row, const char *target,
			 const struct disk_spec *disk)
{
	const char *source = disk && disk->source ? disk->source : "";
	char *image = NULL, *device, *labels;

	if (disk && disk->kind == DISK_RBD && disk->rbd) {
		image = xasprintf("rbd:%s/%s", disk->rbd->pool ? disk->rbd->pool : "",
				  disk->rbd->image ? disk->rbd->image : "");
		source = image;
	}
	device = expo_label(row->labels, "target_device", target);
	labels = expo_label(device, "source_file", source);
	free(device);
	free(image);
	return labels;
}

static char *nic_labels(const struct domain_row *row, const struct backend_view *v)
{
	char *device = expo_label(row->labels, "target_device", v->name);
	char *labels = expo_label(device, "source_bridge", v->bridge ? v->bridge : "");

	free(device);
	return labels;
}

void snapshot_add_device(void *arg, const struct backend_view *v)
{
	struct snapshot *s = arg;
	const struct disk_spec *disk;
	struct device_row *row;
	unsigned int i;

	for (i = 0; i < s->nr_domains; i++)
		if (s->domains[i].domid == v->domid)
			break;
	if (i == s->nr_domains)
		return;
	s->devices = more(s->devices, s->nr_devices, &s->room_devices, sizeof(*s->devices));
	row = &s->devices[s->nr_devices++];
	memset(row, 0, sizeof(*row));
	row->domain = i;
	row->connected = v->connected;
	row->serving = v->serving;
	row->restarts = v->restarts;
	row->is_disk = !v->bridge;
	if (row->is_disk) {
		disk = find_disk(&s->domains[i], v->name);
		row->is_rbd = disk && disk->kind == DISK_RBD;
		row->labels = disk_labels(&s->domains[i], v->name, disk);
	} else {
		row->labels = nic_labels(&s->domains[i], v);
	}
	row->has_counters = v->disk || v->net;
	if (v->disk)
		row->u.disk = *v->disk;
	else if (v->net)
		row->u.net = *v->net;
}

/* ---- all of it ---- */

void snapshot_take(struct snapshot *s, const struct hv_stats *hv, struct domains *domains)
{
	*s = (struct snapshot){ .hv = hv };
	add_domain(s, CONTROL_DOMAIN_NAME, 0);
	if (domains)
		add_known_domains(s, domains);
	if (hv) {
		s->now_ns = hv_stats_now(hv);
		add_records(s);
		add_vcpus(s);
	}
	if (domains && domains->env.backend)
		backend_visit(domains->env.backend, snapshot_add_device, s);
}

void snapshot_fini(struct snapshot *s)
{
	for (unsigned int i = 0; i < s->nr_domains; i++)
		free(s->domains[i].labels);
	for (unsigned int i = 0; i < s->nr_devices; i++)
		free(s->devices[i].labels);
	free(s->domains);
	free(s->vcpus);
	free(s->devices);
	free(s->by_slot);
	*s = (struct snapshot){ 0 };
}
