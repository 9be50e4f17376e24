/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's records: one with its vm.xml, one with what changes, and one for its end. The uuid is what
 * they go by: it is known before hv has made the domain, and no two domains have the same.
 */
#include "domain/record.h"

#include <stdlib.h>
#include <string.h>

#include "domain/spec.h"
#include "journal.h"
#include "lib/xmem.h"

/* ---- Writing ---- */

static struct journal *journal_of(const struct domain *d)
{
	return d->orphan ? NULL : d->all->env.journal; /* of an orphan there is nothing to say */
}

static void put_spec(struct journal *j, const struct domain *d)
{
	journal_begin(j, JOURNAL_DOMAIN_SPEC);
	journal_bytes(j, d->spec->uuid, sizeof(d->spec->uuid));
	journal_string(j, d->spec->name);
	journal_string(j, d->xml);
	journal_end(j);
}

static void put_state(struct journal *j, const struct domain *d)
{
	journal_begin(j, JOURNAL_DOMAIN);
	journal_bytes(j, d->spec->uuid, sizeof(d->spec->uuid));
	journal_u16(j, d->domid);
	journal_u8(j, (uint8_t)d->state);
	journal_u8(j, (uint8_t)d->end);
	journal_u8(j, d->start_paused);
	journal_u32(j, d->generation);
	journal_u32(j, d->fast_crashes);
	journal_u32(j, d->shutdown_reason);
	journal_u32(j, d->console_port);
	journal_u32(j, d->store_port);
	journal_u64(j, (uint64_t)d->created);
	journal_u64(j, (uint64_t)d->started.tv_sec);
	journal_u64(j, (uint64_t)d->started.tv_nsec);
	journal_string(j, d->crash_reason);
	journal_end(j);
}

void domain_record_spec(struct domain *d)
{
	put_spec(journal_of(d), d);
	journal_commit(journal_of(d));
}

void domain_record(struct domain *d)
{
	put_state(journal_of(d), d);
	journal_commit(journal_of(d));
}

void domain_record_gone(struct domain *d)
{
	struct journal *j = journal_of(d);

	journal_begin(j, JOURNAL_DOMAIN_GONE);
	journal_bytes(j, d->spec->uuid, sizeof(d->spec->uuid));
	journal_end(j);
	journal_commit(j);
}

void domains_snapshot(void *arg, struct journal *j)
{
	struct domains *all = arg;
	struct domain *d;

	TAILQ_FOREACH(d, &all->list, link) {
		if (d->orphan)
			continue;
		put_spec(j, d);
		put_state(j, d);
	}
}

/* ---- Reading ---- */

static struct domain_note *note_find(struct domain_notes *notes, const uint8_t uuid[16])
{
	struct domain_note *note;

	TAILQ_FOREACH(note, notes, link)
		if (!memcmp(note->uuid, uuid, 16))
			return note;
	return NULL;
}

static struct domain_note *note_get(struct domain_notes *notes, const uint8_t uuid[16])
{
	struct domain_note *note = note_find(notes, uuid);

	if (note)
		return note;
	note = xcalloc(1, sizeof(*note));
	memcpy(note->uuid, uuid, 16);
	TAILQ_INSERT_TAIL(notes, note, link);
	return note;
}

void domain_note_free(struct domain_notes *notes, struct domain_note *note)
{
	TAILQ_REMOVE(notes, note, link);
	free(note->name);
	free(note->xml);
	free(note);
}

static void read_spec(struct domain_note *note, struct journal_reader *r)
{
	const char *name = journal_read_string(r), *xml = journal_read_string(r);

	if (r->too_short || !*name)
		return;
	free(note->name);
	free(note->xml);
	note->name = xstrdup(name);
	note->xml = xstrdup(xml);
}

static void read_state(struct domain_note *note, struct journal_reader *r)
{
	const char *reason;

	note->domid = journal_read_u16(r);
	note->state = journal_read_u8(r);
	note->end = journal_read_u8(r);
	note->has_state = !r->too_short;
	note->start_paused = journal_read_u8(r);
	note->generation = journal_read_u32(r);
	note->fast_crashes = journal_read_u32(r);
	note->shutdown_reason = journal_read_u32(r);
	note->console_port = journal_read_u32(r);
	note->store_port = journal_read_u32(r);
	note->created = (int64_t)journal_read_u64(r);
	note->started.tv_sec = (time_t)journal_read_u64(r);
	note->started.tv_nsec = (long)journal_read_u64(r);
	reason = journal_read_string(r);
	strncpy(note->crash_reason, reason, sizeof(note->crash_reason) - 1);
	note->crash_reason[sizeof(note->crash_reason) - 1] = '\0';
}

static void replay(void *arg, uint16_t type, struct journal_reader *r)
{
	struct domain_notes *notes = arg;
	struct domain_note *note;
	const uint8_t *uuid;
	size_t n;

	uuid = journal_read_bytes(r, &n);
	if (n != 16)
		return;
	switch (type) {
	case JOURNAL_DOMAIN_SPEC:
		read_spec(note_get(notes, uuid), r);
		break;
	case JOURNAL_DOMAIN:
		read_state(note_get(notes, uuid), r);
		break;
	case JOURNAL_DOMAIN_GONE:
		note = note_find(notes, uuid);
		if (note)
			domain_note_free(notes, note);
		break;
	}
}

void domain_notes_read(struct journal *j, struct domain_notes *ret_notes)
{
	TAILQ_INIT(ret_notes);
	journal_replay(j, JOURNAL_DOMAIN_FIRST, JOURNAL_DOMAIN_LAST, replay, ret_notes);
}
