/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls through libxencall; the contract is in hvcall.h.
 *
 * Memory that a hypercall reads must stay where it is: libxencall gives pages that do. A handle has
 * one page for the arguments and one larger buffer for bulk data, and every call copies in and out.
 */
/* Xen's headers give whoever does not ask for a version the numbers of 2005. */
#define __XEN_INTERFACE_VERSION__ 0x00040e00

#include "hvcall.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/xen.h>
#include <xencall.h>

#include "lib/xmem.h"
#include "priv/priv.h"

#define PAGE_SIZE 4096u
#define BULK_PAGES 256u
#define BULK_SIZE (BULK_PAGES * PAGE_SIZE)
#define LOG_FORWARDED_MAX (32u << 10) /* of one packet (priv/wire.h) */
#define POPULATE_BATCH (BULK_SIZE / sizeof(xen_pfn_t))
/*
 * hv clears what it gives out, and the kernel does not switch tasks during a hypercall: between
 * two calls others get the processor.
 */
#define POPULATE_FRAMES 8192u

/* A firmware's memory map entry, as the guest gets it; no header has it. */
struct e820_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type; /* XEN_HVM_MEMMAP_TYPE_* */
} __attribute__((packed));

struct hvcall {
	xencall_handle *xencall; /* NULL: the privileged half makes the calls */
	void *args; /* one page */
	void *bulk; /* BULK_SIZE bytes */
	bool forwarded;
};

int hvcall_open(struct hvcall **ret_hv)
{
	struct hvcall *hv = xcalloc(1, sizeof(*hv));
	int err;

	hv->xencall = xencall_open(NULL, 0);
	if (!hv->xencall)
		goto fail;
	hv->args = xencall_alloc_buffer_pages(hv->xencall, 1);
	if (!hv->args)
		goto fail;
	hv->bulk = xencall_alloc_buffer_pages(hv->xencall, BULK_PAGES);
	if (!hv->bulk)
		goto fail;
	*ret_hv = hv;
	return 0;

fail:
	err = errno ? -errno : -EIO;
	hvcall_close(hv);
	return err;
}

void hvcall_open_forwarded(struct hvcall **ret_hv)
{
	struct hvcall *hv = xcalloc(1, sizeof(*hv));

	hv->args = xcalloc(1, PAGE_SIZE);
	hv->bulk = xmalloc(BULK_SIZE);
	hv->forwarded = true;
	*ret_hv = hv;
}

void hvcall_close(struct hvcall *hv)
{
	if (!hv)
		return;
	if (hv->forwarded) {
		free(hv->args);
		free(hv->bulk);
		free(hv);
		return;
	}
	if (hv->bulk)
		xencall_free_buffer_pages(hv->xencall, hv->bulk, BULK_PAGES);
	if (hv->args)
		xencall_free_buffer_pages(hv->xencall, hv->args, 1);
	if (hv->xencall)
		xencall_close(hv->xencall);
	free(hv);
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* xencall's -1 and errno become a negative errno; results above 0 stay. */
static int result(int rc)
{
	if (rc >= 0)
		return rc;
	return errno ? -errno : -EIO;
}

/* ---- The control hypercall ---- */

/* A clean request in the argument page. */
static struct hvabi_request *request(struct hvcall *hv, enum hvabi_op op, uint16_t domid)
{
	struct hvabi_request *rq = hv->args;

	memset(rq, 0, sizeof(*rq));
	rq->op = op;
	rq->size = sizeof(*rq);
	rq->domid = domid;
	return rq;
}

static int control(struct hvcall *hv)
{
	size_t n = BULK_SIZE;

	if (hv->forwarded)
		return priv_control(hv->args, hv->bulk, &n);
	return result(xencall1(hv->xencall, HVABI_CONTROL_HYPERCALL, address(hv->args)));
}

int hvcall_forward(struct hvcall *hv, struct hvabi_request *rq, void *bulk, size_t *bulk_size)
{
	struct hvabi_request *ours = hv->args;
	bool reads = rq->op == HVABI_LOG_READ;
	int err;

	*ours = *rq;
	if (reads) {
		ours->u.log.buffer = address(hv->bulk);
		if (ours->u.log.size_bytes > *bulk_size)
			ours->u.log.size_bytes = *bulk_size;
	}
	err = control(hv);
	*rq = *ours;
	if (err || !reads) {
		*bulk_size = 0;
		return err;
	}
	if (rq->u.log.size_bytes < *bulk_size)
		*bulk_size = rq->u.log.size_bytes;
	memcpy(bulk, hv->bulk, *bulk_size);
	return 0;
}

int hvcall_host_info(struct hvcall *hv, struct hvabi_host_info *ret_info)
{
	struct hvabi_request *rq = request(hv, HVABI_HOST_INFO, 0);
	int err = control(hv);

	if (err)
		return err;
	*ret_info = rq->u.host_info;
	ret_info->virt[sizeof(ret_info->virt) - 1] = '\0';
	ret_info->cpu_model[sizeof(ret_info->cpu_model) - 1] = '\0';
	ret_info->scheduler[sizeof(ret_info->scheduler) - 1] = '\0';
	return 0;
}

int hvcall_domain_create(struct hvcall *hv, const struct hvabi_create *create, uint16_t *domid)
{
	struct hvabi_request *rq = request(hv, HVABI_DOMAIN_CREATE, *domid);
	int err;

	rq->u.create = *create;
	err = control(hv);
	if (!err)
		*domid = rq->domid;
	return err;
}

int hvcall_domain_destroy(struct hvcall *hv, uint16_t domid)
{
	request(hv, HVABI_DOMAIN_DESTROY, domid);
	return control(hv);
}

int hvcall_domain_pause(struct hvcall *hv, uint16_t domid)
{
	request(hv, HVABI_DOMAIN_PAUSE, domid);
	return control(hv);
}

int hvcall_domain_unpause(struct hvcall *hv, uint16_t domid)
{
	request(hv, HVABI_DOMAIN_UNPAUSE, domid);
	return control(hv);
}

int hvcall_domain_next(struct hvcall *hv, uint16_t *domid, struct hvabi_info *ret_info)
{
	struct hvabi_request *rq = request(hv, HVABI_DOMAIN_INFO, *domid);
	int err = control(hv);

	if (err)
		return err == -ENOENT ? -ESRCH : err;
	*domid = rq->domid;
	*ret_info = rq->u.info;
	ret_info->crash_reason[sizeof(ret_info->crash_reason) - 1] = '\0';
	return 0;
}

int hvcall_domain_info(struct hvcall *hv, uint16_t domid, struct hvabi_info *ret_info)
{
	struct hvabi_info info;
	uint16_t found = domid;
	int err = hvcall_domain_next(hv, &found, &info);

	if (err)
		return err;
	if (found != domid)
		return -ESRCH;
	*ret_info = info;
	return 0;
}

int hvcall_domain_shutdown(struct hvcall *hv, uint16_t domid, uint32_t reason)
{
	struct hvabi_request *rq = request(hv, HVABI_SHUTDOWN, domid);

	rq->u.shutdown.reason = reason;
	return control(hv);
}

static struct hvabi_request *copy_request(struct hvcall *hv, enum hvabi_op op, uint16_t domid,
					  uint64_t gpa, size_t size)
{
	struct hvabi_request *rq = request(hv, op, domid);

	rq->u.copy.gpa = gpa;
	rq->u.copy.buffer = address(hv->bulk);
	rq->u.copy.size_bytes = size;
	return rq;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

int hvcall_copy_to(struct hvcall *hv, uint16_t domid, uint64_t gpa, const void *src, size_t size)
{
	const uint8_t *from = src;

	if (hv->forwarded)
		return -EPERM;
	while (size) {
		size_t n = smaller(size, BULK_SIZE);
		int err;

		memcpy(hv->bulk, from, n);
		copy_request(hv, HVABI_COPY_TO, domid, gpa, n);
		err = control(hv);
		if (err)
			return err;
		from += n;
		gpa += n;
		size -= n;
	}
	return 0;
}

int hvcall_copy_from(struct hvcall *hv, uint16_t domid, uint64_t gpa, void *dst, size_t size)
{
	uint8_t *to = dst;

	if (hv->forwarded)
		return -EPERM;
	while (size) {
		size_t n = smaller(size, BULK_SIZE);
		int err;

		copy_request(hv, HVABI_COPY_FROM, domid, gpa, n);
		err = control(hv);
		if (err)
			return err;
		memcpy(to, hv->bulk, n);
		to += n;
		gpa += n;
		size -= n;
	}
	return 0;
}

int hvcall_vcpu_entry(struct hvcall *hv, uint16_t domid, uint64_t entry, uint64_t start_info)
{
	struct hvabi_request *rq = request(hv, HVABI_VCPU_ENTRY, domid);

	rq->u.entry.entry = entry;
	rq->u.entry.start_info = start_info;
	return control(hv);
}

int hvcall_vcpu_info(struct hvcall *hv, uint16_t domid, uint32_t vcpu, struct hvabi_vcpu *ret_info)
{
	struct hvabi_request *rq = request(hv, HVABI_VCPU_INFO, domid);
	int err;

	rq->u.vcpu.vcpu = vcpu;
	err = control(hv);
	if (!err)
		*ret_info = rq->u.vcpu;
	return err;
}

int hvcall_dirty(struct hvcall *hv, uint16_t domid, uint32_t action, uint64_t *ret_pages)
{
	struct hvabi_request *rq = request(hv, HVABI_DIRTY, domid);
	int err;

	rq->u.dirty.action = action;
	err = control(hv);
	if (!err && action == HVABI_DIRTY_COUNT)
		*ret_pages = rq->u.dirty.pages;
	return err;
}

int hvcall_sched_set(struct hvcall *hv, uint16_t domid, const struct hvabi_sched *sched)
{
	struct hvabi_request *rq = request(hv, HVABI_SCHED_SET, domid);

	rq->u.sched = *sched;
	return control(hv);
}

int hvcall_sched_get(struct hvcall *hv, uint16_t domid, uint32_t vcpu, struct hvabi_sched *ret_sched)
{
	struct hvabi_request *rq = request(hv, HVABI_SCHED_GET, domid);
	int err;

	rq->u.sched.vcpu = vcpu;
	err = control(hv);
	if (!err)
		*ret_sched = rq->u.sched;
	return err;
}

int hvcall_log_read(struct hvcall *hv, uint64_t *position, void *buffer, size_t size,
		    size_t *ret_size)
{
	struct hvabi_request *rq = request(hv, HVABI_LOG_READ, 0);
	size_t n = smaller(size, hv->forwarded ? LOG_FORWARDED_MAX : BULK_SIZE);
	int err;

	rq->u.log.position = *position;
	rq->u.log.buffer = address(hv->bulk);
	rq->u.log.size_bytes = n;
	err = control(hv);
	if (err)
		return err;
	n = smaller(n, rq->u.log.size_bytes);
	memcpy(buffer, hv->bulk, n);
	*position = rq->u.log.position;
	*ret_size = n;
	return 0;
}

/* ---- Xen's own ---- */

int hvcall_populate(struct hvcall *hv, uint16_t domid, uint64_t gfn, unsigned long nr_extents,
		    unsigned int order, unsigned long *ret_done)
{
	xen_memory_reservation_t *res = hv->args;
	xen_pfn_t *extents = hv->bulk;
	unsigned long done = 0;

	*ret_done = 0;
	if (hv->forwarded)
		return -EPERM;
	while (done < nr_extents) {
		unsigned long n = smaller(nr_extents - done, POPULATE_BATCH);
		int rc;

		n = smaller(n, order < 13 ? POPULATE_FRAMES >> order : 1);
		for (unsigned long i = 0; i < n; i++)
			extents[i] = gfn + ((done + i) << order);
		memset(res, 0, sizeof(*res));
		set_xen_guest_handle(res->extent_start, extents);
		res->nr_extents = n;
		res->extent_order = order;
		res->domid = domid;
		rc = result(xencall2(hv->xencall, __HYPERVISOR_memory_op, XENMEM_populate_physmap,
				     address(res)));
		/* 1 GiB is made in several calls, between which others get the processor. */
		if (rc == -EAGAIN)
			continue;
		/* The result counts the extents that were made, from the first on. */
		if (rc <= 0) {
			*ret_done = done;
			return rc < 0 ? rc : -ENOMEM;
		}
		done += (unsigned long)rc;
	}
	*ret_done = done;
	return 0;
}

int hvcall_memory_map_set(struct hvcall *hv, uint16_t domid,
			  const struct hvm_memmap_table_entry *map, unsigned int nr)
{
	struct xen_foreign_memory_map *op = hv->args;
	struct e820_entry *entries = hv->bulk;

	if (hv->forwarded)
		return -EPERM;
	if (nr > BULK_SIZE / sizeof(*entries))
		return -E2BIG;
	for (unsigned int i = 0; i < nr; i++)
		entries[i] = (struct e820_entry){
			.addr = map[i].addr,
			.size = map[i].size,
			.type = map[i].type,
		};
	memset(op, 0, sizeof(*op));
	op->domid = domid;
	op->map.nr_entries = nr;
	set_xen_guest_handle(op->map.buffer, entries);
	return result(xencall2(hv->xencall, __HYPERVISOR_memory_op, XENMEM_set_memory_map,
			       address(op)));
}

static int hvm_param(struct hvcall *hv, unsigned int op, uint16_t domid, uint32_t index,
		     uint64_t *value)
{
	struct xen_hvm_param *param = hv->args;
	int err;

	if (hv->forwarded)
		return op == HVMOP_set_param ? priv_param_set(domid, index, *value) : -EPERM;
	memset(param, 0, sizeof(*param));
	param->domid = domid;
	param->index = index;
	param->value = *value;
	err = result(xencall2(hv->xencall, __HYPERVISOR_hvm_op, op, address(param)));
	if (!err)
		*value = param->value;
	return err;
}

int hvcall_hvm_param_set(struct hvcall *hv, uint16_t domid, uint32_t index, uint64_t value)
{
	return hvm_param(hv, HVMOP_set_param, domid, index, &value);
}

int hvcall_hvm_param_get(struct hvcall *hv, uint16_t domid, uint32_t index, uint64_t *ret_value)
{
	uint64_t value = 0;
	int err = hvm_param(hv, HVMOP_get_param, domid, index, &value);

	if (!err)
		*ret_value = value;
	return err;
}

int hvcall_evtchn_alloc_unbound(struct hvcall *hv, uint16_t domid, uint16_t remote_domid,
				uint32_t *ret_port)
{
	struct evtchn_alloc_unbound *alloc = hv->args;
	int err;

	if (hv->forwarded)
		return priv_alloc_unbound(domid, remote_domid, ret_port);
	memset(alloc, 0, sizeof(*alloc));
	alloc->dom = domid;
	alloc->remote_dom = remote_domid;
	err = result(xencall2(hv->xencall, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
			      address(alloc)));
	if (!err)
		*ret_port = alloc->port;
	return err;
}
