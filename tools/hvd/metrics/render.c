/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot as text: family by family, and in each row by row. Figures that are one field of a row
 * stand in tables, the others have a function.
 */
#include "metrics/render.h"

#include <dirent.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <xen/vcpu.h>

#include "domain/spec.h"
#include "lib/xmem.h"
#include "metrics/families.h"
#include "metrics/snapshot.h"

#define FRAME_SIZE 4096u

static const char *const exit_names[HVABI_STATS_EXITS] = {
	[HVABI_EXIT_INTERRUPT] = "reason=\"interrupt\"",
	[HVABI_EXIT_WINDOW] = "reason=\"window\"",
	[HVABI_EXIT_CPUID] = "reason=\"cpuid\"",
	[HVABI_EXIT_HLT] = "reason=\"hlt\"",
	[HVABI_EXIT_MSR_READ] = "reason=\"msr_read\"",
	[HVABI_EXIT_MSR_WRITE] = "reason=\"msr_write\"",
	[HVABI_EXIT_IO] = "reason=\"io\"",
	[HVABI_EXIT_HYPERCALL] = "reason=\"hypercall\"",
	[HVABI_EXIT_NESTED_FAULT] = "reason=\"nested_fault\"",
	[HVABI_EXIT_XSETBV] = "reason=\"xsetbv\"",
	[HVABI_EXIT_CACHE] = "reason=\"cache\"",
	[HVABI_EXIT_EXCEPTION] = "reason=\"exception\"",
	[HVABI_EXIT_TRIPLE_FAULT] = "reason=\"triple_fault\"",
	[HVABI_EXIT_UNDEFINED] = "reason=\"undefined\"",
	[HVABI_EXIT_PRIVILEGED] = "reason=\"privileged\"",
	[HVABI_EXIT_INVALID] = "reason=\"invalid\"",
	[HVABI_EXIT_UNKNOWN] = "reason=\"unknown\"",
	[HVABI_EXIT_CONTROL_REGISTER] = "reason=\"control_register\"",
	[HVABI_EXIT_APIC] = "reason=\"apic\"",
	[HVABI_EXIT_LOG_FULL] = "reason=\"log_full\"",
};

static const char *const op_names[STATS_NR_OPS] = {
	[STATS_READ] = "read",
	[STATS_WRITE] = "write",
	[STATS_FLUSH] = "flush",
	[STATS_DISCARD] = "discard",
};

static void begin(struct expo *e, enum metrics_family family)
{
	expo_begin(e, &families[family]);
}

static void single(struct expo *e, enum metrics_family family, uint64_t value)
{
	begin(e, family);
	expo_number(e, NULL, NULL, value);
}

/* A figure that is one uint64_t (or, 'narrow', uint32_t) of a row. */
struct column {
	enum metrics_family family;
	size_t offset;
	bool is_ns, narrow;
	unsigned int factor; /* 0: 1 */
};

static void put_column(struct expo *e, const struct column *c, const char *labels, const char *more_labels,
		       const void *row)
{
	const void *at = (const char *)row + c->offset;
	uint64_t value;

	if (c->narrow)
		value = *(const uint32_t *)at;
	else
		value = *(const uint64_t *)at;
	if (c->is_ns)
		expo_seconds(e, labels, more_labels, value);
	else
		expo_number(e, labels, more_labels, c->factor ? value * c->factor : value);
}

/* ---- the host ---- */

static void put_cpus(struct expo *e, const struct snapshot *s)
{
	static const struct {
		const char *label;
		size_t offset;
	} kinds[] = {
		{ "kind=\"device\"", offsetof(struct hvabi_stats_cpu, interrupts_device) },
		{ "kind=\"timer\"", offsetof(struct hvabi_stats_cpu, interrupts_timer) },
		{ "kind=\"kick\"", offsetof(struct hvabi_stats_cpu, interrupts_kick) },
	};
	static const struct column columns[] = {
		{ FAMILY_HOST_CPU_SWITCHES, offsetof(struct hvabi_stats_cpu, switches), 0, 0, 0 },
		{ FAMILY_HOST_CPU_STEALS, offsetof(struct hvabi_stats_cpu, steals), 0, 0, 0 },
	};
	struct hvabi_stats_cpu cpu;
	uint32_t i, nr = 0;
	char label[32];

	begin(e, FAMILY_HOST_CPU_IDLE);
	for (i = 0; i < hv_stats_nr_cpus(s->hv); i++) {
		if (!hv_stats_cpu(s->hv, i, &cpu))
			continue;
		nr++;
		snprintf(label, sizeof(label), "cpu=\"%u\"", i);
		if (cpu.idle_since_ns && s->now_ns > cpu.idle_since_ns)
			cpu.idle_ns += s->now_ns - cpu.idle_since_ns;
		expo_seconds(e, label, NULL, cpu.idle_ns);
	}
	single(e, FAMILY_HOST_CPUS, nr);
	for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
		begin(e, columns[c].family);
		for (i = 0; i < hv_stats_nr_cpus(s->hv); i++) {
			if (!hv_stats_cpu(s->hv, i, &cpu))
				continue;
			snprintf(label, sizeof(label), "cpu=\"%u\"", i);
			put_column(e, &columns[c], label, NULL, &cpu);
		}
	}
	begin(e, FAMILY_HOST_CPU_INTERRUPTS);
	for (i = 0; i < hv_stats_nr_cpus(s->hv); i++) {
		if (!hv_stats_cpu(s->hv, i, &cpu))
			continue;
		snprintf(label, sizeof(label), "cpu=\"%u\"", i);
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			expo_number(e, label, kinds[k].label,
				    *(const uint64_t *)(const void *)((const char *)&cpu +
								      kinds[k].offset));
	}
}

static void put_memory(struct expo *e, const struct hvabi_stats_header *h)
{
	uint64_t total = h->frames_total, free = h->frames_free, own = h->frames_hv;

	single(e, FAMILY_HOST_MEMORY, total * FRAME_SIZE);
	begin(e, FAMILY_HOST_MEMORY_USE);
	expo_number(e, NULL, "use=\"free\"", free * FRAME_SIZE);
	expo_number(e, NULL, "use=\"hypervisor\"", own * FRAME_SIZE);
	/* The three are not of one moment. */
	expo_number(e, NULL, "use=\"domains\"",
		    (total > free + own ? total - free - own : 0) * FRAME_SIZE);
}

static void put_host(struct expo *e, const struct snapshot *s)
{
	static const char *const states[NR_RUNSTATES] = { "state=\"running\"", "state=\"runnable\"",
							  "state=\"blocked\"", "state=\"offline\"" };
	uint64_t in_state[NR_RUNSTATES] = { 0 };
	unsigned int i;

	single(e, FAMILY_HOST_DOMAINS, s->nr_domains);
	if (!s->hv)
		return;
	begin(e, FAMILY_HOST_UPTIME);
	expo_seconds(e, NULL, NULL, s->now_ns);
	put_cpus(e, s);
	put_memory(e, hv_stats_header(s->hv));
	for (i = 0; i < s->nr_vcpus; i++)
		in_state[s->vcpus[i].state % NR_RUNSTATES]++;
	begin(e, FAMILY_HOST_VCPUS);
	for (i = 0; i < NR_RUNSTATES; i++)
		expo_number(e, NULL, states[i], in_state[i]);
	single(e, FAMILY_HOST_UNRECORDED, hv_stats_header(s->hv)->nr_unrecorded);
}

/* ---- domains ---- */

/* virDomainState, which the dashboards of libvirt's exporter know. */
static unsigned int libvirt_state(enum domain_state state)
{
	switch (state) {
	case DOMAIN_BUILDING:
		return 0;
	case DOMAIN_RUNNING:
		return 1;
	case DOMAIN_PAUSED:
		return 3;
	case DOMAIN_DYING:
		return 4;
	case DOMAIN_SHUTDOWN:
	case DOMAIN_GONE:
		return 5;
	case DOMAIN_CRASHED:
		return 6;
	}
	return 0;
}

static void put_states(struct expo *e, const struct snapshot *s)
{
	const struct domain_row *d;
	char label[128], uuid[37];

	begin(e, FAMILY_DOM_META);
	for (d = s->domains; d < s->domains + s->nr_domains; d++) {
		spec_format_uuid(d->uuid, uuid);
		snprintf(label, sizeof(label), "domid=\"%u\",uuid=\"%s\"", d->domid, uuid);
		expo_number(e, d->labels, label, 1);
	}
	begin(e, FAMILY_DOM_VSTATE);
	for (d = s->domains; d < s->domains + s->nr_domains; d++)
		expo_number(e, d->labels, NULL, libvirt_state(d->state));
	begin(e, FAMILY_DOM_STATE);
	for (d = s->domains; d < s->domains + s->nr_domains; d++) {
		for (unsigned int i = 0; i < DOMAIN_NR_STATES; i++) {
			if (i == DOMAIN_GONE)
				continue;
			snprintf(label, sizeof(label), "state=\"%s\"",
				 domain_state_name((enum domain_state)i));
			expo_number(e, d->labels, label, i == (unsigned int)d->state);
		}
	}
}

/* What not every domain has: 'has' is where its row says so; 0 stands for "no". */
static void put_optional(struct expo *e, const struct snapshot *s)
{
	const struct domain_row *d;

	begin(e, FAMILY_DOM_TARGET);
	for (d = s->domains; d < s->domains + s->nr_domains; d++)
		if (d->target_bytes)
			expo_number(e, d->labels, NULL, d->target_bytes);
	begin(e, FAMILY_DOM_STARTED);
	for (d = s->domains; d < s->domains + s->nr_domains; d++)
		if (d->started_s)
			expo_number(e, d->labels, NULL, d->started_s);
	begin(e, FAMILY_DOM_RESTARTS);
	for (d = s->domains; d < s->domains + s->nr_domains; d++)
		if (d->spec)
			expo_number(e, d->labels, NULL, d->restarts);
	begin(e, FAMILY_DOM_NODES);
	for (d = s->domains; d < s->domains + s->nr_domains; d++)
		if (d->has_nodes)
			expo_number(e, d->labels, NULL, d->nodes);
	begin(e, FAMILY_DOM_NODES_MAX);
	for (d = s->domains; d < s->domains + s->nr_domains; d++)
		if (d->has_nodes)
			expo_number(e, d->labels, NULL, d->nodes_max);
}

#define HV(field) offsetof(struct domain_row, hv.field)
static const struct column domain_columns[] = {
	{ FAMILY_DOM_MAX_MEMORY, HV(max_frames), 0, 0, FRAME_SIZE },
	{ FAMILY_DOM_MEMORY, HV(frames), 0, 0, FRAME_SIZE },
	{ FAMILY_DOM_VCPUS, HV(nr_vcpus), 0, 1, 0 },
	{ FAMILY_DOM_CPU_TIME, offsetof(struct domain_row, state_ns[RUNSTATE_running]), 1, 0, 0 },
	{ FAMILY_DOM_WAIT, offsetof(struct domain_row, state_ns[RUNSTATE_runnable]), 1, 0, 0 },
	{ FAMILY_DOM_PORTS, HV(ports), 0, 1, 0 },
	{ FAMILY_DOM_PORTS_MAX, HV(ports_max), 0, 1, 0 },
	{ FAMILY_DOM_EVENTS, HV(events_sent), 0, 0, 0 },
	{ FAMILY_DOM_GRANT_FRAMES, HV(grant_frames), 0, 1, 0 },
	{ FAMILY_DOM_GRANT_FRAMES_MAX, HV(grant_frames_max), 0, 1, 0 },
	{ FAMILY_DOM_GRANTS, HV(grants_used), 0, 1, 0 },
	{ FAMILY_DOM_MAPPINGS, HV(grants_mapped), 0, 1, 0 },
	{ FAMILY_DOM_MAPPINGS_MAX, HV(grants_mapped_max), 0, 1, 0 },
	{ FAMILY_DOM_MAP_FRAMES, HV(grant_map_frames), 0, 1, 0 },
};

static const char *const leaf_names[] = { "size=\"4KiB\"", "size=\"2MiB\"", "size=\"1GiB\"" };

static void put_domains(struct expo *e, const struct snapshot *s)
{
	const struct domain_row *d, *end = s->domains + s->nr_domains;

	put_states(e, s);
	put_optional(e, s);
	for (size_t c = 0; c < sizeof(domain_columns) / sizeof(domain_columns[0]); c++) {
		begin(e, domain_columns[c].family);
		for (d = s->domains; d < end; d++)
			if (d->counted)
				put_column(e, &domain_columns[c], d->labels, NULL, d);
	}
	begin(e, FAMILY_DOM_LEAVES);
	for (d = s->domains; d < end; d++)
		for (unsigned int i = 0; d->counted && i < sizeof(leaf_names) / sizeof(leaf_names[0]); i++)
			expo_number(e, d->labels, leaf_names[i], d->hv.leaves[i]);
	begin(e, FAMILY_DOM_EXITS);
	for (d = s->domains; d < end; d++)
		for (unsigned int i = 0; d->counted && i < HVABI_STATS_EXITS; i++)
			if (exit_names[i])
				expo_number(e, d->labels, exit_names[i], d->exits[i]);
	begin(e, FAMILY_DOM_EXIT_LATENCY);
	for (d = s->domains; d < end; d++)
		if (d->counted)
			expo_histogram(e, d->labels, d->exit_latency, HVABI_STATS_BUCKETS,
				       HVABI_STATS_FIRST_SHIFT, d->exit_ns);
	begin(e, FAMILY_DOM_WAKE_LATENCY);
	for (d = s->domains; d < end; d++)
		if (d->counted)
			expo_histogram(e, d->labels, d->wake_latency, HVABI_STATS_BUCKETS,
				       HVABI_STATS_FIRST_SHIFT, d->wake_ns);
}

static const struct column vcpu_columns[] = {
	{ FAMILY_VCPU_CPU, offsetof(struct vcpu_row, cpu), 0, 1, 0 },
	{ FAMILY_VCPU_TIME, offsetof(struct vcpu_row, state_ns[RUNSTATE_running]), 1, 0, 0 },
	{ FAMILY_VCPU_DELAY, offsetof(struct vcpu_row, state_ns[RUNSTATE_runnable]), 1, 0, 0 },
	{ FAMILY_VCPU_BLOCKED, offsetof(struct vcpu_row, state_ns[RUNSTATE_blocked]), 1, 0, 0 },
	{ FAMILY_VCPU_EXITS, offsetof(struct vcpu_row, exits), 0, 0, 0 },
};

static void put_vcpus(struct expo *e, const struct snapshot *s)
{
	const struct vcpu_row *v, *end = s->vcpus + s->nr_vcpus;
	static const uint8_t libvirt_states[NR_RUNSTATES] = { 1, 1, 2, 0 };
	char label[32];

	begin(e, FAMILY_VCPU_STATE);
	for (v = s->vcpus; v < end; v++) {
		snprintf(label, sizeof(label), "vcpu=\"%u\"", v->id);
		expo_number(e, s->domains[v->domain].labels, label,
			    libvirt_states[v->state % NR_RUNSTATES]);
	}
	for (size_t c = 0; c < sizeof(vcpu_columns) / sizeof(vcpu_columns[0]); c++) {
		begin(e, vcpu_columns[c].family);
		for (v = s->vcpus; v < end; v++) {
			snprintf(label, sizeof(label), "vcpu=\"%u\"", v->id);
			put_column(e, &vcpu_columns[c], s->domains[v->domain].labels, label, v);
		}
	}
}

/* 'domain="D",vcpu="N"'. To be freed. */
static char *vcpu_labels(const struct snapshot *s, const struct vcpu_row *v)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", v->id);
	return expo_label(s->domains[v->domain].labels, "vcpu", number);
}

/*
 * What makes many lines: 48 for each vCPU. Hence half the bounds of the domain's histograms, and a setting
 * that leaves it out.
 */
static void put_vcpu_details(struct expo *e, const struct snapshot *s)
{
	char **labels = xcalloc(s->nr_vcpus + 1, sizeof(*labels));
	const struct vcpu_row *v;
	unsigned int i;

	for (i = 0; i < s->nr_vcpus; i++)
		labels[i] = vcpu_labels(s, &s->vcpus[i]);
	begin(e, FAMILY_VCPU_EXIT_REASONS);
	for (i = 0, v = s->vcpus; i < s->nr_vcpus; i++, v++)
		for (unsigned int k = 0; k < HVABI_STATS_EXITS; k++)
			if (exit_names[k])
				expo_number(e, labels[i], exit_names[k], v->exits_by[k]);
	begin(e, FAMILY_VCPU_EXIT_LATENCY);
	for (i = 0, v = s->vcpus; i < s->nr_vcpus; i++, v++)
		expo_coarse_histogram(e, labels[i], v->exit_latency, HVABI_STATS_BUCKETS,
				      HVABI_STATS_FIRST_SHIFT, v->exit_ns);
	begin(e, FAMILY_VCPU_WAKE_LATENCY);
	for (i = 0, v = s->vcpus; i < s->nr_vcpus; i++, v++)
		expo_coarse_histogram(e, labels[i], v->wake_latency, HVABI_STATS_BUCKETS,
				      HVABI_STATS_FIRST_SHIFT, v->wake_ns);
	for (i = 0; i < s->nr_vcpus; i++)
		free(labels[i]);
	free(labels);
}

/* ---- devices ---- */

#define DISK(field) offsetof(struct device_row, u.disk.field)
static const struct column disk_columns[] = {
	{ FAMILY_BLK_READ_REQ, DISK(ops[STATS_READ].requests), 0, 0, 0 },
	{ FAMILY_BLK_READ_BYTES, DISK(ops[STATS_READ].bytes), 0, 0, 0 },
	{ FAMILY_BLK_READ_TIME, DISK(ops[STATS_READ].ns), 1, 0, 0 },
	{ FAMILY_BLK_WRITE_REQ, DISK(ops[STATS_WRITE].requests), 0, 0, 0 },
	{ FAMILY_BLK_WRITE_BYTES, DISK(ops[STATS_WRITE].bytes), 0, 0, 0 },
	{ FAMILY_BLK_WRITE_TIME, DISK(ops[STATS_WRITE].ns), 1, 0, 0 },
	{ FAMILY_BLK_FLUSH_REQ, DISK(ops[STATS_FLUSH].requests), 0, 0, 0 },
	{ FAMILY_BLK_FLUSH_TIME, DISK(ops[STATS_FLUSH].ns), 1, 0, 0 },
	{ FAMILY_BLK_DISCARD_REQ, DISK(ops[STATS_DISCARD].requests), 0, 0, 0 },
	{ FAMILY_BLK_DISCARD_BYTES, DISK(ops[STATS_DISCARD].bytes), 0, 0, 0 },
	{ FAMILY_BLK_BAD, DISK(bad_requests), 0, 0, 0 },
	{ FAMILY_BLK_CAPACITY, DISK(size_bytes), 0, 0, 0 },
	{ FAMILY_BLK_IN_FLIGHT, DISK(in_flight), 0, 0, 0 },
	{ FAMILY_BLK_DEPTH, DISK(queue_depth), 0, 0, 0 },
	{ FAMILY_BLK_THROTTLED, DISK(throttled), 0, 0, 0 },
	{ FAMILY_BLK_THROTTLED_TIME, DISK(throttled_ns), 1, 0, 0 },
	{ FAMILY_BLK_STALLS, DISK(stalls), 0, 0, 0 },
	{ FAMILY_BLK_STALLED, DISK(stalled), 0, 0, 0 },
	{ FAMILY_BLK_STOPPED, DISK(stopped), 0, 0, 0 },
};

#define NET(field) offsetof(struct device_row, u.net.field)
static const struct column net_columns[] = {
	{ FAMILY_NET_RX_BYTES, NET(rx_bytes), 0, 0, 0 },
	{ FAMILY_NET_RX_PACKETS, NET(rx_packets), 0, 0, 0 },
	{ FAMILY_NET_RX_ERRORS, NET(rx_errors), 0, 0, 0 },
	{ FAMILY_NET_RX_DROPS, NET(rx_drops), 0, 0, 0 },
	{ FAMILY_NET_TX_BYTES, NET(tx_bytes), 0, 0, 0 },
	{ FAMILY_NET_TX_PACKETS, NET(tx_packets), 0, 0, 0 },
	{ FAMILY_NET_TX_ERRORS, NET(tx_errors), 0, 0, 0 },
	{ FAMILY_NET_TX_DROPS, NET(tx_drops), 0, 0, 0 },
};

static void put_columns(struct expo *e, const struct snapshot *s, const struct column *columns,
			size_t nr, bool disks)
{
	const struct device_row *d, *end = s->devices + s->nr_devices;

	for (size_t c = 0; c < nr; c++) {
		begin(e, columns[c].family);
		for (d = s->devices; d < end; d++)
			if (d->is_disk == disks && d->has_counters)
				put_column(e, &columns[c], d->labels, NULL, d);
	}
}

static void put_service(struct expo *e, const struct snapshot *s, bool disks,
			enum metrics_family up, enum metrics_family connected,
			enum metrics_family restarts)
{
	const struct device_row *d, *end = s->devices + s->nr_devices;

	begin(e, up);
	for (d = s->devices; d < end; d++)
		if (d->is_disk == disks)
			expo_number(e, d->labels, NULL, d->serving);
	begin(e, connected);
	for (d = s->devices; d < end; d++)
		if (d->is_disk == disks)
			expo_number(e, d->labels, NULL, d->connected);
	begin(e, restarts);
	for (d = s->devices; d < end; d++)
		if (d->is_disk == disks)
			expo_number(e, d->labels, NULL, d->restarts);
}

static void put_operations(struct expo *e, const struct snapshot *s)
{
	const struct device_row *d, *end = s->devices + s->nr_devices;
	char label[32], *labels;

	begin(e, FAMILY_BLK_ERRORS);
	for (d = s->devices; d < end; d++) {
		for (unsigned int i = 0; d->is_disk && d->has_counters && i < STATS_NR_OPS; i++) {
			snprintf(label, sizeof(label), "operation=\"%s\"", op_names[i]);
			expo_number(e, d->labels, label, d->u.disk.ops[i].errors);
		}
	}
	begin(e, FAMILY_BLK_LATENCY);
	for (d = s->devices; d < end; d++) {
		for (unsigned int i = 0; d->is_disk && d->has_counters && i < STATS_NR_OPS; i++) {
			labels = expo_label(d->labels, "operation", op_names[i]);
			expo_histogram(e, labels, d->u.disk.ops[i].latency, BACKEND_STATS_BUCKETS,
				       BACKEND_STATS_FIRST_SHIFT, d->u.disk.ops[i].ns);
			free(labels);
		}
	}
}

static const struct column rbd_columns[] = {
	{ FAMILY_RBD_CONNECTS, DISK(rbd_connects), 0, 0, 0 },
	{ FAMILY_RBD_SLOW, DISK(rbd_slow_requests), 0, 0, 0 },
	{ FAMILY_RBD_LOCKED, DISK(rbd_locked), 0, 0, 0 },
	{ FAMILY_RBD_LOCK_LOSSES, DISK(rbd_lock_losses), 0, 0, 0 },
	{ FAMILY_RBD_ABANDONED, DISK(rbd_abandoned_bytes), 0, 0, 0 },
};

static void put_rbd(struct expo *e, const struct snapshot *s)
{
	static const char *const states[] = {
		[RBD_STATE_CONNECTING] = "state=\"connecting\"",
		[RBD_STATE_CONNECTED] = "state=\"connected\"",
		[RBD_STATE_STALLED] = "state=\"stalled\"",
		[RBD_STATE_FENCED] = "state=\"fenced\"",
	};
	const struct device_row *d, *end = s->devices + s->nr_devices;
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	begin(e, FAMILY_RBD_STATE);
	for (d = s->devices; d < end; d++)
		for (unsigned int i = RBD_STATE_CONNECTING; d->is_rbd && i <= RBD_STATE_FENCED; i++)
			expo_number(e, d->labels, states[i], d->u.disk.rbd_state == i);
	begin(e, FAMILY_RBD_SILENCE);
	for (d = s->devices; d < end; d++)
		if (d->is_rbd && d->u.disk.rbd_last_answer_ns && now > d->u.disk.rbd_last_answer_ns)
			expo_seconds(e, d->labels, NULL, now - d->u.disk.rbd_last_answer_ns);
	for (size_t c = 0; c < sizeof(rbd_columns) / sizeof(rbd_columns[0]); c++) {
		begin(e, rbd_columns[c].family);
		for (d = s->devices; d < end; d++)
			if (d->is_rbd && d->has_counters)
				put_column(e, &rbd_columns[c], d->labels, NULL, d);
	}
}

static void put_devices(struct expo *e, const struct snapshot *s)
{
	put_columns(e, s, disk_columns, sizeof(disk_columns) / sizeof(disk_columns[0]), true);
	put_operations(e, s);
	put_service(e, s, true, FAMILY_BLK_UP, FAMILY_BLK_CONNECTED, FAMILY_BLK_RESTARTS);
	put_rbd(e, s);
	put_columns(e, s, net_columns, sizeof(net_columns) / sizeof(net_columns[0]), false);
	put_service(e, s, false, FAMILY_NET_UP, FAMILY_NET_CONNECTED, FAMILY_NET_RESTARTS);
}

/* ---- hvd ---- */

static uint64_t resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t nr = 0;

	if (!dir)
		return 0;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		nr += entry->d_name[0] != '.';
	closedir(dir);
	return nr - 1; /* without this one */
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void put_self(struct expo *e, const struct hvd_figures *self)
{
	struct rlimit limit;
	char *label;

	label = expo_label(NULL, "version", self->version);
	begin(e, FAMILY_BUILD_INFO);
	expo_number(e, label, NULL, 1);
	free(label);
	begin(e, FAMILY_HVD_CPU);
	expo_seconds(e, NULL, NULL, cpu_ns());
	single(e, FAMILY_HVD_MEMORY, resident_bytes());
	single(e, FAMILY_HVD_FDS, open_descriptors());
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		single(e, FAMILY_HVD_MAX_FDS, limit.rlim_cur);
	single(e, FAMILY_HVD_STARTED, self->started_s);
	single(e, FAMILY_HVD_EVENTS, self->events);
	single(e, FAMILY_HVD_SCRAPES, self->scrapes);
	begin(e, FAMILY_HVD_SCRAPE_CPU);
	expo_seconds(e, NULL, NULL, self->scrape_cpu_ns);
	single(e, FAMILY_HVD_HTTP_CONNS, self->http_connections);
	single(e, FAMILY_HVD_HTTP_DROPPED, self->http_dropped);
}

void render(struct expo *e, const struct snapshot *s, const struct hvd_figures *self)
{
	put_host(e, s);
	put_domains(e, s);
	if (s->nr_vcpus)
		put_vcpus(e, s);
	if (s->nr_vcpus && self->show_vcpus)
		put_vcpu_details(e, s);
	if (s->nr_devices)
		put_devices(e, s);
	put_self(e, self);
	expo_finish(e);
}
