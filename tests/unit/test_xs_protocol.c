/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store as its clients see it, message by message: nodes, permissions, watches, and messages that no
 * honest client sends. (Transactions and quotas: test_xs_transactions.c.)
 */
#include "xs_world.h"

/* ---- nodes ---- */

static void write_makes_parents_and_read_gives_back(void)
{
	begin();
	CU_ASSERT_EQUAL(talk_write_node(dom0, 0, "/a/b/c", "v"), 0);
	CU_ASSERT_STRING_EQUAL(dom0->reply, "OK");
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/a/b/c"), 0);
	CU_ASSERT_EQUAL(dom0->reply_length, 1);
	CU_ASSERT_STRING_EQUAL(dom0->reply, "v");
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/a/b"), 0);
	CU_ASSERT_EQUAL(dom0->reply_length, 0);
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/a/x"), -ENOENT);
	end();
}

static void values_may_hold_any_byte(void)
{
	static const char request[] = "/a\0x\0\xff\n";

	begin();
	CU_ASSERT_EQUAL(talk_ask_bytes(dom0, XS_WRITE, 0, request, sizeof(request)), 0);
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/a"), 0);
	CU_ASSERT_EQUAL(dom0->reply_length, 5);
	CU_ASSERT_EQUAL(memcmp(dom0->reply, request + 3, 5), 0);
	end();
}

static void directory_lists_names(void)
{
	begin();
	talk_write_node(dom0, 0, "/d/b", "");
	talk_write_node(dom0, 0, "/d/a/x", "");
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_DIRECTORY, 0, 1, "/d"), 0);
	CU_ASSERT_EQUAL(dom0->reply_length, 4);
	CU_ASSERT_EQUAL(memcmp(dom0->reply, "a\0b\0", 4), 0);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_DIRECTORY, 0, 1, "/d/b"), 0);
	CU_ASSERT_EQUAL(dom0->reply_length, 0);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_DIRECTORY, 0, 1, "/e"), -ENOENT);
	end();
}

/* A directory of 300 long names needs several parts; together they are the whole list. */
static void directory_part_gives_all_of_a_long_list(void)
{
	char path[64], offset[16], generation[32] = "";
	unsigned int i, nr_parts = 0, nr_names = 0;
	size_t at = 0, begin_of_names;
	bool done = false;
	const char *name;

	begin();
	for (i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/d/a-name-that-is-long-enough-%03u", i);
		talk_write_node(dom0, 0, path, "");
	}
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_DIRECTORY, 0, 1, "/d"), -E2BIG);
	while (!done) {
		snprintf(offset, sizeof(offset), "%zu", at);
		CU_ASSERT_EQUAL_FATAL(talk_ask(dom0, XS_DIRECTORY_PART, 0, 2, "/d", offset), 0);
		if (!nr_parts++)
			strcpy(generation, dom0->reply);
		CU_ASSERT_STRING_EQUAL(dom0->reply, generation);
		begin_of_names = strlen(dom0->reply) + 1;
		for (name = dom0->reply + begin_of_names; name < dom0->reply + dom0->reply_length;
		     name += strlen(name) + 1) {
			if (!*name) {
				done = true;
				break;
			}
			CU_ASSERT_EQUAL((unsigned int)atoi(name + strlen(name) - 3), nr_names);
			nr_names++;
			at += strlen(name) + 1;
		}
	}
	CU_ASSERT_EQUAL(nr_names, 300);
	CU_ASSERT_TRUE(nr_parts > 2);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_DIRECTORY_PART, 0, 2, "/d", "1000000"), 0);
	CU_ASSERT_EQUAL(dom0->reply[dom0->reply_length - 1], '\0');
	CU_ASSERT_EQUAL(dom0->reply_length, strlen(dom0->reply) + 2);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_DIRECTORY_PART, 0, 2, "/d", "-1"), -EINVAL);
	end();
}

static void rm_takes_all_below_and_needs_a_parent(void)
{
	begin();
	talk_write_node(dom0, 0, "/a/b/c", "v");
	CU_ASSERT_EQUAL(talk_rm(dom0, 0, "/a/b"), 0);
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/a/b/c"), -ENOENT);
	CU_ASSERT_EQUAL(talk_rm(dom0, 0, "/a/b"), 0);
	CU_ASSERT_EQUAL(talk_rm(dom0, 0, "/a/b/c"), -ENOENT);
	CU_ASSERT_EQUAL(talk_rm(dom0, 0, "/"), -EINVAL);
	end();
}

static void mkdir_keeps_what_is_there(void)
{
	begin();
	talk_write_node(dom0, 0, "/a", "v");
	CU_ASSERT_EQUAL(talk_mkdir(dom0, 0, "/a"), 0);
	talk_read_node(dom0, 0, "/a");
	CU_ASSERT_STRING_EQUAL(dom0->reply, "v");
	end();
}

static void relative_paths_begin_at_home(void)
{
	begin();
	CU_ASSERT_EQUAL(talk_write_node(guest, 0, "data/x", "1"), 0);
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "/local/domain/1/data/x"), 0);
	CU_ASSERT_STRING_EQUAL(dom0->reply, "1");
	CU_ASSERT_EQUAL(talk_ask(guest, XS_GET_DOMAIN_PATH, 0, 1, "1"), 0);
	CU_ASSERT_STRING_EQUAL(guest->reply, "/local/domain/1");
	end();
}

/* ---- permissions ---- */

static void guests_are_kept_out(void)
{
	begin();
	talk_write_node(dom0, 0, "/secret", "s");
	CU_ASSERT_EQUAL(talk_read_node(guest, 0, "/secret"), -EACCES);
	CU_ASSERT_EQUAL(talk_write_node(guest, 0, "/secret", "x"), -EACCES);
	CU_ASSERT_EQUAL(talk_rm(guest, 0, "/secret"), -EACCES);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_DIRECTORY, 0, 1, "/"), -EACCES);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_GET_PERMS, 0, 1, "/secret"), -EACCES);
	CU_ASSERT_EQUAL(talk_read_node(guest, 0, "/local/domain/2"), -EACCES);
	/* Not even whether a name exists. */
	CU_ASSERT_EQUAL(talk_read_node(guest, 0, "/local/domain/2/nothing"), -EACCES);
	CU_ASSERT_EQUAL(talk_read_node(guest, 0, "/local/domain/1/nothing"), -ENOENT);
	CU_ASSERT_EQUAL(talk_mkdir(guest, 0, "/mine"), -EACCES);
	end();
}

static void entries_for_a_domain_count(void)
{
	begin();
	talk_write_node(guest, 0, "shared", "1");
	CU_ASSERT_EQUAL(talk_read_node(other, 0, "/local/domain/1/shared"), -EACCES);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_SET_PERMS, 0, 3, "shared", "n1", "r2"), 0);
	CU_ASSERT_EQUAL(talk_read_node(other, 0, "/local/domain/1/shared"), 0);
	CU_ASSERT_EQUAL(talk_write_node(other, 0, "/local/domain/1/shared", "2"), -EACCES);
	CU_ASSERT_EQUAL(talk_ask(other, XS_GET_PERMS, 0, 1, "/local/domain/1/shared"), 0);
	CU_ASSERT_EQUAL(guest->reply_length, 3);
	CU_ASSERT_EQUAL(memcmp(other->reply, "n1\0r2", 6), 0);
	/* Who may write is not yet the owner. */
	CU_ASSERT_EQUAL(talk_ask(guest, XS_SET_PERMS, 0, 3, "shared", "n1", "b2"), 0);
	CU_ASSERT_EQUAL(talk_write_node(other, 0, "/local/domain/1/shared", "2"), 0);
	CU_ASSERT_EQUAL(talk_ask(other, XS_SET_PERMS, 0, 2, "/local/domain/1/shared", "b2"),
			-EACCES);
	end();
}

static void a_guest_owns_what_it_makes_and_cannot_give_it_away(void)
{
	begin();
	talk_mkdir(dom0, 0, "/shared");
	talk_ask(dom0, XS_SET_PERMS, 0, 2, "/shared", "b0");
	CU_ASSERT_EQUAL(talk_write_node(guest, 0, "/shared/x", "1"), 0);
	talk_ask(dom0, XS_GET_PERMS, 0, 1, "/shared/x");
	CU_ASSERT_STRING_EQUAL(dom0->reply, "b1");
	CU_ASSERT_EQUAL(talk_ask(guest, XS_SET_PERMS, 0, 2, "/shared/x", "b2"), -EPERM);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_SET_PERMS, 0, 2, "/shared/x", "b2"), 0);
	end();
}

static void a_domain_that_is_gone_leaves_no_rights(void)
{
	begin();
	talk_write_node(dom0, 0, "/x", "1");
	talk_ask(dom0, XS_SET_PERMS, 0, 3, "/x", "n0", "r1");
	talk_write_node(dom0, 0, "/y", "1");
	talk_ask(dom0, XS_SET_PERMS, 0, 3, "/y", "n1", "r2");
	CU_ASSERT_EQUAL(talk_read_node(guest, 0, "/x"), 0);
	store_forget_domain(&store, 1);
	CU_ASSERT_EQUAL(talk_read_node(guest, 0, "/x"), -EACCES);
	CU_ASSERT_EQUAL(talk_read_node(guest, 0, "/local/domain/1"), -EACCES);
	CU_ASSERT_EQUAL(talk_read_node(other, 0, "/y"), 0);
	talk_ask(dom0, XS_GET_PERMS, 0, 1, "/y");
	CU_ASSERT_EQUAL(memcmp(dom0->reply, "n0\0r2", 6), 0);
	CU_ASSERT_EQUAL(quota_used(&store.quota, 1, QUOTA_NODES), 0);
	end();
}

static void domain_requests_are_the_control_domains(void)
{
	begin();
	CU_ASSERT_EQUAL(talk_ask(guest, XS_INTRODUCE, 0, 3, "7", "1234567890123", "3"), -EACCES);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_RELEASE, 0, 1, "7"), -EACCES);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_RESUME, 0, 1, "7"), -EACCES);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_SET_TARGET, 0, 2, "7", "8"), -EACCES);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_CONTROL, 0, 1, "help"), -EACCES);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_INTRODUCE, 0, 3, "7", "1234567890123", "3"), 0);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_INTRODUCE, 0, 3, "7", "", "3"), -EINVAL);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_RELEASE, 0, 1, "7"), 0);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_RELEASE, 0, 1, "65536"), -EINVAL);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_IS_DOMAIN_INTRODUCED, 0, 1, "7"), 0);
	CU_ASSERT_STRING_EQUAL(dom0->reply, "T");
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_IS_DOMAIN_INTRODUCED, 0, 1, "8"), 0);
	CU_ASSERT_STRING_EQUAL(dom0->reply, "F");
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_CONTROL, 0, 1, "quota"), 0);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_RESUME, 0, 1, "7"), -ENOSYS);
	end();
}

/* ---- watches ---- */

static void a_watch_fires_once_at_registration_after_the_reply(void)
{
	begin();
	talk_put(guest, XS_WATCH, 0, "a\0token", 8);
	CU_ASSERT_EQUAL(talk_run(guest), 0);
	CU_ASSERT_TRUE(talk_get(guest));
	CU_ASSERT_EQUAL(guest->reply_type, XS_WATCH);
	CU_ASSERT_TRUE(talk_event(guest, "a", "token"));
	CU_ASSERT_TRUE(talk_silence(guest));
	end();
}

static void events_show_the_path_as_the_client_gave_it(void)
{
	begin();
	talk_watch(guest, "device", "rel");
	talk_watch(guest, "/local/domain/1/device", "abs");
	while (talk_get(guest))
		;
	talk_write_node(dom0, 0, "/local/domain/1/device/vbd/0/state", "1");
	talk_run(guest);
	CU_ASSERT_TRUE(talk_get(guest));
	/* Two watches on one node: in any order. */
	if (guest->reply[0] == 'd') {
		CU_ASSERT_STRING_EQUAL(guest->reply, "device/vbd/0/state");
		CU_ASSERT_TRUE(talk_event(guest, "/local/domain/1/device/vbd/0/state", "abs"));
	} else {
		CU_ASSERT_STRING_EQUAL(guest->reply, "/local/domain/1/device/vbd/0/state");
		CU_ASSERT_TRUE(talk_event(guest, "device/vbd/0/state", "rel"));
	}
	CU_ASSERT_TRUE(talk_silence(guest));
	end();
}

static void a_change_fires_on_the_node_and_above_not_below(void)
{
	begin();
	talk_write_node(dom0, 0, "/a/b/c", "");
	talk_watch(dom0, "/", "root");
	talk_watch(dom0, "/a/b", "b");
	talk_watch(dom0, "/a/b/c", "c");
	talk_watch(dom0, "/a/bb", "bb");
	talk_run(dom0);
	while (talk_get(dom0))
		;
	talk_write_node(other, 0, "x", "");
	CU_ASSERT_TRUE(talk_event(dom0, "/local/domain/2/x", "root"));
	CU_ASSERT_EQUAL(store_write(&store, &(struct caller){ { 0, true }, NULL }, "/a/b", "1", 1),
			0);
	CU_ASSERT_TRUE(talk_event(dom0, "/a/b", "root"));
	CU_ASSERT_TRUE(talk_event(dom0, "/a/b", "b"));
	CU_ASSERT_TRUE(talk_silence(dom0));
	end();
}

static void removal_fires_on_watched_nodes_below(void)
{
	begin();
	talk_write_node(dom0, 0, "/a/b/c/d", "");
	talk_watch(dom0, "/a/b/c", "c");
	talk_watch(dom0, "/a/b", "b");
	talk_watch(dom0, "/a/b/none", "none");
	talk_watch(dom0, "/a", "a");
	talk_run(dom0);
	while (talk_get(dom0))
		;
	talk_put(dom0, XS_RM, 0, "/a/b", 5);
	talk_run(dom0);
	CU_ASSERT_TRUE(talk_event(dom0, "/a/b/c", "c"));
	CU_ASSERT_TRUE(talk_event(dom0, "/a/b", "a"));
	CU_ASSERT_TRUE(talk_event(dom0, "/a/b", "b"));
	CU_ASSERT_TRUE(talk_get(dom0));
	CU_ASSERT_EQUAL(dom0->reply_type, XS_RM);
	CU_ASSERT_TRUE(talk_silence(dom0));
	end();
}

static void who_may_not_read_hears_nothing(void)
{
	begin();
	talk_watch(other, "/local/domain/1", "spy");
	CU_ASSERT_TRUE(talk_event(other, "/local/domain/1", "spy"));
	talk_write_node(guest, 0, "x", "1");
	talk_rm(guest, 0, "x");
	CU_ASSERT_TRUE(talk_silence(other));
	/* Giving him the right is the first thing that he may see, taking it away the last. */
	talk_write_node(guest, 0, "x", "1");
	talk_ask(guest, XS_SET_PERMS, 0, 3, "x", "n1", "r2");
	CU_ASSERT_TRUE(talk_event(other, "/local/domain/1/x", "spy"));
	talk_ask(guest, XS_SET_PERMS, 0, 2, "x", "n1");
	CU_ASSERT_TRUE(talk_event(other, "/local/domain/1/x", "spy"));
	talk_write_node(guest, 0, "x", "2");
	CU_ASSERT_TRUE(talk_silence(other));
	end();
}

static void the_same_watch_twice_is_refused_and_unwatch_ends_it(void)
{
	begin();
	CU_ASSERT_EQUAL(talk_watch(guest, "a", "t"), 0);
	CU_ASSERT_EQUAL(talk_watch(guest, "a", "t"), -EEXIST);
	CU_ASSERT_EQUAL(talk_watch(guest, "a", "u"), 0);
	CU_ASSERT_EQUAL(talk_unwatch(guest, "a", "t"), 0);
	CU_ASSERT_EQUAL(talk_unwatch(guest, "a", "t"), -ENOENT);
	talk_run(guest);
	while (talk_get(guest))
		;
	talk_write_node(dom0, 0, "/local/domain/1/a", "1");
	CU_ASSERT_TRUE(talk_event(guest, "a", "u"));
	CU_ASSERT_TRUE(talk_silence(guest));
	CU_ASSERT_EQUAL(talk_ask(guest, XS_RESET_WATCHES, 0, 1, ""), 0);
	talk_write_node(dom0, 0, "/local/domain/1/a", "2");
	CU_ASSERT_TRUE(talk_silence(guest));
	end();
}

static void equal_events_that_wait_are_one(void)
{
	unsigned int i;

	begin();
	talk_watch(guest, "a", "t");
	CU_ASSERT_TRUE(talk_event(guest, "a", "t"));
	guest->window = 0;
	for (i = 0; i < 1000; i++)
		talk_write_node(dom0, 0, "/local/domain/1/a", "1");
	guest->window = 1 << 16;
	CU_ASSERT_TRUE(talk_event(guest, "a", "t"));
	CU_ASSERT_TRUE(talk_silence(guest));
	end();
}

/* Even when the client is in the middle of reading one. */
static void events_of_a_watch_that_ends_are_dropped(void)
{
	begin();
	talk_watch(guest, "a", "t");
	CU_ASSERT_TRUE(talk_event(guest, "a", "t"));
	guest->window = 20;
	talk_write_node(dom0, 0, "/local/domain/1/a/1", "");
	talk_write_node(dom0, 0, "/local/domain/1/a/2", "");
	talk_write_node(dom0, 0, "/local/domain/1/a/3", "");
	talk_put(guest, XS_UNWATCH, 0, "a\0t", 4);
	talk_run(guest);
	guest->window = 1 << 16;
	CU_ASSERT_TRUE(talk_event(guest, "a/1", "t"));
	CU_ASSERT_TRUE(talk_get(guest));
	CU_ASSERT_EQUAL(guest->reply_type, XS_UNWATCH);
	CU_ASSERT_TRUE(talk_silence(guest));
	CU_ASSERT_EQUAL(guest->client.nr_waiting_events, 0);
	end();
}

static void special_watches_need_permission(void)
{
	begin();
	talk_watch(dom0, "@releaseDomain", "d");
	talk_watch(guest, "@releaseDomain", "g");
	CU_ASSERT_TRUE(talk_event(dom0, "@releaseDomain", "d"));
	CU_ASSERT_TRUE(talk_event(guest, "@releaseDomain", "g"));
	store_fire_special(&store, "@releaseDomain");
	CU_ASSERT_TRUE(talk_event(dom0, "@releaseDomain", "d"));
	CU_ASSERT_TRUE(talk_silence(guest));
	CU_ASSERT_EQUAL(talk_ask(guest, XS_SET_PERMS, 0, 2, "@releaseDomain", "r0"), -EACCES);
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_SET_PERMS, 0, 3, "@releaseDomain", "n0", "r1"), 0);
	store_fire_special(&store, "@releaseDomain");
	CU_ASSERT_TRUE(talk_event(guest, "@releaseDomain", "g"));
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_GET_PERMS, 0, 1, "@releaseDomain"), 0);
	CU_ASSERT_EQUAL(talk_watch(guest, "@nothing", "g"), -EINVAL);
	CU_ASSERT_EQUAL(talk_read_node(dom0, 0, "@releaseDomain"), -EINVAL);
	end();
}

/* An event's path and token together can be longer than a message. */
static void an_event_that_does_not_fit_names_the_watched_node(void)
{
	char deep[1200], token[3000];

	begin();
	memset(deep, 'd', sizeof(deep));
	memcpy(deep, "/a/", 3);
	deep[sizeof(deep) - 1] = '\0';
	memset(token, 't', sizeof(token));
	token[sizeof(token) - 1] = '\0';
	CU_ASSERT_EQUAL(talk_watch(dom0, "/a", token), 0);
	CU_ASSERT_TRUE(talk_event(dom0, "/a", token));
	talk_put(dom0, XS_WRITE, 0, deep, sizeof(deep));
	talk_run(dom0);
	CU_ASSERT_TRUE(talk_event(dom0, "/a", token));
	end();
}

/* ---- what no honest client sends ---- */

static void a_huge_length_ends_the_client(void)
{
	struct xsd_sockmsg header = { XS_READ, 1, 0, XENSTORE_PAYLOAD_MAX + 1 };

	begin();
	talk_put_bytes(guest, &header, sizeof(header));
	CU_ASSERT_EQUAL(talk_run(guest), -EPROTO);
	end();
	begin();
	header.len = 0xffffffff;
	talk_put_bytes(guest, &header, sizeof(header));
	CU_ASSERT_EQUAL(talk_run(guest), -EPROTO);
	end();
}

static void pieces_of_any_size_are_put_together(void)
{
	static const char payload[] = "a\0value";
	struct xsd_sockmsg header = { XS_WRITE, 1, 0, sizeof(payload) - 1 };
	const char *bytes = (const char *)&header;
	unsigned int i;

	begin();
	for (i = 0; i < sizeof(header); i++) {
		talk_put_bytes(guest, bytes + i, 1);
		CU_ASSERT_EQUAL(client_run(&guest->client), 0);
		CU_ASSERT_FALSE(talk_get(guest));
	}
	for (i = 0; i < sizeof(payload) - 1; i++) {
		CU_ASSERT_FALSE(talk_get(guest));
		talk_put_bytes(guest, payload + i, 1);
		CU_ASSERT_EQUAL(client_run(&guest->client), 0);
	}
	CU_ASSERT_TRUE(talk_get(guest));
	CU_ASSERT_STRING_EQUAL(guest->reply, "OK");
	talk_read_node(guest, 0, "a");
	CU_ASSERT_STRING_EQUAL(guest->reply, "value");
	end();
}

static void unknown_types_are_refused(void)
{
	begin();
	CU_ASSERT_EQUAL(talk_ask(guest, XS_TYPE_COUNT, 0, 1, ""), -ENOSYS);
	CU_ASSERT_EQUAL(talk_ask(guest, 0xffffffff, 0, 1, ""), -ENOSYS);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_INVALID, 0, 1, ""), -ENOSYS);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_WATCH_EVENT, 0, 1, ""), -ENOSYS);
	CU_ASSERT_EQUAL(talk_ask(guest, XS_ERROR, 0, 1, ""), -ENOSYS);
	CU_ASSERT_EQUAL(talk_ask(guest, 20, 0, 1, ""), -ENOSYS);
	end();
}

/* Every type with payloads that lack strings, or their NUL, or have too much. */
static void broken_payloads_are_refused(void)
{
	static const struct {
		const char *bytes;
		size_t n;
	} payloads[] = {
		{ "", 0 },
		{ "\0", 1 },
		{ "x", 1 },
		{ "\0\0\0\0", 4 },
		{ "/a", 2 },
		{ "//\0", 3 },
		{ "/a\0b", 4 },
		{ "/a\0b\0c\0d", 7 },
		{ "@", 2 },
		{ "a\0\xff", 4 },
		{ "T", 1 },
		{ "\xff\xfe\xfd", 3 },
		{ "@releaseDomain", 14 },
		{ "/a\0n", 5 },
		{ "/a\0\0", 5 },
		{ "1\0\0", 3 },
	};
	uint32_t type;
	unsigned int i;

	begin();
	for (type = 0; type <= XS_TYPE_COUNT; type++) {
		for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
			talk_put(guest, type, 0, payloads[i].bytes, payloads[i].n);
			CU_ASSERT_EQUAL(talk_run(guest), 0);
			CU_ASSERT_TRUE(talk_get(guest));
			while (talk_get(guest))
				;
		}
	}
	CU_ASSERT_EQUAL(talk_ask_bytes(guest, XS_READ, 0, "x", 1), -EINVAL);
	CU_ASSERT_EQUAL(talk_ask_bytes(guest, XS_READ, 0, "x\0y", 4), -EINVAL);
	CU_ASSERT_EQUAL(talk_ask_bytes(guest, XS_WATCH, 0, "x", 2), -EINVAL);
	CU_ASSERT_EQUAL(talk_ask_bytes(guest, XS_WATCH, 0, "x\0t", 3), -EINVAL);
	end();
}

static void paths_that_are_too_long_are_refused(void)
{
	char path[4000];

	begin();
	memset(path, 'a', sizeof(path));
	path[2049] = '\0';
	CU_ASSERT_EQUAL(talk_ask(guest, XS_MKDIR, 0, 1, path), -EINVAL);
	path[2048] = '\0';
	CU_ASSERT_EQUAL(talk_ask(guest, XS_MKDIR, 0, 1, path), 0);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[3073] = '\0';
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_MKDIR, 0, 1, path), -EINVAL);
	path[3072] = '\0';
	CU_ASSERT_EQUAL(talk_ask(dom0, XS_MKDIR, 0, 1, path), 0);
	end();
}

/* The deepest path there can be, watched, in and out of a transaction, and removed. */
static void the_deepest_path_works(void)
{
	char path[3073];
	unsigned int i;
	uint32_t tx;

	begin();
	for (i = 0; i < 3072; i++)
		path[i] = i % 2 ? 'a' : '/';
	path[3072] = '\0';
	talk_watch(dom0, path, "t");
	CU_ASSERT_EQUAL(talk_write_node(dom0, 0, path, "deep"), 0);
	tx = talk_txn(dom0);
	CU_ASSERT_EQUAL(talk_write_node(dom0, tx, path, "deeper"), 0);
	CU_ASSERT_EQUAL(talk_commit(dom0, tx), 0);
	talk_read_node(dom0, 0, path);
	CU_ASSERT_STRING_EQUAL(dom0->reply, "deeper");
	CU_ASSERT_EQUAL(talk_rm(dom0, 0, "/a"), 0);
	end();
}

UNIT_MAIN("xenstore protocol", UNIT_TEST(write_makes_parents_and_read_gives_back),
	  UNIT_TEST(values_may_hold_any_byte), UNIT_TEST(directory_lists_names),
	  UNIT_TEST(directory_part_gives_all_of_a_long_list),
	  UNIT_TEST(rm_takes_all_below_and_needs_a_parent), UNIT_TEST(mkdir_keeps_what_is_there),
	  UNIT_TEST(relative_paths_begin_at_home), UNIT_TEST(guests_are_kept_out),
	  UNIT_TEST(entries_for_a_domain_count),
	  UNIT_TEST(a_guest_owns_what_it_makes_and_cannot_give_it_away),
	  UNIT_TEST(a_domain_that_is_gone_leaves_no_rights),
	  UNIT_TEST(domain_requests_are_the_control_domains),
	  UNIT_TEST(a_watch_fires_once_at_registration_after_the_reply),
	  UNIT_TEST(events_show_the_path_as_the_client_gave_it),
	  UNIT_TEST(a_change_fires_on_the_node_and_above_not_below),
	  UNIT_TEST(removal_fires_on_watched_nodes_below),
	  UNIT_TEST(who_may_not_read_hears_nothing),
	  UNIT_TEST(the_same_watch_twice_is_refused_and_unwatch_ends_it),
	  UNIT_TEST(equal_events_that_wait_are_one),
	  UNIT_TEST(events_of_a_watch_that_ends_are_dropped),
	  UNIT_TEST(special_watches_need_permission),
	  UNIT_TEST(an_event_that_does_not_fit_names_the_watched_node),
	  UNIT_TEST(a_huge_length_ends_the_client), UNIT_TEST(pieces_of_any_size_are_put_together),
	  UNIT_TEST(unknown_types_are_refused), UNIT_TEST(broken_payloads_are_refused),
	  UNIT_TEST(paths_that_are_too_long_are_refused), UNIT_TEST(the_deepest_path_works))
