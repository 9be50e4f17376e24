/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters that a back-end process writes and hvd reads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/stats.h"
#include "unit.h"

static char dir[] = "/tmp/hv-stats-XXXXXX";
static int fd = -1;

static void counters_arrive_and_outlive_their_process(void)
{
	struct backend_stats all;
	struct backend_disk_stats *disk;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	CU_ASSERT_EQUAL_FATAL(backend_stats_open(dir, "blk-1-xvda", true, &fd), 0);
	CU_ASSERT(!backend_stats_read(fd, &all)); /* nobody has written yet */
	backend_stats_map(dup(fd));
	disk = backend_stats_disk(51712);
	backend_stats_answered(disk, STATS_WRITE, 4096, backend_stats_now(), false);
	backend_stats_answered(disk, STATS_WRITE, 4096, backend_stats_now() - 5000, true);
	disk->in_flight = 3;
	CU_ASSERT_FATAL(backend_stats_read(fd, &all));
	CU_ASSERT_EQUAL(all.nr_slots, 1);
	CU_ASSERT(all.slots[0].kind == BACKEND_STATS_DISK && all.slots[0].id == 51712);
	CU_ASSERT_EQUAL(all.slots[0].u.disk.ops[STATS_WRITE].requests, 2);
	CU_ASSERT_EQUAL(all.slots[0].u.disk.ops[STATS_WRITE].errors, 1);
	CU_ASSERT_EQUAL(all.slots[0].u.disk.ops[STATS_WRITE].bytes, 4096);
	/* The next process maps the same file: it goes on counting, but nothing is in flight yet. */
	backend_stats_map(dup(fd));
	disk = backend_stats_disk(51712);
	CU_ASSERT_EQUAL(disk->ops[STATS_WRITE].requests, 2);
	CU_ASSERT_EQUAL(disk->in_flight, 0);
}

static void slots_are_given_back_and_run_out_quietly(void)
{
	struct backend_stats all;
	unsigned int i;

	backend_stats_drop(BACKEND_STATS_DISK, 51712);
	for (i = 0; i < BACKEND_STATS_SLOTS; i++)
		CU_ASSERT_PTR_NOT_NULL(backend_stats_net(i));
	CU_ASSERT_PTR_NOT_NULL(backend_stats_net(1000));
	CU_ASSERT(backend_stats_read(fd, &all));
	CU_ASSERT_EQUAL(all.nr_slots, BACKEND_STATS_SLOTS);
	backend_stats_drop(BACKEND_STATS_NET, 5);
	backend_stats_disk(77);
	CU_ASSERT(backend_stats_read(fd, &all));
	CU_ASSERT(all.slots[5].kind == BACKEND_STATS_DISK && all.slots[5].id == 77);
}

/* The process that writes it may be a guest's by now. */
static void hostile_file_is_no_statistics(void)
{
	struct backend_stats all;
	uint32_t huge = UINT32_MAX;

	CU_ASSERT_EQUAL(pwrite(fd, &huge, 4, offsetof(struct backend_stats, nr_slots)), 4);
	CU_ASSERT(backend_stats_read(fd, &all));
	CU_ASSERT_EQUAL(all.nr_slots, BACKEND_STATS_SLOTS);
	CU_ASSERT_EQUAL(pwrite(fd, &huge, 4, offsetof(struct backend_stats, slot_size)), 4);
	CU_ASSERT(!backend_stats_read(fd, &all));
	CU_ASSERT_EQUAL(ftruncate(fd, 100), 0);
	CU_ASSERT(!backend_stats_read(fd, &all));
	close(fd);
	backend_stats_remove(dir, "blk-1-xvda");
	CU_ASSERT_EQUAL(rmdir(dir), 0);
}

static void latency_falls_into_its_bucket(void)
{
	CU_ASSERT_EQUAL(backend_stats_bucket(0), 0);
	CU_ASSERT_EQUAL(backend_stats_bucket(4095), 0);
	CU_ASSERT_EQUAL(backend_stats_bucket(4096), 1);
	CU_ASSERT_EQUAL(backend_stats_bucket(UINT64_MAX), BACKEND_STATS_BUCKETS - 1);
}

UNIT_MAIN("backend_stats", UNIT_TEST(counters_arrive_and_outlive_their_process),
	  UNIT_TEST(slots_are_given_back_and_run_out_quietly), UNIT_TEST(hostile_file_is_no_statistics),
	  UNIT_TEST(latency_falls_into_its_bucket))
