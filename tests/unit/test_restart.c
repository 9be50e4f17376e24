/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store dies at every step that it takes, and another one goes on.
 *
 * A process serves a guest on its page; the guest is in here too, in memory that outlives the process.
 * The process is ended at the Nth place where something becomes visible: before, in the middle of and
 * after each write to the journal, before and after each move of bytes through a ring. The next process
 * takes up what is left, and the guest must see what the protocol promises: each request answered once,
 * in order, with the answer that it deserves, and no event lost.
 */
#include <errno.h>
#include <event2/event.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include <hvabi/control.h>

#include "evtchn.h"
#include "journal.h"
#include "lib/log.h"
#include "unit.h"
#include "xen_shim.h"
#include "xenstore/ring.h"
#include "xenstore/xs.h"

#define PORT   1
#define LONG   2000u
#define KILLED 7

/* ---- Where it dies ---- */

static unsigned int die_at, nr_places; /* 0: never */

static void place(void)
{
	if (++nr_places == die_at)
		_exit(KILLED);
}

int __real_journal_file_write(int fd, const void *bytes, size_t n, uint64_t offset);
int __wrap_journal_file_write(int fd, const void *bytes, size_t n, uint64_t offset);
ssize_t __real_ring_write(struct xenstore_domain_interface *page, const void *buf, size_t n);
ssize_t __wrap_ring_write(struct xenstore_domain_interface *page, const void *buf, size_t n);
void __real_ring_consume(struct xenstore_domain_interface *page, uint32_t cons);
void __wrap_ring_consume(struct xenstore_domain_interface *page, uint32_t cons);

int __wrap_journal_file_write(int fd, const void *bytes, size_t n, uint64_t offset)
{
	int err;

	place();
	if (nr_places + 1 == die_at)
		__real_journal_file_write(fd, bytes, n / 2, offset);
	place();
	err = __real_journal_file_write(fd, bytes, n, offset);
	place();
	return err;
}

ssize_t __wrap_ring_write(struct xenstore_domain_interface *page, const void *buf, size_t n)
{
	ssize_t result;

	place();
	result = __real_ring_write(page, buf, n);
	place();
	return result;
}

void __wrap_ring_consume(struct xenstore_domain_interface *page, uint32_t cons)
{
	place();
	__real_ring_consume(page, cons);
	place();
}

/* ---- The guest ---- */

static const struct question {
	uint32_t type;
	bool in_txn;
	const char *payload;
	size_t length;
	const char *answer; /* NULL: any */
} questions[] = {
	{ XS_WATCH, false, "data\0token", 11, "OK" },
	{ XS_WRITE, false, "data/a\0first", 12, "OK" },
	{ XS_TRANSACTION_START, false, "", 1, NULL },
	{ XS_WRITE, true, "data/b\0two", 10, "OK" },
	{ XS_MKDIR, true, "data/c", 7, "OK" },
	{ XS_TRANSACTION_END, true, "T", 2, "OK" },
	{ XS_WRITE, false, NULL, 0, "OK" }, /* a value longer than the ring */
	{ XS_READ, false, "data/long", 10, NULL },
	{ XS_SET_PERMS, false, "data/c\0n1\0r3", 13, "OK" },
	{ XS_READ, false, "data/b", 7, "two" },
	{ XS_GET_PERMS, false, "data/c", 7, "n1" },
	{ XS_RM, false, "data/a", 7, "OK" },
	{ XS_UNWATCH, false, "data\0token", 11, "OK" }, /* twice would be ENOENT */
	{ XS_WATCH, false, "data\0token", 11, "OK" },   /* twice would be EEXIST */
	{ XS_DIRECTORY, false, "data", 5, "b" },
};
#define NR_QUESTIONS (sizeof(questions) / sizeof(questions[0]))
#define TXN_BEGIN 2u

static struct guest {
	unsigned int at; /* which question */
	uint32_t tx_id, req_id;
	size_t asked; /* bytes of the question that are in the ring */
	char reply[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
	size_t got;
	unsigned int nr_again;
	unsigned int seen_a, seen_b, seen_long;
	char failure[256];
} *guest; /* shared between the processes */
static struct xenstore_domain_interface *page;

static void guest_fails(const char *what)
{
	if (!guest->failure[0])
		snprintf(guest->failure, sizeof(guest->failure), "question %u: %s: %.80s", guest->at, what,
			 guest->reply + sizeof(struct xsd_sockmsg));
}

static size_t question_bytes(char *to)
{
	const struct question *q = &questions[guest->at];
	struct xsd_sockmsg h = { q->type, guest->req_id, q->in_txn ? guest->tx_id : 0, (uint32_t)q->length };
	char *payload = to + sizeof(h);

	if (q->payload) {
		memcpy(payload, q->payload, q->length);
	} else {
		strcpy(payload, "data/long");
		memset(payload + 10, 'x', LONG);
		h.len = 10 + LONG;
	}
	memcpy(to, &h, sizeof(h));
	return sizeof(h) + h.len;
}

static void guest_asks(void)
{
	char bytes[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
	size_t n = question_bytes(bytes);

	while (guest->asked < n && page->req_prod - page->req_cons < XENSTORE_RING_SIZE)
		page->req[MASK_XENSTORE_IDX(page->req_prod++)] = bytes[guest->asked++];
}

static void guest_on_event(const char *path)
{
	guest->seen_a += !strcmp(path, "data/a");
	guest->seen_b += !strcmp(path, "data/b");
	guest->seen_long += !strcmp(path, "data/long");
}

static void guest_on_answer(const struct xsd_sockmsg *h, const char *text)
{
	const struct question *q = &questions[guest->at];

	if (h->req_id != guest->req_id)
		guest_fails("an answer to something else");
	guest->req_id++;
	guest->asked = 0;
	if (h->type == XS_ERROR && q->type == XS_TRANSACTION_END && !strcmp(text, "EAGAIN")) {
		guest->nr_again++;
		guest->at = TXN_BEGIN;
		return;
	}
	if (h->type != q->type || (q->answer && strcmp(text, q->answer)))
		guest_fails("a wrong answer");
	if (q->type == XS_READ && !q->answer && h->len != LONG)
		guest_fails("a wrong length");
	if (q->type == XS_TRANSACTION_START)
		guest->tx_id = (uint32_t)strtoul(text, NULL, 10);
	guest->at++;
}

static void guest_hears(void)
{
	struct xsd_sockmsg h;

	while (page->rsp_cons != page->rsp_prod && guest->at < NR_QUESTIONS) {
		guest->reply[guest->got++] = page->rsp[MASK_XENSTORE_IDX(page->rsp_cons++)];
		if (guest->got < sizeof(h))
			continue;
		memcpy(&h, guest->reply, sizeof(h));
		if (h.len > XENSTORE_PAYLOAD_MAX) {
			guest_fails("bytes that make no sense");
			return;
		}
		if (guest->got < sizeof(h) + h.len)
			continue;
		guest->got = 0;
		if (h.type == XS_WATCH_EVENT)
			guest_on_event(guest->reply + sizeof(h));
		else
			guest_on_answer(&h, guest->reply + sizeof(h));
		memset(guest->reply, 0, 64);
	}
}

/* ---- A process with a store ---- */

static char folder[64];

static int serve(unsigned int at)
{
	struct event_base *base = event_base_new();
	struct evtchn_mux *mux;
	struct xs_server *srv;
	struct journal *j;
	char path[96];

	die_at = at;
	nr_places = 0;
	log_init("test", LOG_LEVEL_ERROR);
	snprintf(path, sizeof(path), "%s/journal", folder);
	if (evtchn_mux_create(base, &mux) || journal_open(path, &j) ||
	    xs_server_create(base, mux, NULL, &srv) || xs_server_restore(srv, j, folder) || journal_start(j))
		return 2;
	if (!xs_server_has_domain(srv, 1)) {
		xs_mkdir(srv, "/local/domain/1");
		xs_set_perms(srv, "/local/domain/1", 1, 'n', 0);
		if (xs_server_add_domain(srv, 1, PORT))
			return 3;
	}
	for (unsigned int turns = 0; turns < 5000; turns++) {
		if (guest->at == NR_QUESTIONS || guest->failure[0])
			return 0;
		guest_asks();
		shim_guest_notify(1, PORT);
		event_base_loop(base, EVLOOP_NONBLOCK);
		guest_hears();
	}
	return 4; /* somebody waits for the other */
}

static int run(unsigned int at)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(serve(at));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void begin_guest(void)
{
	strcpy(folder, "/tmp/test_restart_XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	memset(guest, 0, sizeof(*guest));
	memset(page, 0, sizeof(*page));
	guest->req_id = 100;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void end_guest(unsigned int at)
{
	bool fine = guest->at == NR_QUESTIONS && !guest->failure[0] && guest->seen_a && guest->seen_b &&
		    guest->seen_long;

	CU_ASSERT_TRUE(fine);
	if (!fine)
		printf("died at %u: at question %u, events %u %u %u: %s\n", at, guest->at, guest->seen_a,
		       guest->seen_b, guest->seen_long, guest->failure);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void dies_once_at_every_place(void)
{
	unsigned int at, nr_again = 0;
	bool died = true;

	for (at = 1; died && at < 5000; at++) {
		int status;

		begin_guest();
		status = run(at);
		died = status == KILLED;
		if (died)
			status = run(0);
		CU_ASSERT_EQUAL(status, 0);
		nr_again += guest->nr_again;
		end_guest(at);
	}
	CU_ASSERT_TRUE(at > 100 && at < 5000);
	CU_ASSERT_TRUE(nr_again > 0); /* transactions that were open have a legal end */
}

static void dies_again_and_again(void)
{
	for (unsigned int at = 7; at < 60; at++) {
		unsigned int lives = 0;
		int status;

		begin_guest();
		do
			status = run(at + lives % 5);
		while (status == KILLED && ++lives < 400);
		if (status == KILLED)
			status = run(0); /* it cannot get anywhere in so few steps */
		CU_ASSERT_EQUAL(status, 0);
		end_guest(at);
	}
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		{ "dies_once_at_every_place", dies_once_at_every_place },
		{ "dies_again_and_again", dies_again_and_again },
	};

	guest = mmap(NULL, sizeof(*guest), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guest == MAP_FAILED)
		return 99;
	page = shim_page(1, HVABI_GRANT_XENSTORE);
	return unit_run("restart", tests, sizeof(tests) / sizeof(tests[0]),
			argc > 1 ? argv[1] : NULL);
}
