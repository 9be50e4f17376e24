/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one guest may use of the store, and what it uses now.
 */
#ifndef HVD_XENSTORE_QUOTA_H
#define HVD_XENSTORE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs_who;

struct quota_limits {
	unsigned int nodes; /* that the guest owns */
	unsigned int watches;
	unsigned int transactions;	/* open at a time */
	unsigned int transaction_nodes; /* that one transaction may have touched */
	unsigned int node_size;		/* bytes of a value */
	unsigned int perms;		/* entries of a node */
	unsigned int waiting_events;	/* that the guest has not read yet */
	unsigned int requests_per_turn; /* then the others have theirs */
	unsigned int requests_per_second; /* then it waits; 0: without limit */
};

extern const struct quota_limits quota_default;

/* Counters of all domains. A domain has counters as long as one is not zero. */
struct quota {
	struct quota_limits limits;
	struct quota_account **accounts[256]; /* by domid: high byte, low byte; made on demand */
};

enum quota_kind { QUOTA_NODES, QUOTA_WATCHES, QUOTA_TRANSACTIONS, QUOTA_KINDS };

void quota_init(struct quota *q, const struct quota_limits *limits);
void quota_fini(struct quota *q);

unsigned int quota_used(const struct quota *q, uint16_t domid, enum quota_kind kind);

/* May 'who' have 'more' than now? The control domain may always. */
bool quota_allows(const struct quota *q, const struct xs_who *who, enum quota_kind kind,
		  unsigned int more);

/* Counts, without asking whether it is allowed. */
void quota_add(struct quota *q, uint16_t domid, enum quota_kind kind, int difference);

#endif
