/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of the xenstore over its ring. One thread: each call waits for its answer, and keeps the
 * watch events that come meanwhile for store_event(). Paths are absolute, or relative to the guest's home.
 * Errors are Xen's, negative.
 */
#ifndef STUBDOM_STORE_H
#define STUBDOM_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

/* -ENODEV: this guest has no store. */
int store_init(void);

/*
 * Any request: its payload, and where the answer goes. Returns the answer's length, which may be
 * more than 'size'.
 */
long store_call(uint32_t type, uint32_t tx, const void *payload, size_t length, char *answer, size_t size);

/* The halves of it, for requests in flight together: the answer's id tells which one it is of. */
void store_send(uint32_t type, uint32_t id, uint32_t tx, const void *payload, size_t length);
long store_receive(struct xsd_sockmsg *ret_header, char *answer, size_t size);

/* 'value' ends with a NUL; the value's length. */
long store_read(uint32_t tx, const char *path, char *value, size_t size);
long store_write(uint32_t tx, const char *path, const char *value);
long store_write_bytes(uint32_t tx, const char *path, const void *value, size_t length);
/* Requests that take a path and answer "OK" or a list: XS_MKDIR, XS_RM, XS_DIRECTORY... */
long store_path(uint32_t type, uint32_t tx, const char *path, char *answer, size_t size);
/* Requests of two strings: XS_WATCH, XS_UNWATCH, XS_SET_PERMS with one entry. */
long store_pair(uint32_t type, const char *a, const char *b);

long store_begin(uint32_t *ret_tx);
long store_end(uint32_t tx, int commit);

/* Waits for the next event of a watch. */
#define STORE_EVENT_SIZE 128u
struct store_event {
	char path[STORE_EVENT_SIZE], token[STORE_EVENT_SIZE];
};
void store_event(struct store_event *ret_event);
/* How many are there: all that were caused before the last answer. */
unsigned int store_events(void);

#endif
