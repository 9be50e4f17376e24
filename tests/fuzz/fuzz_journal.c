/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal of any bytes: as a file, and as the records of a batch whose checksum is right, as an hvd of
 * another version (or one with a mistake) would have written them. Store and domains take it up, and what
 * they have then can be written and read again.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/xen_shim.h"
#include "domain/record.h"
#include "evtchn.h"
#include "journal.h"
#include "lib/log.h"
#include "xenstore/xs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t crc32c(const uint8_t *bytes, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (int k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return ~crc;
}

static void write_file(const char *path, const uint8_t *data, size_t size, int as_records)
{
	uint32_t header[4] = { 0, 0, 1, 0 }, batch[4] = { 0x4a425648u, (uint32_t)size, 0, 0 };
	FILE *f = fopen(path, "we");

	if (!f)
		abort();
	if (as_records) {
		memcpy(header, "hvdjrnl", 8);
		batch[2] = crc32c(data, size);
		fwrite(header, sizeof(header), 1, f);
		fwrite(batch, sizeof(batch), 1, f);
	}
	fwrite(data, size, 1, f);
	fclose(f);
}

static void take_up(const char *path)
{
	struct event_base *base = event_base_new();
	struct domain_notes notes;
	struct evtchn_mux *mux;
	struct xs_server *srv;
	struct journal *j;
	unsigned int i;

	if (evtchn_mux_create(base, &mux) || journal_open(path, &j) ||
	    xs_server_create(base, mux, NULL, &srv))
		abort();
	domain_notes_read(j, &notes);
	while (!TAILQ_EMPTY(&notes))
		domain_note_free(&notes, TAILQ_FIRST(&notes));
	xs_server_restore(srv, j, NULL);
	if (journal_start(j))
		abort();
	for (i = 0; i < 4; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	journal_stop(j);
	xs_server_destroy(srv);
	journal_close(j);
	evtchn_mux_destroy(mux);
	event_base_free(base);
	shim_fini();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64], aside[80];

	log_init("fuzz", LOG_LEVEL_ERROR);
	if (size > 1 << 16)
		return 0;
	snprintf(path, sizeof(path), "/tmp/fuzz_journal_%d", (int)getpid());
	snprintf(aside, sizeof(aside), "%s.unreadable", path);
	for (int as_records = 0; as_records < 2; as_records++) {
		write_file(path, data, size, as_records);
		take_up(path);
		take_up(path); /* what was made of it */
		unlink(path);
		unlink(aside);
	}
	return 0;
}
