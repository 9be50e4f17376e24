/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients on a shared page: guests, and the control domain's kernel.
 *
 * The page (ring.h) and an event channel make a line of bytes. The other side notifies us when it
 * has put something in or taken something out, and we do the same after each turn in which bytes
 * moved. A page with impossible indices, or a message that the protocol does not allow, ends the
 * line: the reason is written into the page, and nobody listens until the domain asks for a new
 * beginning there.
 *
 * The line outlives us. A request comes in through kept memory: first its bytes are there, then one
 * store says so (keep_position()), then the ring forgets them. The answer is in the journal, with the
 * request's number, before a byte of it is in the ring (record.c); the same number in the kept word tells
 * the next hvd whether the request that it finds there is one to answer.
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

#include <hvabi/control.h>

#include "evtchn.h"
#include "guest_page.h"
#include "journal.h"
#include "keep.h"
#include "lib/log.h"
#include "xenstore/connection.h"
#include "xenstore/record.h"
#include "xenstore/ring.h"

#define RING_PAGE_SIZE 4096u

/* How far we are, in one store: bytes of the request that is on its way in, and where they end. */
static void keep_position(struct connection *con, size_t used)
{
	uint64_t word = con->in_cons | (uint64_t)used << 32 | (uint64_t)con->request << 48;

	__atomic_store_n(&con->keep->word, word, __ATOMIC_SEQ_CST);
}

static ssize_t page_read(void *arg, void *buf, size_t n)
{
	struct connection *con = arg;
	uint32_t cons;
	ssize_t result = ring_peek(con->page, buf, n, &cons);

	if (result <= 0)
		return result;
	/* 'buf' is in the kept memory. Only when we know that we have them may the ring forget them. */
	con->in_cons = cons;
	keep_position(con, con->client.in->used + (size_t)result);
	ring_consume(con->page, cons);
	con->moved = true;
	return result;
}

static ssize_t page_write(void *arg, const void *buf, size_t n)
{
	struct connection *con = arg;
	ssize_t result;

	journal_commit(con->srv->store.journal);
	result = ring_write(con->page, buf, n);
	con->moved |= result > 0;
	return result;
}

/* A request has been answered: from here on it must not be answered again. */
static void page_done(void *arg)
{
	struct connection *con = arg;

	con->last_done = con->request;
	record_done(con->srv->store.journal, con->client.who.domid, con->last_done);
	journal_commit(con->srv->store.journal);
	con->request++;
	keep_position(con, 0);
}

static const struct client_ops page_ops = {
	.read = page_read,
	.write = page_write,
	.wake = connection_wake,
	.introduce = connection_introduce,
	.release = connection_release,
	.is_introduced = connection_is_introduced,
	.done = page_done,
};

/* A new beginning: what was said and is to be said is forgotten, and replies go on at 'out_base'. */
static void page_reset(struct connection *con, uint32_t in_cons, uint32_t out_base)
{
	client_reset(&con->client);
	con->last_done = con->request;
	record_reset(con->srv->store.journal, con->client.who.domid, out_base, con->last_done);
	journal_commit(con->srv->store.journal);
	con->request++;
	con->in_cons = in_cons;
	keep_position(con, 0);
}

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
	page_reset(con, con->page->req_cons, con->page->rsp_prod);
	con->broken = true;
	ring_set_error(con->page, protocol ? XENSTORE_ERROR_PROTO : XENSTORE_ERROR_RINGIDX);
	evtchn_port_notify(con->port);
}

void page_turn(struct connection *con)
{
	int result;

	if (!con->page)
		return; /* its domain has not been found again */
	con->moved = false;
	if (ring_wants_restart(con->page)) {
		page_reset(con, 0, 0);
		ring_restart(con->page); /* ends with what tells the domain that it is done */
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

static void keep_name(uint16_t domid, char name[16])
{
	snprintf(name, 16, "xs-%u", domid);
}

int page_create(struct xs_server *srv, uint16_t domid, struct connection **ret_con)
{
	void *memory = NULL;
	bool fresh = true;
	struct connection *con;
	char name[16];
	int err;

	keep_name(domid, name);
	err = keep_map(srv->ring_dir, name, sizeof(struct page_keep), &memory, &fresh);
	if (err)
		return err;
	con = connection_create(srv, CONNECTION_PAGE, domid, &((struct page_keep *)memory)->in, &page_ops);
	con->keep = memory;
	con->client.is_kept = true;
	*ret_con = con;
	return 0;
}

void page_remove_keep(struct xs_server *srv, uint16_t domid)
{
	char name[16];

	keep_name(domid, name);
	keep_remove(srv->ring_dir, name);
}

void page_record(struct connection *con, struct journal *j)
{
	struct page_record r = {
		.port = con->remote_port,
		.out_base = con->out_base,
		.done = con->last_done,
		.last_txn_id = con->client.last_txn_id,
		.last_watch_id = con->client.last_watch_id,
		.last_out_id = con->client.last_out_id,
	};

	if (con->page)
		r.out_base = con->page->rsp_prod - (uint32_t)client_sent(&con->client);
	record_open(j, con->client.who.domid, &r);
	client_record(&con->client);
}

/* Nothing has gone through this page yet, or nothing that we know of. */
static void begin(struct connection *con)
{
	con->in_cons = con->page->req_cons;
	con->request = 1;
	con->last_done = 0;
	con->client.in->used = 0;
	keep_position(con, 0);
	ring_start(con->page);
}

/* Where the hvd before us was when it died, between any two of its instructions. */
static void go_on(struct connection *con)
{
	uint64_t word = con->keep->word;
	size_t used = word >> 32 & 0xffff;

	con->in_cons = (uint32_t)word;
	con->request = (uint16_t)(word >> 48);
	if (con->request == con->last_done) { /* it is answered, which had not got about yet */
		con->request++;
		used = 0;
	}
	if (used > sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)
		used = 0;
	con->client.in->used = used;
	keep_position(con, used);
	if (ring_wants_restart(con->page))
		return; /* what it had, it wants to forget */
	if (con->page->error != XENSTORE_ERROR_NONE) {
		con->broken = true;
		return;
	}
	ring_consume(con->page, con->in_cons);
	client_restore_sent(&con->client, con->page->rsp_prod - con->out_base);
}

/* 'con' has its page: binds the port and lets it begin. */
static int page_join(struct connection *con, bool is_new)
{
	int err = evtchn_mux_bind(con->srv->mux, con->client.who.domid, con->remote_port, page_on_notify,
				  con, &con->port);

	if (err)
		return err;
	if (is_new)
		begin(con);
	else
		go_on(con);
	if (is_new) {
		/* Before a byte is taken out of it: a page that the next hvd does not know begins anew. */
		page_record(con, con->srv->store.journal);
		journal_commit(con->srv->store.journal);
	}
	/* Requests may wait already; and the control domain's kernel waits for a sign of life. */
	evtchn_port_notify(con->port);
	connection_make_runnable(con);
	return 0;
}

static void page_unmap(struct connection *con)
{
	if (!con->page)
		return;
	if (con->page_is_foreign)
		guest_page_unmap(con->page);
	else
		munmap(con->page, RING_PAGE_SIZE);
	con->page = NULL;
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

static int map_dom0(struct connection *con)
{
	struct xs_server *srv = con->srv;

	if (!srv->dom0_page)
		return dom0_page(&con->page, &con->remote_port);
	con->page = srv->dom0_page;
	con->remote_port = srv->dom0_port;
	srv->dom0_page = NULL;
	return 0;
}

static int map_guest(struct connection *con)
{
	void *page;
	int err = guest_page_map(con->client.who.domid, HVABI_GRANT_XENSTORE, &page);

	if (err)
		return err;
	con->page = page;
	con->page_is_foreign = true;
	return 0;
}

static int page_connect(struct connection *con, bool is_new)
{
	int err = con->client.who.domid ? map_guest(con) : map_dom0(con);

	if (!err)
		err = page_join(con, is_new);
	if (err)
		page_unmap(con);
	return err;
}

int page_take_up(struct connection *con)
{
	return page_connect(con, false);
}

static int page_connect_new(struct xs_server *srv, uint16_t domid, uint32_t port)
{
	struct connection *con;
	int err = page_create(srv, domid, &con);

	if (err)
		return err;
	con->remote_port = port;
	err = page_connect(con, true);
	if (err) {
		connection_destroy(con);
		page_remove_keep(srv, domid);
	}
	return err;
}

int page_connect_dom0(struct xs_server *srv)
{
	return page_connect_new(srv, 0, 0);
}

int page_connect_guest(struct xs_server *srv, uint16_t domid, uint32_t remote_port)
{
	return page_connect_new(srv, domid, remote_port);
}

void page_fini(struct connection *con)
{
	evtchn_port_unbind(con->port);
	page_unmap(con);
	keep_unmap(con->keep, sizeof(*con->keep));
}

int page_prepare_dom0(struct xs_server *srv)
{
	return dom0_page(&srv->dom0_page, &srv->dom0_port);
}

void page_forget_dom0(struct xs_server *srv)
{
	if (srv->dom0_page)
		munmap(srv->dom0_page, RING_PAGE_SIZE);
	srv->dom0_page = NULL;
}
