/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xenstore as a guest sees it through its ring: nodes, permissions, errors, watches, transactions
 * that conflict, messages that are longer than the ring and lie across its end.
 */
#include "rt.h"
#include "store.h"
#include "str.h"
#include "tap.h"

#include <xen/errno.h>

#define BIG 2000u

static char text[XENSTORE_PAYLOAD_MAX];
static char home[64];

static bool reads(uint32_t tx, const char *path, const char *value)
{
	return store_read(tx, path, text, sizeof(text)) == (long)str_length(value) && str_same(text, value);
}

/* Is it one of the names of a list, each with its NUL? */
static bool lists(long length, const char *name)
{
	long i;

	for (i = 0; i < length; i += (long)str_length(text + i) + 1)
		if (str_same(text + i, name))
			return true;
	return false;
}

static void test_nodes(void)
{
	char path[128], own[16] = "";
	uint32_t leaf[4];
	long n;

	rt_cpuid(0x40000004, leaf);
	str_add_number(own, leaf[2]);
	tap_ok(reads(0, "domid", own), "the guest's number");
	tap_ok(reads(0, "name", "store"), "and its name");
	n = store_path(XS_GET_DOMAIN_PATH, 0, own, home, sizeof(home) - 1);
	tap_ok(n > 1 && home[0] == '/', "its home");
	tap_is(store_write(0, "data/a", "one"), 3, "a value is written");
	tap_ok(reads(0, "data/a", "one"), "and read");
	str_copy(path, home, sizeof(path));
	str_add(path, "/data/a");
	tap_ok(reads(0, path, "one"), "by its whole path, too");
	tap_is(store_write(0, "data/b/c/d", ""), 3, "a node below others that are not there");
	tap_ok(reads(0, "data/b/c/d", "") && reads(0, "data/b", ""), "which are made");
	tap_is(store_path(XS_MKDIR, 0, "data/e", text, sizeof(text)), 3, "a node without a value");
	n = store_path(XS_DIRECTORY, 0, "data", text, sizeof(text));
	tap_ok(n == 6 && lists(n, "a") && lists(n, "b") && lists(n, "e"), "all are listed");
	tap_is(store_path(XS_DIRECTORY, 0, "data/a", text, sizeof(text)), 0, "a leaf has no list");
	tap_is(store_path(XS_RM, 0, "data/b", text, sizeof(text)), 3, "a node is removed");
	tap_is(store_read(0, "data/b/c/d", text, sizeof(text)), -XEN_ENOENT, "with all below it");
	tap_is(store_write(0, "data/a", "another"), 3, "a value is replaced");
	tap_ok(reads(0, "data/a", "another"), "and longer now");
	tap_is(store_write_bytes(0, "data/a", "x\0y", 3), 3, "a value may have any bytes");
	n = store_read(0, "data/a", text, sizeof(text));
	tap_ok(n == 3 && text[0] == 'x' && text[1] == 0 && text[2] == 'y', "and keeps them");
}

static void test_permissions(void)
{
	char own[16] = "b";
	uint32_t leaf[4];
	long n;

	rt_cpuid(0x40000004, leaf);
	str_add_number(own, leaf[2]);
	n = store_path(XS_GET_PERMS, 0, "data/a", text, sizeof(text));
	tap_ok(n > 1 && str_number(text + 1) == leaf[2], "what the guest makes is its own");
	tap_is(store_pair(XS_SET_PERMS, "data/a", own), 3, "it may say who else may use it");
	n = store_path(XS_GET_PERMS, 0, "data/a", text, sizeof(text));
	tap_ok(n > 1 && str_same(text, own), "which is remembered");
	tap_is(store_pair(XS_SET_PERMS, "data/a", "n0"), -XEN_EPERM, "it cannot be given away");
	tap_is(store_write(0, "/local/domain/0/mine", "x"), -XEN_EACCES, "others' nodes are not to be written");
	tap_is(store_read(0, "/local/domain/0/domid", text, sizeof(text)), -XEN_EACCES, "nor read");
	tap_is(store_write(0, "name", "x"), -XEN_EACCES, "nor one's own name");
	tap_is(store_path(XS_RM, 0, "/local", text, sizeof(text)), -XEN_EACCES, "nor the tree removed");
}

static void test_errors(void)
{
	static const char two[] = "0\0" "0";

	tap_is(store_read(0, "data/nothing", text, sizeof(text)), -XEN_ENOENT, "a node that is not there");
	tap_is(store_path(XS_RM, 0, "data/nothing", text, sizeof(text)), 3, "can be removed all the same");
	tap_is(store_path(XS_RM, 0, "data/nothing/below", text, sizeof(text)), -XEN_ENOENT,
	       "not if there is nothing above it");
	tap_is(store_read(0, "data//a", text, sizeof(text)), -XEN_EINVAL, "an empty name");
	tap_is(store_read(0, "data/a/", text, sizeof(text)), -XEN_EINVAL, "a slash at the end");
	tap_is(store_read(0, "data/a b", text, sizeof(text)), -XEN_EINVAL, "a blank in a name");
	tap_is(store_call(XS_READ, 0, "data/a", 6, text, sizeof(text)), -XEN_EINVAL, "a path without its NUL");
	tap_is(store_call(XS_READ, 0, "", 0, text, sizeof(text)), -XEN_EINVAL, "no path at all");
	tap_is(store_call(77, 0, "data/a", 7, text, sizeof(text)), -XEN_ENOSYS, "an unknown request");
	tap_is(store_call(XS_INTRODUCE, 0, two, sizeof(two), text, sizeof(text)), -XEN_EACCES,
	       "a request that is the control domain's");
	tap_is(store_read(4711, "data/a", text, sizeof(text)), -XEN_ENOENT, "a transaction that is none");
}

static bool next_is(const char *path, const char *token)
{
	struct store_event e;

	store_event(&e);
	if (str_same(e.path, path) && str_same(e.token, token))
		return true;
	rt_printf("# %s %s instead of %s %s\n", e.path, e.token, path, token);
	return false;
}

/* What has been caused so far is here when this is answered. */
static unsigned int events_now(void)
{
	store_read(0, "domid", text, sizeof(text));
	return store_events();
}

static void test_watches(void)
{
	char path[128];

	store_path(XS_MKDIR, 0, "data/w", text, sizeof(text));
	tap_is(store_pair(XS_WATCH, "data/w", "first"), 3, "a watch");
	tap_ok(next_is("data/w", "first"), "begins with an event");
	tap_is(store_pair(XS_WATCH, "data/w", "first"), -XEN_EEXIST, "it is there once");
	store_write(0, "data/w", "1");
	tap_ok(next_is("data/w", "first"), "a node is written: an event");
	store_write(0, "data/w/x/y", "1");
	tap_ok(next_is("data/w/x/y", "first"), "one below it: with its path");
	store_write(0, "data/v", "1");
	tap_is((long)events_now(), 0, "beside it: none");
	store_path(XS_RM, 0, "data/w/x", text, sizeof(text));
	tap_ok(next_is("data/w/x", "first"), "one is removed");
	str_copy(path, home, sizeof(path));
	str_add(path, "/data/w");
	tap_is(store_pair(XS_WATCH, path, "second"), 3, "another, by the whole path");
	tap_ok(next_is(path, "second"), "begins with that");
	store_write(0, "data/w", "2");
	{
		struct store_event a, b;

		store_event(&a);
		store_event(&b);
		tap_ok((str_same(a.path, "data/w") && str_same(b.path, path)) ||
			       (str_same(b.path, "data/w") && str_same(a.path, path)),
		       "each hears, in the words that it was set with");
	}
	tap_is(store_pair(XS_UNWATCH, path, "second"), 3, "one is taken away");
	tap_is(store_pair(XS_UNWATCH, path, "second"), -XEN_ENOENT, "once");
	tap_is(store_pair(XS_UNWATCH, "data/w", "none"), -XEN_ENOENT, "and only with its token");
	store_write(0, "data/w", "3");
	tap_ok(next_is("data/w", "first"), "the other still hears");
	tap_is((long)events_now(), 0, "and no more");
	tap_is(store_call(XS_RESET_WATCHES, 0, "", 1, text, sizeof(text)), 3, "all of them forgotten");
	store_write(0, "data/w", "4");
	tap_is((long)events_now(), 0, "nobody hears");
}

static void test_transactions(void)
{
	uint32_t tx = 0, other = 0;

	store_write(0, "data/t", "before");
	tap_ok(store_begin(&tx) == 0 && tx != 0, "a transaction");
	store_write(tx, "data/t", "within");
	tap_ok(reads(tx, "data/t", "within"), "sees what it has written");
	tap_ok(reads(0, "data/t", "before"), "nobody else does");
	tap_is(store_end(tx, 0), 3, "given up");
	tap_ok(reads(0, "data/t", "before"), "it has changed nothing");
	tap_is(store_end(tx, 1), -XEN_ENOENT, "and is over");

	store_begin(&tx);
	store_write(tx, "data/t", "within");
	store_write(tx, "data/u", "within");
	tap_is(store_end(tx, 1), 3, "another is carried out");
	tap_ok(reads(0, "data/t", "within") && reads(0, "data/u", "within"), "all of it");

	store_begin(&tx);
	reads(tx, "data/t", "within");
	store_write(0, "data/t", "outside");
	store_write(tx, "data/u", "late");
	tap_is(store_end(tx, 1), -XEN_EAGAIN, "what it has read was changed: it conflicts");
	tap_ok(reads(0, "data/t", "outside") && reads(0, "data/u", "within"), "and has changed nothing");

	store_begin(&tx);
	store_begin(&other);
	tap_ok(tx != other && other != 0, "two at once");
	store_write(tx, "data/t", "first");
	store_write(other, "data/t", "second");
	reads(other, "data/t", "second");
	tap_is(store_end(tx, 1), 3, "the first wins");
	tap_is(store_end(other, 1), -XEN_EAGAIN, "the second has to do it again");
	tap_ok(reads(0, "data/t", "first"), "which is what is there");

	store_pair(XS_WATCH, "data/t", "t");
	next_is("data/t", "t");
	store_begin(&tx);
	store_write(tx, "data/t", "1");
	store_write(tx, "data/t", "2");
	tap_is((long)events_now(), 0, "no event before the end");
	store_end(tx, 1);
	tap_ok(next_is("data/t", "t") && reads(0, "data/t", "2"), "an event then");
	store_pair(XS_UNWATCH, "data/t", "t");
}

static char big[BIG];

static void test_ring(void)
{
	unsigned int i, n, wrong = 0;
	struct xsd_sockmsg h;

	for (i = 0; i < BIG; i++)
		big[i] = (char)('a' + i % 26);
	tap_is(store_write_bytes(0, "data/big", big, BIG - 100), 3, "a message longer than the ring");
	tap_is(store_read(0, "data/big", text, sizeof(text)), BIG - 100, "and its answer");
	for (i = 0; i < BIG - 100; i++)
		if (text[i] != big[i])
			wrong++;
	tap_is((long)wrong, 0, "byte for byte");

	/* Of 53 lengths: some end right before, at and behind the ring's end. */
	for (n = 0; n < 120; n++) {
		unsigned int length = n * 7 % 53;

		if (store_write_bytes(0, "data/r", big + n, length) != 3 ||
		    store_read(0, "data/r", text, sizeof(text)) != (long)length)
			wrong++;
		for (i = 0; i < length; i++)
			if (text[i] != big[n + i])
				wrong++;
	}
	tap_is((long)wrong, 0, "messages at every place of the ring");

	/* Several before the first answer. */
	store_write(0, "data/1", "uno");
	store_send(XS_READ, 1001, 0, "data/1", 7);
	store_send(XS_READ, 1002, 0, "data/none", 10);
	store_send(XS_READ, 1003, 0, "name", 5);
	tap_ok(store_receive(&h, text, sizeof(text)) == 3 && h.req_id == 1001, "three at once: the first");
	tap_ok(store_receive(&h, text, sizeof(text)) == -XEN_ENOENT && h.req_id == 1002, "an error among them");
	tap_ok(store_receive(&h, text, sizeof(text)) == 5 && h.req_id == 1003, "and the last");
}

void rt_main(void)
{
	tap_is(store_init(), 0, "there is a store");
	test_nodes();
	test_permissions();
	test_errors();
	test_watches();
	test_transactions();
	test_ring();
	tap_done();
}
