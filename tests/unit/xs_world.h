/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of the protocol begin and end with. */
#ifndef TESTS_XS_WORLD_H
#define TESTS_XS_WORLD_H

#include "xs_talk.h"

/* A store with a control domain's client and two guests whose homes are there. */
static struct store store;
static struct talk *dom0, *guest, *other;

static inline void begin_with(const struct quota_limits *limits)
{
	store_init(&store, limits);
	dom0 = talk_begin(&store, 0);
	guest = talk_begin(&store, 1);
	other = talk_begin(&store, 2);
	talk_mkdir(dom0, 0, "/local/domain/1");
	talk_mkdir(dom0, 0, "/local/domain/2");
	talk_ask(dom0, XS_SET_PERMS, 0, 2, "/local/domain/1", "n1");
	talk_ask(dom0, XS_SET_PERMS, 0, 2, "/local/domain/2", "n2");
}

static inline void begin(void)
{
	begin_with(&quota_default);
}

static inline void end(void)
{
	talk_end(dom0);
	talk_end(guest);
	talk_end(other);
	CU_ASSERT_EQUAL(quota_used(&store.quota, 0, QUOTA_TRANSACTIONS), 0);
	CU_ASSERT_EQUAL(quota_used(&store.quota, 1, QUOTA_TRANSACTIONS), 0);
	CU_ASSERT_EQUAL(quota_used(&store.quota, 1, QUOTA_WATCHES), 0);
	CU_ASSERT_EQUAL(store.watches.by_path.nr_entries, 0);
	store_fini(&store);
}

#endif
