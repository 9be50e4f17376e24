/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's records.
 *
 * A request of a guest becomes one batch: the nodes that it changed, the watches and transactions that
 * came or went, the bytes that now wait to be sent, to whomever, and that this request is done.
 * The batch is in the journal before one of those bytes is in a ring. How many bytes went into a ring
 * since is not written down, because the ring says it: its index, less where the first byte of what
 * waits has its place. So the new hvd sends what is left, beginning in the middle of a message if need be.
 * The other direction has its state in page.c.
 */
#include "xenstore/record.h"

#include "journal.h"
#include "xenstore/client.h"
#include "xenstore/perms.h"
#include "xenstore/store.h"
#include "xenstore/tree.h"

static void put_perms(struct journal *j, const struct xs_perms *perms)
{
	journal_u8(j, (uint8_t)perms->nr);
	for (unsigned int i = 0; i < perms->nr; i++) {
		journal_u16(j, perms->p[i].domid);
		journal_u8(j, perms->p[i].access);
	}
}

void record_put(struct journal *j, const char *path, const struct xs_body *body)
{
	if (!j)
		return;
	journal_begin(j, JOURNAL_XS_PUT);
	journal_string(j, path);
	put_perms(j, body->perms);
	journal_bytes(j, body->value, body->length);
	journal_end(j);
}

void record_drop(struct journal *j, const char *path)
{
	journal_begin(j, JOURNAL_XS_DROP);
	journal_string(j, path);
	journal_end(j);
}

void record_special(struct journal *j, unsigned int which, const struct xs_perms *perms)
{
	if (!j)
		return;
	journal_begin(j, JOURNAL_XS_SPECIAL);
	journal_u8(j, (uint8_t)which);
	put_perms(j, perms);
	journal_end(j);
}

/* The journal if 'c' is one whose state outlives us. */
static struct journal *journal_of(const struct client *c)
{
	return c->is_kept ? c->store->journal : NULL;
}

void record_watch(struct client *c, uint32_t id, const char *path, size_t relative, const char *token)
{
	struct journal *j = journal_of(c);

	journal_begin(j, JOURNAL_XS_WATCH);
	journal_u16(j, c->who.domid);
	journal_u32(j, id);
	journal_string(j, path);
	journal_u32(j, (uint32_t)relative);
	journal_string(j, token);
	journal_end(j);
}

/* Records of a client's domid and one number. */
static void record_number(struct client *c, uint16_t type, uint32_t number)
{
	struct journal *j = journal_of(c);

	journal_begin(j, type);
	journal_u16(j, c->who.domid);
	journal_u32(j, number);
	journal_end(j);
}

void record_unwatch(struct client *c, uint32_t id)
{
	record_number(c, JOURNAL_XS_UNWATCH, id);
}

void record_out(struct client *c, const struct wire_out *out, uint32_t watch_id)
{
	struct journal *j = journal_of(c);

	journal_begin(j, JOURNAL_XS_OUT);
	journal_u16(j, c->who.domid);
	journal_u32(j, out->id);
	journal_u32(j, watch_id);
	journal_bytes(j, wire_out_bytes(out), out->length);
	journal_end(j);
}

void record_out_drop(struct client *c, const struct wire_out *out)
{
	record_number(c, JOURNAL_XS_OUT_DROP, out->id);
}

void record_txn(struct client *c, uint32_t id)
{
	record_number(c, JOURNAL_XS_TXN, id);
}

void record_txn_end(struct client *c, uint32_t id)
{
	record_number(c, JOURNAL_XS_TXN_END, id);
}

void record_open(struct journal *j, uint16_t domid, const struct page_record *page)
{
	journal_begin(j, JOURNAL_XS_OPEN);
	journal_u16(j, domid);
	journal_u32(j, page->port);
	journal_u32(j, page->out_base);
	journal_u16(j, page->done);
	journal_u32(j, page->last_txn_id);
	journal_u32(j, page->last_watch_id);
	journal_u32(j, page->last_out_id);
	journal_end(j);
}

void record_close(struct journal *j, uint16_t domid)
{
	journal_begin(j, JOURNAL_XS_CLOSE);
	journal_u16(j, domid);
	journal_end(j);
}

void record_reset(struct journal *j, uint16_t domid, uint32_t out_base, uint16_t done)
{
	journal_begin(j, JOURNAL_XS_RESET);
	journal_u16(j, domid);
	journal_u32(j, out_base);
	journal_u16(j, done);
	journal_end(j);
}

void record_done(struct journal *j, uint16_t domid, uint16_t done)
{
	journal_begin(j, JOURNAL_XS_DONE);
	journal_u16(j, domid);
	journal_u16(j, done);
	journal_end(j);
}
