/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xenstore inside hvd: what the rest of hvd may do with it.
 *
 * A server owns one store and serves it to guests (shared ring pages), to the control domain's own
 * kernel (its ring page) and to programs on the host (a UNIX socket, understood by libxenstore).
 * hvd itself reads and writes by the functions at the end: they act as the control domain, outside
 * of transactions, take absolute paths, and fire watches as any other write.
 *
 * All functions return 0 or a negative errno unless they say otherwise. One thread, the loop's.
 */
#ifndef HVD_XENSTORE_XS_H
#define HVD_XENSTORE_XS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct journal;
struct evtchn_mux;
struct xs_server;
struct xs_watch;

/*
 * An empty store with /local/domain and /tool, which guests cannot read, listening on 'socket_path'
 * (NULL: no socket). The socket belongs to root and group hvd if that group exists, else to root
 * alone. 'mux' may be NULL as long as no ring is added (tests). -EADDRINUSE: another server answers
 * on that socket.
 */
int xs_server_create(struct event_base *base, struct evtchn_mux *mux, const char *socket_path,
		     struct xs_server **ret_srv);

/* What each guest may have from now on; what it has already it keeps. */
struct xs_limits {
	unsigned int nodes, watches, transactions;
	unsigned int requests_per_second; /* 0: without limit */
};
void xs_server_limit(struct xs_server *srv, const struct xs_limits *limits);

/*
 * Reads what an earlier hvd has left in 'journal' and below 'ring_dir', and connects its guests as they
 * were: nodes, permissions, watches, transactions (which end with EAGAIN), and what was half said in
 * either direction. From here on everything goes into the journal. To be called before anything is
 * added; the control domain's kernel is connected by xs_server_add_dom0() as ever.
 */
int xs_server_restore(struct xs_server *srv, struct journal *journal, const char *ring_dir);

/* All domains that live are known: those that were restored and are none of them are removed. */
void xs_server_drop_lost(struct xs_server *srv, bool (*lives)(void *arg, uint16_t domid), void *arg);

/* Is it connected, as far as the store knows? */
bool xs_server_has_domain(struct xs_server *srv, uint16_t domid);

/* Drops all clients, watches and the store, but nothing that the next hvd needs. NULL is fine. */
void xs_server_destroy(struct xs_server *srv);

/*
 * Connects the control domain's kernel, which sleeps in its xenbus thread until this is done.
 * Takes up what xs_server_restore() has found of it.
 * -ENOENT, -ENODEV: this kernel has no store page to offer (not a control domain).
 */
int xs_server_add_dom0(struct xs_server *srv);

/* Has what xs_server_add_dom0() needs root for done now. The same errors. */
int xs_server_prepare_dom0(struct xs_server *srv);

/*
 * Connects a guest: maps its page and binds its 'remote_port'. Fires @introduceDomain.
 * -EEXIST: it is connected already.
 */
int xs_server_add_domain(struct xs_server *srv, uint16_t domid, uint32_t remote_port);

/*
 * Forgets a domain: its ring, watches and transactions; nodes that it owned outside of its home
 * become the control domain's, and permissions given to it are taken back everywhere, so that the
 * next domain of this number inherits nothing. Fires @releaseDomain. The caller removes
 * /local/domain/N and the back end's nodes with xs_rm() (before or after). Harmless when the
 * domain was never added.
 */
void xs_server_remove_domain(struct xs_server *srv, uint16_t domid);

/* The domain has shut down but still exists: tells those who watch @releaseDomain. */
void xs_server_domain_shutdown(struct xs_server *srv, uint16_t domid);

/* Nodes that the domain owns, and may own. */
void xs_server_nodes(const struct xs_server *srv, uint16_t domid, unsigned int *ret_used,
		     unsigned int *ret_max);

/* ---- hvd's own access ---- */

/* Writes a string, without its final NUL; makes missing parents (with inherited permissions). */
int xs_write(struct xs_server *srv, const char *path, const char *value);
int xs_writef(struct xs_server *srv, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int xs_write_bytes(struct xs_server *srv, const char *path, const void *bytes, size_t n);

/*
 * Reads a value. The string is the caller's to free(), ends in NUL, and was written by whoever may
 * write there: check it. -ENOENT: no such node.
 */
int xs_read(struct xs_server *srv, const char *path, char **ret_string);

/* Reads a decimal number. -EINVAL: not a number, or too large. */
int xs_read_u32(struct xs_server *srv, const char *path, uint32_t *ret_value);
int xs_read_u64(struct xs_server *srv, const char *path, uint64_t *ret_value);

/* Makes an empty node and its parents; an existing one stays as it is. */
int xs_mkdir(struct xs_server *srv, const char *path);

/* Removes the node and everything below. -ENOENT: it was not there. */
int xs_rm(struct xs_server *srv, const char *path);

/*
 * Sets who may do what: 'others' is for domains that are not named ('n' nothing, 'r' read, 'w'
 * write, 'b' both), followed by 'nr' pairs of (int domid, int perm): xs_set_perms(srv, path, 0,
 * 'n', 1, 5, 'r') means owner 0, domain 5 may read, nobody else may do anything.
 */
int xs_set_perms(struct xs_server *srv, const char *path, uint16_t owner, char others,
		 unsigned int nr, ...);

/* Names of the children, sorted. The array and its strings are one block: free() it. */
int xs_list(struct xs_server *srv, const char *path, char ***ret_names, size_t *ret_nr);

/*
 * Watches 'path' (or @introduceDomain, @releaseDomain) and all below. 'cb' gets the path that
 * changed, first once with 'path' itself soon after registration. It is called from the loop, never
 * from inside another xs_ function, in the order of the changes; several equal events that wait
 * arrive as one. It may do anything, xs_unwatch() on its own watch included.
 */
typedef void (*xs_watch_cb)(void *arg, const char *path);
int xs_watch(struct xs_server *srv, const char *path, xs_watch_cb cb, void *arg,
	     struct xs_watch **ret_watch);
/* The callback is not called any more after this, not even for events that waited. NULL is fine. */
void xs_unwatch(struct xs_watch *watch);

#endif
