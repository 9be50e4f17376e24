/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to each domain: who asked for what, how long it took and what came of it, and what
 * the guest did by itself.
 *
 * One file for each name, NAME.log, a JSON object a line; it outlives the domain and hvd. A file of
 * HISTORY_FILE_MAX bytes becomes NAME.log.1 in place of the one before, and when there are more
 * than HISTORY_FILES_MAX names, the one that was written to the longest time ago goes. What cannot be
 * written is logged once and lost: a full disk is no reason to refuse a request.
 */
#ifndef DOMAIN_HISTORY_H
#define DOMAIN_HISTORY_H

#include <stdint.h>

#include "domain/lifecycle.h"

struct domain;
struct history;
struct json_object;

#define HISTORY_FILE_MAX (64u << 10)
#define HISTORY_FILES_MAX 2048u
#define HISTORY_NO_DURATION UINT64_MAX

struct history_entry {
	const char *what;    /* an operation of the control protocol, or what happened */
	const char *by;	     /* "client", "guest" or "hvd" */
	unsigned int uid;    /* of a client */
	uint64_t duration_ms; /* or HISTORY_NO_DURATION */
	const char *outcome; /* "done", or the code of an error; NULL: of no operation */
	const char *message; /* NULL: there is no more to say */
};

/* The folder must exist. 0 or a negative errno. */
int history_open(const char *dir, struct history **ret_h);
void history_close(struct history *h);

/* 'h' may be NULL here and below. A name that is none is left out. */
void history_add(struct history *h, const char *name, const struct history_entry *entry);
/* The domain has come to a state by itself, or by hvd: adds an entry where that is worth one. */
void history_note_state(struct history *h, struct domain *d, enum domain_state from);
/* The domain has another name. */
void history_rename(struct history *h, const char *from, const char *to);

/*
 * The last 'max' entries, the oldest first, as an array; empty when there are none. -errno: the
 * files cannot be read.
 */
int history_read(struct history *h, const char *name, unsigned int max,
		 struct json_object **ret_entries);

uint64_t history_now_ms(void); /* monotonic */

#endif
