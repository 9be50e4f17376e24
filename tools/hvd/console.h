/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PV console of a guest: the ring that it shares with us, a log file that survives it, and any
 * number of viewers.
 */
#ifndef HVD_CONSOLE_H
#define HVD_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct console;
struct console_viewer;
struct event_base;
struct evtchn_mux;

/*
 * Output of the guest, as bytes of any value. Called from the loop, and once from inside
 * console_attach() with what the guest said last. May detach itself or others.
 */
typedef void (*console_output_cb)(void *arg, const void *bytes, size_t n);

/*
 * Maps the ring of 'domid', binds 'remote_port', opens (appends to) the log file.
 * What an earlier hvd has not read of it, or not read to the end, is read now: 'keep_dir' (may be NULL) is
 * where one tells the other how far it was (keep.h).
 * 'log_path' NULL: no log. The file is cut into 'log_path' and 'log_path'.1, of at most
 * CONSOLE_LOG_MAX bytes each. A log that cannot be opened is an error.
 */
int console_open(struct event_base *base, struct evtchn_mux *mux, uint16_t domid, uint32_t remote_port,
		 const char *log_path, const char *keep_dir, struct console **ret_con);
#define CONSOLE_LOG_MAX (1u << 20)

/*
 * How many bytes a second any guest may say from now on, with bursts of four seconds' worth; one that
 * says more waits. 0: without limit.
 */
void console_limit(unsigned int bytes_per_second);

/*
 * Takes what is still in the ring (so the guest's last words reach the log and the viewers), then
 * unmaps, unbinds, closes the log and forgets the viewers without a call. NULL is fine.
 */
void console_close(struct console *con);

/* There will be no console of this domain any more. */
void console_forget(const char *keep_dir, uint16_t domid);
/* Forgets those of domains that nobody wants. */
void console_sweep(const char *keep_dir, bool (*is_wanted)(void *arg, unsigned int domid), void *arg);

/* Adds a viewer. It first gets up to CONSOLE_BACKLOG bytes of earlier output. */
int console_attach(struct console *con, console_output_cb cb, void *arg,
		   struct console_viewer **ret_viewer);
#define CONSOLE_BACKLOG 16384u

/* Removes a viewer; it is not called any more. NULL is fine. */
void console_detach(struct console_viewer *viewer);

/*
 * Types 'n' bytes into the console. Returns how many were taken; the rest did not fit because the
 * guest does not read (at most CONSOLE_INPUT_MAX bytes wait), and is the caller's to drop or retry.
 */
size_t console_input(struct console *con, const void *bytes, size_t n);
#define CONSOLE_INPUT_MAX 4096u

#endif
