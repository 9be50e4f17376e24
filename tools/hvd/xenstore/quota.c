/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quotas: everything that a guest can make the store keep is counted here or bounded by its
 * connection (client.c). Counting is by owner and happens for all domains, so that a node given to
 * a guest before it started is in its account; only guests are ever refused.
 */
#include "xenstore/quota.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/xmem.h"
#include "xenstore/perms.h"

const struct quota_limits quota_default = {
	.nodes = 1000,
	.watches = 128,
	.transactions = 10,
	.transaction_nodes = 1024,
	.node_size = 2048,
	.perms = 5,
	.waiting_events = 1024,
	.requests_per_turn = 16,
	.requests_per_second = 1000,
};

struct quota_account {
	unsigned int used[QUOTA_KINDS];
};

void quota_init(struct quota *q, const struct quota_limits *limits)
{
	*q = (struct quota){ .limits = *limits };
}

void quota_fini(struct quota *q)
{
	unsigned int high, low;

	for (high = 0; high < 256; high++) {
		for (low = 0; q->accounts[high] && low < 256; low++)
			free(q->accounts[high][low]);
		free(q->accounts[high]);
	}
}

unsigned int quota_used(const struct quota *q, uint16_t domid, enum quota_kind kind)
{
	struct quota_account **low = q->accounts[domid >> 8];

	return low && low[domid & 255] ? low[domid & 255]->used[kind] : 0;
}

static unsigned int quota_limit(const struct quota *q, enum quota_kind kind)
{
	switch (kind) {
	case QUOTA_NODES:
		return q->limits.nodes;
	case QUOTA_WATCHES:
		return q->limits.watches;
	case QUOTA_TRANSACTIONS:
		return q->limits.transactions;
	case QUOTA_KINDS:
		break;
	}
	return 0;
}

bool quota_allows(const struct quota *q, const struct xs_who *who, enum quota_kind kind,
		  unsigned int more)
{
	return who->privileged || quota_used(q, who->domid, kind) + more <= quota_limit(q, kind);
}

static bool account_is_empty(const struct quota_account *account)
{
	unsigned int kind;

	for (kind = 0; kind < QUOTA_KINDS; kind++) {
		if (account->used[kind])
			return false;
	}
	return true;
}

void quota_add(struct quota *q, uint16_t domid, enum quota_kind kind, int difference)
{
	struct quota_account **low = q->accounts[domid >> 8], **account;

	if (!low)
		low = q->accounts[domid >> 8] = xcalloc(256, sizeof(*low));
	account = &low[domid & 255];
	if (!*account)
		*account = xcalloc(1, sizeof(**account));
	assert(difference >= 0 || (*account)->used[kind] >= (unsigned int)-difference);
	(*account)->used[kind] += (unsigned int)difference;
	if (account_is_empty(*account)) {
		free(*account);
		*account = NULL;
	}
}
