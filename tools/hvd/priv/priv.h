/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd's two halves, as the engine sees the other one.
 *
 * The engine is all of hvd that listens to somebody: guests' rings, clients, back ends. It has a user
 * of its own and no privileges. What needs root is done by the privileged half, a process that is
 * forked before anything else happens and that knows the requests below and no others (server.c);
 * check.c says what it refuses. When either half ends, so does the other; the next hvd takes up what
 * runs (docs/hvd.md).
 *
 * Every call waits for its answer. All return 0 or a negative errno; -EPERM: refused. '*ret_error' is a
 * sentence to be freed, or NULL where the errno is all that is known.
 */
#ifndef HVD_PRIV_H
#define HVD_PRIV_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct conf;
struct domain_spec;
struct event_base;
struct hvabi_request;
struct image;
struct kernel_entry;

/*
 * Forks the privileged half. First of all: before there are threads, an event loop, descriptors. 'conf'
 * is what it knows of the host: folders, programs, users.
 */
int priv_start(const struct conf *conf);

/* From here on the end of the privileged half ends the engine, also when it asks for nothing. */
int priv_watch(struct event_base *base);

/* The privileged half ends, in an orderly way: at our own end. */
void priv_stop(void);

/* ---- The hypervisor ---- */

/*
 * The control hypercall. 'bulk' takes what a log operation reads; '*bulk_size' is its room and then its
 * size.
 */
int priv_control(struct hvabi_request *rq, void *bulk, size_t *bulk_size);
int priv_param_set(uint16_t domid, uint32_t index, uint64_t value);
int priv_alloc_unbound(uint16_t domid, uint16_t remote_domid, uint32_t *ret_port);
/* A descriptor for the page of this guest's console or xenstore, as guest_loan_open(). */
int priv_guest_loan(uint16_t domid, uint32_t loan, int *ret_fd, uint64_t *ret_offset);

/* ---- Files and interfaces: as image_open(), secret_open(), bridge_add_tap() ---- */

int priv_image_open(const char *path, bool readonly, struct image *ret, char **ret_error);
int priv_secret_open(const char *name, int *ret_fd, char **ret_error);
int priv_add_tap(const char *bridge, const char *name, unsigned int mtu, int *ret_fd, char **ret_error);

/* ---- Processes: children of the privileged half ---- */

/*
 * One that serves devices. 'kind': enum process_kind. 'sock' and 'listening' become its descriptors 3
 * and 4.
 */
int priv_backend_start(unsigned int kind, uint16_t domid, const char *name, int sock, int listening,
		       pid_t *ret_pid);
/* hvd-image, with 'sock' as descriptor 3. */
int priv_image_job_start(int sock, pid_t *ret_pid);
/*
 * One that fills a domain (build_child.h). It sends one build_report to the other end of 'report', with the
 * kernel's memfd if that is new, and ends.
 */
int priv_build_start(uint16_t domid, const struct domain_spec *spec, const struct kernel_entry *entries,
		     unsigned int nr_entries, int report, pid_t *ret_pid);

/* SIGKILL. One that an earlier hvd has started must be a back end, and be the one that was born then. */
int priv_kill(pid_t pid, uint64_t start_time);
/* -EAGAIN: it has not ended (never with 'block'); -ECHILD: it is not ours. */
int priv_wait(pid_t pid, bool block, siginfo_t *ret_si);

/* ---- Folders ---- */

/* What somebody has put into domains-dir by hand becomes the engine's, as at the start. */
int priv_own_definitions(void);

/* ---- The end ---- */

/* Removes the files of the sockets that were made with root's rights: bits of enum priv_socket. */
enum priv_socket { PRIV_SOCKET_CONTROL = 1, PRIV_SOCKET_READ = 2, PRIV_SOCKET_XENSTORE = 4 };
void priv_unlink_sockets(unsigned int which);

#endif
