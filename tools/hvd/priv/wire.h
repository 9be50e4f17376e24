/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes between hvd's two halves: one packet of a SOCK_SEQPACKET socket is one request of the
 * engine or its answer, with the descriptors that belong to it. The engine waits for each answer, so
 * there is never more than one packet on its way.
 */
#ifndef PRIV_WIRE_H
#define PRIV_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define PRIV_TEXT_MAX (40u << 10)
#define PRIV_NUMBERS 4u
#define PRIV_FDS_MAX 6u

/* All that the privileged half does for the engine; priv.h tells what each one is. */
enum priv_op {
	PRIV_CONTROL = 1,
	PRIV_PARAM_SET,
	PRIV_ALLOC_UNBOUND,
	PRIV_GUEST_LOAN,
	PRIV_IMAGE,
	PRIV_SECRET,
	PRIV_TAP,
	PRIV_BACKEND,
	PRIV_IMAGE_JOB,
	PRIV_BUILD,
	PRIV_KILL,
	PRIV_WAIT,
	PRIV_UNLINK_SOCKETS,
	PRIV_OWN_DEFINITIONS,
};

struct priv_head {
	uint32_t op;
	int32_t err; /* of an answer */
	uint64_t number[PRIV_NUMBERS];
	uint32_t size; /* of what follows, bytes */
	uint32_t pad;
};

struct priv_packet {
	struct priv_head head;
	char text[PRIV_TEXT_MAX]; /* bytes, or strings with their NULs one after another */
	int fds[PRIV_FDS_MAX];	  /* whoever received them closes them */
	unsigned int nr_fds;
};

/* An empty packet: without text and descriptors. */
void priv_begin(struct priv_packet *p, uint32_t op);
/* -EMSGSIZE: there is no room. */
int priv_add_bytes(struct priv_packet *p, const void *bytes, size_t n);
int priv_add_string(struct priv_packet *p, const char *s);

/*
 * The strings of a packet in their order. '*at' begins as 0. NULL: there is no further string that ends
 * within the packet.
 */
const char *priv_next_string(const struct priv_packet *p, size_t *at);

void priv_close_fds(struct priv_packet *p);

/* Both wait. Sending leaves the descriptors open. */
int priv_send(int sock, const struct priv_packet *p);
/* -EPIPE: the other half is gone; -EPROTO: what came is no packet (its descriptors are closed). */
int priv_receive(int sock, struct priv_packet *p);

#endif
