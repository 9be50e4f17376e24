/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's console: from the ring to the log and the viewers, and back.
 *
 * The guest is served in turns: each takes at most what the ring can hold. A guest that says much
 * gets the next turn at once, for a while; one that says little waits a moment, so that many small
 * writes become one turn, and its port is held meanwhile. So a guest that prints without end
 * slows down itself alone. Output that nobody watches is kept just the same (console_log.h). Input
 * waits here until the guest has room for it.
 * Output is first written to the log and then taken out of the ring, so none is lost when hvd dies in
 * between; and a mark that is set before says which byte of the ring began at which byte of the log, so
 * that the next hvd can tell how much of what it finds in the ring is written already.
 * A ring with impossible indices is not listened to any more; the log and the viewers stay.
 */
#include "console.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <xen/io/console.h>

#include <hvabi/control.h>

#include "budget.h"
#include "console_log.h"
#include "console_ring.h"
#include "evtchn.h"
#include "guest_page.h"
#include "keep.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define BYTES_PER_TURN 2048u /* sizeof(xencons_interface.out) */
#define BYTES_MUCH     1024u
#define TURNS_AT_ONCE  32u /* then it waits as well */
#define PAUSE_US       4000

#define BURST_S 4u
#define WAIT_MAX_US 250000u
#define WARN_AGAIN_NS (60ull * 1000000000)

static uint64_t bytes_per_second; /* of any guest; 0: without limit */

void console_limit(unsigned int rate)
{
	bytes_per_second = rate;
}

struct console_viewer {
	TAILQ_ENTRY(console_viewer) link;
	struct console *con;
	console_output_cb cb;
	void *arg;
	bool gone; /* detached during a call: freed after it */
};

/* Outlives us: see keep.h. */
struct console_keep {
	uint64_t mark;	/* index of the ring, and above it the size of the log where that byte begins */
	uint64_t begin; /* size of the log where this console begins */
};

struct console {
	uint16_t domid;
	bool broken;
	struct xencons_interface *page;
	struct evtchn_port *port;
	struct event *turn;
	unsigned int nr_turns; /* at once, until now */
	struct budget budget;
	uint64_t warned_ns; /* 0: not yet */
	struct console_log log;
	struct console_keep *keep;
	TAILQ_HEAD(, console_viewer) viewers;
	unsigned int showing; /* calls to viewers that are going on */
	size_t nr_input;
	char input[CONSOLE_INPUT_MAX];
};

static void viewer_free(struct console_viewer *viewer)
{
	TAILQ_REMOVE(&viewer->con->viewers, viewer, link);
	free(viewer);
}

static void console_show(struct console *con, const char *bytes, size_t n)
{
	struct console_viewer *viewer, *next;

	con->showing++;
	TAILQ_FOREACH (viewer, &con->viewers, link) {
		if (!viewer->gone)
			viewer->cb(viewer->arg, bytes, n);
	}
	if (--con->showing)
		return;
	for (viewer = TAILQ_FIRST(&con->viewers); viewer; viewer = next) {
		next = TAILQ_NEXT(viewer, link);
		if (viewer->gone)
			viewer_free(viewer);
	}
}

static void console_break(struct console *con)
{
	con->broken = true;
	log_warning("console of domain %u: impossible ring indices: not listening to it any more",
		    con->domid);
}

/* The bytes of the ring from 'cons' on go to the log, and out of the ring. */
static void console_take(struct console *con, uint32_t cons, const char *bytes, size_t n)
{
	while (n) {
		off_t before = con->log.size;
		size_t part = console_log_room(&con->log);

		if (con->log.size < before)
			con->keep->begin = 0; /* a new file */
		part = part < n ? part : n;
		__atomic_store_n(&con->keep->mark, cons | (uint64_t)con->log.size << 32, __ATOMIC_SEQ_CST);
		console_log_add(&con->log, bytes, part);
		cons += (uint32_t)part;
		console_ring_consume(con->page, cons);
		bytes += part;
		n -= part;
	}
}

/* An hvd has died: it may have written what it had not taken out of the ring yet. */
static void console_go_on(struct console *con)
{
	uint32_t cons = con->page->out_cons, waiting = con->page->out_prod - cons;
	uint64_t mark = con->keep->mark, written = (uint64_t)con->log.size - (mark >> 32);

	if ((uint32_t)mark == cons && (uint64_t)con->log.size > mark >> 32 && written <= waiting &&
	    waiting <= sizeof(con->page->out))
		console_ring_consume(con->page, cons + (uint32_t)written);
	console_log_recall(&con->log, (off_t)con->keep->begin);
}

/* Moves one ring of bytes each way. Returns how many moved. */
static size_t console_move(struct console *con)
{
	char bytes[BYTES_PER_TURN];
	ssize_t out, in = 0;
	uint32_t cons = 0;

	if (con->broken)
		return 0;
	out = console_ring_peek(con->page, bytes, sizeof(bytes), &cons);
	if (con->nr_input)
		in = console_ring_write(con->page, con->input, con->nr_input);
	if (out < 0 || in < 0) {
		console_break(con);
		return 0;
	}
	if (in) {
		con->nr_input -= (size_t)in;
		memmove(con->input, con->input + in, con->nr_input);
	}
	if (!out && !in)
		return 0;
	if (out)
		console_take(con, cons, bytes, (size_t)out);
	/* First the guest: there is room for more, or something to read. */
	evtchn_port_notify(con->port);
	if (out)
		console_show(con, bytes, (size_t)out);
	return (size_t)out + (size_t)in;
}

static void console_schedule(struct console *con, int after_us)
{
	struct timeval after = { 0, after_us };

	if (!event_pending(con->turn, EV_TIMEOUT, NULL))
		event_add(con->turn, &after);
}

/* One that says too much has its next turn, and is heard, only when it may say that much. */
static bool console_waits(struct console *con, size_t moved)
{
	uint64_t now_ns = budget_now_ns();

	if (budget_allows(&con->budget, bytes_per_second, bytes_per_second * BURST_S, now_ns)) {
		budget_spend(&con->budget, moved);
		return false;
	}
	if (!con->warned_ns || now_ns - con->warned_ns > WARN_AGAIN_NS) {
		con->warned_ns = now_ns;
		log_warning("console of domain %u: it says more than %llu bytes a second, and has to wait",
			    con->domid, (unsigned long long)bytes_per_second);
	}
	budget_spend(&con->budget, moved);
	evtchn_port_hold(con->port);
	console_schedule(con, (int)budget_wait_us(&con->budget, bytes_per_second, BYTES_MUCH,
						  WAIT_MAX_US));
	return true;
}

static void console_on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct console *con = arg;
	size_t moved;

	(void)fd;
	(void)what;
	/* Before looking: what the guest says after that must call us again. */
	evtchn_port_release(con->port);
	moved = console_move(con);
	if (!moved || console_waits(con, moved))
		return;
	/* Once more after each success: only a fruitless look makes sure that it notifies. */
	con->nr_turns++;
	if (moved < BYTES_MUCH || con->nr_turns == TURNS_AT_ONCE) {
		con->nr_turns = 0;
		console_schedule(con, PAUSE_US);
	} else {
		console_schedule(con, 0);
	}
}

static void console_on_notify(void *arg)
{
	struct console *con = arg;

	/* Held until the turn that is due anyway, now or after the pause. */
	evtchn_port_hold(con->port);
	console_schedule(con, 0);
}

static void keep_name(uint16_t domid, char name[24])
{
	snprintf(name, 24, "console-%u", domid);
}

int console_open(struct event_base *base, struct evtchn_mux *mux, uint16_t domid, uint32_t remote_port,
		 const char *log_path, const char *keep_dir, struct console **ret_con)
{
	struct console *con = xcalloc(1, sizeof(*con));
	bool fresh = true;
	void *memory, *page;
	char name[24];
	int err;

	con->domid = domid;
	TAILQ_INIT(&con->viewers);
	err = console_log_open(&con->log, log_path, CONSOLE_LOG_MAX, CONSOLE_BACKLOG);
	if (err)
		goto undo_alloc;
	keep_name(domid, name);
	err = keep_map(keep_dir, name, sizeof(*con->keep), &memory, &fresh);
	if (err)
		goto undo_log;
	con->keep = memory;
	con->turn = evtimer_new(base, console_on_turn, con);
	if (!con->turn) {
		err = -ENOMEM;
		goto undo_keep;
	}
	err = guest_page_map(domid, HVABI_GRANT_CONSOLE, &page);
	if (err)
		goto undo_event;
	con->page = page;
	err = evtchn_mux_bind(mux, domid, remote_port, console_on_notify, con, &con->port);
	if (err)
		goto undo_map;
	if (fresh)
		con->keep->begin = (uint64_t)con->log.size;
	else
		console_go_on(con);
	/* The guest may have spoken already, or wait for an answer to what nobody has heard. */
	evtchn_port_notify(con->port);
	console_schedule(con, 0);
	*ret_con = con;
	return 0;

undo_map:
	guest_page_unmap(con->page);
undo_event:
	event_free(con->turn);
undo_keep:
	keep_unmap(con->keep, sizeof(*con->keep));
undo_log:
	console_log_close(&con->log);
undo_alloc:
	free(con);
	return err;
}

void console_close(struct console *con)
{
	unsigned int turns;

	if (!con)
		return;
	/* A guest that still runs could go on for ever. */
	for (turns = 0; turns < 16 && console_move(con); turns++)
		;
	while (!TAILQ_EMPTY(&con->viewers))
		viewer_free(TAILQ_FIRST(&con->viewers));
	evtchn_port_unbind(con->port);
	guest_page_unmap(con->page);
	event_free(con->turn);
	console_log_close(&con->log);
	keep_unmap(con->keep, sizeof(*con->keep));
	free(con);
}

void console_forget(const char *keep_dir, uint16_t domid)
{
	char name[24];

	keep_name(domid, name);
	keep_remove(keep_dir, name);
}

void console_sweep(const char *keep_dir, bool (*is_wanted)(void *arg, unsigned int domid), void *arg)
{
	keep_sweep(keep_dir, "console-", is_wanted, arg);
}

int console_attach(struct console *con, console_output_cb cb, void *arg,
		   struct console_viewer **ret_viewer)
{
	struct console_viewer *viewer = xcalloc(1, sizeof(*viewer));
	const char *part[2];
	size_t n[2];

	viewer->con = con;
	viewer->cb = cb;
	viewer->arg = arg;
	TAILQ_INSERT_TAIL(&con->viewers, viewer, link);
	*ret_viewer = viewer;

	console_log_backlog(&con->log, part, n);
	con->showing++; /* it may detach during these calls */
	if (n[0])
		cb(arg, part[0], n[0]);
	if (n[1] && !viewer->gone)
		cb(arg, part[1], n[1]);
	con->showing--;
	if (viewer->gone && !con->showing)
		viewer_free(viewer);
	return 0;
}

void console_detach(struct console_viewer *viewer)
{
	if (!viewer)
		return;
	if (viewer->con->showing)
		viewer->gone = true;
	else
		viewer_free(viewer);
}

size_t console_input(struct console *con, const void *bytes, size_t n)
{
	size_t room = sizeof(con->input) - con->nr_input;

	if (con->broken)
		return n; /* nobody will ever read it */
	n = n < room ? n : room;
	memcpy(con->input + con->nr_input, bytes, n);
	con->nr_input += n;
	if (n)
		console_schedule(con, 0);
	return n;
}
