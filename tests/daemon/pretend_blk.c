/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxengnttab and libxenevtchn for a hvd-blk whose guest never connects: all that hvd and it do with
 * each other, it does as it is.
 */
#include <errno.h>
#include <unistd.h>

#include <xenevtchn.h>
#include <xengnttab.h>

static int never[2]; /* a pipe that nobody writes */

static int refuse(void)
{
	errno = ENODEV;
	return -1;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return (xengnttab_handle *)never;
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *h, uint32_t count, uint32_t domid, uint32_t *refs, int prot)
{
	(void)h;
	(void)count;
	(void)domid;
	(void)refs;
	(void)prot;
	refuse();
	return NULL;
}

int xengnttab_unmap(xengnttab_handle *h, void *start, uint32_t count)
{
	(void)h;
	(void)start;
	(void)count;
	return refuse();
}

int xengnttab_grant_copy(xengnttab_handle *h, uint32_t count, xengnttab_grant_copy_segment_t *segs)
{
	(void)h;
	(void)count;
	(void)segs;
	return refuse();
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return pipe(never) ? NULL : (xenevtchn_handle *)never;
}

int xenevtchn_close(xenevtchn_handle *h)
{
	(void)h;
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *h)
{
	(void)h;
	return never[0];
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *h, uint32_t domid, evtchn_port_t port)
{
	(void)h;
	(void)domid;
	(void)port;
	return refuse();
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *h, unsigned int virq)
{
	(void)h;
	(void)virq;
	return refuse();
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *h)
{
	(void)h;
	return refuse();
}

int xenevtchn_unmask(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	(void)port;
	return refuse();
}

int xenevtchn_notify(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	(void)port;
	return refuse();
}

int xenevtchn_unbind(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	(void)port;
	return refuse();
}
