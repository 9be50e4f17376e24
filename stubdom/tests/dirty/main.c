/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of which is known how many pages it writes, for 'hvctl dirtyrate' to find out: by its command
 * line "writes", 1,000 pages over and over, from two vCPUs, half of the pages from both of them; three
 * times as many are only read. By "idle" nothing at all.
 */
#include "rt.h"
#include "str.h"

#include <xen/sched.h>

/* Free memory in a guest of 64 MiB: the program is below, boot data are above. */
#define AREA 0x1000000ul
#define PAGE 4096ul
#define NR_WRITTEN 1000u
#define STRIDE 4u /* one of so many is written */

static volatile uint32_t rounds[2];

static void read_and_write(unsigned int from, unsigned int to, unsigned int cpu)
{
	unsigned int i;

	for (i = from * STRIDE; i < to * STRIDE; i++) {
		volatile uint64_t *p = (volatile uint64_t *)(AREA + i * PAGE);

		if (i % STRIDE)
			(void)p[cpu];
		else
			p[cpu]++;
	}
}

static void go_on(unsigned int from, unsigned int to, unsigned int cpu)
{
	for (;;) {
		read_and_write(from, to, cpu);
		rounds[cpu]++;
		rt_hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
	}
}

static void second(void)
{
	go_on(NR_WRITTEN / 4, NR_WRITTEN, 1);
}

void rt_main(void)
{
	if (str_same(rt_command_line(), "idle")) {
		rt_printf("idle\n");
		for (;;)
			rt_wait();
	}
	rt_cpu_start(1, second);
	rt_wait_for(&rounds[1], 1);
	rt_printf("writing\n");
	go_on(0, NR_WRITTEN * 3 / 4, 0);
}
