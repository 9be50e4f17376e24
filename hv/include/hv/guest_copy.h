/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only way into and out of guest memory. Addresses of guests are linear addresses of the vCPU
 * that runs on this CPU (walked through its page tables, user pages included, as SMAP with AC=1
 * would), or guest-physical addresses of any domain. Every access is bounded to RAM of the domain
 * or what it has mapped by grant or foreign mapping; device memory is never touched.
 *
 * All return 0 or -EFAULT, after which a part may have been copied. No lock is held on return.
 */
#ifndef HV_GUEST_COPY_H
#define HV_GUEST_COPY_H

#include <hv/compiler.h>
#include <hv/types.h>

struct domain;
struct vcpu;

int copy_from_guest(void *dst, uint64_t linear, size_t size) __must_check;
int copy_to_guest(uint64_t linear, const void *src, size_t size) __must_check;
int clear_guest(uint64_t linear, size_t size) __must_check;

int copy_from_gpa(struct domain *d, void *dst, uint64_t gpa, size_t size) __must_check;
int copy_to_gpa(struct domain *d, uint64_t gpa, const void *src, size_t size) __must_check;

/* Linear to guest-physical through v's current page tables; 'write' asks for a writable page. */
int guest_translate(struct vcpu *v, uint64_t linear, bool write, uint64_t *ret_gpa) __must_check;

/*
 * Keeps a page of d's own RAM at hand: takes a reference, 'ret_ptr' is valid until guest_page_put.
 * The guest may write it at any time: READ_ONCE. -EINVAL: not RAM of d, or not writable.
 */
int guest_page_get(struct domain *d, gfn_t gfn, void **ret_ptr) __must_check;
void guest_page_put(void *ptr);

#endif
