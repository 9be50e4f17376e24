/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hvd and systemd tell each other: see sd_notify(3), sd_watchdog_enabled(3) and
 * sd_listen_fds(3), whose protocol this is, without their library. Everything here does nothing
 * where hvd was started by somebody else.
 */
#ifndef HVD_SYSTEMD_H
#define HVD_SYSTEMD_H

struct event_base;
struct systemd;

/*
 * Takes what systemd left in the environment, out of the reach of children, and begins to feed the
 * watchdog from the loop: a loop that stands still is restarted. First of all in main().
 */
void systemd_create(struct event_base *base, struct systemd **ret_systemd);
void systemd_destroy(struct systemd *s);

/*
 * For a process that is no service: what systemd left in the environment, and the sockets, are not for
 * it.
 */
void systemd_forget(void);

/* "READY=1", "STATUS=...", "STOPPING=1": lines of sd_notify(3), separated by line feeds. */
void systemd_notify(struct systemd *s, const char *lines);

/*
 * The listening stream socket at 'path' that systemd holds for us, or -1. It is the caller's to
 * close; systemd keeps its own, so whoever connects while hvd is away waits.
 */
int systemd_take_socket(struct systemd *s, const char *path);

#endif
