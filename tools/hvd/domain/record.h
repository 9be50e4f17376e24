/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the journal says of a domain; adopt.c makes a domain of it.
 */
#ifndef DOMAIN_RECORD_H
#define DOMAIN_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "domain/domain.h"

struct journal;

struct domain_note {
	TAILQ_ENTRY(domain_note) link;
	uint8_t uuid[16];
	char *name, *xml;
	bool has_state; /* all of the following */
	uint16_t domid;
	uint8_t state, end; /* enum domain_state, domain_end; not checked */
	bool start_paused;
	uint32_t generation, fast_crashes, shutdown_reason, console_port, store_port;
	int64_t created;
	struct timespec started;
	char crash_reason[128];
};

TAILQ_HEAD(domain_notes, domain_note);

/* Writes all domains of 'arg', a struct domains: for journal_add_part(). */
void domains_snapshot(void *arg, struct journal *j);

/* All domains that the journal knows and that are not gone. */
void domain_notes_read(struct journal *j, struct domain_notes *ret_notes);
void domain_note_free(struct domain_notes *notes, struct domain_note *note);

#endif
