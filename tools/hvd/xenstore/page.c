/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients on a shared page: guests, and the control domain's kernel.
 *
 * The page (ring.h) and an event channel make a line of bytes. The other side notifies us when it
 * has put something in or taken something out, and we do the same after each turn in which bytes
 * moved. A page with impossible indices, or a message that the protocol does not allow, ends the
 * line: the reason is written into the page, and nobody listens until the domain asks for a new
 * beginning there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>
#include <xen/sys/xenbus_dev.h>
#include <xenforeignmemory.h>

#include "evtchn.h"
#include "lib/log.h"
#include "xenstore/connection.h"
#include "xenstore/ring.h"

#define RING_PAGE_SIZE 4096u

static ssize_t page_read(void *arg, void *buf, size_t n)
{
	struct connection *con = arg;
	ssize_t result = ring_read(con->page, buf, n);

	con->moved |= result > 0;
	return result;
}

static ssize_t page_write(void *arg, const void *buf, size_t n)
{
	struct connection *con = arg;
	ssize_t result = ring_write(con->page, buf, n);

	con->moved |= result > 0;
	return result;
}

static const struct client_ops page_ops = {
	.read = page_read,
	.write = page_write,
	.wake = connection_wake,
	.introduce = connection_introduce,
	.release = connection_release,
	.is_introduced = connection_is_introduced,
};

/* The domain stays known (it is introduced), but nobody listens until it asks to reconnect. */
static void page_break(struct connection *con, int err)
{
	bool protocol = err == -EPROTO;

	con->nr_breaks++;
	if (!(con->nr_breaks & (con->nr_breaks - 1))) /* or a guest could fill the log */
		log_warning("xenstore: domain %u: %s: not listening to it any more (%u times)",
			    con->client.who.domid,
			    protocol ? "message longer than allowed" : "impossible ring indices",
			    con->nr_breaks);
	client_reset(&con->client);
	con->broken = true;
	ring_set_error(con->page, protocol ? XENSTORE_ERROR_PROTO : XENSTORE_ERROR_RINGIDX);
	evtchn_port_notify(con->port);
}

void page_turn(struct connection *con)
{
	int result;

	con->moved = false;
	if (ring_wants_restart(con->page)) {
		client_reset(&con->client);
		ring_restart(con->page);
		con->moved = true;
	}
	result = client_run(&con->client);
	if (result < 0) {
		page_break(con, result);
		return;
	}
	if (con->moved)
		evtchn_port_notify(con->port);
	if (result)
		connection_make_runnable(con);
}

static void page_on_notify(void *arg)
{
	struct connection *con = arg;

	if (con->broken && ring_wants_restart(con->page))
		con->broken = false;
	connection_make_runnable(con);
}

/* Takes over 'page', also when it fails. */
static int page_connect(struct xs_server *srv, uint16_t domid,
			struct xenstore_domain_interface *page, bool is_foreign,
			uint32_t remote_port)
{
	struct connection *con = connection_create(srv, CONNECTION_PAGE, domid, &page_ops);
	int err;

	con->page = page;
	con->page_is_foreign = is_foreign;
	err = evtchn_mux_bind(srv->mux, domid, remote_port, page_on_notify, con, &con->port);
	if (err) {
		connection_destroy(con);
		return err;
	}
	ring_start(page);
	/* Requests may wait already; and the control domain's kernel waits for a sign of life. */
	evtchn_port_notify(con->port);
	connection_make_runnable(con);
	return 0;
}

/* A number from a file of /proc/xen. */
static int proc_number(const char *path, uint32_t *ret_value)
{
	FILE *f = fopen(path, "re");
	unsigned int value;
	int err;

	if (!f)
		return -errno;
	err = fscanf(f, "%u", &value) == 1 ? 0 : -EINVAL;
	fclose(f);
	if (!err)
		*ret_value = value;
	return err;
}

/* The page and port of our own kernel, from the device that is made for it or from /proc/xen. */
static int dom0_page(struct xenstore_domain_interface **ret_page, uint32_t *ret_port)
{
	int fd, port, err = 0;
	void *page;

	fd = open("/dev/xen/xenbus_backend", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		port = ioctl(fd, IOCTL_XENBUS_BACKEND_EVTCHN);
		if (port < 0)
			err = -errno;
		else
			*ret_port = (uint32_t)port;
	} else {
		err = proc_number("/proc/xen/xsd_port", ret_port);
		if (!err)
			fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
		if (!err && fd < 0)
			err = -errno;
	}
	if (!err) {
		page = mmap(NULL, RING_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (page == MAP_FAILED)
			err = -errno;
		else
			*ret_page = page;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

int page_connect_dom0(struct xs_server *srv)
{
	struct xenstore_domain_interface *page = NULL;
	uint32_t port = 0;
	int err = dom0_page(&page, &port);

	return err ? err : page_connect(srv, 0, page, false, port);
}

int page_connect_guest(struct xs_server *srv, uint16_t domid, uint64_t page_gfn,
		       uint32_t remote_port)
{
	xen_pfn_t pfn = page_gfn;
	void *page;

	if (!srv->foreign)
		srv->foreign = xenforeignmemory_open(NULL, 0);
	if (!srv->foreign)
		return errno ? -errno : -ENODEV;
	page = xenforeignmemory_map(srv->foreign, domid, PROT_READ | PROT_WRITE, 1, &pfn, NULL);
	if (!page)
		return errno ? -errno : -EFAULT;
	return page_connect(srv, domid, page, true, remote_port);
}

void page_fini(struct connection *con)
{
	evtchn_port_unbind(con->port);
	if (con->page_is_foreign)
		xenforeignmemory_unmap(con->srv->foreign, con->page, 1);
	else
		munmap(con->page, RING_PAGE_SIZE);
}

void page_close_foreign(struct xs_server *srv)
{
	if (srv->foreign)
		xenforeignmemory_close(srv->foreign);
}
