/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that is to be shown about the host at one moment, in rows: a text wants all rows of one
 * metric together, while the sources have all about one domain together.
 *
 * Taking it asks nobody who could keep us waiting: hv's pages and the back ends' files are read, the
 * rest hvd knows.
 */
#ifndef METRICS_SNAPSHOT_H
#define METRICS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/backend.h"
#include "backend/stats.h"
#include "domain/lifecycle.h"
#include "metrics/hv_stats.h"

struct domains;

#define NR_RUNSTATES 4u /* RUNSTATE_* of <xen/vcpu.h> */

struct domain_row {
	char *labels; /* 'domain="NAME"' */
	const char *name;
	uint16_t domid;
	uint8_t uuid[16];
	enum domain_state state;
	const struct domain_spec *spec; /* NULL: the control domain */
	uint64_t started_s;		/* 0: not known */
	uint64_t restarts;
	uint64_t target_bytes; /* 0: none */
	bool has_nodes;
	uint64_t nodes, nodes_max;

	bool counted; /* the rest is hv's, and there */
	struct hvabi_stats_domain hv;
	uint64_t state_ns[NR_RUNSTATES]; /* sums over vCPUs */
	uint64_t exits[HVABI_STATS_EXITS];
	uint64_t exit_ns, exit_latency[HVABI_STATS_BUCKETS];
	uint64_t wake_ns, wake_latency[HVABI_STATS_BUCKETS];
};

struct vcpu_row {
	unsigned int domain; /* index of its row */
	uint32_t id, state, cpu;
	uint64_t state_ns[NR_RUNSTATES]; /* up to now */
	uint64_t exits;			 /* sum of the following */
	uint64_t exits_by[HVABI_STATS_EXITS];
	uint64_t exit_ns, exit_latency[HVABI_STATS_BUCKETS];
	uint64_t wake_ns, wake_latency[HVABI_STATS_BUCKETS];
};

struct device_row {
	unsigned int domain;
	char *labels; /* domain, target_device, and source_file or source_bridge */
	bool connected, serving;
	uint64_t restarts;
	bool is_disk, has_counters, is_rbd;
	union {
		struct backend_disk_stats disk;
		struct backend_net_stats net;
	} u;
};

struct snapshot {
	const struct hv_stats *hv; /* NULL: hv has none */
	uint64_t now_ns;	   /* hv's time */
	struct domain_row *domains;
	unsigned int nr_domains, room_domains;
	struct vcpu_row *vcpus;
	unsigned int nr_vcpus, room_vcpus;
	struct device_row *devices;
	unsigned int nr_devices, room_devices;
	uint32_t *by_slot; /* hv's record of a domain -> its row, ~0: none */
	uint32_t nr_slots;
};

/* 'hv' and 'domains' may be NULL. To be given to snapshot_fini(). */
void snapshot_take(struct snapshot *s, const struct hv_stats *hv, struct domains *domains);
void snapshot_fini(struct snapshot *s);

/* One device more, as backend_visit() shows it: 'arg' is the snapshot. */
void snapshot_add_device(void *arg, const struct backend_view *v);

#endif
