/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spin locks. hv takes interrupts at two places only (right after a guest's exit and in the idle
 * loop), so a lock holder is never interrupted and no variant that disables interrupts is needed.
 * Fair (ticket): guests can make CPUs contend, and none may starve. docs/locking.md has the order.
 */
#ifndef HV_SPINLOCK_H
#define HV_SPINLOCK_H

#include <hv/compiler.h>
#include <hv/types.h>

struct spinlock {
	uint32_t next;	/* ticket for who comes */
	uint32_t owner; /* ticket now served */
};

#define SPINLOCK_INIT { 0, 0 }

static inline void spin_init(struct spinlock *l)
{
	l->next = 0;
	l->owner = 0;
}

static inline void spin_lock(struct spinlock *l)
{
	uint32_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		__builtin_ia32_pause();
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}

static inline bool spin_is_locked(struct spinlock *l)
{
	return __atomic_load_n(&l->next, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&l->owner, __ATOMIC_RELAXED);
}

#endif
