/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the compiler offers, under the names that the field uses. */
#ifndef HV_COMPILER_H
#define HV_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define noreturn _Noreturn
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define __must_check __attribute__((warn_unused_result))
#define __unused __attribute__((unused))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ROUND_UP(x, align) (((x) + (align) - 1) & ~((align) - 1))
#define ROUND_DOWN(x, align) ((x) & ~((align) - 1))
#define DIV_ROUND_UP(x, n) (((x) + (n) - 1) / (n))
#define BIT(n) (1ull << (n))

/*
 * Memory that somebody else may write at the same time (another CPU, a guest) is read and written
 * exactly once, never torn or repeated by the compiler.
 */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile __typeof__(x) *)&(x) = (val))

#define barrier() __asm__ __volatile__("" ::: "memory")
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

/*
 * 'index' when it is below 'limit', else 0, computed without a branch: after a range check this
 * keeps the CPU from using a guest's wild index speculatively.
 */
static inline uint64_t index_nospec(uint64_t index, uint64_t limit)
{
	uint64_t mask = (uint64_t)((int64_t)(~(index | (limit - 1 - index))) >> 63);

	__asm__("" : "+r"(mask)); /* the compiler must not turn this back into a branch */
	return index & mask;
}

#endif
