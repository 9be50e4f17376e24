/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of the xenstore protocol: requests in, replies and events out. Pure: no I/O.
 */
#ifndef HVD_XENSTORE_WIRE_H
#define HVD_XENSTORE_WIRE_H

#include <errno.h> /* before xs_wire.h, which gives the error names only then */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <xen/io/xs_wire.h>

/* ---- requests ---- */

/* A request that is on its way in, however it is cut into pieces. Begins as zeroes. */
struct wire_in {
	struct xsd_sockmsg header;
	size_t used;				/* bytes of header and payload that are there */
	char payload[XENSTORE_PAYLOAD_MAX + 1]; /* when complete, a NUL follows it */
};

/* Where the next bytes go, and how many are wanted; never 0. */
void *wire_in_space(struct wire_in *in, size_t *ret_wanted);

/*
 * 'n' bytes were put there. 1: the request is complete; 0: more is to come; -EPROTO: it announces
 * more than the protocol allows, and nothing that follows can be understood.
 */
int wire_in_added(struct wire_in *in, size_t n);

/* -EPROTO, 1 or 0 as above, for what is there now. */
int wire_in_status(struct wire_in *in);

/* The request is done with: the next one may come. */
void wire_in_next(struct wire_in *in);

/*
 * Splits a payload into exactly 'nr' strings, each with its NUL. With 'ret_rest', what follows the
 * last one may be anything, and its length goes there; else nothing may follow. -EINVAL: not so.
 */
int wire_strings(const char *payload, size_t length, const char **ret_strings, unsigned int nr,
		 size_t *ret_rest);

/* A decimal number with nothing around it. -EINVAL */
int wire_number(const char *text, uint32_t max, uint32_t *ret_value);

/* ---- replies and events ---- */

struct client_watch;

struct wire_out {
	TAILQ_ENTRY(wire_out) link;
	struct client_watch *watch; /* whose event it is; NULL: a reply, or the watch is gone */
	TAILQ_ENTRY(wire_out) same_watch;
	uint32_t id; /* no two that wait for a client have the same */
	size_t sent;
	size_t length; /* of header and payload */
	struct xsd_sockmsg header;
	char payload[];
};

/* 'length' is at most XENSTORE_PAYLOAD_MAX. free() it. */
struct wire_out *wire_out_create(uint32_t type, uint32_t req_id, uint32_t tx_id,
				 const void *payload, size_t length);

/* An event. If both do not fit, the path is 'short_path', which has come in with the same token. */
struct wire_out *wire_out_event(const char *path, const char *short_path, const char *token);

static inline const char *wire_out_bytes(const struct wire_out *out)
{
	return (const char *)&out->header;
}

/* The protocol's name of a (negative) errno; "EIO" for one that it does not have. */
const char *wire_error_name(int err);

#endif
