/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting in a back-end process: see stats.h.
 */
#include "backend/stats.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"

/* For a device that finds no slot, and until hvd has sent the file. */
static struct backend_stats in_private;
static struct backend_stats_slot spare;
static struct backend_stats *stats = &in_private;

void backend_stats_map(int fd)
{
	struct backend_stats *map;
	struct stat st;

	if (fstat(fd, &st) || (size_t)st.st_size < sizeof(*map)) {
		log_warning("hvd's file for statistics is too small");
		close(fd);
		return;
	}
	map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED) {
		log_warning("cannot map hvd's file for statistics");
		return;
	}
	if (map->magic != BACKEND_STATS_MAGIC || map->version != BACKEND_STATS_VERSION ||
	    map->nr_slots > BACKEND_STATS_SLOTS) {
		memset(map, 0, sizeof(*map));
		map->version = BACKEND_STATS_VERSION;
		map->slot_size = sizeof(map->slots[0]);
		map->magic = BACKEND_STATS_MAGIC;
	}
	stats = map;
}

static struct backend_stats_slot *find_slot(enum backend_stats_kind kind, unsigned int id)
{
	struct backend_stats_slot *slot, *empty = NULL;

	for (slot = stats->slots; slot < stats->slots + BACKEND_STATS_SLOTS; slot++) {
		if (slot->kind == (uint32_t)kind && slot->id == id)
			return slot;
		if (slot->kind == BACKEND_STATS_NONE && !empty)
			empty = slot;
	}
	if (!empty)
		return &spare;
	memset(empty, 0, sizeof(*empty));
	empty->id = id;
	__atomic_store_n(&empty->kind, (uint32_t)kind, __ATOMIC_RELEASE);
	if ((uint32_t)(empty - stats->slots) >= stats->nr_slots)
		stats->nr_slots = (uint32_t)(empty - stats->slots) + 1;
	return empty;
}

struct backend_disk_stats *backend_stats_disk(unsigned int id)
{
	struct backend_disk_stats *s = &find_slot(BACKEND_STATS_DISK, id)->u.disk;

	/* What the process before had in flight is taken up anew and counted then. */
	s->in_flight = 0;
	s->queue_depth = 0;
	s->stalled = 0;
	s->stopped = 0;
	s->rbd_locked = 0;
	return s;
}

struct backend_net_stats *backend_stats_net(unsigned int id)
{
	struct backend_net_stats *s = &find_slot(BACKEND_STATS_NET, id)->u.net;

	s->connected = 0;
	return s;
}

void backend_stats_drop(enum backend_stats_kind kind, unsigned int id)
{
	struct backend_stats_slot *slot;

	for (slot = stats->slots; slot < stats->slots + BACKEND_STATS_SLOTS; slot++)
		if (slot->kind == (uint32_t)kind && slot->id == id)
			__atomic_store_n(&slot->kind, BACKEND_STATS_NONE, __ATOMIC_RELEASE);
}

uint64_t backend_stats_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void backend_stats_answered(struct backend_disk_stats *s, enum backend_stats_op op, uint64_t bytes,
			    uint64_t since_ns, bool failed)
{
	struct backend_op_stats *o = &s->ops[op];
	uint64_t now = backend_stats_now(), ns = now > since_ns ? now - since_ns : 0;

	backend_stats_add(&o->requests, 1);
	backend_stats_add(failed ? &o->errors : &o->bytes, failed ? 1 : bytes);
	backend_stats_add(&o->ns, ns);
	backend_stats_add(&o->latency[backend_stats_bucket(ns)], 1);
}
