/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three clients talk to one store: the control domain and two guests. An input is a list of
 * commands: a byte that chooses the client and what to do, then either a message (type,
 * transaction, length, payload) or raw bytes as they are. In the end the accounts must agree with
 * the tree, and when the clients have gone nothing of them may be left.
 *
 * Search, with clang:
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Itools -Itools/hvd
 *		tests/fuzz/fuzz_xenstore.c tools/lib/{log,xmem}.c
 *		tools/hvd/xenstore/{client,path,perms,quota,request,ring,store,transaction,tree,watch,wire}.c
 *		-o fuzz_xenstore && ./fuzz_xenstore -max_len=4096 NEW tests/fuzz/corpus/xenstore
 * 'make check' replays the corpus.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "xenstore/client.h"
#include "xenstore/path.h"
#include "xenstore/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NR_CLIENTS 3u

struct line {
	struct client client;
	struct wire_in in;
	uint8_t bytes[512];
	size_t begin, end;
	bool dead, deaf;
};

static ssize_t line_read(void *arg, void *buf, size_t n)
{
	struct line *l = arg;

	n = n < l->end - l->begin ? n : l->end - l->begin;
	if (!n)
		return -EAGAIN;
	memcpy(buf, l->bytes + l->begin, n);
	l->begin += n;
	return (ssize_t)n;
}

static ssize_t line_write(void *arg, const void *buf, size_t n)
{
	(void)buf;
	return ((struct line *)arg)->deaf ? -EAGAIN : (ssize_t)n;
}

static void line_wake(void *arg)
{
	(void)arg;
}

static int line_introduce(void *arg, uint16_t domid, uint32_t port)
{
	(void)arg;
	return domid && port ? 0 : -EINVAL;
}

static int line_release(void *arg, uint16_t domid)
{
	struct line *l = arg;

	store_forget_domain(l->client.store, domid);
	return 0;
}

static bool line_is_introduced(void *arg, uint16_t domid)
{
	(void)arg;
	return domid < NR_CLIENTS;
}

static const struct client_ops line_ops = {
	.read = line_read,
	.write = line_write,
	.wake = line_wake,
	.introduce = line_introduce,
	.release = line_release,
	.is_introduced = line_is_introduced,
};

static void line_send(struct line *l, const void *bytes, size_t n)
{
	memcpy(l->bytes, bytes, n);
	l->begin = 0;
	l->end = n;
	while (!l->dead && client_run(&l->client) == 1)
		;
	/* What a deaf client did not take in time is lost: it is the fuzzer's, not the store's. */
	if (l->begin < l->end && !l->deaf)
		l->dead = true;
}

static size_t line_message(struct line *l, const uint8_t *data, size_t size)
{
	struct xsd_sockmsg header;
	uint8_t message[sizeof(header) + 256];
	size_t n;

	if (size < 3)
		return size;
	n = data[2] < size - 3 ? data[2] : size - 3;
	header = (struct xsd_sockmsg){ data[0], 1, data[1], (uint32_t)n };
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), data + 3, n);
	line_send(l, message, sizeof(header) + n);
	return 3 + n;
}

static size_t line_raw(struct line *l, const uint8_t *data, size_t size)
{
	size_t n;

	if (size < 1)
		return size;
	n = data[0] < size - 1 ? data[0] : size - 1;
	line_send(l, data + 1, n);
	return 1 + n;
}

static unsigned int counted[UINT16_MAX + 1];

static unsigned int *count_of(const struct xs_node *n)
{
	return &counted[n->body->perms->p[0].domid];
}

static void count_node(void *arg, const char *path, struct xs_node *n)
{
	(void)arg;
	if (!path_is_valid(path))
		abort();
	++*count_of(n);
}

static void check_count(void *arg, const char *path, struct xs_node *n)
{
	struct store *s = arg;

	(void)path;
	if (quota_used(&s->quota, n->body->perms->p[0].domid, QUOTA_NODES) != *count_of(n))
		abort();
}

static void reset_count(void *arg, const char *path, struct xs_node *n)
{
	(void)arg;
	(void)path;
	*count_of(n) = 0;
}

static void each_node(struct store *s, tree_walker visit)
{
	char path[XS_PATH_SIZE] = "/";

	visit(s, "/", s->tree.root);
	tree_walk(s->tree.root, path, visit, s);
}

static void check_accounts(struct store *s)
{
	unsigned int domid;

	each_node(s, count_node);
	each_node(s, check_count);
	for (domid = 0; domid < NR_CLIENTS; domid++) {
		if (quota_used(&s->quota, (uint16_t)domid, QUOTA_NODES) != counted[domid])
			abort();
	}
	each_node(s, reset_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct quota_limits limits = {
		.nodes = 20,
		.watches = 5,
		.transactions = 3,
		.transaction_nodes = 30,
		.node_size = 100,
		.perms = 3,
		.waiting_events = 5,
		.requests_per_turn = 4,
	};
	static const struct caller control = { { 0, true }, NULL };
	struct line *lines = calloc(NR_CLIENTS, sizeof(*lines));
	struct xs_perm home = { 0, 0 };
	struct xs_perms *perms;
	struct store store;
	struct xs_who who;
	unsigned int i;
	size_t used;

	log_init("fuzz", LOG_LEVEL_ERROR);
	store_init(&store, &limits);
	for (i = 0; i < NR_CLIENTS; i++) {
		who = (struct xs_who){ (uint16_t)i, i == 0 };
		client_init(&lines[i].client, &store, &who, &lines[i].in, &line_ops, &lines[i]);
		store_mkdir(&store, &control, lines[i].client.home);
		home.domid = (uint16_t)i;
		perms = perms_create(&home, 1);
		store_set_perms(&store, &control, lines[i].client.home, perms);
		perms_put(perms);
	}
	while (size) {
		i = *data % NR_CLIENTS;
		lines[i].deaf = *data & 0x40;
		used = *data & 0x80 ? line_raw(&lines[i], data + 1, size - 1)
				    : line_message(&lines[i], data + 1, size - 1);
		data += 1 + used;
		size -= 1 + used;
	}
	check_accounts(&store);
	for (i = 0; i < NR_CLIENTS; i++) {
		client_fini(&lines[i].client);
		if (quota_used(&store.quota, (uint16_t)i, QUOTA_WATCHES) ||
		    quota_used(&store.quota, (uint16_t)i, QUOTA_TRANSACTIONS))
			abort();
	}
	if (store.watches.by_path.nr_entries)
		abort();
	check_accounts(&store);
	store_fini(&store);
	free(lines);
	return 0;
}
