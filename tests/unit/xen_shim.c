/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See xen_shim.h. Ports are slots of one table: slot i is the local port i + 1. A pending port is
 * a number in a pipe, so that the loop under test can poll it. Like the device, it is shown once
 * until it is unmasked.
 */
#include "xen_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenevtchn.h>

#include "guest_page.h"

#define NR_SLOTS 64

struct xenevtchn_handle {
	int pipe[2];
};

static struct slot {
	bool bound, masked, pending;
	uint32_t domid, guest_port;
	unsigned int notified;
} slots[NR_SLOTS];
static xenevtchn_handle *open_handle;

static struct page {
	uint16_t domid;
	uint32_t loan;
	void *bytes;
	bool mapped;
} pages[NR_SLOTS];

int shim_fail_after = -1;

static bool fails(void)
{
	if (shim_fail_after < 0)
		return false;
	errno = EINVAL;
	return shim_fail_after-- == 0;
}

/* ---- event channels ---- */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	xenevtchn_handle *h;

	(void)logger;
	(void)flags;
	if (fails())
		return NULL;
	h = calloc(1, sizeof(*h));
	if (pipe2(h->pipe, O_CLOEXEC | O_NONBLOCK))
		abort();
	open_handle = h;
	return h;
}

int xenevtchn_close(xenevtchn_handle *h)
{
	close(h->pipe[0]);
	close(h->pipe[1]);
	free(h);
	open_handle = NULL;
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *h)
{
	return h->pipe[0];
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *h, uint32_t domid,
						     evtchn_port_t remote_port)
{
	int i;

	(void)h;
	if (fails())
		return -1;
	for (i = 0; i < NR_SLOTS; i++) {
		if (!slots[i].bound) {
			slots[i] = (struct slot){ .bound = true,
						  .domid = domid,
						  .guest_port = remote_port };
			return i + 1;
		}
	}
	errno = ENOSPC;
	return -1;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *h, unsigned int virq)
{
	return xenevtchn_bind_interdomain(h, UINT32_MAX, virq);
}

int xenevtchn_unbind(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	slots[port - 1].bound = false;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	slots[port - 1].notified++;
	return 0;
}

static void show(struct slot *s)
{
	uint32_t port = (uint32_t)(s - slots) + 1;

	s->pending = false;
	s->masked = true;
	if (write(open_handle->pipe[1], &port, sizeof(port)) != sizeof(port))
		abort();
}

int xenevtchn_unmask(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	slots[port - 1].masked = false;
	if (slots[port - 1].pending)
		show(&slots[port - 1]);
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *h)
{
	uint32_t port;

	return read(h->pipe[0], &port, sizeof(port)) == sizeof(port) ? (int)port : -1;
}

static struct slot *find_slot(uint32_t domid, uint32_t guest_port)
{
	int i;

	for (i = 0; i < NR_SLOTS; i++) {
		if (slots[i].bound && slots[i].domid == domid && slots[i].guest_port == guest_port)
			return &slots[i];
	}
	return NULL;
}

void shim_guest_notify(uint32_t domid, uint32_t guest_port)
{
	struct slot *s = find_slot(domid, guest_port);

	if (!s)
		return;
	s->pending = true;
	if (!s->masked)
		show(s);
}

unsigned int shim_guest_notified(uint32_t domid, uint32_t guest_port)
{
	struct slot *s = find_slot(domid, guest_port);
	unsigned int n = s ? s->notified : 0;

	if (s)
		s->notified = 0;
	return n;
}

bool shim_guest_port_is_bound(uint32_t domid, uint32_t guest_port)
{
	return find_slot(domid, guest_port) != NULL;
}

/* ---- pages ---- */

static struct page *find_page(uint16_t domid, uint32_t loan)
{
	struct page *p;

	for (p = pages; p->bytes; p++) {
		if (p->domid == domid && p->loan == loan)
			return p;
	}
	p->domid = domid;
	p->loan = loan;
	p->bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->bytes == MAP_FAILED)
		abort();
	return p;
}

void *shim_page(uint16_t domid, uint32_t loan)
{
	return find_page(domid, loan)->bytes;
}

bool shim_page_is_mapped(uint16_t domid, uint32_t loan)
{
	return find_page(domid, loan)->mapped;
}

void shim_fini(void)
{
	struct page *p;

	for (p = pages; p->bytes; p++)
		munmap(p->bytes, 4096);
	for (p = pages; p < pages + NR_SLOTS; p++)
		*p = (struct page){ 0 };
}

int guest_page_map(uint16_t domid, uint32_t loan, void **ret_page)
{
	struct page *p;

	if (fails())
		return -errno;
	p = find_page(domid, loan);
	p->mapped = true;
	*ret_page = p->bytes;
	return 0;
}

void guest_page_unmap(void *page)
{
	struct page *p;

	for (p = pages; p->bytes && p->bytes != page; p++)
		;
	p->mapped = false;
}
