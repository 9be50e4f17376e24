/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small host for tests of xen/: the real files of the guest ABI over real frames, domains and
 * timers on the fake architecture. Guests have no page tables (a linear address is a
 * guest-physical one), and their vCPUs do not run: the test issues their hypercalls.
 */
#ifndef TESTS_ABI_WORLD_H
#define TESTS_ABI_WORLD_H

#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/physmap.h>
#include <hv/vcpu.h>

#include <xen/xen.h>

#include "hypercall.h"

/* Where the test's arguments are put in each guest's memory, and how much RAM it has. */
#define WORLD_ARGS	 0x1000ul
#define WORLD_RAM_FRAMES 64u

/* Once per program: a machine with the control domain in it. */
void world_start(void);
/* A guest with nr_vcpus vCPUs and WORLD_RAM_FRAMES of RAM from gfn 0. */
struct domain *world_guest(uint32_t nr_vcpus);
/* Destroys it to the end; false: it is still there (somebody holds a frame of it). */
bool world_destroy(struct domain *d);
uint64_t world_free_frames(void);

/* Who issues hypercalls from now on. */
void world_run(struct vcpu *v);
/* One hypercall of the running vCPU; -ERESTART is continued until the end. */
int64_t world_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c);
/* The same with a structure that is copied to WORLD_ARGS before and from there after. */
int64_t world_call_with(uint64_t number, uint64_t cmd, void *arg, size_t size);
#define CALL_WITH(number, cmd, op) world_call_with((number), (cmd), &(op), sizeof(op))
extern bool world_is_64bit; /* the callers' mode: true unless a test says otherwise */

/* Memory of a guest, as the guest sees it. NULL: nothing there. */
void *world_ptr(struct domain *d, uint64_t gpa);

/* The n-th allocation from now on fails (1: the next); 0: none. */
extern unsigned int world_fail_alloc;

/* How often v was kicked; did it block in the last call? */
uint32_t world_kicks(struct vcpu *v);
extern bool world_blocked;

#endif
