/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_op: the calls in the form that both layouts (64-bit: memory_op.c, 32-bit:
 * memory_op_32.c) are turned into.
 */
#ifndef XEN_MEMORY_OP_H
#define XEN_MEMORY_OP_H

#include <hv/compiler.h>
#include <hv/types.h>

struct domain;
struct hypercall;

/* The lower bits of the first argument are the call, the upper ones how many items are done. */
#define MEMOP_SHIFT 6
#define MEMOP_MASK  ((1u << MEMOP_SHIFT) - 1)

struct memory_add {
	domid_t domid;
	uint32_t space;
	uint64_t idx, gpfn;
};
int memory_add_to_physmap(struct hypercall *c, const struct memory_add *op);
int memory_remove_from_physmap(struct hypercall *c, domid_t domid, uint64_t gpfn);

/* nr: in: entries that fit at 'buffer', out: how many were stored. */
int memory_get_map(struct hypercall *c, uint64_t buffer, uint32_t *nr);
int memory_set_map(struct hypercall *c, domid_t domid, uint64_t buffer, uint32_t nr);

int64_t memory_reservation_info(struct hypercall *c, uint32_t cmd, domid_t domid);

int64_t hypercall_memory_op_32(struct hypercall *c);

/* memory_reservation.c: 64-bit callers only */
int64_t memory_populate(struct hypercall *c);
int64_t memory_decrease(struct hypercall *c);

/* memory_foreign.c */
int64_t memory_add_batch(struct hypercall *c);
int64_t memory_acquire_resource(struct hypercall *c);
/* hv's pages of d that others have mapped: they are taken out there. */
void memory_resources_revoke(struct domain *d);

#endif
