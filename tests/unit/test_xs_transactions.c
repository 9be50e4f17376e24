/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store as its clients see it, message by message: transactions and quotas.
 */
#include "xs_world.h"

/* ---- transactions ---- */

static void a_transaction_is_alone_until_it_commits(void)
{
	uint32_t tx;

	begin();
	talk_write_node(dom0, 0, "/a", "old");
	tx = talk_txn(dom0);
	CU_ASSERT_NOT_EQUAL(tx, 0);
	talk_write_node(dom0, tx, "/b/c", "new");
	talk_read_node(dom0, tx, "/b/c");
	CU_ASSERT_STRING_EQUAL(dom0->reply, "new");
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/b/c"), -ENOENT);
	/* It does not see what others do either. */
	talk_write_node(dom0, 0, "/unrelated", "x");
	CU_ASSERT_EQUAL(talk_read_node(dom0, tx, "/unrelated"), -ENOENT);
	CU_ASSERT_EQUAL(talk_abort(dom0, tx), 0);
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/b"), -ENOENT);

	tx = talk_txn(dom0);
	talk_write_node(dom0, tx, "/b/c", "new");
	CU_ASSERT_EQUAL(talk_commit(dom0, tx), 0);
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/b/c"), 0);
	CU_ASSERT_EQUAL(talk_commit(dom0, tx), -ENOENT);
	end();
}

static void what_was_read_and_changed_meanwhile_is_a_conflict(void)
{
	uint32_t tx;

	begin();
	talk_write_node(dom0, 0, "/a", "1");
	tx = talk_txn(dom0);
	talk_read_node(dom0, tx, "/a");
	talk_write_node(dom0, tx, "/b", "1");
	talk_write_node(dom0, 0, "/a", "2");
	talk_read_node(dom0, tx, "/a");
	CU_ASSERT_STRING_EQUAL(dom0->reply, "1");
	CU_ASSERT_EQUAL(talk_commit(dom0, tx), -EAGAIN);
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/b"), -ENOENT);
	end();
}

static void what_was_missing_and_is_made_meanwhile_is_a_conflict(void)
{
	uint32_t tx;

	begin();
	tx = talk_txn(dom0);
	CU_ASSERT_EQUAL(talk_read_node(dom0, tx, "/a"), -ENOENT);
	talk_write_node(dom0, 0, "/a", "2");
	CU_ASSERT_EQUAL(talk_commit(dom0, tx), -EAGAIN);
	end();
}

static void two_writers_of_one_node_conflict(void)
{
	uint32_t one, two;

	begin();
	talk_write_node(dom0, 0, "/a", "0");
	one = talk_txn(dom0);
	two = talk_txn(dom0);
	talk_write_node(dom0, one, "/a", "1");
	talk_write_node(dom0, two, "/a", "2");
	CU_ASSERT_EQUAL(talk_commit(dom0, two), 0);
	CU_ASSERT_EQUAL(talk_commit(dom0, one), -EAGAIN);
	talk_read_node(dom0, 0, "/a");
	CU_ASSERT_STRING_EQUAL(dom0->reply, "2");
	end();
}

static void a_listed_directory_that_grows_is_a_conflict(void)
{
	uint32_t tx;

	begin();
	talk_write_node(dom0, 0, "/d/a", "");
	tx = talk_txn(dom0);
	talk_ask(dom0, XS_DIRECTORY, tx, 1, "/d");
	talk_write_node(dom0, 0, "/d/b", "");
	CU_ASSERT_EQUAL(talk_commit(dom0, tx), -EAGAIN);
	tx = talk_txn(dom0);
	talk_rm(dom0, tx, "/d");
	talk_write_node(dom0, 0, "/d/c", "");
	CU_ASSERT_EQUAL(talk_commit(dom0, tx), -EAGAIN);
	end();
}

/* So that a hundred guests can be set up at the same time. */
static void new_children_of_one_node_do_not_conflict(void)
{
	uint32_t one, two;

	begin();
	talk_mkdir(dom0, 0, "/d");
	one = talk_txn(dom0);
	two = talk_txn(dom0);
	talk_write_node(dom0, one, "/d/a/x", "1");
	talk_write_node(dom0, two, "/d/b/x", "2");
	talk_write_node(dom0, 0, "/d/c", "3");
	CU_ASSERT_EQUAL(talk_commit(dom0, one), 0);
	CU_ASSERT_EQUAL(talk_commit(dom0, two), 0);
	talk_ask(dom0, XS_DIRECTORY, 0, 1, "/d");
	CU_ASSERT_EQUAL(memcmp(dom0->reply, "a\0b\0c\0", 6), 0);
	end();
}

static void remove_and_make_again_in_one_transaction(void)
{
	uint32_t tx;

	begin();
	talk_write_node(dom0, 0, "/a/old", "1");
	talk_write_node(dom0, 0, "/a/kept/deep", "1");
	tx = talk_txn(dom0);
	talk_write_node(dom0, tx, "/a", "x"); /* the parent is noted before its children go */
	talk_rm(dom0, tx, "/a");
	CU_ASSERT_EQUAL(talk_read_node(dom0, tx, "/a/old"), -ENOENT);
	talk_write_node(dom0, tx, "/a/kept/deep", "2");
	CU_ASSERT_EQUAL(talk_commit(dom0, tx), 0);
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/a/old"), -ENOENT);
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/a/kept/deep"), 0);
	CU_ASSERT_STRING_EQUAL(dom0->reply, "2");
	talk_read_node(dom0, 0, "/a");
	CU_ASSERT_STRING_EQUAL(dom0->reply, "");
	end();
}

static void watches_fire_after_the_commit_in_order_and_not_after_an_abort(void)
{
	uint32_t tx;

	begin();
	talk_write_node(dom0, 0, "/w/gone/deep", "1");
	talk_watch(other, "data", "o"); /* just something else */
	talk_watch(dom0, "/w", "w");
	talk_watch(dom0, "/w/gone/deep", "deep");
	talk_run(dom0);
	while (talk_get(dom0))
		;
	tx = talk_txn(dom0);
	talk_write_node(dom0, tx, "/w/2", "");
	talk_write_node(dom0, tx, "/w/1", "");
	CU_ASSERT_TRUE(talk_silence(dom0));
	talk_abort(dom0, tx);
	CU_ASSERT_TRUE(talk_silence(dom0));

	tx = talk_txn(dom0);
	talk_write_node(dom0, tx, "/w/2", "");
	talk_write_node(dom0, tx, "/w/1/x", "");
	talk_write_node(dom0, tx, "/w/2", "again");
	talk_rm(dom0, tx, "/w/gone");
	CU_ASSERT_TRUE(talk_silence(dom0));
	{
		struct xsd_sockmsg header = { XS_TRANSACTION_END, 1, tx, 2 };

		talk_put_bytes(dom0, &header, sizeof(header));
		talk_put_bytes(dom0, "T", 2);
	}
	talk_run(dom0);
	CU_ASSERT_TRUE(talk_event(dom0, "/w/2", "w"));
	CU_ASSERT_TRUE(talk_event(dom0, "/w/1/x", "w"));
	CU_ASSERT_TRUE(talk_event(dom0, "/w/gone/deep", "deep"));
	CU_ASSERT_TRUE(talk_event(dom0, "/w/gone", "w"));
	CU_ASSERT_TRUE(talk_get(dom0));
	CU_ASSERT_EQUAL(dom0->reply_type, XS_TRANSACTION_END);
	CU_ASSERT_TRUE(talk_silence(dom0));
	end();
}

static void transaction_ids_are_checked(void)
{
	uint32_t tx;

	begin();
	CU_ASSERT_EQUAL(talk_read_node(dom0, 12345, "/"), -ENOENT);
	CU_ASSERT_EQUAL(talk_commit(dom0, 0), -ENOENT);
	CU_ASSERT_EQUAL(talk_commit(dom0, 1), -ENOENT);
	tx = talk_txn(dom0);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_TRANSACTION_START, tx, 1, ""), -EBUSY);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_TRANSACTION_END, tx, 1, "X"), -EINVAL);
	/* Another client's transaction is none of yours. */
	CU_ASSERT_EQUAL(talk_commit(guest, tx), -ENOENT);
	CU_ASSERT_EQUAL(talk_commit(dom0, tx), 0);
	end();
}

static void transactions_left_open_are_dropped_with_the_client(void)
{
	begin();
	talk_write_node(guest, talk_txn(guest), "x", "1");
	talk_write_node(guest, talk_txn(guest), "x", "2");
	CU_ASSERT_EQUAL(talk_ask(guest, XS_RESET_WATCHES, 0, 1, ""), 0);
	CU_ASSERT_EQUAL(quota_used(&store.quota, 1, QUOTA_TRANSACTIONS), 0);
	talk_txn(guest);
	end();
}

/*
 * Many transactions at once that read a counter and write it back plus one, restarted on EAGAIN:
 * not one increment is lost.
 */
static void no_update_is_lost(void)
{
	uint32_t tx[8];
	unsigned int i, round, done = 0;
	char text[16];
	bool open[8] = { false };

	begin();
	talk_write_node(dom0, 0, "/n", "0");
	for (round = 0; round < 200; round++) {
		i = (round * 5 + round / 7) % 8;
		if (!open[i]) {
			tx[i] = talk_txn(dom0);
			open[i] = true;
			talk_read_node(dom0, tx[i], "/n");
			snprintf(text, sizeof(text), "%d", atoi(dom0->reply) + 1);
			talk_write_node(dom0, tx[i], "/n", text);
		} else {
			done += talk_commit(dom0, tx[i]) == 0;
			open[i] = false;
		}
	}
	talk_read_node(dom0, 0, "/n");
	CU_ASSERT_EQUAL((unsigned int)atoi(dom0->reply), done);
	CU_ASSERT_TRUE(done > 5);
	end();
}

/* ---- quotas ---- */

static const struct quota_limits tight = {
	.nodes = 5,
	.watches = 3,
	.transactions = 2,
	.transaction_nodes = 8,
	.node_size = 16,
	.perms = 2,
	.waiting_events = 4,
	.requests_per_turn = 2,
};

static void nodes_are_counted_by_owner(void)
{
	begin_with(&tight);
	/* The home is the guest's too. */
	CU_ASSERT_EQUAL(talk_write_node(guest, 0, "a/b/c", "1"), 0);
	CU_ASSERT_EQUAL(talk_write_node(guest, 0, "x/y", "1"), -ENOSPC);
	CU_ASSERT_EQUAL(talk_read_node(guest, 0, "x"), -ENOENT);
	CU_ASSERT_EQUAL(talk_write_node(guest, 0, "x", "1"), 0);
	CU_ASSERT_EQUAL(talk_mkdir(guest, 0, "z"), -ENOSPC);
	CU_ASSERT_EQUAL(quota_used(&store.quota, 1, QUOTA_NODES), 5);
	CU_ASSERT_EQUAL(talk_write_node(guest, 0, "x", "2"), 0);
	CU_ASSERT_EQUAL(talk_rm(guest, 0, "a"), 0);
	CU_ASSERT_EQUAL(quota_used(&store.quota, 1, QUOTA_NODES), 2);
	CU_ASSERT_EQUAL(talk_mkdir(guest, 0, "z"), 0);
	/* The control domain is not refused. */
	CU_ASSERT_EQUAL(talk_write_node(dom0, 0, "/local/domain/1/q/r/s/t", "1"), 0);
	CU_ASSERT_EQUAL(talk_rm(dom0, 0, "/local/domain/1"), 0);
	CU_ASSERT_EQUAL(quota_used(&store.quota, 1, QUOTA_NODES), 0);
	end();
}

static void nodes_in_transactions_count_too(void)
{
	uint32_t one, two;

	begin_with(&tight);
	one = talk_txn(guest);
	two = talk_txn(guest);
	CU_ASSERT_EQUAL(talk_write_node(guest, one, "a/b/c", "1"), 0);
	CU_ASSERT_EQUAL(talk_write_node(guest, one, "d", "1"), 0);
	CU_ASSERT_EQUAL(talk_write_node(guest, one, "e", "1"), -ENOSPC);
	CU_ASSERT_EQUAL(talk_write_node(guest, two, "f/g/h", "1"), 0);
	CU_ASSERT_EQUAL(talk_commit(guest, one), 0);
	CU_ASSERT_EQUAL(talk_commit(guest, two), -ENOSPC);
	CU_ASSERT_EQUAL(quota_used(&store.quota, 1, QUOTA_NODES), 5);
	end();
}

static void sizes_watches_and_transactions_are_bounded(void)
{
	uint32_t tx;

	begin_with(&tight);
	CU_ASSERT_EQUAL(talk_write_node(guest, 0, "a", "0123456789abcdef"), 0);
	CU_ASSERT_EQUAL(talk_write_node(guest, 0, "a", "0123456789abcdef-"), -ENOSPC);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_SET_PERMS, 0, 4, "a", "n1", "r2", "r3"), -ENOSPC);
	CU_ASSERT_EQUAL(talk_watch(guest, "a", "1"), 0);
	CU_ASSERT_EQUAL(talk_watch(guest, "a", "2"), 0);
	CU_ASSERT_EQUAL(talk_watch(guest, "a", "3"), 0);
	CU_ASSERT_EQUAL(talk_watch(guest, "a", "4"), -E2BIG);
	talk_txn(guest);
	tx = talk_txn(guest);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_TRANSACTION_START, 0, 1, ""), -ENOSPC);
	CU_ASSERT_EQUAL(talk_abort(guest, tx), 0);
	talk_txn(guest);
	end();
}

static void a_transaction_touches_a_bounded_number_of_nodes(void)
{
	unsigned int i, refused = 0;
	char path[16];
	uint32_t tx;

	begin_with(&tight);
	tx = talk_txn(guest);
	for (i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "n%u", i);
		refused += talk_read_node(guest, tx, path) == -ENOSPC;
	}
	CU_ASSERT_TRUE(refused > 8 && refused < 20);
	CU_ASSERT_EQUAL(talk_commit(guest, tx), 0);
	end();
}

static void who_does_not_read_loses_events_and_nothing_grows(void)
{
	unsigned int i, nr_events = 0;
	char path[40];

	begin_with(&tight);
	talk_watch(guest, "a", "t");
	CU_ASSERT_TRUE(talk_event(guest, "a", "t"));
	guest->window = 0;
	for (i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/local/domain/1/a/%u", i);
		talk_write_node(dom0, 0, path, "");
	}
	CU_ASSERT_EQUAL(guest->client.nr_waiting_events, 4);
	guest->window = 1 << 16;
	talk_run(guest);
	while (talk_get(guest))
		nr_events++;
	CU_ASSERT_EQUAL(nr_events, 4);
	/* It reads again, so it hears again. */
	talk_write_node(dom0, 0, "/local/domain/1/a", "");
	CU_ASSERT_TRUE(talk_event(guest, "a", "t"));
	end();
}

static void a_turn_is_bounded_and_unread_replies_stop_it(void)
{
	unsigned int i;

	begin();
	for (i = 0; i < 100; i++)
		talk_put(guest, XS_READ, 0, "x", 2);
	CU_ASSERT_EQUAL(client_run(&guest->client), 1);
	for (i = 0; talk_get(guest); i++)
		;
	CU_ASSERT_EQUAL(i, quota_default.requests_per_turn);
	talk_run(guest);
	while (talk_get(guest))
		;

	talk_write_node(dom0, 0, "/local/domain/1/big", "x");
	guest->window = 0;
	for (i = 0; i < 1500; i++)
		talk_put(guest, XS_READ, 0, "big", 4);
	CU_ASSERT_EQUAL(talk_run(guest), 0);
	CU_ASSERT_FALSE(client_takes_requests(&guest->client));
	CU_ASSERT_TRUE(guest->client.out_bytes < 32768);
	guest->window = 1 << 18;
	talk_run(guest);
	for (i = 0; talk_get(guest); i++)
		;
	CU_ASSERT_EQUAL(i, 1500);
	end();
}

UNIT_MAIN("xenstore transactions", UNIT_TEST(a_transaction_is_alone_until_it_commits),
	  UNIT_TEST(what_was_read_and_changed_meanwhile_is_a_conflict),
	  UNIT_TEST(what_was_missing_and_is_made_meanwhile_is_a_conflict),
	  UNIT_TEST(two_writers_of_one_node_conflict),
	  UNIT_TEST(a_listed_directory_that_grows_is_a_conflict),
	  UNIT_TEST(new_children_of_one_node_do_not_conflict),
	  UNIT_TEST(remove_and_make_again_in_one_transaction),
	  UNIT_TEST(watches_fire_after_the_commit_in_order_and_not_after_an_abort),
	  UNIT_TEST(transaction_ids_are_checked),
	  UNIT_TEST(transactions_left_open_are_dropped_with_the_client),
	  UNIT_TEST(no_update_is_lost), UNIT_TEST(nodes_are_counted_by_owner),
	  UNIT_TEST(nodes_in_transactions_count_too),
	  UNIT_TEST(sizes_watches_and_transactions_are_bounded),
	  UNIT_TEST(a_transaction_touches_a_bounded_number_of_nodes),
	  UNIT_TEST(who_does_not_read_loses_events_and_nothing_grows),
	  UNIT_TEST(a_turn_is_bounded_and_unread_replies_stop_it))
