/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv's statistics pages (<hvabi/stats.h>), mapped once and read without asking hv.
 */
#ifndef METRICS_HV_STATS_H
#define METRICS_HV_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hvabi/stats.h>

struct hv_stats;

/* -ENOSYS: hv has none; -EPROTO: what it has makes no sense to us; or what the mapping says. */
int hv_stats_open(struct hv_stats **ret);
/* The same over memory of the caller's, for tests. */
int hv_stats_attach(const void *pages, size_t size, struct hv_stats **ret);
void hv_stats_close(struct hv_stats *s); /* NULL is fine */

/* How many records of each kind are worth looking at. */
uint32_t hv_stats_nr_cpus(const struct hv_stats *s);
uint32_t hv_stats_nr_domains(const struct hv_stats *s);
uint32_t hv_stats_nr_vcpus(const struct hv_stats *s);
const struct hvabi_stats_header *hv_stats_header(const struct hv_stats *s);

/* A copy of one record; false: nobody owns it, or it would not stand still. */
bool hv_stats_cpu(const struct hv_stats *s, uint32_t i, struct hvabi_stats_cpu *ret);
bool hv_stats_domain(const struct hv_stats *s, uint32_t i, struct hvabi_stats_domain *ret);
bool hv_stats_vcpu(const struct hv_stats *s, uint32_t i, struct hvabi_stats_vcpu *ret);

/* hv's time now, ns. */
uint64_t hv_stats_now(const struct hv_stats *s);

#endif
