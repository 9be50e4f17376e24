/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Basic types. Numbers that must not be mixed are types of their own: a gfn_t counts 4 KiB frames
 * of a guest, an mfn_t those of the machine. Addresses are plain integers (paddr_t for the
 * machine's, 'gpa' for a guest's), because page-table and ACPI code does little else than
 * arithmetic on them. hv runs identity-mapped: a machine address is also a pointer.
 */
#ifndef HV_TYPES_H
#define HV_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; /* machine address, bytes */
typedef uint16_t domid_t; /* 0: the control domain; below DOMID_LIMIT a domain */

#define DOMID_LIMIT 0x7ff0u /* first id with a special meaning, as in Xen's ABI */
#define DOMID_NONE 0xffffu

typedef struct {
	uint64_t n;
} gfn_t;

typedef struct {
	uint64_t n;
} mfn_t;

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PAGE_MASK (~(PAGE_SIZE - 1))

static inline gfn_t gfn_from(uint64_t n)
{
	return (gfn_t){ n };
}

static inline mfn_t mfn_from(uint64_t n)
{
	return (mfn_t){ n };
}

static inline gfn_t gfn_add(gfn_t gfn, uint64_t n)
{
	return (gfn_t){ gfn.n + n };
}

static inline mfn_t mfn_add(mfn_t mfn, uint64_t n)
{
	return (mfn_t){ mfn.n + n };
}

static inline gfn_t gpa_to_gfn(uint64_t gpa)
{
	return (gfn_t){ gpa >> PAGE_SHIFT };
}

static inline uint64_t gfn_to_gpa(gfn_t gfn)
{
	return gfn.n << PAGE_SHIFT;
}

static inline mfn_t paddr_to_mfn(paddr_t a)
{
	return (mfn_t){ a >> PAGE_SHIFT };
}

static inline paddr_t mfn_to_paddr(mfn_t mfn)
{
	return mfn.n << PAGE_SHIFT;
}

/* Only for RAM: hv maps all of it, device memory only where it asked for (arch_map_device). */
static inline void *mfn_to_ptr(mfn_t mfn)
{
	return (void *)(uintptr_t)mfn_to_paddr(mfn);
}

static inline void *paddr_to_ptr(paddr_t a)
{
	return (void *)(uintptr_t)a;
}

static inline mfn_t ptr_to_mfn(const void *p)
{
	return paddr_to_mfn((paddr_t)(uintptr_t)p);
}

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull

#endif
