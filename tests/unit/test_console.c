/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console of a pretended guest: its ring, its log, its viewers. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xen/io/console.h>

#include <hvabi/control.h>

#include "console.h"
#include "console_log.h"
#include "console_ring.h"
#include "evtchn.h"
#include "unit.h"
#include "xen_shim.h"

#define PORT 2

static struct event_base *base;
static struct evtchn_mux *mux;
static struct console *con;
static struct xencons_interface *page;
static char folder[] = "/tmp/test_console_XXXXXX", log_path[64], old_path[64];

static void begin(void)
{
	strcpy(folder, "/tmp/test_console_XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	snprintf(old_path, sizeof(old_path), "%s/log.1", folder);
	base = event_base_new();
	CU_ASSERT_EQUAL_FATAL(evtchn_mux_create(base, &mux), 0);
	page = shim_page(5, HVABI_GRANT_CONSOLE);
	CU_ASSERT_EQUAL_FATAL(console_open(base, mux, 5, PORT, log_path, NULL, &con), 0);
}

static void end(void)
{
	console_close(con);
	CU_ASSERT_FALSE(shim_page_is_mapped(5, HVABI_GRANT_CONSOLE));
	CU_ASSERT_FALSE(shim_guest_port_is_bound(5, PORT));
	evtchn_mux_destroy(mux);
	event_base_free(base);
	shim_fini();
	unlink(log_path);
	unlink(old_path);
	rmdir(folder);
}

static void settle(void)
{
	unsigned int i;

	/* A console that has said something looks again after a moment. */
	for (i = 0; i < 30; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
}

static void guest_says(const char *s)
{
	while (*s)
		page->out[MASK_XENCONS_IDX(page->out_prod++, page->out)] = *s++;
	shim_guest_notify(5, PORT);
}

static const char *file(const char *path)
{
	static char text[8192];
	FILE *f = fopen(path, "re");
	size_t n = 0;

	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return text;
}

static char seen[2][65536];

static void on_output(void *arg, const void *bytes, size_t n)
{
	strncat(arg, bytes, n);
}

static void output_reaches_log_and_viewers(void)
{
	struct console_viewer *one, *two;

	begin();
	seen[0][0] = seen[1][0] = '\0';
	guest_says("early ");
	settle();
	console_attach(con, on_output, seen[0], &one);
	CU_ASSERT_STRING_EQUAL(seen[0], "early ");
	guest_says("later ");
	settle();
	console_attach(con, on_output, seen[1], &two);
	CU_ASSERT_STRING_EQUAL(seen[1], "early later ");
	console_detach(one);
	guest_says("last");
	settle();
	CU_ASSERT_STRING_EQUAL(seen[0], "early later ");
	CU_ASSERT_STRING_EQUAL(seen[1], "early later last");
	CU_ASSERT_STRING_EQUAL(file(log_path), "early later last");
	CU_ASSERT_TRUE(shim_guest_notified(5, PORT) >= 3);
	end();
}

/* The guest's last words are in the ring when it dies. */
static void closing_takes_what_is_left(void)
{
	char last[64];

	begin();
	settle();
	guest_says("panic: farewell");
	strcpy(last, log_path);
	console_close(con);
	CU_ASSERT_STRING_EQUAL(file(last), "panic: farewell");
	/* The log outlives the guest, and the next one appends. */
	CU_ASSERT_EQUAL_FATAL(console_open(base, mux, 5, PORT, log_path, NULL, &con), 0);
	guest_says("; again");
	settle();
	CU_ASSERT_STRING_EQUAL(file(last), "panic: farewell; again");
	end();
}

static void input_waits_until_the_guest_reads(void)
{
	char typed[6000], got[6000];
	size_t taken, n = 0, rounds;

	begin();
	memset(typed, 'k', sizeof(typed));
	taken = console_input(con, typed, sizeof(typed));
	CU_ASSERT_EQUAL(taken, CONSOLE_INPUT_MAX);
	CU_ASSERT_EQUAL(console_input(con, "x", 1), 0);
	for (rounds = 0; rounds < 10 && n < taken; rounds++) {
		settle();
		CU_ASSERT_TRUE(page->in_prod - page->in_cons <= sizeof(page->in));
		while (page->in_cons != page->in_prod)
			got[n++] = page->in[MASK_XENCONS_IDX(page->in_cons++, page->in)];
		shim_guest_notify(5, PORT);
	}
	CU_ASSERT_EQUAL(n, taken);
	CU_ASSERT_EQUAL(memcmp(got, typed, n), 0);
	CU_ASSERT_EQUAL(console_input(con, "x", 1), 1);
	end();
}

/* A hundred small writes, each with its notification, are a few turns. */
static void small_writes_are_taken_together(void)
{
	unsigned int i;

	begin();
	settle();
	shim_guest_notified(5, PORT);
	for (i = 0; i < 100; i++) {
		guest_says("line\n");
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	settle();
	CU_ASSERT_TRUE(shim_guest_notified(5, PORT) < 20);
	CU_ASSERT_EQUAL(strlen(file(log_path)), 500);
	end();
}

static void impossible_indices_silence_the_console_only(void)
{
	struct console_viewer *viewer;

	begin();
	seen[0][0] = '\0';
	guest_says("before");
	settle();
	page->out_prod = page->out_cons + sizeof(page->out) + 1;
	shim_guest_notify(5, PORT);
	settle();
	console_attach(con, on_output, seen[0], &viewer);
	CU_ASSERT_STRING_EQUAL(seen[0], "before");
	CU_ASSERT_EQUAL(console_input(con, "x", 1), 1);
	settle();
	end();
}

static struct console_viewer *leaver;

static void on_output_leave(void *arg, const void *bytes, size_t n)
{
	on_output(arg, bytes, n);
	console_detach(leaver);
}

static void a_viewer_may_leave_while_it_is_called(void)
{
	struct console_viewer *stays;

	begin();
	seen[0][0] = seen[1][0] = '\0';
	console_attach(con, on_output_leave, seen[0], &leaver);
	console_attach(con, on_output, seen[1], &stays);
	guest_says("a");
	settle();
	guest_says("b");
	settle();
	CU_ASSERT_STRING_EQUAL(seen[0], "a");
	CU_ASSERT_STRING_EQUAL(seen[1], "ab");
	console_attach(con, on_output_leave, seen[0], &leaver); /* leaves at the backlog */
	CU_ASSERT_STRING_EQUAL(seen[0], "aab");
	guest_says("c");
	settle();
	CU_ASSERT_STRING_EQUAL(seen[0], "aab");
	end();
}

static void a_failure_leaves_nothing_open(void)
{
	struct console *second;
	int n, err = -1;

	begin();
	CU_ASSERT_EQUAL(console_open(base, mux, 6, PORT, "/nonexistent/log", NULL, &second),
			-ENOENT);
	for (n = 0; n < 10 && err; n++) {
		shim_fail_after = n;
		err = console_open(base, mux, 6, PORT, NULL, NULL, &second);
		shim_fail_after = -1;
		CU_ASSERT_EQUAL(shim_page_is_mapped(6, HVABI_GRANT_CONSOLE), !err);
		CU_ASSERT_EQUAL(shim_guest_port_is_bound(6, PORT), !err);
	}
	CU_ASSERT_EQUAL(n, 3); /* the map, the port, and then it works: the handle is open for the first console */
	console_close(second);
	end();
}

static void the_log_is_cut_and_the_backlog_goes_round(void)
{
	struct console_log log;
	const char *part[2];
	unsigned int i;
	char line[16];
	size_t n[2];
	struct stat st;

	begin();
	CU_ASSERT_EQUAL_FATAL(console_log_open(&log, log_path, 100, 10), 0);
	for (i = 0; i < 50; i++) {
		snprintf(line, sizeof(line), "line %02u\n", i);
		console_log_add(&log, line, 8);
	}
	CU_ASSERT_EQUAL(stat(log_path, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 400 % 100 ? 400 % 100 : 100);
	CU_ASSERT_EQUAL(stat(old_path, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 100);
	CU_ASSERT_PTR_NOT_NULL(strstr(file(log_path), "line 49\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(file(old_path), "line 3"));
	console_log_backlog(&log, part, n);
	CU_ASSERT_EQUAL(n[0] + n[1], 10);
	memcpy(seen[0], part[0], n[0]);
	memcpy(seen[0] + n[0], part[1], n[1]);
	CU_ASSERT_EQUAL(memcmp(seen[0], "8\nline 49\n", 10), 0);
	console_log_add(&log, "0123456789abcdef", 16);
	console_log_backlog(&log, part, n);
	memcpy(seen[0], part[0], n[0]);
	memcpy(seen[0] + n[0], part[1], n[1]);
	CU_ASSERT_EQUAL(memcmp(seen[0], "6789abcdef", 10), 0);
	console_log_close(&log);
	end();
}

static void ring_indices_wrap(void)
{
	static struct xencons_interface ring;
	char buf[64];

	ring.out_prod = ring.out_cons = UINT32_MAX - 2;
	ring.out[MASK_XENCONS_IDX(ring.out_prod++, ring.out)] = 'a';
	ring.out[MASK_XENCONS_IDX(ring.out_prod++, ring.out)] = 'b';
	ring.out[MASK_XENCONS_IDX(ring.out_prod++, ring.out)] = 'c';
	ring.out[MASK_XENCONS_IDX(ring.out_prod++, ring.out)] = 'd';
	CU_ASSERT_EQUAL(console_ring_read(&ring, buf, sizeof(buf)), 4);
	CU_ASSERT_EQUAL(memcmp(buf, "abcd", 4), 0);
	CU_ASSERT_EQUAL(ring.out_cons, 1);
	ring.in_prod = ring.in_cons = UINT32_MAX;
	CU_ASSERT_EQUAL(console_ring_write(&ring, "xy", 2), 2);
	CU_ASSERT_EQUAL(ring.in_prod, 1);
	ring.in_cons = 3;
	CU_ASSERT_EQUAL(console_ring_write(&ring, "xy", 2), -EBADMSG);
}

UNIT_MAIN("console", UNIT_TEST(output_reaches_log_and_viewers),
	  UNIT_TEST(closing_takes_what_is_left), UNIT_TEST(input_waits_until_the_guest_reads),
	  UNIT_TEST(small_writes_are_taken_together),
	  UNIT_TEST(impossible_indices_silence_the_console_only),
	  UNIT_TEST(a_viewer_may_leave_while_it_is_called),
	  UNIT_TEST(a_failure_leaves_nothing_open),
	  UNIT_TEST(the_log_is_cut_and_the_backlog_goes_round), UNIT_TEST(ring_indices_wrap))
