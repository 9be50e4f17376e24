/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store of an hvd that has died, from its journal: see record.c for what is written there.
 *
 * Records are only believed as far as they make sense together. A connection is restored without its
 * page first; when all is read, each page is mapped again and tells how far its rings are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "keep.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "xenstore/connection.h"
#include "xenstore/record.h"

static struct xs_perms *read_perms(struct journal_reader *r)
{
	struct xs_perm p[256];
	unsigned int nr = journal_read_u8(r);

	for (unsigned int i = 0; i < nr; i++) {
		p[i].domid = journal_read_u16(r);
		p[i].access = journal_read_u8(r) & (XS_ACCESS_READ | XS_ACCESS_WRITE);
	}
	return nr && nr <= PERMS_MAX && !r->too_short ? perms_create(p, nr) : NULL;
}

static void replay_node(struct xs_server *srv, uint16_t type, struct journal_reader *r)
{
	struct xs_perms *perms;
	const char *path;
	const void *value;
	size_t n;

	if (type == JOURNAL_XS_SPECIAL) {
		unsigned int which = journal_read_u8(r);

		perms = read_perms(r);
		if (perms)
			store_restore_special(&srv->store, which, perms);
		perms_put(perms);
		return;
	}
	path = journal_read_string(r);
	if (type == JOURNAL_XS_DROP) {
		store_restore_drop(&srv->store, path);
		return;
	}
	perms = read_perms(r);
	value = journal_read_bytes(r, &n);
	if (perms && !r->too_short)
		store_restore_put(&srv->store, path, perms, value, n);
	perms_put(perms);
}

static void replay_open(struct xs_server *srv, uint16_t domid, struct journal_reader *r)
{
	struct connection *con = connection_find(srv, domid);
	int err;

	if (con)
		return;
	err = page_create(srv, domid, &con);
	if (err) {
		log_error("xenstore: the connection of domain %u cannot be taken up: %s", domid,
			  strerror(-err));
		return;
	}
	con->remote_port = journal_read_u32(r);
	con->out_base = journal_read_u32(r);
	con->last_done = journal_read_u16(r);
	con->client.last_txn_id = journal_read_u32(r);
	con->client.last_watch_id = journal_read_u32(r);
	con->client.last_out_id = journal_read_u32(r);
}

static void replay_watch(struct client *c, struct journal_reader *r)
{
	uint32_t id = journal_read_u32(r);
	const char *path = journal_read_string(r);
	uint32_t relative = journal_read_u32(r);
	const char *token = journal_read_string(r);

	if (!r->too_short)
		client_restore_watch(c, id, path, relative, token);
}

static void replay_out(struct client *c, struct journal_reader *r)
{
	uint32_t id = journal_read_u32(r), watch_id = journal_read_u32(r);
	size_t n;
	const void *bytes = journal_read_bytes(r, &n);

	if (!r->too_short)
		client_restore_out(c, id, watch_id, bytes, n);
}

static void replay_client(struct connection *con, uint16_t type, struct journal_reader *r)
{
	struct client *c = &con->client;

	switch (type) {
	case JOURNAL_XS_CLOSE:
		connection_destroy(con);
		break;
	case JOURNAL_XS_RESET:
		client_reset(c);
		con->out_base = journal_read_u32(r);
		con->last_done = journal_read_u16(r);
		break;
	case JOURNAL_XS_WATCH:
		replay_watch(c, r);
		break;
	case JOURNAL_XS_UNWATCH:
		client_restore_unwatch(c, journal_read_u32(r));
		break;
	case JOURNAL_XS_OUT:
		replay_out(c, r);
		break;
	case JOURNAL_XS_OUT_DROP:
		client_restore_out_drop(c, journal_read_u32(r));
		break;
	case JOURNAL_XS_DONE:
		con->last_done = journal_read_u16(r);
		break;
	case JOURNAL_XS_TXN:
		client_restore_txn(c, journal_read_u32(r));
		break;
	case JOURNAL_XS_TXN_END:
		client_restore_txn_end(c, journal_read_u32(r));
		break;
	}
}

static void replay(void *arg, uint16_t type, struct journal_reader *r)
{
	struct xs_server *srv = arg;
	struct connection *con;
	uint16_t domid;

	if (type < JOURNAL_XS_OPEN) {
		replay_node(srv, type, r);
		return;
	}
	domid = journal_read_u16(r);
	if (r->too_short)
		return;
	con = connection_find(srv, domid);
	if (type == JOURNAL_XS_OPEN)
		replay_open(srv, domid, r);
	else if (con)
		replay_client(con, type, r);
}

/* ---- the other way ---- */

struct node_writer {
	struct journal *j;
	char path[XS_PATH_SIZE];
	size_t length;
};

static int write_node(void *arg, struct xs_node *n)
{
	struct node_writer *w = arg;
	size_t parent_length = w->length, name_length = strlen(n->name);

	if (parent_length + 1 + name_length >= sizeof(w->path))
		return 0; /* no path that the store has accepted */
	w->path[parent_length] = '/';
	memcpy(w->path + parent_length + 1, n->name, name_length + 1);
	record_put(w->j, w->path, n->body); /* parents before their children */
	w->length = parent_length + 1 + name_length;
	tree_each_child(n, write_node, w);
	w->length = parent_length;
	w->path[parent_length] = '\0';
	return 0;
}

static void write_all(void *arg, struct journal *j)
{
	struct xs_server *srv = arg;
	struct node_writer w = { .j = j };
	struct connection *con;

	record_put(j, "/", srv->store.tree.root->body);
	tree_each_child(srv->store.tree.root, write_node, &w);
	for (unsigned int i = 0; i < 2; i++)
		record_special(j, i, srv->store.special[i]);
	TAILQ_FOREACH (con, &srv->connections, link) {
		if (con->kind == CONNECTION_PAGE)
			page_record(con, j);
	}
}

static bool has_page(void *arg, unsigned int domid)
{
	return domid <= UINT16_MAX && connection_find(arg, (uint16_t)domid);
}

int xs_server_restore(struct xs_server *srv, struct journal *journal, const char *ring_dir)
{
	struct connection *con;
	unsigned int nr = 0;

	srv->ring_dir = ring_dir ? xstrdup(ring_dir) : NULL;
	tree_begin_epoch(journal_epoch(journal));
	journal_replay(journal, JOURNAL_XS_FIRST, JOURNAL_XS_LAST, replay, srv);
	keep_sweep(ring_dir, "xs-", has_page, srv);
	srv->store.journal = journal;
	journal_add_part(journal, write_all, srv);
	TAILQ_FOREACH (con, &srv->connections, link) {
		int err = con->kind == CONNECTION_PAGE && con->client.who.domid ? page_take_up(con) : 0;

		if (err)
			log_info("xenstore: domain %u is not found again: %s", con->client.who.domid,
				 strerror(-err));
		nr += !err;
	}
	if (nr)
		log_info("xenstore: taken up with %u connections", nr);
	return 0;
}

void xs_server_drop_lost(struct xs_server *srv, bool (*lives)(void *arg, uint16_t domid), void *arg)
{
	struct connection *con, *next;

	for (con = TAILQ_FIRST(&srv->connections); con; con = next) {
		uint16_t domid = con->client.who.domid;

		next = TAILQ_NEXT(con, link);
		if (con->kind == CONNECTION_PAGE && domid && !lives(arg, domid))
			xs_server_remove_domain(srv, domid);
	}
}

bool xs_server_has_domain(struct xs_server *srv, uint16_t domid)
{
	return connection_find(srv, domid) != NULL;
}
