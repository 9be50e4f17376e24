/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an hvd that starts anew must know of the one before.
 *
 * One file under /run: a snapshot of everything, and behind it a batch for each change. A batch is
 * written as a whole before anybody outside can see its effect, and has a checksum: what was being
 * written when hvd died is either there or not. When the file has grown, a new snapshot takes its place
 * by rename(). The parts of hvd (store, domains, processes) write and read records of their own.
 *
 * A record's fields may only ever be added to at its end: a reader gets zeroes for those that an older
 * hvd did not write, and skips what a newer one added. Unknown types are skipped.
 *
 * All functions do nothing with a NULL journal, so that tests and tools can do without.
 */
#ifndef HVD_JOURNAL_H
#define HVD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

/* Numbers are for ever. */
enum journal_type {
	JOURNAL_XS_FIRST = 0x100,
	JOURNAL_XS_PUT = 0x100,	    /* node: path, permissions, value */
	JOURNAL_XS_DROP = 0x101,    /* path, and all below */
	JOURNAL_XS_SPECIAL = 0x102, /* which, permissions */
	JOURNAL_XS_OPEN = 0x103,    /* connection of a domain's page */
	JOURNAL_XS_CLOSE = 0x104,
	JOURNAL_XS_RESET = 0x105,
	JOURNAL_XS_WATCH = 0x106,
	JOURNAL_XS_UNWATCH = 0x107,
	JOURNAL_XS_OUT = 0x108,	    /* a reply or an event waits to be sent */
	JOURNAL_XS_OUT_DROP = 0x109,
	JOURNAL_XS_DONE = 0x10a,    /* a request has been answered */
	JOURNAL_XS_TXN = 0x10b,
	JOURNAL_XS_TXN_END = 0x10c,
	JOURNAL_XS_LAST = 0x1ff,

	JOURNAL_DOMAIN_FIRST = 0x200,
	JOURNAL_DOMAIN_SPEC = 0x200, /* uuid, name, vm.xml */
	JOURNAL_DOMAIN = 0x201,	     /* uuid, and all that changes */
	JOURNAL_DOMAIN_GONE = 0x202,
	JOURNAL_DOMAIN_LAST = 0x2ff,

	JOURNAL_PROCESS_FIRST = 0x300,
	JOURNAL_PROCESS = 0x300, /* domid, kind, pid, start time */
	JOURNAL_PROCESS_GONE = 0x301,
	JOURNAL_PROCESS_LAST = 0x3ff,
};

/*
 * Reads what is there; a file that is missing is an empty journal. What cannot be read is moved aside
 * ("PATH.unreadable") with a line in the log. Nothing is written before journal_start().
 */
int journal_open(const char *path, struct journal **ret_j);
void journal_close(struct journal *j);

/* How many hvds have written to this journal before. */
uint32_t journal_epoch(const struct journal *j);

/* Fields of a record that was read, in order. A reader at its end gives 0, "" and nothing. */
struct journal_reader {
	const uint8_t *at, *end;
	bool too_short; /* something was asked for that is not there */
};

uint8_t journal_read_u8(struct journal_reader *r);
uint16_t journal_read_u16(struct journal_reader *r);
uint32_t journal_read_u32(struct journal_reader *r);
uint64_t journal_read_u64(struct journal_reader *r);
const void *journal_read_bytes(struct journal_reader *r, size_t *ret_n);
const char *journal_read_string(struct journal_reader *r); /* ends in NUL, has no other */

/* The records of types 'first' to 'last', in the order in which they were written. */
typedef void (*journal_replay_cb)(void *arg, uint16_t type, struct journal_reader *r);
void journal_replay(struct journal *j, uint16_t first, uint16_t last, journal_replay_cb cb, void *arg);

/* Writes records that are enough to know all that a part knows now. */
typedef void (*journal_snapshot_cb)(void *arg, struct journal *j);
void journal_add_part(struct journal *j, journal_snapshot_cb snapshot, void *arg);

/* Called when a batch begins, so that somebody commits it before long. */
void journal_set_on_dirty(struct journal *j, void (*on_dirty)(void *arg), void *arg);

/*
 * All parts have read theirs: the first snapshot. Until then what is put is lost, because it is in the
 * snapshot; and until then a death leaves everything as it was found.
 */
int journal_start(struct journal *j);

/* The last batch is written; what is put from here on is not. */
void journal_stop(struct journal *j);

void journal_begin(struct journal *j, uint16_t type);
void journal_u8(struct journal *j, uint8_t value);
void journal_u16(struct journal *j, uint16_t value);
void journal_u32(struct journal *j, uint32_t value);
void journal_u64(struct journal *j, uint64_t value);
void journal_bytes(struct journal *j, const void *bytes, size_t n);
void journal_string(struct journal *j, const char *s); /* NULL is "" */
void journal_end(struct journal *j);

/*
 * The batch is in the file when this returns. A file that cannot be written is told in the log once,
 * and written anew as soon as it can be.
 */
void journal_commit(struct journal *j);

/* ---- journal_file.c: the one place that writes ---- */

int journal_file_write(int fd, const void *bytes, size_t n, uint64_t offset);

#endif
