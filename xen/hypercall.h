/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hypercall under way, and the handlers. A handler returns 0 or a positive result, a negative
 * errno, or -ERESTART: its progress is in args[], the guest executes the instruction again after
 * interrupts had their turn.
 */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include <hv/compiler.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/types.h>
#include <hv/vcpu.h>

#include "abi_state.h"

struct hypercall {
	struct vcpu *v;	  /* the caller */
	struct domain *d; /* its domain */
	uint64_t args[5];
	bool is_64bit; /* the caller's mode: which structure layouts it uses */
};

/* After so many items a loop over a guest's list gives interrupts their turn. */
#define HYPERCALL_BATCH 32u

/*
 * Runs 'one' on each element of the caller's array (address in args[1], count in args[2]) until one
 * gives an error; 'at' is the element's address. Progress stays in args[].
 */
int64_t hypercall_batch(struct hypercall *c, size_t size,
			int (*one)(struct hypercall *c, uint64_t at));

int64_t hypercall_dispatch(struct hypercall *c, uint64_t number);

int64_t hypercall_memory_op(struct hypercall *c);
int64_t hypercall_set_timer_op(struct hypercall *c);
int64_t hypercall_xen_version(struct hypercall *c);
int64_t hypercall_console_io(struct hypercall *c);
int64_t hypercall_grant_table_op(struct hypercall *c);
int64_t hypercall_vm_assist(struct hypercall *c);
int64_t hypercall_vcpu_op(struct hypercall *c);
int64_t hypercall_sched_op(struct hypercall *c);
int64_t hypercall_event_channel_op(struct hypercall *c);
int64_t hypercall_physdev_op(struct hypercall *c);
int64_t hypercall_hvm_op(struct hypercall *c);
int64_t hypercall_platform_op(struct hypercall *c);
int64_t hypercall_control(struct hypercall *c);

/* xen/arch/x86: registers to arguments and back. */
void arch_hypercall(struct vcpu *v);

/* The structure that a pointer argument leads to. -EFAULT. */
#define hypercall_read(ptr_arg, local)	copy_from_guest(&(local), (ptr_arg), sizeof(local))
#define hypercall_write(ptr_arg, local) copy_to_guest((ptr_arg), &(local), sizeof(local))

#define GUEST_PTR(handle) ((uint64_t)(uintptr_t)(handle).p)

#endif
