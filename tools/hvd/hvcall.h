/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypercalls that hvd makes, as functions: our control hypercall (<hvabi/control.h> tells what
 * each operation does and when it fails) and the few of Xen's that build a domain.
 *
 * All return 0 or a negative errno. Arguments are copied through memory that is safe for
 * hypercalls, so callers may pass any pointer. A handle belongs to one process: after fork() the
 * child opens its own.
 */
#ifndef HVD_HVCALL_H
#define HVD_HVCALL_H

#include <stddef.h>
#include <stdint.h>

#include <hvabi/control.h>

struct hvcall;
struct hvm_memmap_table_entry;

int hvcall_open(struct hvcall **ret_hv);

/*
 * For the engine: a handle that has the privileged half make the calls. What only builders need, from
 * copying to the memory map, fails with -EPERM.
 */
void hvcall_open_forwarded(struct hvcall **ret_hv);

/*
 * For the privileged half: a control request as it came from the engine, whose operation may be had.
 * 'bulk' takes what it reads; '*bulk_size' is its room, and then its size.
 */
int hvcall_forward(struct hvcall *hv, struct hvabi_request *rq, void *bulk, size_t *bulk_size);
void hvcall_close(struct hvcall *hv);

int hvcall_host_info(struct hvcall *hv, struct hvabi_host_info *ret_info);

/* '*domid': the wanted id or 0; the id given on success. The new domain is empty and paused. */
int hvcall_domain_create(struct hvcall *hv, const struct hvabi_create *create, uint16_t *domid);
/* One bounded step: -EAGAIN wants another call, see HVABI_DOMAIN_DESTROY. */
int hvcall_domain_destroy(struct hvcall *hv, uint16_t domid);
int hvcall_domain_pause(struct hvcall *hv, uint16_t domid);
int hvcall_domain_unpause(struct hvcall *hv, uint16_t domid);
/* Of this domain alone: -ESRCH when it does not exist. */
int hvcall_domain_info(struct hvcall *hv, uint16_t domid, struct hvabi_info *ret_info);
/* Of the first domain with an id >= '*domid', which becomes its id; -ESRCH after the last. */
int hvcall_domain_next(struct hvcall *hv, uint16_t *domid, struct hvabi_info *ret_info);
int hvcall_domain_shutdown(struct hvcall *hv, uint16_t domid, uint32_t reason);

/* Any length: cut into calls. After an error the domain's memory is partly written. */
int hvcall_copy_to(struct hvcall *hv, uint16_t domid, uint64_t gpa, const void *src, size_t size);
int hvcall_copy_from(struct hvcall *hv, uint16_t domid, uint64_t gpa, void *dst, size_t size);

int hvcall_vcpu_entry(struct hvcall *hv, uint16_t domid, uint64_t entry, uint64_t start_info);
int hvcall_vcpu_info(struct hvcall *hv, uint16_t domid, uint32_t vcpu, struct hvabi_vcpu *ret_info);
/* One bounded step of HVABI_DIRTY_*: -EAGAIN wants another call. '*ret_pages' is COUNT's alone. */
int hvcall_dirty(struct hvcall *hv, uint16_t domid, uint32_t action, uint64_t *ret_pages);
int hvcall_sched_set(struct hvcall *hv, uint16_t domid, const struct hvabi_sched *sched);
int hvcall_sched_get(struct hvcall *hv, uint16_t domid, uint32_t vcpu, struct hvabi_sched *ret_sched);

/*
 * hv's log from byte '*position' on, at most 'size' bytes: '*ret_size' of them, 0 at the end.
 * '*position' becomes the number of the first byte delivered.
 */
int hvcall_log_read(struct hvcall *hv, uint64_t *position, void *buffer, size_t size,
		    size_t *ret_size);

/*
 * Gives the domain memory for 'nr_extents' extents of 2^order frames each, the first at 'gfn', one
 * after another. '*ret_done' is how many there are now, also after an error (-ENOMEM).
 */
int hvcall_populate(struct hvcall *hv, uint16_t domid, uint64_t gfn, unsigned long nr_extents,
		    unsigned int order, unsigned long *ret_done);

/* What the domain hears when it asks for its memory map. */
int hvcall_memory_map_set(struct hvcall *hv, uint16_t domid,
			  const struct hvm_memmap_table_entry *map, unsigned int nr);

int hvcall_hvm_param_set(struct hvcall *hv, uint16_t domid, uint32_t index, uint64_t value);
int hvcall_hvm_param_get(struct hvcall *hv, uint16_t domid, uint32_t index, uint64_t *ret_value);

/* A port of 'domid' that 'remote_domid' may bind to. */
int hvcall_evtchn_alloc_unbound(struct hvcall *hv, uint16_t domid, uint16_t remote_domid,
				uint32_t *ret_port);

#endif
